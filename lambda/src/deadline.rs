//! The **deadline** of an invocation: Lambda ends the process then, whatever it
//! is doing. A run winds up some time before.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// A fifth of the time is left for winding up, within these bounds.
const STOP_BEFORE_MIN: Duration = Duration::from_secs(2);
const STOP_BEFORE_MAX: Duration = Duration::from_secs(30);

/// Left at the very end for the answer and the metrics.
const ANSWER_TIME: Duration = Duration::from_millis(500);

/// A deadline before this is no moment but a span: that is how cargo-lambda's
/// emulator gives it.
const FIRST_MOMENT: i64 = 1_000_000_000_000;

/// How long an invocation may go on, counted from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Deadline {
    /// Nothing new is begun after so long.
    pub(crate) stop_after: Duration,
    /// Everything is dropped after so long.
    pub(crate) give_up_after: Duration,
}

impl Deadline {
    /// The deadline that Lambda states in milliseconds since 1970. `stop_before`
    /// is how much of the time is left for winding up.
    #[must_use]
    pub(crate) fn new(
        started: DateTime<Utc>,
        milliseconds: u64,
        stop_before: Option<Duration>,
    ) -> Self {
        let milliseconds = i64::try_from(milliseconds).unwrap_or(i64::MAX);
        let left = if milliseconds < FIRST_MOMENT {
            TimeDelta::milliseconds(milliseconds)
        } else {
            DateTime::from_timestamp_millis(milliseconds)
                .map_or(TimeDelta::MAX, |end| end - started)
        };
        let left = left.to_std().unwrap_or_default();
        let before =
            stop_before.unwrap_or_else(|| (left / 5).clamp(STOP_BEFORE_MIN, STOP_BEFORE_MAX));
        Self {
            stop_after: left.saturating_sub(before),
            give_up_after: left.saturating_sub(ANSWER_TIME),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seconds: u64, stop_before: Option<u64>) -> (u64, u64) {
        let started = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let end = 1_800_000_000_000 + seconds * 1_000;
        let deadline = Deadline::new(started, end, stop_before.map(Duration::from_secs));
        (deadline.stop_after.as_secs(), deadline.give_up_after.as_secs())
    }

    #[test]
    fn a_fifth_of_the_time_is_left_within_bounds() {
        assert_eq!(of(60, None), (48, 59));
        assert_eq!(of(900, None), (870, 899));
        assert_eq!(of(5, None), (3, 4));
        assert_eq!(of(1, None), (0, 0));
        assert_eq!(of(0, None), (0, 0));
        assert_eq!(of(60, Some(50)), (10, 59));
        assert_eq!(of(60, Some(90)), (0, 59));
    }

    #[test]
    fn a_span_in_place_of_a_moment_is_taken_as_one() {
        let started = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let deadline = Deadline::new(started, 600_000, None);
        assert_eq!(deadline.stop_after, Duration::from_secs(570));
    }

    #[test]
    fn a_deadline_that_cannot_be_is_no_panic() {
        let started = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        for milliseconds in [u64::MAX, 1_000_000_000_000, 9_000_000_000_000_000] {
            let deadline = Deadline::new(started, milliseconds, None);
            assert!(deadline.stop_after <= deadline.give_up_after);
        }
    }
}
