//! A **sum**: calls that agree in all that `usage` tells apart.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, MapArray, RecordBatch, StringArray};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;

use super::contexts::Contexts;
use crate::date::{self, MICROS_PER_HOUR};
use crate::rows::{Rows, position};
use crate::schema::USAGE;

/// The columns of `events` that are read.
pub(super) const COLUMNS: &[&str] = &[
    "event_time",
    "event_id",
    "event_source",
    "event_category",
    "event_name",
    "recipient_account_id",
    "actor",
    "actor_account_id",
    "actor_kind",
    "principal_id",
    "mfa",
    "key_arn",
    "key_account_id",
    "destination_key_arn",
    "aws_region",
    "error_code",
    "invoked_by",
    "direct_call",
    "vpc_endpoint_id",
    "encryption_context",
    "destination_encryption_context",
    "addendum_original_event_id",
];

/// Texts that tell sums apart, in the order in which a key holds them.
const TEXTS: [(usize, &str); 13] = [
    (at("recipient_account_id"), "recipient_account_id"),
    (at("actor"), "actor"),
    (at("actor_account_id"), "actor_account_id"),
    (at("actor_kind"), "actor_kind"),
    (at("principal_unique_id"), "principal_id"),
    (at("mfa"), "mfa"),
    (at("aws_region"), "aws_region"),
    (at("event_name"), "event_name"),
    (at("error_code"), "error_code"),
    (at("invoked_by"), "invoked_by"),
    (at("key_arn"), "key_arn"),
    (at("key_account_id"), "key_account_id"),
    (at("activity"), ""),
];

const fn at(name: &str) -> usize {
    position(&USAGE, name)
}

#[derive(Debug)]
struct Sum {
    calls: i64,
    calls_with_context: i64,
    first: (i64, String),
    last: (i64, String),
    contexts: Contexts,
}

/// Sums under way, by what tells them apart.
#[derive(Debug, Default)]
pub(super) struct Sums {
    by_key: HashMap<Box<[u8]>, Sum>,
    key: Vec<u8>,
    buffer: Vec<u8>,
}

impl Sums {
    /// Sums held.
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Adds the KMS calls of a batch; says how many events they are.
    pub(super) fn add(&mut self, batch: &RecordBatch, activity: &str) -> u64 {
        let Some(columns) = Columns::of(batch) else {
            return 0;
        };
        let mut events = 0;
        for row in (0..batch.num_rows()).filter(|&row| columns.counts(row)) {
            events += 1;
            self.add_call(&columns, row, activity, false);
            let destination = columns.text("destination_key_arn", row);
            if destination.is_some() && columns.text("event_name", row) == Some("ReEncrypt") {
                self.add_call(&columns, row, activity, true);
            }
        }
        events
    }

    fn add_call(&mut self, columns: &Columns, row: usize, activity: &str, destination: bool) {
        let time = columns.times.value(row);
        self.key.clear();
        let hour = time.div_euclid(MICROS_PER_HOUR) * MICROS_PER_HOUR;
        self.key.extend_from_slice(&hour.to_le_bytes());
        let direct = columns.direct.is_none_or(|direct| direct.value(row));
        let endpoint = columns.text("vpc_endpoint_id", row).is_some();
        self.key.extend([u8::from(destination), u8::from(direct), u8::from(endpoint)]);
        for (_, name) in TEXTS {
            let text = match name {
                "" => Some(activity),
                "principal_id" => columns.text(name, row).and_then(|id| id.split(':').next()),
                "key_arn" if destination => columns.text("destination_key_arn", row),
                "key_account_id" if destination => {
                    columns.text("destination_key_arn", row).and_then(|arn| arn.split(':').nth(4))
                }
                name => columns.text(name, row),
            };
            push(&mut self.key, text);
        }
        let id = columns.text("event_id", row).unwrap_or_default();
        if !self.by_key.contains_key(self.key.as_slice()) {
            self.by_key.insert(self.key.as_slice().into(), Sum::starting(time, id));
        }
        let Some(sum) = self.by_key.get_mut(self.key.as_slice()) else { return };
        sum.calls += 1;
        if (time, id) < (sum.first.0, sum.first.1.as_str()) {
            sum.first = (time, id.to_owned());
        }
        if (time, id) > (sum.last.0, sum.last.1.as_str()) {
            sum.last = (time, id.to_owned());
        }
        let context = if destination { columns.destination_context } else { columns.context };
        if let Some(context) = context.filter(|context| context.is_valid(row)) {
            sum.calls_with_context += 1;
            sum.contexts.add(&mut pairs(context, row), &mut self.buffer);
        }
    }

    /// The sums as rows of `usage`; none are held afterwards.
    pub(super) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let mut rows = Rows::new(&USAGE);
        let mut sums: Vec<_> = std::mem::take(&mut self.by_key).into_iter().collect();
        sums.sort_unstable_by(|left, right| left.0.cmp(&right.0));
        for (key, sum) in sums {
            append(&mut rows, &key, &sum);
        }
        rows.finish()
    }
}

impl Sum {
    fn starting(time: i64, id: &str) -> Self {
        let event = (time, id.to_owned());
        Self {
            calls: 0,
            calls_with_context: 0,
            first: event.clone(),
            last: event,
            contexts: Contexts::default(),
        }
    }
}

/// Columns of one batch of `events`.
struct Columns<'b> {
    texts: HashMap<&'static str, &'b StringArray>,
    times: &'b arrow::array::TimestampMicrosecondArray,
    direct: Option<&'b arrow::array::BooleanArray>,
    context: Option<&'b MapArray>,
    destination_context: Option<&'b MapArray>,
}

impl<'b> Columns<'b> {
    fn of(batch: &'b RecordBatch) -> Option<Self> {
        let column = |name: &str| batch.column_by_name(name);
        let texts = COLUMNS
            .iter()
            .filter_map(|&name| Some((name, column(name)?.as_string_opt::<i32>()?)))
            .collect();
        Some(Self {
            texts,
            times: column("event_time")?.as_primitive_opt::<TimestampMicrosecondType>()?,
            direct: column("direct_call").and_then(|column| column.as_boolean_opt()),
            context: column("encryption_context").and_then(|column| column.as_map_opt()),
            destination_context: column("destination_encryption_context")
                .and_then(|column| column.as_map_opt()),
        })
    }

    fn text(&self, name: &str, row: usize) -> Option<&'b str> {
        let column = *self.texts.get(name)?;
        column.is_valid(row).then(|| column.value(row))
    }

    /// Whether a row is a KMS call of its own. A network-activity record speaks
    /// of a call that has a record beside it; an amended one of a call that was
    /// counted.
    fn counts(&self, row: usize) -> bool {
        matches!(self.text("event_source", row), Some("kms.amazonaws.com" | "kms.amazonaws.com.cn"))
            && self.text("event_category", row) != Some("NetworkActivity")
            && self.text("addendum_original_event_id", row).is_none()
    }
}

fn pairs(context: &MapArray, row: usize) -> Vec<(&str, &str)> {
    let (Some(keys), Some(values)) =
        (context.keys().as_string_opt::<i32>(), context.values().as_string_opt::<i32>())
    else {
        return Vec::new();
    };
    let offsets = context.value_offsets();
    let entry = |offset: i32| usize::try_from(offset).unwrap_or_default();
    (entry(offsets[row])..entry(offsets[row + 1]))
        .map(|at| (keys.value(at), if values.is_valid(at) { values.value(at) } else { "" }))
        .collect()
}

/// Appends a text to a key, so that no two lists of texts have the same key.
fn push(key: &mut Vec<u8>, text: Option<&str>) {
    let Some(text) = text else {
        key.extend_from_slice(&u32::MAX.to_le_bytes());
        return;
    };
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX - 1);
    key.extend_from_slice(&length.to_le_bytes());
    key.extend_from_slice(text.as_bytes());
}

/// Takes back what [`push`] appended.
fn pop<'k>(key: &mut &'k [u8]) -> Option<&'k str> {
    let (length, rest) = key.split_first_chunk::<4>()?;
    *key = rest;
    let length = u32::from_le_bytes(*length);
    if length == u32::MAX {
        return None;
    }
    let (text, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *key = rest;
    std::str::from_utf8(text).ok()
}

fn append(rows: &mut Rows, key: &[u8], sum: &Sum) {
    let Some((hour, rest)) = key.split_first_chunk::<8>() else { return };
    let hour = i64::from_le_bytes(*hour);
    let Some(([destination, direct, endpoint], mut rest)) = rest.split_first_chunk::<3>() else {
        return;
    };
    rows.text(const { at("event_month") }, Some(&date::month(hour)));
    rows.time(const { at("hour") }, Some(hour));
    for (column, _) in TEXTS {
        rows.text(column, pop(&mut rest));
    }
    let side = if *destination == 1 { "destination" } else { "key" };
    rows.text(const { at("key_side") }, Some(side));
    rows.flag(const { at("direct_call") }, Some(*direct == 1));
    rows.flag(const { at("vpc_endpoint") }, Some(*endpoint == 1));
    rows.integer(const { at("calls") }, Some(sum.calls));
    rows.integer(const { at("calls_with_context") }, Some(sum.calls_with_context));
    rows.time(const { at("first_time") }, Some(sum.first.0));
    rows.time(const { at("last_time") }, Some(sum.last.0));
    rows.text(const { at("first_event_id") }, Some(&sum.first.1));
    rows.text(const { at("last_event_id") }, Some(&sum.last.1));
    if let Some(hashes) = sum.contexts.stored() {
        rows.text_list(const { at("context_hashes") }, hashes.iter().map(String::as_str));
    }
    rows.end_row();
}
