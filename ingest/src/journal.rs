//! The **journal**: what the `objects` table says has been read.
//!
//! It saves reading, nothing else. A lost row means that an object is read
//! twice, and the second time adds no event. Of years of journal only the weeks
//! around what is being listed are held. A file of the table that is damaged is
//! lost rows, too: it is passed over, and taken out of the table in the end.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use arrow::array::{
    Array, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use sha2::{Digest, Sha256};

use crate::date::MICROS_PER_HOUR;
use crate::lake::{DataFile, LakeError, LakeTable};
use crate::scan::{ColumnsOf, Within};
use crate::source::{Object, region_folder};

mod damage;

use damage::scan_what_is_there;
pub(crate) use damage::{Damage, JournalTable, mend};

/// Columns that tell whether an object was read.
const COLUMNS: &[&str] =
    &["object_uri", "object_bytes", "etag", "outcome", "delivered_at", "named"];

/// Deliveries looked up at once: long, since each look costs the row groups that
/// overlap it.
const WINDOW_MICROS: i64 = 31 * 24 * MICROS_PER_HOUR;

/// Fingerprints of objects that were read.
#[derive(Debug, Default)]
struct Read {
    /// Found by listing.
    listed: HashSet<u128>,
    /// Named by a notification, whether or not they were listed, too.
    named: HashSet<u128>,
}

/// What is known of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    No,
    /// A notification named it, and no listing has come upon it yet.
    ByNameOnly,
    Yes,
}

/// Objects read by earlier runs.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// None when it is to know nothing.
    objects: Option<JournalTable>,
    /// Deliveries that `dated` is about.
    window: Option<RangeInclusive<i64>>,
    dated: Read,
    /// Objects whose name says no time; looked up when first met.
    undated: Option<Read>,
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
    /// changed since, is to be read again; and one of a folder's day, if listing
    /// finds only objects there that notifications have named: listing starts
    /// again behind what it has read itself, so it has to get on.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub(crate) async fn unread(&mut self, found: Vec<Object>) -> Result<Vec<Object>, LakeError> {
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
        Ok(self.sift(found))
    }

    /// As [`unread`](Self::unread), of objects that are in the sets at hand.
    fn sift(&self, found: Vec<Object>) -> Vec<Object> {
        let mut unread = Vec::new();
        let mut waymarks = Waymarks::default();
        for object in found {
            match self.knows(&object) {
                Known::No => {
                    waymarks.got_on(&object);
                    unread.push(object);
                }
                Known::Yes => waymarks.got_on(&object),
                Known::ByNameOnly if object.named => {}
                Known::ByNameOnly => waymarks.propose(object),
            }
        }
        unread.extend(waymarks.wanted());
        unread
    }

    fn knows(&self, object: &Object) -> Known {
        if object.etag.is_empty() {
            return Known::No;
        }
        let read = match object.name.delivered_at {
            Some(_) => Some(&self.dated),
            None => self.undated.as_ref(),
        };
        let fingerprint = fingerprint(&object.uri, object.bytes, &object.etag);
        match read {
            Some(read) if read.listed.contains(&fingerprint) => Known::Yes,
            Some(read) if read.named.contains(&fingerprint) => Known::ByNameOnly,
            _ => Known::No,
        }
    }
}

/// Objects to read once more, so that listing gets on: the last one of each
/// folder and day of which nothing was read that listing had found.
#[derive(Debug, Default)]
struct Waymarks {
    days: HashMap<(String, i64), Option<Object>>,
}

impl Waymarks {
    /// Listing gets on by this object anyway.
    fn got_on(&mut self, object: &Object) {
        if let Some(place) = object.place_in_listing() {
            self.days.insert(place, None);
        }
    }

    fn propose(&mut self, object: Object) {
        let Some(place) = object.place_in_listing() else { return };
        match self.days.entry(place) {
            Entry::Vacant(day) => {
                day.insert(Some(object));
            }
            Entry::Occupied(mut day) => {
                if let Some(known) = day.get_mut()
                    && known.name.delivered_at < object.name.delivered_at
                {
                    *known = object;
                }
            }
        }
    }

    fn wanted(self) -> impl Iterator<Item = Object> {
        self.days.into_values().flatten()
    }
}

async fn read_dated(
    objects: &JournalTable,
    window: &RangeInclusive<i64>,
) -> Result<Read, LakeError> {
    let mut read = Read::default();
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
            rows.read(&mut read, |delivered| delivered.is_some_and(|at| window.contains(&at)));
        })
        .await?;
    }
    Ok(read)
}

async fn read_undated(objects: &JournalTable) -> Result<Read, LakeError> {
    let mut read = Read::default();
    for file in objects.files()? {
        if file.statistics.null_count.get("delivered_at").and_then(serde_json::Value::as_u64)
            == Some(0)
        {
            continue;
        }
        scan_what_is_there(objects, &file, ColumnsOf(COLUMNS), None, |batch| {
            let Some(rows) = JournalRows::of(batch) else { return };
            rows.read(&mut read, |delivered| delivered.is_none());
        })
        .await?;
    }
    Ok(read)
}

/// The newest delivery that listing has read below each of these folders of
/// Regions, as far as one is known. It may be older than the newest one there is,
/// never newer. What notifications named says nothing of what lies before it,
/// and what failed is still to be read.
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
                if rows.is_named(row) || rows.outcomes.value(row) == "failed" {
                    continue;
                }
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
    /// Files from before there was this column lack it.
    named: Option<&'a BooleanArray>,
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
            named: batch.column_by_name("named").and_then(|named| named.as_boolean_opt()),
        })
    }

    fn delivered_at(&self, row: usize) -> Option<i64> {
        self.delivered.is_valid(row).then(|| self.delivered.value(row))
    }

    fn is_named(&self, row: usize) -> bool {
        self.named.is_some_and(|named| named.is_valid(row) && named.value(row))
    }

    /// Takes the objects that were read in full and were delivered when `wanted`
    /// says.
    fn read(&self, read: &mut Read, wanted: impl Fn(Option<i64>) -> bool) {
        for row in 0..self.uris.len() {
            if !matches!(self.outcomes.value(row), "read" | "left_alone")
                || !wanted(self.delivered_at(row))
            {
                continue;
            }
            let bytes = u64::try_from(self.bytes.value(row)).unwrap_or_default();
            let fingerprint = fingerprint(self.uris.value(row), bytes, self.etags.value(row));
            let known = if self.is_named(row) { &mut read.named } else { &mut read.listed };
            known.insert(fingerprint);
        }
    }
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
    use crate::source::{ObjectName, Place};

    fn object(region: &str, slot: &str) -> Object {
        let day = format!("{}/{}/{}", &slot[..4], &slot[4..6], &slot[6..8]);
        let key = format!(
            "AWSLogs/111122223333/CloudTrail/{region}/{day}/111122223333_CloudTrail_{region}_{slot}_x.json.gz"
        );
        Object {
            uri: format!("s3://bucket/{key}"),
            bytes: 1,
            etag: "x".to_owned(),
            name: ObjectName::read(&key),
            place: Place::S3 { bucket: "bucket".to_owned(), key },
            named: false,
        }
    }

    fn journal(listed: &[&Object], named: &[&Object]) -> Journal {
        let print = |objects: &[&Object]| {
            objects.iter().map(|it| fingerprint(&it.uri, it.bytes, &it.etag)).collect()
        };
        let dated = Read { listed: print(listed), named: print(named) };
        Journal { dated, ..Journal::default() }
    }

    fn unread(journal: &Journal, found: &[&Object]) -> Vec<Object> {
        let mut unread = journal.sift(found.iter().map(|&object| object.clone()).collect());
        unread.sort_by(|left, right| left.uri.cmp(&right.uri));
        unread
    }

    #[test]
    fn listing_reads_one_named_object_of_a_folder_and_day_to_get_on() {
        let [first, second] =
            ["20261005T0000Z", "20261005T0900Z"].map(|slot| object("eu-west-1", slot));
        let next_day = object("eu-west-1", "20261006T0000Z");
        let elsewhere = object("us-east-1", "20261005T0100Z");
        let all = [&first, &second, &next_day, &elsewhere];
        let notified = journal(&[], &all);
        assert_eq!(unread(&notified, &all), [second.clone(), next_day.clone(), elsewhere.clone()]);
        // Where listing has read something of the day, or is about to, it gets on anyway.
        let listed_too = journal(&[&first, &next_day, &elsewhere], &all);
        assert!(unread(&listed_too, &all).is_empty());
        let one_is_new = journal(&[], &[&first, &next_day, &elsewhere]);
        assert_eq!(unread(&one_is_new, &[&first, &second]), [second]);
    }

    #[test]
    fn what_is_named_again_is_not_read_again() {
        let object = Object { named: true, ..object("eu-west-1", "20261005T0000Z") };
        assert!(unread(&journal(&[], &[&object]), &[&object]).is_empty());
        assert!(unread(&journal(&[&object], &[]), &[&object]).is_empty());
        let changed = Object { etag: "y".to_owned(), ..object.clone() };
        assert_eq!(unread(&journal(&[&object], &[]), &[&changed]), [changed]);
    }
}
