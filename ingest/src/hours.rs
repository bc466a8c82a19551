//! The **new hours**: those that `events` gained rows in since some version, so
//! that a detection run judges what is new and nothing else.

use std::collections::BTreeSet;

use arrow::array::AsArray as _;
use arrow::datatypes::TimestampMicrosecondType;

use crate::date::{self, MICROS_PER_HOUR};
use crate::lake::{DataFile, LakeError, LakeTable};
use crate::scan::{ColumnsOf, scan};

/// What is new in `events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHours {
    /// Version of `events` that this goes up to.
    pub version: u64,
    /// Starts of the hours, microseconds since 1970 UTC. A set and not a range:
    /// one record dated 1970 beside today's makes two hours.
    pub hours: BTreeSet<i64>,
    /// Whether these are all of them. When not, nothing is known about what is
    /// new: nobody has looked before, or the log or its files do not go back so
    /// far.
    pub complete: bool,
}

/// The hours that the versions of `events` after `after_version` added rows in,
/// up to the one that the table stands at. A compaction adds none, and hides
/// none.
///
/// # Errors
/// When the lake cannot be read.
pub async fn new_hours(
    events: &LakeTable,
    after_version: Option<u64>,
) -> Result<NewHours, LakeError> {
    let version = events.version();
    let mut new = NewHours { version, hours: BTreeSet::new(), complete: true };
    let unknown = || NewHours { version, hours: BTreeSet::new(), complete: false };
    // A lake that was restored from a copy has gone back.
    let Some(after) = after_version.filter(|&after| after <= version) else {
        return Ok(unknown());
    };
    if after == version {
        return Ok(new);
    }
    let Some(files) = events.files_added_by(after + 1..=version).await? else {
        return Ok(unknown());
    };
    for file in files {
        match add_hours(events, &file, &mut new.hours).await {
            Ok(()) => {}
            Err(error) if error.is_gone() => return Ok(unknown()),
            Err(error) => return Err(error),
        }
    }
    Ok(new)
}

/// Adds the hours of a file's rows. One whose statistics name a single hour is
/// not opened.
async fn add_hours(
    events: &LakeTable,
    file: &DataFile,
    hours: &mut BTreeSet<i64>,
) -> Result<(), LakeError> {
    if let Some((first, last)) = file.time_range("event_time")
        && date::hour(first) == date::hour(last)
    {
        hours.insert(date::hour(first) * MICROS_PER_HOUR);
        return Ok(());
    }
    scan(events, file, ColumnsOf(&["event_time"]), None, |batch| {
        let Some(times) = batch
            .column_by_name("event_time")
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
        else {
            return;
        };
        // Rows come by time: most are of the hour of the one before.
        let mut before = None;
        for &time in times.values() {
            let hour = date::hour(time);
            if before.replace(hour) != Some(hour) {
                hours.insert(hour * MICROS_PER_HOUR);
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;
    use crate::fixture::Fixture;

    const DAY: i64 = 1_791_158_400_000_000; // 2026-10-05

    fn hours(starts: &[i64]) -> BTreeSet<i64> {
        starts.iter().copied().collect()
    }

    #[test]
    fn the_day_of_the_fixtures_is_meant() {
        assert_eq!(date::micros("2026-10-05T00:00:00Z"), Some(DAY));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn only_what_came_since_is_new() {
        let fixture = Fixture::with_events(from_ref(&(0..10))).await;
        let judged = fixture.events().await.version();
        let nothing = new_hours(&fixture.events().await, Some(judged)).await.unwrap();
        assert_eq!((nothing.hours, nothing.complete), (hours(&[]), true));

        fixture.ingest(3_600..3_610).await;
        let new = new_hours(&fixture.events().await, Some(judged)).await.unwrap();
        assert_eq!(new.hours, hours(&[DAY + MICROS_PER_HOUR]));
        assert_eq!((new.version, new.complete), (judged + 1, true));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hours_far_apart_in_one_file_are_a_set() {
        let fixture = Fixture::with_events(from_ref(&(0..10))).await;
        let judged = fixture.events().await.version();
        fixture.ingest_numbers(&[5, 3_599, 9 * 3_600, 20 * 3_600 + 1]).await;
        let new = new_hours(&fixture.events().await, Some(judged)).await.unwrap();
        let expected = [0, 9, 20].map(|hour| DAY + hour * MICROS_PER_HOUR);
        assert_eq!(new.hours, hours(&expected));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_compaction_neither_adds_nor_hides_hours() {
        let fixture = Fixture::with_events(from_ref(&(0..10))).await;
        let judged = fixture.events().await.version();
        fixture.ingest(7_200..7_210).await;
        fixture.compact(0).await;
        let events = fixture.events().await;
        let new = new_hours(&events, Some(judged)).await.unwrap();
        assert_eq!(new.hours, hours(&[DAY + 2 * MICROS_PER_HOUR]));
        let after = new_hours(&events, Some(new.version)).await.unwrap();
        assert!(after.hours.is_empty() && after.complete);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_cannot_be_known_is_not_complete() {
        let fixture = Fixture::with_events(&[0..10, 3_590..3_610]).await;
        let events = fixture.events().await;
        assert!(!new_hours(&events, None).await.unwrap().complete);
        assert!(!new_hours(&events, Some(events.version() + 1)).await.unwrap().complete);
        std::fs::remove_file(fixture.path("_delta_log/00000000000000000001.json")).unwrap();
        assert!(!new_hours(&events, Some(0)).await.unwrap().complete);
        assert!(new_hours(&events, Some(1)).await.unwrap().complete);
        for file in fixture.stored() {
            std::fs::remove_file(file).unwrap();
        }
        assert!(!new_hours(&events, Some(1)).await.unwrap().complete);
    }
}
