//! A **comparison** of what the library made of a document with what a plain
//! reader finds there.

use std::collections::BTreeMap;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use ingest::fuzz::Decoded;

use crate::json::Json;
use crate::plain::{Cell, Plain};

/// What differs, a line each.
pub(crate) fn differences(decoded: &Decoded, plain: &Plain) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, decoded: String, plain: String| {
        if decoded != plain {
            found.push(format!("{what}: {decoded}, and a plain reader finds {plain}"));
        }
    };
    compare("format", decoded.document_format.to_owned(), plain.format.to_owned());
    compare("records", decoded.records.to_string(), plain.records.to_string());
    compare("skipped", format!("{:?}", decoded.skipped), format!("{:?}", plain.skipped));
    compare("events", decoded.events.num_rows().to_string(), plain.events.len().to_string());
    if !found.is_empty() {
        return found;
    }
    for (row, event) in plain.events.iter().enumerate() {
        for (column, expected) in event {
            let read = decoded.events.column_by_name(column).map(|array| cell(array, row));
            let read = read.map(|read| if is_document(expected) { read.json() } else { read });
            if read.as_ref() != Some(expected) {
                found.push(format!("{column} of event {row}: {read:?}, and not {expected:?}"));
            }
        }
    }
    found
}

fn is_document(cell: &Cell) -> bool {
    matches!(cell, Cell::Json(_))
}

impl Cell {
    /// Text read as JSON.
    fn json(self) -> Self {
        let values = match &self {
            Self::Text(text) => Json::values(text.as_bytes()),
            _ => None,
        };
        match values.as_deref() {
            Some([value]) => Self::Json(value.clone()),
            _ => self,
        }
    }
}

/// One value of a column.
fn cell(array: &ArrayRef, row: usize) -> Cell {
    if array.is_null(row) {
        return Cell::Null;
    }
    match array.data_type() {
        DataType::Utf8 => Cell::Text(array.as_string::<i32>().value(row).to_owned()),
        DataType::Boolean => Cell::Flag(array.as_boolean().value(row)),
        DataType::Int64 => Cell::Integer(array.as_primitive::<Int64Type>().value(row)),
        DataType::List(_) => Cell::TextList(
            texts(&array.as_list::<i32>().value(row)).into_iter().flatten().collect(),
        ),
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (texts(entries.column(0)), texts(entries.column(1)));
            let entries: BTreeMap<_, _> = keys.into_iter().flatten().zip(values).collect();
            Cell::TextMap(entries)
        }
        _ => Cell::Time(array.as_primitive::<TimestampMicrosecondType>().value(row)),
    }
}

fn texts(array: &ArrayRef) -> Vec<Option<String>> {
    array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect()
}

/// Which events are of KMS: these are kept whatever is asked for.
pub(crate) fn of_kms(events: &RecordBatch) -> BooleanArray {
    let sources = events.column_by_name("event_source");
    let sources = sources.into_iter().flat_map(|sources| sources.as_string::<i32>().iter());
    sources.map(|source| Some(source?.split('.').next() == Some("kms"))).collect()
}
