//! The **journal**: what the `objects` table says has been read.
//!
//! It saves reading, nothing else. A lost row means that an object is read
//! twice, and the second time adds no event. Of years of journal only the weeks
//! around what is being listed are held. A file of the table that is damaged is
//! lost rows, too: it is passed over, and taken out of the table in the end.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use arrow::array::{
    Array, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use sha2::{Digest, Sha256};

use crate::date::MICROS_PER_HOUR;
use crate::lake::{DataFile, LakeError, LakeTable};
use crate::scan::{ColumnsOf, Within};
use crate::source::Object;

mod damage;

use damage::scan_what_is_there;
pub(crate) use damage::{Damage, JournalTable, mend};

/// Columns that tell whether an object was read.
const COLUMNS: &[&str] = &["object_uri", "object_bytes", "etag", "outcome", "delivered_at"];

/// Deliveries looked up at once: long, since each look costs the row groups that
/// overlap it.
const WINDOW_MICROS: i64 = 31 * 24 * MICROS_PER_HOUR;

/// Objects read by earlier runs.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// None when it is to know nothing.
    objects: Option<JournalTable>,
    /// Deliveries that `dated` is about.
    window: Option<RangeInclusive<i64>>,
    dated: HashSet<u128>,
    /// Objects whose name says no time; looked up when first met.
    undated: Option<HashSet<u128>>,
}

impl Journal {
    /// A journal that knows nothing: every object is read again.
    pub(crate) fn empty() -> Self {
        Self::default()
    }

    /// The journal of a lake. Nothing is read yet.
    pub(crate) fn of(objects: &LakeTable) -> Self {
        Self { objects: Some(JournalTable::of(objects)), ..Self::default() }
    }

    /// The table behind it; none when it is to know nothing.
    pub(crate) fn table(&self) -> Option<&JournalTable> {
        self.objects.as_ref()
    }

    /// What will turn out to be damaged.
    pub(crate) fn damage(&self) -> Damage {
        self.objects.as_ref().map(JournalTable::damage).unwrap_or_default()
    }

    /// Those of these objects that were not read yet. One that failed, or
    /// changed since, is to be read again.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) async fn unread(
        &mut self,
        mut found: Vec<Object>,
    ) -> Result<Vec<Object>, LakeError> {
        let Some(objects) = self.objects.clone() else { return Ok(found) };
        let times = || found.iter().filter_map(|object| object.name.delivered_at);
        if let (Some(first), Some(last)) = (times().min(), times().max()) {
            let known = self.window.as_ref();
            if !known.is_some_and(|known| known.contains(&first) && known.contains(&last)) {
                let window = first..=last.max(first.saturating_add(WINDOW_MICROS));
                self.dated = read_dated(&objects, &window).await?;
                self.window = Some(window);
            }
        }
        if self.undated.is_none() && found.iter().any(|object| object.name.delivered_at.is_none()) {
            self.undated = Some(read_undated(&objects).await?);
        }
        found.retain(|object| !self.has_read(object));
        Ok(found)
    }

    fn has_read(&self, object: &Object) -> bool {
        if object.etag.is_empty() {
            return false;
        }
        let fingerprint = fingerprint(&object.uri, object.bytes, &object.etag);
        match object.name.delivered_at {
            Some(_) => self.dated.contains(&fingerprint),
            None => self.undated.as_ref().is_some_and(|read| read.contains(&fingerprint)),
        }
    }
}

async fn read_dated(
    objects: &JournalTable,
    window: &RangeInclusive<i64>,
) -> Result<HashSet<u128>, LakeError> {
    let mut read = HashSet::new();
    for file in objects.files()? {
        let apart = file
            .time_range("delivered_at")
            .is_some_and(|(first, last)| first > *window.end() || last < *window.start());
        if apart {
            continue;
        }
        let within = Within { column: "delivered_at", moments: window.clone() };
        scan_what_is_there(objects, &file, ColumnsOf(COLUMNS), Some(within), |batch| {
            let Some(rows) = JournalRows::of(batch) else { return };
            read.extend(rows.read(|delivered| delivered.is_some_and(|at| window.contains(&at))));
        })
        .await?;
    }
    Ok(read)
}

async fn read_undated(objects: &JournalTable) -> Result<HashSet<u128>, LakeError> {
    let mut read = HashSet::new();
    for file in objects.files()? {
        if file.statistics.null_count.get("delivered_at").and_then(serde_json::Value::as_u64)
            == Some(0)
        {
            continue;
        }
        scan_what_is_there(objects, &file, ColumnsOf(COLUMNS), None, |batch| {
            let Some(rows) = JournalRows::of(batch) else { return };
            read.extend(rows.read(|delivered| delivered.is_none()));
        })
        .await?;
    }
    Ok(read)
}

/// The newest delivery known below each of these folders of Regions, as far as
/// one is known. It may be older than the newest one there is, never newer.
///
/// # Errors
/// When the table cannot be read.
pub(crate) async fn newest_deliveries(
    objects: &JournalTable,
    folders: &HashSet<String>,
) -> Result<HashMap<String, i64>, LakeError> {
    let newest_of = |file: &DataFile| file.time_range("delivered_at").map(|(_, last)| last);
    let mut files = objects.files()?;
    files.sort_by_key(|file| std::cmp::Reverse(newest_of(file)));
    let mut newest: HashMap<String, i64> = HashMap::new();
    for file in files {
        if newest.len() == folders.len() {
            break;
        }
        scan_what_is_there(objects, &file, ColumnsOf(COLUMNS), None, |batch| {
            let Some(rows) = JournalRows::of(batch) else { return };
            for row in 0..batch.num_rows() {
                let (Some(at), Some(folder)) =
                    (rows.delivered_at(row), region_folder(rows.uris.value(row)))
                else {
                    continue;
                };
                match newest.get_mut(folder) {
                    Some(known) => *known = at.max(*known),
                    None if folders.contains(folder) => {
                        newest.insert(folder.to_owned(), at);
                    }
                    None => {}
                }
            }
        })
        .await?;
    }
    Ok(newest)
}

/// The columns of some rows of the table.
struct JournalRows<'a> {
    uris: &'a StringArray,
    etags: &'a StringArray,
    outcomes: &'a StringArray,
    bytes: &'a Int64Array,
    delivered: &'a TimestampMicrosecondArray,
}

impl<'a> JournalRows<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        let text = |name: &str| batch.column_by_name(name)?.as_string_opt::<i32>();
        Some(Self {
            uris: text("object_uri")?,
            etags: text("etag")?,
            outcomes: text("outcome")?,
            bytes: batch.column_by_name("object_bytes")?.as_primitive_opt::<Int64Type>()?,
            delivered: batch
                .column_by_name("delivered_at")?
                .as_primitive_opt::<TimestampMicrosecondType>()?,
        })
    }

    fn delivered_at(&self, row: usize) -> Option<i64> {
        self.delivered.is_valid(row).then(|| self.delivered.value(row))
    }

    /// Fingerprints of the objects that were read in full and were delivered
    /// when `wanted` says.
    fn read(&self, wanted: impl Fn(Option<i64>) -> bool) -> impl Iterator<Item = u128> {
        (0..self.uris.len())
            .filter(move |&row| {
                matches!(self.outcomes.value(row), "read" | "left_alone")
                    && wanted(self.delivered_at(row))
            })
            .map(|row| {
                let bytes = u64::try_from(self.bytes.value(row)).unwrap_or_default();
                fingerprint(self.uris.value(row), bytes, self.etags.value(row))
            })
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
