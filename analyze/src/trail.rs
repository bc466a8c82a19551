//! A **trail**'s event selectors: which KMS events it logs.
//!
//! A trail logs an event that any of its selectors takes; a selector takes an
//! event that all its fields agree with. Source: the CloudTrail API reference
//! for `EventSelector` and `AdvancedEventSelector`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanBuilder, StringBuilder, StructArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use serde_json::Value;

/// What selectors log of KMS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KmsLogging {
    pub(crate) reads: bool,
    pub(crate) writes: bool,
    /// Why not all, if not all.
    pub(crate) reasons: Vec<String>,
}

const KMS: [&str; 2] = ["kms.amazonaws.com", "kms.amazonaws.com.cn"];

/// What the selectors in a `PutEventSelectors` document log of KMS; none when
/// it shows no selectors.
pub(crate) fn kms_logging(text: &str) -> Option<KmsLogging> {
    let document: Value = serde_json::from_str(text).ok()?;
    let advanced = list(&document, "advancedEventSelectors");
    let basic = list(&document, "eventSelectors");
    let mut logging = match (advanced, basic) {
        (Some(selectors), _) if !selectors.is_empty() => advanced_logging(selectors),
        (_, Some(selectors)) => basic_logging(selectors),
        (Some(_), None) => basic_logging(&[]),
        (None, None) => return None,
    };
    logging.reasons.sort();
    logging.reasons.dedup();
    if logging.reads && logging.writes {
        logging.reasons.clear();
    }
    Some(logging)
}

/// A member by name, whatever the case of its first letter: logs write
/// `eventSelectors`, exports of the API write `EventSelectors`.
fn member<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value
        .as_object()?
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn list<'a>(value: &'a Value, name: &str) -> Option<&'a [Value]> {
    member(value, name)?.as_array().map(Vec::as_slice)
}

fn texts<'a>(value: &'a Value, name: &str) -> Vec<&'a str> {
    list(value, name).unwrap_or_default().iter().filter_map(Value::as_str).collect()
}

fn basic_logging(selectors: &[Value]) -> KmsLogging {
    let mut logging = KmsLogging::default();
    if selectors.is_empty() {
        logging.reasons.push("no selector".to_owned());
    }
    for selector in selectors {
        let included = member(selector, "includeManagementEvents");
        if included
            .is_some_and(|value| value.as_bool() == Some(false) || value.as_str() == Some("false"))
        {
            logging.reasons.push("includeManagementEvents false".to_owned());
            continue;
        }
        let excluded = texts(selector, "excludeManagementEventSources");
        if excluded.iter().any(|source| KMS.contains(source)) {
            logging.reasons.push("excludeManagementEventSources names KMS".to_owned());
            continue;
        }
        let kind = member(selector, "readWriteType").and_then(Value::as_str).unwrap_or("All");
        let (reads, writes) = match kind.to_ascii_lowercase().as_str() {
            "writeonly" => (false, true),
            "readonly" => (true, false),
            _ => (true, true),
        };
        if !(reads && writes) {
            logging.reasons.push(format!("readWriteType {kind}"));
        }
        logging.reads |= reads;
        logging.writes |= writes;
    }
    logging
}

fn advanced_logging(selectors: &[Value]) -> KmsLogging {
    let mut logging = KmsLogging::default();
    let mut of_management = false;
    for selector in selectors {
        let fields = list(selector, "fieldSelectors").unwrap_or_default();
        let named = |field: &Value| {
            member(field, "field").and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let management = fields.iter().any(|field| {
            named(field).eq_ignore_ascii_case("eventCategory")
                && texts(field, "equals").contains(&"Management")
        });
        if !management {
            continue;
        }
        of_management = true;
        let (mut reads, mut writes) = (true, true);
        for field in fields {
            let (field_reads, field_writes, reason) = field_logging(&named(field), field);
            reads &= field_reads;
            writes &= field_writes;
            logging.reasons.extend(reason);
        }
        logging.reads |= reads;
        logging.writes |= writes;
    }
    if !of_management {
        logging.reasons.push("no management selector".to_owned());
    }
    logging
}

/// Which KMS reads and writes one field lets through, and why not all.
fn field_logging(name: &str, field: &Value) -> (bool, bool, Option<String>) {
    let equals = texts(field, "equals");
    if name.eq_ignore_ascii_case("eventCategory") {
        return (true, true, None);
    }
    if name.eq_ignore_ascii_case("readOnly") {
        let (reads, writes) = (equals.contains(&"true"), equals.contains(&"false"));
        let reason = (!(reads && writes)).then(|| format!("readOnly equals {}", equals.join(" ")));
        return (reads, writes, reason);
    }
    if !name.eq_ignore_ascii_case("eventSource") {
        return (false, false, Some(format!("{name} narrows management events")));
    }
    let kms = |test: &dyn Fn(&str) -> bool| KMS.iter().any(|source| test(source));
    let left_out = texts(field, "notEquals").iter().any(|value| KMS.contains(value))
        || texts(field, "notStartsWith")
            .iter()
            .any(|value| kms(&|source| source.starts_with(value)))
        || texts(field, "notEndsWith").iter().any(|value| kms(&|source| source.ends_with(value)));
    if left_out {
        return (false, false, Some("eventSource leaves out KMS".to_owned()));
    }
    let (starts, ends) = (texts(field, "startsWith"), texts(field, "endsWith"));
    let selects = !(equals.is_empty() && starts.is_empty() && ends.is_empty());
    let selected = equals.iter().any(|value| KMS.contains(value))
        || starts.iter().any(|value| kms(&|source| source.starts_with(value)))
        || ends.iter().any(|value| kms(&|source| source.ends_with(value)));
    if selects && !selected {
        return (false, false, Some("eventSource selects other services".to_owned()));
    }
    (true, true, None)
}

/// `trail_kms_logging(text) -> struct<reads, writes, reason>`.
pub(crate) fn function() -> ScalarUDF {
    ScalarUDF::from(TrailKmsLogging { signature: Signature::string(1, Volatility::Immutable) })
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TrailKmsLogging {
    signature: Signature,
}

fn result_fields() -> Fields {
    Fields::from(vec![
        Field::new("reads", DataType::Boolean, true),
        Field::new("writes", DataType::Boolean, true),
        Field::new("reason", DataType::Utf8, true),
    ])
}

impl ScalarUDFImpl for TrailKmsLogging {
    fn name(&self) -> &'static str {
        "trail_kms_logging"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(result_fields()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&arguments.args)?;
        let texts = arrow::compute::cast(&arrays[0], &DataType::Utf8)?;
        let texts = texts.as_string::<i32>();
        let (mut reads, mut writes, mut reason) =
            (BooleanBuilder::new(), BooleanBuilder::new(), StringBuilder::new());
        let mut present = Vec::with_capacity(texts.len());
        for row in 0..texts.len() {
            let logging = texts.is_valid(row).then(|| kms_logging(texts.value(row))).flatten();
            present.push(logging.is_some());
            reads.append_option(logging.as_ref().map(|logging| logging.reads));
            writes.append_option(logging.as_ref().map(|logging| logging.writes));
            reason.append_option(
                logging
                    .filter(|logging| !logging.reasons.is_empty())
                    .map(|logging| logging.reasons.join(", ")),
            );
        }
        let columns: Vec<ArrayRef> =
            vec![Arc::new(reads.finish()), Arc::new(writes.finish()), Arc::new(reason.finish())];
        let array =
            StructArray::try_new(result_fields(), columns, Some(NullBuffer::from(present)))?;
        Ok(ColumnarValue::Array(Arc::new(array)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_leaving_kms_out_is_seen() {
        let cases = [
            (
                r#"{"eventSelectors":[{"readWriteType":"All","includeManagementEvents":true}]}"#,
                Some((true, true, "")),
            ),
            (
                r#"{"eventSelectors":[{"excludeManagementEventSources":["kms.amazonaws.com"]}]}"#,
                Some((false, false, "excludeManagementEventSources names KMS")),
            ),
            (
                r#"{"EventSelectors":[{"ReadWriteType":"WriteOnly"}]}"#,
                Some((false, true, "readWriteType WriteOnly")),
            ),
            (
                r#"{"eventSelectors":[{"includeManagementEvents":false}]}"#,
                Some((false, false, "includeManagementEvents false")),
            ),
            (r#"{"eventSelectors":[]}"#, Some((false, false, "no selector"))),
            // Selectors add up.
            (
                r#"{"eventSelectors":[{"readWriteType":"WriteOnly"},{"readWriteType":"ReadOnly"}]}"#,
                Some((true, true, "")),
            ),
            (
                r#"{"advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Management"]}]}]}"#,
                Some((true, true, "")),
            ),
            (
                r#"{"advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Management"]},{"field":"eventSource","notEquals":["kms.amazonaws.com"]}]}]}"#,
                Some((false, false, "eventSource leaves out KMS")),
            ),
            (
                r#"{"advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Data"]}]}]}"#,
                Some((false, false, "no management selector")),
            ),
            (
                r#"{"advancedEventSelectors":[{"fieldSelectors":[{"field":"eventCategory","equals":["Management"]},{"field":"readOnly","equals":["false"]}]}]}"#,
                Some((false, true, "readOnly equals false")),
            ),
            (r#"{"trailName":"x"}"#, None),
            ("nonsense", None),
        ];
        for (text, expected) in cases {
            let found = kms_logging(text)
                .map(|logging| (logging.reads, logging.writes, logging.reasons.join(", ")));
            assert_eq!(
                found,
                expected.map(|(reads, writes, reason)| (reads, writes, reason.to_owned())),
                "{text}"
            );
        }
    }
}
