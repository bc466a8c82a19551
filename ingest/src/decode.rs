//! **Decoding**: one object in, rows and a report about it out.
//!
//! A decoder belongs to one thread and keeps its buffers from object to object.

use std::collections::BTreeMap;

use memchr::memmem::Finder;
use sha2::{Digest, Sha256};

use crate::date;
use crate::document::{self, DocumentFormat, Found, NOT_JSON, Reason};
use crate::event::{self, Lineage};
use crate::inflate::{Inflater, Limits};
use crate::keep::{KeepList, Kept};
use crate::record::Record;
use crate::rows::Rows;
use crate::schema::EVENTS;
use crate::source::{Fetched, Object, Stored, read_local};
use crate::surrogate::without_lone_surrogates;

/// What became of one object.
#[derive(Debug, Default)]
pub(crate) struct ObjectReport {
    pub(crate) document_format: DocumentFormat,
    pub(crate) document_bytes: u64,
    pub(crate) sha256: Option<String>,
    pub(crate) records: u64,
    pub(crate) events: u64,
    pub(crate) skipped: BTreeMap<Reason, u64>,
    /// Insight records, which are about other records.
    pub(crate) insights: u64,
    pub(crate) error: Option<String>,
    /// Whether it failed for a reason that may be gone next time.
    pub(crate) may_pass: bool,
    pub(crate) kept: BTreeMap<String, u64>,
}

impl ObjectReport {
    /// The `outcome` column.
    pub(crate) fn outcome(&self) -> &'static str {
        match (&self.error, self.records) {
            (None, _) if self.document_format.is_left_alone() => "left_alone",
            (None, _) if self.skipped.is_empty() => "read",
            (Some(_), 0) => "failed",
            _ => "partly_read",
        }
    }

    /// Records that could not be read.
    pub(crate) fn skipped_records(&self) -> u64 {
        self.skipped.values().sum()
    }
}

/// Reads objects into rows.
pub(crate) struct Decoder {
    stored: Vec<u8>,
    inflater: Inflater,
    records: RecordReader,
}

/// A buffer that one huge object made huge is given back.
const BUFFER_KEPT_BYTES: usize = 32 << 20;

impl Decoder {
    pub(crate) fn new(keep: KeepList, limits: Limits, run_id: String, ingested_at: i64) -> Self {
        let records = RecordReader {
            keep,
            limits,
            run_id,
            ingested_at,
            source_field: Finder::new("\"eventSource\""),
            name_field: Finder::new("\"eventName\""),
            rows: Rows::new(&EVENTS),
        };
        Self { stored: Vec::new(), inflater: Inflater::new(), records }
    }

    /// The rows read and not yet taken away.
    pub(crate) fn rows(&mut self) -> &mut Rows {
        &mut self.records.rows
    }

    /// Reads one object; its events are appended to [`rows`](Self::rows).
    /// `room` is called between records, when the rows may be taken away.
    pub(crate) fn read(
        &mut self,
        fetched: &Fetched,
        room: &mut impl FnMut(&mut Rows),
    ) -> ObjectReport {
        let limits = self.records.limits;
        let mut report = ObjectReport::default();
        let stored = match &fetched.stored {
            Err(unfetched) => {
                report.may_pass = unfetched.may_pass;
                Err(unfetched.reason.clone())
            }
            Ok(Stored::Bytes(bytes)) => Ok(&bytes[..]),
            Ok(Stored::Local) => {
                read_local(&fetched.object, &limits, &mut self.stored).map(|()| &self.stored[..])
            }
        };
        match stored {
            Err(reason) => report.error = Some(reason),
            Ok(stored) => {
                let (document, result) = self.inflater.document(stored, &limits);
                report.error = result.err().map(|error| error.to_string());
                // What was inflated before the damage is read: those records
                // are whole.
                if report.error.is_none() || !document.is_empty() {
                    self.records.walk(document, &fetched.object, &mut report, room);
                }
            }
        }
        self.stored.truncate(BUFFER_KEPT_BYTES);
        self.stored.shrink_to(BUFFER_KEPT_BYTES);
        report
    }
}

/// Reads the records of documents into rows.
struct RecordReader {
    keep: KeepList,
    limits: Limits,
    run_id: String,
    ingested_at: i64,
    source_field: Finder<'static>,
    name_field: Finder<'static>,
    rows: Rows,
}

impl RecordReader {
    fn walk(
        &mut self,
        document: &[u8],
        object: &Object,
        report: &mut ObjectReport,
        room: &mut impl FnMut(&mut Rows),
    ) {
        report.document_bytes = document.len() as u64;
        report.sha256 = Some(format!("{:x}", Sha256::digest(document)));
        let limits = self.limits;
        let format = document::walk(document, &limits, &mut |found| match found {
            Found::Skipped(reason) => {
                *report.skipped.entry(reason).or_default() += 1;
                Ok(())
            }
            Found::Record(record) => {
                self.record(record, object, report)?;
                room(&mut self.rows);
                Ok(())
            }
        });
        report.document_format = format;
        if report.insights > 0 && report.insights == report.records {
            report.document_format = DocumentFormat::Insight;
        }
        if report.error.is_none() {
            report.error = complaint(report.document_format, report.records, document);
        }
    }

    /// One record: dropped unread, skipped with a reason, or appended.
    fn record(
        &mut self,
        bytes: &[u8],
        object: &Object,
        report: &mut ObjectReport,
    ) -> Result<(), Reason> {
        if !self.may_keep(bytes) {
            report.records += 1;
            return Ok(());
        }
        if bytes.len() > self.limits.record_bytes_max {
            return Err("larger than --max-record-bytes");
        }
        let text = simdutf8::basic::from_utf8(bytes).map_err(|_| "not valid UTF-8")?;
        let text = &*without_lone_surrogates(text);
        let record = Record::read(text).map_err(|_| NOT_JSON)?;
        let source = record.event_source.get().unwrap_or_default();
        let name = record.event_name.get().unwrap_or_default();
        if record.event_category.get() == Some("Insight")
            || record.event_type.get() == Some("AwsCloudTrailInsight")
        {
            report.records += 1;
            report.insights += 1;
            return Ok(());
        }
        if source.is_empty() || name.is_empty() {
            return Err("no eventSource or eventName");
        }
        let for_service = text.contains("\"type\":\"AWSService\"").then_some("service");
        if self.keep.keeps(source, name, for_service, text) {
            let lineage = Lineage {
                object_uri: &object.uri,
                record_index: report.records,
                run_id: &self.run_id,
                ingested_at: self.ingested_at,
            };
            event::append(&mut self.rows, &record, text, lineage)?;
            report.events += 1;
            match report.kept.get_mut(source) {
                Some(count) => *count += 1,
                None => {
                    report.kept.insert(source.to_owned(), 1);
                }
            }
        }
        report.records += 1;
        Ok(())
    }

    /// Whether a record may be kept, judged without parsing it: any field named
    /// `eventSource` (and `eventName`) at any depth may be the one. A record
    /// without them is parsed, to be counted as what it is.
    fn may_keep(&self, record: &[u8]) -> bool {
        let mut sources = values_of(&self.source_field, record).peekable();
        if sources.peek().is_none() {
            return true;
        }
        sources.any(|source| match source.map(|source| self.keep.of_source(source)) {
            None | Some(Kept::All) => true,
            Some(Kept::Nothing) => false,
            Some(Kept::Operations(names)) => values_of(&self.name_field, record)
                .any(|name| name.is_none_or(|name| names.contains(&name))),
        })
    }
}

/// Why a document without damage is not what was asked for.
fn complaint(format: DocumentFormat, records: u64, document: &[u8]) -> Option<String> {
    match format {
        DocumentFormat::Empty => Some("empty".to_owned()),
        DocumentFormat::Unknown if records == 0 => {
            let json = matches!(
                document.iter().find(|byte| !byte.is_ascii_whitespace()),
                Some(b'{' | b'[')
            );
            Some(
                if json { "JSON without CloudTrail records (no \"Records\")" } else { "not JSON" }
                    .to_owned(),
            )
        }
        _ => None,
    }
}

/// The texts behind a field's name, wherever it occurs; `None` for a value that
/// is no plain text.
fn values_of<'r>(
    field: &'r Finder<'static>,
    record: &'r [u8],
) -> impl Iterator<Item = Option<&'r str>> {
    field.find_iter(record).map(move |at| {
        let rest = &record[at + field.needle().len()..];
        let rest =
            rest.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
        let end = memchr::memchr2(b'"', b'\\', rest)?;
        if rest[end] == b'\\' {
            return None;
        }
        std::str::from_utf8(&rest[..end]).ok()
    })
}

/// The row of the `objects` table about one object.
pub(crate) fn append_object(
    rows: &mut Rows,
    object: &Object,
    report: &ObjectReport,
    run_id: &str,
    ingested_at: i64,
) {
    use crate::rows::position;
    use crate::schema::OBJECTS;
    const fn at(name: &str) -> usize {
        position(&OBJECTS, name)
    }
    let count = |count: u64| i64::try_from(count).ok();
    rows.text(const { at("ingest_month") }, Some(&date::month(ingested_at)));
    rows.text(const { at("object_uri") }, Some(&object.uri));
    rows.integer(const { at("object_bytes") }, count(object.bytes));
    rows.text(const { at("etag") }, Some(&object.etag));
    rows.text(const { at("sha256") }, report.sha256.as_deref());
    rows.text(const { at("document_format") }, Some(report.document_format.name()));
    rows.text(const { at("account_id") }, object.name.account_id.as_deref());
    rows.text(const { at("aws_region") }, object.name.region.as_deref());
    rows.time(const { at("delivered_at") }, object.name.delivered_at);
    rows.flag(const { at("named") }, Some(object.named));
    rows.integer(const { at("records") }, count(report.records));
    rows.integer(const { at("events") }, count(report.events));
    rows.integer(const { at("skipped") }, count(report.skipped_records()));
    if !report.skipped.is_empty() {
        let counts: Vec<(&str, String)> =
            report.skipped.iter().map(|(reason, count)| (*reason, count.to_string())).collect();
        rows.text_map(
            const { at("skipped_reasons") },
            counts.iter().map(|(reason, count)| (*reason, Some(count.as_str()))),
        );
    }
    rows.text(const { at("outcome") }, Some(report.outcome()));
    rows.text(const { at("error") }, report.error.as_deref());
    rows.text(const { at("run_id") }, Some(run_id));
    rows.time(const { at("ingested_at") }, Some(ingested_at));
    rows.end_row();
}
