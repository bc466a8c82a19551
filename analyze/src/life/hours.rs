//! The **hours** that gained events, and the windows in which to judge them.

use std::collections::BTreeSet;

use arrow::array::AsArray as _;
use arrow::datatypes::TimestampMicrosecondType;

use crate::detection::Window;
use crate::error::AnalyzeError;
use crate::session::Session;

pub(super) const HOUR: i64 = 3_600_000_000;

/// Hours less than this apart are judged together: to plan all detections once
/// more costs more than to look at some hours again.
const APART_MAX: i64 = 24 * HOUR;

/// No window is longer, so that a run that must stop can.
const LONGEST: i64 = 31 * 24 * HOUR;

/// Windows that one run judges, at most: those of a backfill of years, or of
/// records with absurd dates, are left to the next runs.
pub(super) const WINDOWS_MAX: usize = 16;

/// Hours that are judged together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    /// Those that gained events.
    pub(super) hours: BTreeSet<i64>,
    /// An hour more on both sides: a burst over an hour's edge is one burst, and
    /// what comes before or after may be what makes a call odd.
    pub(super) window: Window,
}

/// The batches that hours make, newest first.
pub(super) fn batches(hours: &BTreeSet<i64>) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for &hour in hours.iter().rev() {
        if let Some(last) = batches.last_mut()
            && let (Some(&first), Some(&end)) = (last.hours.first(), last.hours.last())
            && first - hour <= APART_MAX
            && end - hour < LONGEST
        {
            last.hours.insert(hour);
            last.window.start = hour - HOUR;
        } else {
            let window = Window { start: hour - HOUR, end: hour + 2 * HOUR };
            batches.push(Batch { hours: [hour].into(), window });
        }
    }
    batches
}

/// The hours from one moment to another, microseconds since 1970 UTC, in which
/// the lake has events.
pub(super) async fn with_events(
    session: &Session,
    start: i64,
    end: i64,
) -> Result<BTreeSet<i64>, AnalyzeError> {
    let moment =
        |micros: i64| format!("arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')");
    let sql = format!(
        "select distinct date_trunc('hour', event_time) as hour from events \
         where event_time >= {} and event_time < {}",
        moment(start.div_euclid(HOUR) * HOUR),
        moment(end)
    );
    let failed = |error| AnalyzeError::query("hours with events cannot be read", error);
    let mut hours = BTreeSet::new();
    for batch in session.query(&sql).await?.collect().await.map_err(failed)? {
        let times = batch.column(0).as_primitive_opt::<TimestampMicrosecondType>();
        hours.extend(times.into_iter().flatten().flatten());
    }
    Ok(hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(hours: &[i64]) -> Vec<(i64, i64)> {
        batches(&hours.iter().map(|hour| hour * HOUR).collect())
            .iter()
            .map(|batch| (batch.window.start / HOUR, batch.window.end / HOUR))
            .collect()
    }

    #[test]
    fn a_record_of_1970_beside_one_of_today_makes_two_short_windows() {
        assert_eq!(windows(&[0, 498_000]), [(497_999, 498_002), (-1, 2)]);
    }

    #[test]
    fn hours_of_one_day_are_judged_together() {
        assert_eq!(windows(&[100, 101, 110, 134]), [(99, 136)]);
        assert_eq!(windows(&[100, 125]), [(124, 127), (99, 102)]);
        assert_eq!(windows(&[]), []);
    }

    #[test]
    fn a_year_is_judged_month_by_month_newest_first() {
        let year: Vec<i64> = (0..365 * 24).collect();
        let windows = windows(&year);
        assert_eq!(windows.len(), 12);
        assert_eq!(windows[0], (365 * 24 - 31 * 24 - 1, 365 * 24 + 1));
        assert!(windows.is_sorted_by(|left, right| left > right));
    }

    #[test]
    fn every_hour_is_inside_its_window_and_in_one_batch() {
        let hours: BTreeSet<i64> = (0..3_000).map(|n| n * n % 7_919 * HOUR).collect();
        let batches = batches(&hours);
        let mut seen = BTreeSet::new();
        for batch in &batches {
            for &hour in &batch.hours {
                assert!(batch.window.start < hour && hour + HOUR < batch.window.end);
                assert!(seen.insert(hour));
            }
        }
        assert_eq!(seen, hours);
    }
}
