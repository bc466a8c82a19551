//! The **journal**: what the `objects` table says has been read.
//!
//! It saves reading, nothing else. A lost row means that an object is read
//! twice, and the second time adds no event.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use sha2::{Digest, Sha256};

use crate::lake::{LakeError, LakeTable};
use crate::scan::{ColumnsOf, scan};
use crate::source::Object;

/// Objects read by earlier runs.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    read: HashSet<u128>,
    /// Folder of a Region to the newest delivery known below it.
    newest: HashMap<String, i64>,
}

const COLUMNS: &[&str] = &["object_uri", "object_bytes", "etag", "outcome", "delivered_at"];

impl Journal {
    /// A journal that knows nothing: every object is read again.
    pub(crate) fn empty() -> Self {
        Self::default()
    }

    /// Reads the journal of a lake.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) async fn read(objects: &LakeTable) -> Result<Self, LakeError> {
        let mut journal = Self::default();
        for file in objects.files()? {
            scan(objects, &file, ColumnsOf(COLUMNS), None, |batch| {
                journal.take(batch);
            })
            .await?;
        }
        Ok(journal)
    }

    /// Whether exactly this object was read in full. One that failed, or
    /// changed since, is read again.
    pub(crate) fn has_read(&self, object: &Object) -> bool {
        !object.etag.is_empty()
            && self.read.contains(&fingerprint(&object.uri, object.bytes, &object.etag))
    }

    /// The newest delivery known below a Region's folder.
    pub(crate) fn newest_delivery(&self, folder: &str) -> Option<i64> {
        self.newest.get(folder).copied()
    }

    fn take(&mut self, batch: &RecordBatch) {
        let text = |name: &str| {
            batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>())
        };
        let bytes = batch
            .column_by_name("object_bytes")
            .and_then(|column| column.as_primitive_opt::<arrow::datatypes::Int64Type>());
        let delivered = batch
            .column_by_name("delivered_at")
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        let (Some(uris), Some(etags), Some(outcomes), Some(bytes), Some(delivered)) =
            (text("object_uri"), text("etag"), text("outcome"), bytes, delivered)
        else {
            return;
        };
        for row in 0..batch.num_rows() {
            if !matches!(outcomes.value(row), "read" | "left_alone") {
                continue;
            }
            let uri = uris.value(row);
            let size = u64::try_from(bytes.value(row)).unwrap_or_default();
            self.read.insert(fingerprint(uri, size, etags.value(row)));
            if let (true, Some(folder)) = (delivered.is_valid(row), region_folder(uri)) {
                let newest = self.newest.entry(folder.to_owned()).or_insert(i64::MIN);
                *newest = (*newest).max(delivered.value(row));
            }
        }
    }
}

/// `.../CloudTrail/<region>/` of a log file's URI: four folders up from the
/// file, which lies under year, month and day.
fn region_folder(uri: &str) -> Option<&str> {
    let mut end = uri.len();
    for _ in 0..4 {
        end = uri[..end].rfind('/')?;
    }
    let folder = &uri[..=end];
    folder.contains("/CloudTrail/").then_some(folder)
}

fn fingerprint(uri: &str, bytes: u64, etag: &str) -> u128 {
    let mut hash = Sha256::new();
    hash.update(uri);
    hash.update([0]);
    hash.update(bytes.to_le_bytes());
    hash.update(etag);
    let digest = hash.finalize();
    digest.iter().take(16).fold(0, |value, &byte| (value << 8) | u128::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_a_region_is_four_up_from_the_file() {
        let uri = "s3://b/AWSLogs/1/CloudTrail/eu-west-1/2023/07/10/x.json.gz";
        assert_eq!(region_folder(uri), Some("s3://b/AWSLogs/1/CloudTrail/eu-west-1/"));
        assert_eq!(region_folder("/a/b.json"), None);
    }
}
