//! The **contract**: the columns that every detection returns first, and how
//! its rows become findings.

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, TimeUnit};
use serde_json::{Map, Value};

use super::header::Header;
use crate::error::AnalyzeError;
use crate::finding::{EVENT_IDS_MAX, Finding, fingerprint};

/// Column names in order, each with what its type is called.
const COLUMNS: &[(&str, &str)] = &[
    ("event_time", "timestamp"),
    ("account_id", "text"),
    ("region", "text"),
    ("actor", "text"),
    ("key_arn", "text"),
    ("event_ids", "list of text"),
    ("summary", "text"),
];

/// Further columns with a meaning of their own.
const SPECIAL: &[&str] = &["severity", "event_count", "first_time", "last_time", "needs_history"];

/// Checks the columns that a detection returns.
pub(super) fn check(header: &Header, schema: &Schema) -> Result<(), AnalyzeError> {
    let wrong = |reason: String| AnalyzeError::detection(&header.id, reason);
    for (index, (name, kind)) in COLUMNS.iter().enumerate() {
        let field = schema
            .fields()
            .get(index)
            .filter(|field| field.name() == name)
            .ok_or_else(|| wrong(format!("column {} must be {name}", index + 1)))?;
        if !fits(field.data_type(), kind) {
            return Err(wrong(format!("column {name} is {}, not {kind}", field.data_type())));
        }
    }
    for name in &header.entity {
        if schema.field_with_name(name).is_err() {
            return Err(wrong(format!("entity names {name}, which it does not return")));
        }
    }
    Ok(())
}

fn fits(data_type: &DataType, kind: &str) -> bool {
    let text = |data_type: &DataType| {
        matches!(
            data_type,
            DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Null
        )
    };
    match kind {
        "timestamp" => {
            matches!(data_type, DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if matches!(zone.as_ref(), "UTC" | "+00:00"))
        }
        "text" => text(data_type),
        _ => {
            matches!(data_type, DataType::List(item) | DataType::LargeList(item) if text(item.data_type()))
        }
    }
}

/// The findings in a batch, one a row.
pub(super) fn findings(header: &Header, batch: &RecordBatch) -> Result<Vec<Finding>, AnalyzeError> {
    let wrong = |reason: String| AnalyzeError::detection(&header.id, reason);
    let mut writer = arrow::json::LineDelimitedWriter::new(Vec::new());
    writer.write(batch).and_then(|()| writer.finish()).map_err(|error| wrong(error.to_string()))?;
    writer
        .into_inner()
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| {
            let row: Map<String, Value> =
                serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
            finding(header, row).map_err(wrong)
        })
        .collect()
}

fn finding(header: &Header, mut row: Map<String, Value>) -> Result<Finding, String> {
    let entity: Map<String, Value> = header
        .entity
        .iter()
        .map(|name| (name.clone(), row.get(name).cloned().unwrap_or(Value::Null)))
        .collect();
    let mut text = |name: &str| match row.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let event_time = text("event_time").ok_or("a row has no event_time")?;
    let severity = match text("severity") {
        Some(name) if !header.severity_is_set => name.parse()?,
        _ => header.severity,
    };
    let (account_id, region, actor, key_arn) =
        (text("account_id"), text("region"), text("actor"), text("key_arn"));
    let summary = text("summary").unwrap_or_else(|| header.title.clone());
    let (first_time, last_time) = (text("first_time"), text("last_time"));
    let needs_history = row.remove("needs_history") != Some(Value::Bool(false));
    let event_count = row.remove("event_count").and_then(|count| count.as_u64());
    let event_ids = match row.remove("event_ids") {
        Some(Value::Array(ids)) => ids
            .into_iter()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .take(EVENT_IDS_MAX)
            .collect(),
        _ => Vec::new(),
    };
    debug_assert!(SPECIAL.iter().all(|name| !row.contains_key(*name)));
    Ok(Finding {
        fingerprint: fingerprint(&header.id, &entity),
        detection: header.id.clone(),
        title: header.title.clone(),
        severity,
        confidence: header.confidence.clone(),
        event_time,
        first_time,
        last_time,
        event_count,
        account_id,
        region,
        actor,
        key_arn,
        event_ids,
        summary,
        entity,
        details: row,
        why: header.why.clone(),
        benign: header.benign.clone(),
        respond: header.respond.clone(),
        attack: header.attack.clone(),
        needs_history,
    })
}
