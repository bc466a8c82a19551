//! The **steps** of ingest one by one, for the fuzz targets and for comparison
//! with a plain reader. No part of what this library promises.

use std::collections::BTreeMap;
use std::fmt;

use arrow::array::RecordBatch;
use arrow::error::ArrowError;
use bytes::Bytes;

use crate::decode::Decoder;
use crate::document::{self, Found};
use crate::inflate::{Inflater, Limits};
use crate::keep::KeepList;
use crate::source::{Fetched, Object, ObjectName, Place, Stored};

/// What became of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The format of its document, as in the `objects` table.
    pub document_format: &'static str,
    /// Records that could be read, kept or not.
    pub records: u64,
    /// Records that could not, by reason.
    pub skipped: BTreeMap<&'static str, u64>,
    /// What is wrong with the object as a whole.
    pub error: Option<String>,
    /// The events.
    pub events: RecordBatch,
}

/// Reads objects to events.
pub struct ObjectReader(Decoder);

impl ObjectReader {
    /// A reader that keeps KMS, and these services whole.
    #[must_use]
    pub fn new(keep: &[String], limits: Limits) -> Self {
        Self(Decoder::new(KeepList::widened_by(keep), limits, "run".to_owned(), 0))
    }

    /// Reads one object.
    ///
    /// # Errors
    /// When its rows do not fit the schema.
    pub fn read(&mut self, stored: &[u8]) -> Result<Decoded, ArrowError> {
        let fetched = Fetched {
            object: Object {
                uri: "object".to_owned(),
                bytes: stored.len() as u64,
                etag: String::new(),
                place: Place::Stdin,
                name: ObjectName::default(),
                named: false,
            },
            stored: Ok(Stored::Bytes(Bytes::copy_from_slice(stored))),
            _budget: None,
        };
        let report = self.0.read(&fetched, &mut |_| {});
        Ok(Decoded {
            document_format: report.document_format.name(),
            records: report.records,
            skipped: report.skipped,
            error: report.error,
            events: self.0.rows().finish()?,
        })
    }
}

impl fmt::Debug for ObjectReader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ObjectReader").finish_non_exhaustive()
    }
}

/// Inflates objects one after the other.
pub struct ObjectInflater(Inflater);

impl ObjectInflater {
    /// With an empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self(Inflater::new())
    }

    /// The document, or as much of it as there is and why no more.
    pub fn document<'a>(
        &'a mut self,
        stored: &'a [u8],
        limits: &Limits,
    ) -> (&'a [u8], Option<String>) {
        let (document, result) = self.0.document(stored, limits);
        (document, result.err().map(|error| error.to_string()))
    }
}

impl Default for ObjectInflater {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ObjectInflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ObjectInflater").finish_non_exhaustive()
    }
}

/// One past the last byte of the JSON value that starts the text, if it is
/// whole and not nested too deeply.
#[must_use]
pub fn value_end(text: &[u8]) -> Option<usize> {
    document::scan::value_end(text, 0).ok()
}

/// Hands every record of a document to `record`, which says whether it is JSON.
/// Returns the format and how much was skipped.
pub fn split(document: &[u8], mut record: impl FnMut(&[u8]) -> bool) -> (&'static str, u64) {
    let mut skipped = 0;
    let format = document::walk(document, &Limits::default(), &mut |found| match found {
        Found::Record(bytes) if record(bytes) => Ok(()),
        Found::Record(_) => Err(document::NOT_JSON),
        Found::Skipped(_) => {
            skipped += 1;
            Ok(())
        }
    });
    (format.name(), skipped)
}
