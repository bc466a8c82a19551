//! A **part** of a file: what a run that was killed while writing into a folder
//! leaves behind, as `x.parquet#1`.
//!
//! A file gets its own name when it is complete; the store neither shows nor
//! deletes it under the other. In S3 such parts are no objects but unfinished
//! uploads, which a lifecycle rule of the bucket ends.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use url::Url;
use walkdir::WalkDir;

/// Parts below a table's folder that were last written before a moment,
/// microseconds since 1970 UTC, with their sizes. None when the table is in no
/// folder.
pub(super) fn find(table: &Url, moment: i64) -> Vec<(PathBuf, u64)> {
    let Ok(folder) = table.to_file_path() else {
        return Vec::new();
    };
    let micros = u64::try_from(moment).unwrap_or_default();
    let moment = SystemTime::UNIX_EPOCH + Duration::from_micros(micros);
    WalkDir::new(folder)
        .into_iter()
        .filter_entry(|entry| !starts_hidden(entry.file_name()))
        .filter_map(Result::ok)
        .filter(|entry| is_part(entry.path()))
        .filter_map(|entry| {
            let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
            let written = metadata.modified().ok()?;
            (written < moment).then(|| (entry.into_path(), metadata.len()))
        })
        .collect()
}

fn starts_hidden(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with(['_', '.']))
}

fn is_part(path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    name.split_once(".parquet#").is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unfinished_parquet_files_are_parts() {
        assert!(is_part(Path::new("activity=use/part-0.zstd.parquet#1")));
        for name in ["part-0.parquet", "part-0.parquet#", "part-0.parquet#x", "notes#1"] {
            assert!(!is_part(Path::new(name)), "{name}");
        }
    }
}
