//! **Coverage**: where and when logs arrived, and where silence means nothing.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use serde::Serialize;

use super::Window;
use super::bind::plan;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// Longest silence of an account and Region that still counts as coverage,
/// hours. CloudTrail writes no file for an hour in which nothing happened.
const SILENCE_MAX_HOURS: i64 = 24;

/// The view `coverage` over a window, its filters where they let files be left
/// out: a filter on the hour of a time does not.
const HOURS: &str = "
    select distinct account_id, aws_region as region, date_trunc('hour', delivered_at) as hour
    from objects
    where account_id is not null
        and aws_region is not null
        and delivered_at >= date_trunc('hour', $window_start)
        and delivered_at < $window_end
        and outcome in ('read', 'partly_read')
    union all
    select distinct recipient_account_id, aws_region, hour
    from usage
    where recipient_account_id <> ''
        and aws_region is not null
        and hour >= date_trunc('hour', $window_start)
        and hour < $window_end
    union all
    select distinct recipient_account_id, aws_region, date_trunc('hour', event_time)
    from events_not_in_usage
    where recipient_account_id <> ''
        and aws_region is not null
        and event_time >= date_trunc('hour', $window_start)
        and event_time < $window_end";

/// An account and a Region.
pub(crate) type Place = (String, String);

/// Hours in which logs arrived, by account and Region.
#[derive(Debug, Clone, Default)]
pub(crate) struct Coverage {
    hours: BTreeMap<Place, Vec<i64>>,
}

/// How much of a window is covered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CoverageSummary {
    /// Account and Region pairs that ever delivered within what was looked at.
    pub places: usize,
    /// Hours of the window with logs, added up over the pairs.
    pub hours_covered: u64,
    /// Hours of the window, added up over the pairs.
    pub hours: u64,
}

impl Coverage {
    /// Reads the hours from `since` up to the window's end.
    pub(crate) async fn read(
        context: &SessionContext,
        window: Window,
    ) -> Result<Self, DataFusionError> {
        let batches = plan(context, HOURS, window, &BTreeMap::new()).await?.collect().await?;
        let mut hours: BTreeMap<Place, Vec<i64>> = BTreeMap::new();
        for batch in batches {
            let to_text = |index: usize| arrow::compute::cast(batch.column(index), &DataType::Utf8);
            let (accounts, regions) = (to_text(0)?, to_text(1)?);
            let (accounts, regions) = (accounts.as_string::<i32>(), regions.as_string::<i32>());
            let zone = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            let times = arrow::compute::cast(batch.column(2), &zone)?;
            let times = times.as_primitive::<TimestampMicrosecondType>();
            for row in (0..batch.num_rows()).filter(|&row| times.is_valid(row)) {
                let place = (accounts.value(row).to_owned(), regions.value(row).to_owned());
                hours.entry(place).or_default().push(times.value(row).div_euclid(MICROS_PER_HOUR));
            }
        }
        for hours in hours.values_mut() {
            hours.sort_unstable();
            hours.dedup();
        }
        Ok(Self { hours })
    }

    /// Whether logs of a place arrived all through a window, without a longer
    /// silence than is usual.
    pub(crate) fn is_complete(&self, place: &Place, window: Window) -> bool {
        let Some(hours) = self.hours.get(place) else {
            return false;
        };
        let (first, end) =
            (window.start.div_euclid(MICROS_PER_HOUR), window.end.div_euclid(MICROS_PER_HOUR));
        let inside = hours.iter().copied().filter(|hour| (first..end).contains(hour));
        let mut before = first - 1;
        for hour in inside.chain([end]) {
            if hour - before > SILENCE_MAX_HOURS + 1 {
                return false;
            }
            before = hour;
        }
        true
    }

    /// Days of a window in which logs of a place arrived. A Region that is not
    /// known counts as any of the account's.
    pub(crate) fn days(&self, account: &str, region: Option<&str>, window: Window) -> usize {
        let (first, end) =
            (window.start.div_euclid(MICROS_PER_HOUR), window.end.div_euclid(MICROS_PER_HOUR));
        let days: BTreeSet<i64> = self
            .hours
            .iter()
            .filter(|((known, of), _)| known == account && region.is_none_or(|region| region == of))
            .flat_map(|(_, hours)| hours)
            .filter(|hour| (first..end).contains(*hour))
            .map(|hour| hour.div_euclid(24))
            .collect();
        days.len()
    }

    /// Whether any logs of a place arrived within what was looked at. A Region or
    /// an account that is not known counts as any.
    pub(crate) fn knows(&self, account: Option<&str>, region: Option<&str>) -> bool {
        self.hours.iter().any(|((known_account, known_region), hours)| {
            !hours.is_empty()
                && account.is_none_or(|account| account == known_account)
                && region.is_none_or(|region| region == known_region)
        })
    }

    /// Takes in what else was looked at.
    pub(crate) fn add(&mut self, other: Self) {
        for (place, hours) in other.hours {
            self.hours.entry(place).or_default().extend(hours);
        }
    }

    /// How much of a window is covered, over all places known.
    pub(crate) fn summary(&self, window: Window) -> CoverageSummary {
        let first = window.start.div_euclid(MICROS_PER_HOUR);
        let end = (window.end + MICROS_PER_HOUR - 1).div_euclid(MICROS_PER_HOUR);
        let covered =
            self.hours.values().flatten().filter(|hour| (first..end).contains(*hour)).count();
        CoverageSummary {
            places: self.hours.len(),
            hours_covered: covered as u64,
            hours: u64::try_from(end - first).unwrap_or_default() * self.hours.len() as u64,
        }
    }
}

#[cfg(test)]
impl Coverage {
    /// Coverage of one hour of one place.
    pub(crate) fn of(account: &str, region: &str) -> Self {
        Self { hours: [((account.to_owned(), region.to_owned()), vec![0])].into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covered(hours: impl IntoIterator<Item = i64>) -> bool {
        let place: Place = ("111122223333".into(), "eu-west-1".into());
        let hours = [(place.clone(), hours.into_iter().collect())].into();
        let window = Window { start: 0, end: 100 * MICROS_PER_HOUR };
        Coverage { hours }.is_complete(&place, window)
    }

    #[test]
    fn a_day_of_silence_is_usual_and_more_is_a_gap() {
        assert!(covered([10, 30, 54, 78, 99]));
        assert!(!covered([10, 30, 60, 84, 99]), "gap in the middle");
        assert!(!covered([30, 54, 78, 99]), "gap at the start");
        assert!(!covered([10, 30, 54, 70]), "gap at the end");
        assert!(!covered([]));
    }

    #[test]
    fn a_day_counts_once_however_many_hours_of_it_have_logs() {
        let place: Place = ("111122223333".into(), "eu-west-1".into());
        let coverage = Coverage { hours: [(place, vec![1, 2, 23, 24, 80])].into() };
        let window = Window { start: 0, end: 72 * MICROS_PER_HOUR };
        assert_eq!(coverage.days("111122223333", Some("eu-west-1"), window), 2);
        assert_eq!(coverage.days("111122223333", None, window), 2);
        assert_eq!(coverage.days("111122223333", Some("eu-west-2"), window), 0);
        assert_eq!(coverage.days("444455556666", None, window), 0);
    }

    #[test]
    fn a_place_that_is_not_known_is_not_covered() {
        let window = Window { start: 0, end: MICROS_PER_HOUR };
        assert!(!Coverage::default().is_complete(&("1".into(), "r".into()), window));
    }
}
