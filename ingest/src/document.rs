//! A **document**: the inflated bytes of one object, and the records in it.
//!
//! The format is recognised by content. Records come out as slices of the
//! document, in order, before any of them is parsed.

use std::borrow::Cow;

use base64::Engine as _;
use memchr::memmem;

pub(crate) mod scan;

use crate::inflate::{Inflater, Limits};
use crate::surrogate::without_lone_surrogates;
use scan::{ScanError, fields, skip_space, string_end, value_end, whole_end};

/// The formats a document can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum DocumentFormat {
    /// Nothing but white space.
    Empty,
    /// `{"Records":[...]}`: what `CloudTrail` delivers.
    Records,
    /// A bare list of records.
    Array,
    /// One record.
    Record,
    /// One value a line.
    JsonLines,
    /// EventBridge's envelope round a record.
    EventBridge,
    /// Output of `lookup-events`: records as text inside JSON.
    LookupEvents,
    /// CloudWatch Logs subscription data.
    CloudWatchLogs,
    /// A digest file: for verification, without records.
    Digest,
    /// Insight events: about other events.
    Insight,
    /// The labels that `keytrail simulate` leaves beside its trail.
    Labels,
    /// None of these.
    #[default]
    Unknown,
}

impl DocumentFormat {
    /// Whether a document of this format is well, though it has no records.
    #[must_use]
    pub(crate) fn is_left_alone(self) -> bool {
        matches!(self, Self::Digest | Self::Insight | Self::Labels)
    }

    /// The name in the `objects` table.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Records => "records",
            Self::Array => "array",
            Self::Record => "record",
            Self::JsonLines => "json_lines",
            Self::EventBridge => "event_bridge",
            Self::LookupEvents => "lookup_events",
            Self::CloudWatchLogs => "cloudwatch_logs",
            Self::Digest => "digest",
            Self::Insight => "insight",
            Self::Labels => "labels",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a record could not be read. The text is a key in `skipped_reasons`.
pub(crate) type Reason = &'static str;

/// Not JSON, or not JSON all the way.
pub(crate) const NOT_JSON: Reason = "not valid JSON";
/// Deeper than any record is.
pub(crate) const TOO_DEEP: Reason = "nested too deeply";
/// The document ends inside the record.
pub(crate) const TRUNCATED: Reason = "document ends inside the record";

/// What a walk meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    /// One record. If the receiver cannot read it, the walk reports it as
    /// skipped and looks for the next record from inside this one: its end may
    /// be misjudged.
    Record(&'a [u8]),
    /// Something that is not a readable record.
    Skipped(Reason),
}

/// Envelopes inside envelopes are followed this far.
const ENVELOPES_MAX: u32 = 4;

/// Most bytes searched in vain, for the end of a value or for the next record
/// after damage. Each search may go through all of the document, so one that is
/// nothing but damage would keep a thread for days.
const SEARCH_BYTES_MAX: u64 = 4 << 30;

/// More damage than it pays to search through; nothing is read behind it.
const TOO_DAMAGED: Reason = "too much damage: the rest of the document is not read";

/// How every record of `CloudTrail` starts: used to find the next one after
/// damage.
const RECORD_START: &[u8] = br#"{"eventVersion""#;

/// Hands every record of a document to `sink`, and says what format it was.
pub(crate) fn walk(
    bytes: &[u8],
    limits: &Limits,
    sink: &mut impl FnMut(Found<'_>) -> Result<(), Reason>,
) -> DocumentFormat {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut walker = Walker { limits, sink, search_bytes: SEARCH_BYTES_MAX };
    walker.values(bytes, 0)
}

struct Walker<'a, S> {
    limits: &'a Limits,
    sink: &'a mut S,
    /// What may still be searched in vain.
    search_bytes: u64,
}

impl<S: FnMut(Found<'_>) -> Result<(), Reason>> Walker<'_, S> {
    /// Reports something unreadable; the answer means nothing then.
    fn skip(&mut self, reason: Reason) {
        let _ = (self.sink)(Found::Skipped(reason));
    }

    /// Notes a search that went to the end of the document. False when there
    /// have been too many.
    fn may_search_on(&mut self, bytes: usize) -> bool {
        let left = self.search_bytes.checked_sub(bytes as u64);
        self.search_bytes = left.unwrap_or_default();
        if left.is_none() {
            self.skip(TOO_DAMAGED);
        }
        left.is_some()
    }

    /// All top-level values: one, or one a line.
    fn values(&mut self, bytes: &[u8], envelopes: u32) -> DocumentFormat {
        let mut at = skip_space(bytes, 0);
        if at == bytes.len() {
            return DocumentFormat::Empty;
        }
        let mut format = DocumentFormat::Unknown;
        let mut count = 0;
        while at < bytes.len() {
            let (found, end) = self.value(bytes, at, envelopes);
            count += 1;
            if count == 1 || format == DocumentFormat::Unknown {
                format = found;
            }
            at = match end {
                Ok(end) => skip_space(bytes, end),
                Err(reason) => {
                    // A document that starts with damage and has no further
                    // line is no document of ours; the caller says so.
                    let next = next_line(bytes, at);
                    if count > 1 || next < bytes.len() || found != DocumentFormat::Unknown {
                        self.skip(reason);
                    }
                    if reason == TRUNCATED && !self.may_search_on(bytes.len() - at) {
                        return format;
                    }
                    next
                }
            };
        }
        if count > 1 && format != DocumentFormat::Unknown {
            return DocumentFormat::JsonLines;
        }
        format
    }

    /// One value and where it ends.
    fn value(
        &mut self,
        bytes: &[u8],
        at: usize,
        envelopes: u32,
    ) -> (DocumentFormat, Result<usize, Reason>) {
        match bytes.get(at) {
            Some(b'[') => (DocumentFormat::Array, Ok(self.list(bytes, at, envelopes, false))),
            Some(b'{') => self.object(bytes, at, envelopes),
            _ => (DocumentFormat::Unknown, Err(NOT_JSON)),
        }
    }

    /// An object: a record or an envelope.
    fn object(
        &mut self,
        bytes: &[u8],
        at: usize,
        envelopes: u32,
    ) -> (DocumentFormat, Result<usize, Reason>) {
        if let Some(list) = records_list(bytes, at) {
            let end = self.list(bytes, list, envelopes, true);
            let end = skip_space(bytes, end);
            let end = if bytes.get(end) == Some(&b'}') {
                end + 1
            } else {
                whole_end(bytes, at).unwrap_or(bytes.len())
            };
            return (DocumentFormat::Records, Ok(end));
        }
        let (end, damage) = match value_end(bytes, at) {
            Ok(end) => (end, None),
            // Whole all the same: what follows is not part of it.
            Err(ScanError::TooDeep(end)) => (end, Some(TOO_DEEP)),
            Err(error) => (bytes.len(), Some(reason(error))),
        };
        // Without an end it is perhaps one record, perhaps an envelope whose
        // records are fine: only a named field can tell.
        let format = self.envelope(bytes, at, end, envelopes);
        let result = match (format, damage) {
            (DocumentFormat::Record, None) => self.hand_on(&bytes[at..end]),
            (DocumentFormat::Record, Some(TOO_DEEP)) => {
                self.skip(TOO_DEEP);
                Ok(())
            }
            (DocumentFormat::Record | DocumentFormat::Unknown, Some(reason)) => Err(reason),
            _ => Ok(()),
        };
        (format, result.map(|()| end))
    }

    /// Opens an envelope by the names of its fields. `Record` means that the
    /// object is a record itself and was not handed on yet.
    fn envelope(&mut self, bytes: &[u8], at: usize, end: usize, envelopes: u32) -> DocumentFormat {
        let bytes = &bytes[..end];
        let mut format = DocumentFormat::Unknown;
        for (key, value, value_end) in fields(bytes, at) {
            let found = match (key, bytes.get(value)) {
                (b"eventVersion" | b"eventSource" | b"eventName", _) => {
                    return DocumentFormat::Record;
                }
                (b"Records", Some(b'[')) => {
                    self.list(bytes, value, envelopes, true);
                    DocumentFormat::Records
                }
                (b"Events", Some(b'[')) => {
                    self.list(bytes, value, envelopes + 1, false);
                    DocumentFormat::LookupEvents
                }
                (b"logEvents", Some(b'[')) => {
                    self.list(bytes, value, envelopes + 1, false);
                    DocumentFormat::CloudWatchLogs
                }
                (b"CloudTrailEvent", Some(b'"')) => {
                    self.text(&bytes[value..value_end], envelopes);
                    DocumentFormat::LookupEvents
                }
                (b"message", Some(b'"')) => {
                    self.text(&bytes[value..value_end], envelopes);
                    DocumentFormat::CloudWatchLogs
                }
                (b"awslogs", Some(b'{')) => {
                    self.compressed(&bytes[value..value_end], envelopes);
                    DocumentFormat::CloudWatchLogs
                }
                (b"detail", Some(b'{')) if envelopes < ENVELOPES_MAX => {
                    if let (_, Err(reason)) = self.object(bytes, value, envelopes + 1) {
                        self.skip(reason);
                    }
                    DocumentFormat::EventBridge
                }
                (b"incidents", Some(b'[')) => DocumentFormat::Labels,
                (b"digestStartTime" | b"digestS3Object", _) => DocumentFormat::Digest,
                _ => continue,
            };
            format = found;
        }
        format
    }

    /// A list of records (`of_records`) or of anything; returns its end.
    fn list(&mut self, bytes: &[u8], start: usize, envelopes: u32, of_records: bool) -> usize {
        let mut at = start + 1;
        loop {
            at = skip_space(bytes, at);
            match bytes.get(at) {
                None => {
                    self.skip(TRUNCATED);
                    return bytes.len();
                }
                Some(b']') => return at + 1,
                Some(b',') => at += 1,
                Some(b'{') => {
                    let result = if of_records || bytes[at..].starts_with(RECORD_START) {
                        self.record(bytes, at)
                    } else if envelopes < ENVELOPES_MAX {
                        self.object(bytes, at, envelopes + 1).1
                    } else {
                        Err(TOO_DEEP)
                    };
                    at = match result {
                        Ok(end) => end,
                        Err(reason) => {
                            self.skip(reason);
                            if reason == TRUNCATED && !self.may_search_on(bytes.len() - at) {
                                return bytes.len();
                            }
                            let next = self.after_damage(bytes, at, start);
                            // Damage up to the end has been reported once.
                            if next == bytes.len() {
                                return next;
                            }
                            next
                        }
                    };
                }
                Some(_) => {
                    self.skip(NOT_JSON);
                    at = other_element_end(bytes, at)
                        .unwrap_or_else(|| self.after_damage(bytes, at, start));
                }
            }
        }
    }

    /// One record and where it ends. An error means that its end is not to be
    /// trusted.
    fn record(&mut self, bytes: &[u8], at: usize) -> Result<usize, Reason> {
        let end = match value_end(bytes, at) {
            Ok(end) => end,
            Err(ScanError::TooDeep(end)) => {
                self.skip(TOO_DEEP);
                return Ok(end);
            }
            Err(error) => return Err(reason(error)),
        };
        // An unclosed quote can make one record swallow its neighbours.
        let slice = &bytes[at..end];
        if slice.len() > SUSPICIOUS_BYTES && memmem::find(&slice[1..], RECORD_START).is_some() {
            serde_json::from_slice::<serde::de::IgnoredAny>(slice).map_err(|_| NOT_JSON)?;
        }
        self.hand_on(slice).map(|()| end)
    }

    /// Hands a whole record on. One that is JSON and cannot be used is skipped
    /// whole: what stands inside it was chosen by the caller and is no record.
    fn hand_on(&mut self, record: &[u8]) -> Result<(), Reason> {
        match (self.sink)(Found::Record(record)) {
            Err(reason) if reason != NOT_JSON => {
                self.skip(reason);
                Ok(())
            }
            result => result,
        }
    }

    /// Where to go on after a damaged element: at the next element that begins
    /// as the first one of the list did, or at the end.
    fn after_damage(&mut self, bytes: &[u8], at: usize, list: usize) -> usize {
        let next = memmem::find_iter(&bytes[at + 1..], element_start(bytes, list))
            .map(|offset| at + 1 + offset)
            .find(|&next| is_element(bytes, next));
        match next {
            Some(next) => next,
            None if !self.may_search_on(bytes.len() - at) => bytes.len(),
            // A stray bracket has no length of its own.
            None => whole_end(bytes, at).unwrap_or(bytes.len()).max(at + 1),
        }
    }

    /// JSON text inside a JSON string.
    fn text(&mut self, string: &[u8], envelopes: u32) {
        if envelopes >= ENVELOPES_MAX {
            return self.skip(TOO_DEEP);
        }
        match unescape(string) {
            Some(text) => {
                if self.values(text.as_bytes(), envelopes + 1) == DocumentFormat::Unknown {
                    self.skip(NOT_JSON);
                }
            }
            None => self.skip(NOT_JSON),
        }
    }

    /// `{"data": "<base64 of gzip>"}` of a CloudWatch Logs subscription.
    fn compressed(&mut self, object: &[u8], envelopes: u32) {
        let data = fields(object, 0).find(|(key, ..)| *key == b"data");
        let inflated = data.and_then(|(_, start, end)| {
            let text = unescape(&object[start..end])?;
            let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_bytes()).ok()?;
            let mut inflater = Inflater::new();
            let (document, result) = inflater.document(&bytes, self.limits);
            result.ok().map(|()| document.to_vec())
        });
        match inflated {
            Some(document) if envelopes < ENVELOPES_MAX => {
                self.values(&document, envelopes + 1);
            }
            _ => self.skip("CloudWatch Logs data that does not inflate"),
        }
    }
}

/// Records longer than this are looked at twice.
const SUSPICIOUS_BYTES: usize = 64 * 1024;

/// `{"Records":[`: where the list starts.
fn records_list(bytes: &[u8], at: usize) -> Option<usize> {
    let key = skip_space(bytes, at + 1);
    let rest = bytes.get(key..)?.strip_prefix(b"\"Records\"")?;
    let colon = skip_space(bytes, bytes.len() - rest.len());
    (bytes.get(colon) == Some(&b':')).then_some(())?;
    let list = skip_space(bytes, colon + 1);
    (bytes.get(list) == Some(&b'[')).then_some(list)
}

/// How the first element of a list begins, up to the end of its first key.
fn element_start(bytes: &[u8], list: usize) -> &[u8] {
    let first = skip_space(bytes, list + 1);
    let key = skip_space(bytes, first + 1);
    match (bytes.get(first), bytes.get(key)) {
        (Some(b'{'), Some(b'"')) => {
            string_end(bytes, key).map_or(RECORD_START, |end| &bytes[first..end])
        }
        _ => RECORD_START,
    }
}

/// Whether an object that starts here is an element of a list, and not the value
/// of a field.
fn is_element(bytes: &[u8], at: usize) -> bool {
    bytes[..at].trim_ascii_end().ends_with(b",")
}

/// Where an element that is no object ends, if the list goes on behind it.
fn other_element_end(bytes: &[u8], at: usize) -> Option<usize> {
    let end = whole_end(bytes, at)?;
    matches!(bytes.get(skip_space(bytes, end)), Some(b',' | b']')).then_some(end)
}

fn reason(error: ScanError) -> Reason {
    match error {
        ScanError::Truncated => TRUNCATED,
        ScanError::Unbalanced => NOT_JSON,
        ScanError::TooDeep(_) => TOO_DEEP,
    }
}

fn next_line(bytes: &[u8], at: usize) -> usize {
    let line = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |offset| at + offset);
    skip_space(bytes, line)
}

/// The text of a JSON string. Raw line breaks inside it, which JSON forbids and
/// the documentation of `lookup-events` shows, are taken as spaces.
fn unescape(string: &[u8]) -> Option<Cow<'_, str>> {
    if let Ok(text) = serde_json::from_slice::<String>(string) {
        return Some(Cow::Owned(text));
    }
    let end = string_end(string, 0).ok()?;
    let plain: Vec<u8> =
        string[..end].iter().map(|&byte| if byte < b' ' { b' ' } else { byte }).collect();
    let plain = String::from_utf8(plain).ok()?;
    serde_json::from_str::<String>(&without_lone_surrogates(&plain)).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests;
