//! An object's **name**: what the path and file name that CloudTrail gives its
//! log files say. Never trusted for who a record is about, only for order and
//! coverage.

use crate::arn::is_account_id;
use crate::date;

/// What a name says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ObjectName {
    pub(crate) account_id: Option<String>,
    pub(crate) region: Option<String>,
    /// Delivery slot, microseconds since 1970 UTC.
    pub(crate) delivered_at: Option<i64>,
}

impl ObjectName {
    /// Reads `.../<account>_CloudTrail_<region>_YYYYMMDDTHHmmZ_<random>.json.gz`.
    pub(crate) fn read(path: &str) -> Self {
        let file = path.rsplit('/').next().unwrap_or(path);
        let parts: Vec<&str> = file.split('_').collect();
        let &[account, "CloudTrail", region, time, ..] = parts.as_slice() else {
            return Self::default();
        };
        Self {
            account_id: is_account_id(account).then(|| account.to_owned()),
            region: Some(region.to_owned()).filter(|region| !region.is_empty()),
            delivered_at: delivery_slot(time),
        }
    }
}

/// `20230710T1200Z`.
fn delivery_slot(text: &str) -> Option<i64> {
    let (day, time) = text.strip_suffix('Z')?.split_once('T')?;
    if (day.len(), time.len()) != (8, 4) {
        return None;
    }
    let (year, month, day) = (day.get(..4)?, day.get(4..6)?, day.get(6..)?);
    let (hour, minute) = (time.get(..2)?, time.get(2..)?);
    // In the form that is read fastest: every object has one.
    date::micros(&format!("{year}-{month}-{day}T{hour}:{minute}:00Z"))
}

/// What a path makes of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// Perhaps a log file.
    Log,
    /// In a folder of digests or insights.
    LeftAlone,
    /// By its ending, no log file.
    Other,
}

/// Endings that log files have. Everything else in a folder is somebody's
/// README; a file that the user names is read whatever its ending.
const ENDINGS: &[&str] = &[".json", ".gz", ".jsonl", ".ndjson", ".log", ".zst", ".zstd"];

/// Judges an object of a folder or bucket by its path.
pub(crate) fn kind(path: &str) -> NameKind {
    let mut folders = path.rsplit('/');
    let file = folders.next().unwrap_or(path);
    if folders.any(|folder| matches!(folder, "CloudTrail-Digest" | "CloudTrail-Insight")) {
        NameKind::LeftAlone
    } else if ENDINGS.iter().any(|ending| file.ends_with(ending)) && !file.starts_with('.') {
        NameKind::Log
    } else {
        NameKind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_log_file_says_account_region_and_slot() {
        let path = "p/AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/2023/07/10/111122223333_CloudTrail_eu-west-1_20230710T1200Z_AbCdEf0123456789.json.gz";
        let name = ObjectName::read(path);
        assert_eq!(name.account_id.as_deref(), Some("111122223333"));
        assert_eq!(name.region.as_deref(), Some("eu-west-1"));
        assert_eq!(name.delivered_at, date::micros("2023-07-10T12:00:00Z"));
        assert_eq!(ObjectName::read("a/b.json"), ObjectName::default());
        for odd in ["20230710T1260Z", "2023071T01200Z", "20230710T12é0Z", "20230710T1200"] {
            assert_eq!(delivery_slot(odd), None, "{odd}");
        }
    }

    #[test]
    fn digests_and_other_files_are_told_from_logs() {
        assert_eq!(kind("AWSLogs/1/CloudTrail-Digest/r/x.json.gz"), NameKind::LeftAlone);
        assert_eq!(kind("AWSLogs/1/CloudTrail/r/x.json.gz"), NameKind::Log);
        assert_eq!(kind("cloudtrail.log.gz"), NameKind::Log);
        assert_eq!(kind("LICENSE"), NameKind::Other);
    }
}
