//! A **date** of a record: a moment in one of the forms CloudTrail writes it.
//!
//! `eventTime` is ISO 8601. Dates inside responses are text for people, with no
//! zone printed ("Nov 2, 2021, 11:25:25 PM"); they are taken as UTC.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime};

/// Forms seen in records, the frequent one first. The forms with `%Z`-like
/// suffixes are handled by [`DateTime::parse_from_rfc3339`] before these.
const FORMS: &[&str] = &[
    "%b %d, %Y, %I:%M:%S %p",
    "%b %d, %Y %I:%M:%S %p",
    "%Y%m%dT%H%M%SZ",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
];

/// Microseconds since 1970 UTC, or nothing when the text is no date. Text of
/// digits alone counts as seconds since 1970.
pub(crate) fn micros(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(fast) = iso_seconds(text.as_bytes()) {
        return Some(fast);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.timestamp_micros());
    }
    // Newer Java puts a narrow no-break space before AM and PM.
    let plain = text.replace('\u{202f}', " ");
    for form in FORMS {
        if let Ok(time) = NaiveDateTime::parse_from_str(&plain, form) {
            return Some(time.and_utc().timestamp_micros());
        }
    }
    epoch_seconds(text)
}

/// `2026-11-22T01:02:03Z`, the form of nearly every `eventTime`.
fn iso_seconds(text: &[u8]) -> Option<i64> {
    let &[
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T' | b't',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b'Z' | b'z',
    ] = text
    else {
        return None;
    };
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    let two = |tens: u8, ones: u8| Some(digit(tens)? * 10 + digit(ones)?);
    let year = two(y1, y2)? * 100 + two(y3, y4)?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, two(m1, m2)?, two(d1, d2)?)?;
    let time = date.and_hms_opt(two(h1, h2)?, two(n1, n2)?, two(s1, s2)?)?;
    Some(time.and_utc().timestamp_micros())
}

/// Seconds since 1970, whole or with a fraction, between 2001 and 2286: other
/// numbers are more likely something else.
fn epoch_seconds(text: &str) -> Option<i64> {
    let seconds: f64 = text.parse().ok()?;
    if !(1e9..1e10).contains(&seconds) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "in range by the check above")]
    Some((seconds * 1e6) as i64)
}

/// The UTC month of a moment, as `2026-11`.
pub(crate) fn month(micros: i64) -> String {
    let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    format!("{:04}-{:02}", time.year(), time.month())
}

/// The hour of a moment, counted from 1970.
pub(crate) fn hour(micros: i64) -> i64 {
    micros.div_euclid(MICROS_PER_HOUR)
}

/// Microseconds in an hour.
pub(crate) const MICROS_PER_HOUR: i64 = 3_600_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_seen_in_records_is_read() {
        let expected = Some(1_635_895_525_000_000);
        for text in [
            "2021-11-02T23:25:25Z",
            "2021-11-02T23:25:25z",
            "2021-11-02T23:25:25.000Z",
            "2021-11-03T01:25:25+02:00",
            "20211102T232525Z",
            "2021-11-02 23:25:25.000",
            "2021-11-02 23:25:25.000000",
            "Nov 2, 2021, 11:25:25 PM",
            "Nov 2, 2021 11:25:25 PM",
            "Nov 2, 2021, 11:25:25\u{202f}PM",
            "1635895525",
            "1635895525.0",
        ] {
            assert_eq!(micros(text), expected, "{text}");
        }
        assert_eq!(micros("Jan 1, 2019 12:00:00 AM"), Some(1_546_300_800_000_000));
    }

    #[test]
    fn text_that_is_no_date_is_none() {
        for text in ["", "20150206T2355Z", "yesterday", "2021-13-02T23:25:25Z", "7", "9e99"] {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    #[test]
    fn months_and_hours_are_utc() {
        assert_eq!(month(0), "1970-01");
        assert_eq!(month(1_635_895_525_000_000), "2021-11");
        assert_eq!(hour(-1), -1);
    }
}
