//! **Reading**: a document that is JSON becomes the events that a plain reader
//! finds in it, whichever way it is read.

use std::cell::RefCell;
use std::thread::LocalKey;

use arrow::array::RecordBatch;
use arrow::compute::filter_record_batch;
use ingest::Limits;
use ingest::fuzz::{Decoded, ObjectReader};

use crate::compare::{differences, of_kms};
use crate::plain::{self, Unjudged};

thread_local! {
    /// Keeps every record.
    static WIDE: RefCell<ObjectReader> =
        RefCell::new(ObjectReader::new(&["*".to_owned()], Limits::default()));
    /// Keeps what is kept by default.
    static NARROW: RefCell<ObjectReader> =
        RefCell::new(ObjectReader::new(&[], Limits::default()));
}

pub(crate) fn run_document(document: &[u8]) {
    let _ = check(document);
}

pub(crate) fn run_event(record: &[u8]) {
    let _ = check(&[b"{\"Records\":[", record, b"]}"].concat());
}

/// What the library makes of a document when it keeps every record. What a
/// thread keeps must not matter, so readers are used again and again.
pub(crate) fn decode(document: &[u8]) -> Decoded {
    read(&WIDE, document)
}

fn read(reader: &'static LocalKey<RefCell<ObjectReader>>, document: &[u8]) -> Decoded {
    let Ok(decoded) = reader.with_borrow_mut(|reader| reader.read(document)) else {
        unreachable!("rows that do not fit the schema");
    };
    decoded
}

/// What differs between the library and a plain reader, a line each.
pub(crate) fn compare(document: &[u8]) -> Result<Vec<String>, Unjudged> {
    let decoded = decode(document);
    let mut found = differences(&decoded, &plain::read(document)?);
    // What is dropped unread must be what would be dropped when read. A letter
    // may be written as an escape, but no writer does so in the name of a field.
    let escapes = document.windows(4).any(|window| window == b"\\u00");
    if !escapes && kept_anyhow(&decoded.events) != kept_anyhow(&read(&NARROW, document).events) {
        found.push("the keep list lost an event".to_owned());
    }
    Ok(found)
}

/// The events of KMS, but for how many others stood before them.
fn kept_anyhow(events: &RecordBatch) -> Option<RecordBatch> {
    let mut events = filter_record_batch(events, &of_kms(events)).ok()?;
    let index = events.schema().index_of("record_index").ok()?;
    events.remove_column(index);
    Some(events)
}

/// # Panics
/// When there is a difference.
pub(crate) fn check(document: &[u8]) -> Result<(), Unjudged> {
    let found = compare(document)?.join("\n");
    assert!(found.is_empty(), "{found}\n{}", String::from_utf8_lossy(document));
    Ok(())
}
