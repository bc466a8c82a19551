//! The SQL **functions** over policies: `parse_policy` and `policy_diff`.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::cast::as_string_view_array;
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::columns::{DifferenceColumns, StatementColumns, difference_fields, statement_element};
use super::{difference, read};

/// The functions of this module, to be registered in a session.
#[must_use]
pub fn functions() -> Vec<ScalarUDF> {
    vec![ScalarUDF::from(ParsePolicy::new()), ScalarUDF::from(PolicyDiff::new())]
}

/// `parse_policy(policy)`: a list with one element per statement; null for null.
#[derive(Debug, PartialEq, Eq, Hash)]
struct ParsePolicy {
    signature: Signature,
}

impl ParsePolicy {
    fn new() -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { signature }
    }
}

impl ScalarUDFImpl for ParsePolicy {
    fn name(&self) -> &'static str {
        "parse_policy"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        text_types(self.name(), arguments, 1)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::List(statement_element()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [policies] = text_columns(self.name(), arguments)?;
        let mut columns = StatementColumns::default();
        for policy in as_string_view_array(&policies)? {
            match policy.map(read) {
                None => columns.append_null(),
                Some(Ok(policy)) => columns.append_policy(&policy),
                Some(Err(error)) => columns.append_error(&error.describe()),
            }
            if columns.is_full() {
                return Err(too_large(self.name()));
            }
        }
        Ok(ColumnarValue::Array(Arc::new(columns.finish()?)))
    }
}

/// `policy_diff(old, new)`: the statements added and removed. A null stands for
/// no statements; two nulls give null.
#[derive(Debug, PartialEq, Eq, Hash)]
struct PolicyDiff {
    signature: Signature,
}

impl PolicyDiff {
    fn new() -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { signature }
    }
}

impl ScalarUDFImpl for PolicyDiff {
    fn name(&self) -> &'static str {
        "policy_diff"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        text_types(self.name(), arguments, 2)
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(difference_fields()))
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [old, new] = text_columns(self.name(), arguments)?;
        let (old, new): (&StringViewArray, &StringViewArray) =
            (as_string_view_array(&old)?, as_string_view_array(&new)?);
        let mut columns = DifferenceColumns::default();
        for (old, new) in old.iter().zip(new) {
            let known = old.is_some() || new.is_some();
            let found = known.then(|| difference(old, new));
            columns.append(found.as_ref());
            if columns.is_full() {
                return Err(too_large(self.name()));
            }
        }
        Ok(ColumnarValue::Array(Arc::new(columns.finish()?)))
    }
}

/// Text of any encoding, and an untyped null.
fn text_types(name: &str, arguments: &[DataType], expected: usize) -> Result<Vec<DataType>> {
    if arguments.len() != expected {
        return plan_err!("{name} takes {expected} texts, not {}", arguments.len());
    }
    let arguments = arguments.iter().map(|argument| match argument {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(argument.clone()),
        DataType::Dictionary(_, values) if values.is_string() => Ok(values.as_ref().clone()),
        DataType::Null => Ok(DataType::Utf8),
        other => plan_err!("{name} takes text, not {other}"),
    });
    arguments.collect()
}

/// The arguments as columns of one encoding, each as long as the batch.
fn text_columns<const COUNT: usize>(
    name: &str,
    arguments: ScalarFunctionArgs,
) -> Result<[ArrayRef; COUNT]> {
    let rows = arguments.number_rows;
    let columns = arguments.args.into_iter().map(|argument| {
        let column = argument.into_array_of_size(rows)?;
        Ok(cast(&column, &DataType::Utf8View)?)
    });
    let columns = columns.collect::<Result<Vec<_>>>()?;
    let found = columns.len();
    columns.try_into().or_else(|_| plan_err!("{name} takes {COUNT} texts, not {found}"))
}

fn too_large(name: &str) -> DataFusionError {
    DataFusionError::ResourcesExhausted(format!(
        "{name} grows beyond 1 GiB within one batch of rows: use a smaller batch size"
    ))
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, LargeStringArray, StringArray};
    use arrow::datatypes::Field;
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::config::ConfigOptions;
    use datafusion::prelude::SessionContext;

    use super::*;

    const POLICY: &str = r#"{"Statement":[
        {"Sid":"root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},
         "Action":"kms:*","Resource":"*"},
        {"Effect":"Allow","Principal":"*","Action":"kms:ReEncrypt*","Resource":"*",
         "Condition":{"StringEquals":{"kms:ViaService":"s3.eu-central-1.amazonaws.com"}}}]}"#;

    async fn table(sql: &str) -> String {
        let context = SessionContext::new();
        for function in functions() {
            context.register_udf(function);
        }
        let sql = sql.replace("$policy", &format!("'{POLICY}'"));
        let batches = context.sql(&sql).await.unwrap().collect().await.unwrap();
        pretty_format_batches(&batches).unwrap().to_string()
    }

    #[tokio::test]
    async fn parse_policy_gives_one_row_per_statement_when_unnested() {
        let sql = "select s['statement_index'] as i, s['sid'] as sid, s['effect'] as effect,
            s['principals'] as principals, cardinality(s['kms_actions']) > 40 as everything,
            s['conditions'] as conditions, s['condition_keys'] as keys,
            s['open_to_anyone'] as open, s['root_delegation'] as root
            from (select unnest(parse_policy(p)) as s from (values ($policy)) as t (p)) order by i";
        let expected = r#"
+---+------+--------+----------------------------------+------------+---------------------------------------------------------------------+------------------+-------+-------+
| i | sid  | effect | principals                       | everything | conditions                                                          | keys             | open  | root  |
+---+------+--------+----------------------------------+------------+---------------------------------------------------------------------+------------------+-------+-------+
| 0 | root | Allow  | [arn:aws:iam::111122223333:root] | true       |                                                                     | []               | false | true  |
| 1 |      | Allow  | [*]                              | false      | {"StringEquals":{"kms:ViaService":"s3.eu-central-1.amazonaws.com"}} | [kms:viaservice] | true  | false |
+---+------+--------+----------------------------------+------------+---------------------------------------------------------------------+------------------+-------+-------+"#;
        assert_eq!(table(sql).await, expected.trim());
    }

    #[tokio::test]
    async fn a_null_policy_is_null_and_an_unreadable_one_is_an_error_element() {
        let sql = "select cardinality(l) as n, l[1]['error'] as error, l[1]['effect'] as effect,
            l[1]['actions'] as actions, l[1]['open_to_anyone'] as open
            from (select i, parse_policy(p) as l from (values
            (1, null), (2, 'HIDDEN'), (3, '{\"Statement\":[]}')) as t (i, p)) order by i";
        let expected = "
+---+-------------------------------------------------------+--------+---------+------+
| n | error                                                 | effect | actions | open |
+---+-------------------------------------------------------+--------+---------+------+
|   |                                                       |        |         |      |
| 1 | policy is not json: expected value at line 1 column 1 |        |         |      |
| 0 |                                                       |        |         |      |
+---+-------------------------------------------------------+--------+---------+------+";
        assert_eq!(table(sql).await, expected.trim());
    }

    #[tokio::test]
    async fn policy_diff_takes_nulls_on_either_side() {
        let sql = "select d['same'] as same, cardinality(d['added']) as added,
            cardinality(d['removed']) as removed, d is null as nothing
            from (select i, policy_diff(o, n) as d from (values (1, $policy, $policy),
            (2, null, $policy), (3, $policy, null), (4, null, null)) as t (i, o, n)) order by i";
        let expected = "
+-------+-------+---------+---------+
| same  | added | removed | nothing |
+-------+-------+---------+---------+
| true  | 0     | 0       | false   |
| false | 2     | 0       | false   |
| false | 0     | 2       | false   |
|       |       |         | true    |
+-------+-------+---------+---------+";
        assert_eq!(table(sql).await, expected.trim());
    }

    #[tokio::test]
    async fn an_untyped_null_and_a_constant_are_taken_as_arguments() {
        let found =
            table("select parse_policy(null) is null as a, policy_diff(null, 'x')['same'] as b")
                .await;
        assert!(found.contains("| true | false |"), "{found}");
    }

    #[tokio::test]
    async fn a_number_is_refused_when_planned() {
        let context = SessionContext::new();
        for function in functions() {
            context.register_udf(function);
        }
        for sql in
            ["select parse_policy(1)", "select parse_policy('a', 'b')", "select policy_diff('a')"]
        {
            assert!(context.sql(sql).await.is_err(), "{sql}");
        }
    }

    #[test]
    fn every_encoding_of_text_gives_the_same_list() {
        let function = ParsePolicy::new();
        let columns: [ArrayRef; 3] = [
            Arc::new(StringArray::from(vec![Some(POLICY), None])),
            Arc::new(LargeStringArray::from(vec![Some(POLICY), None])),
            Arc::new(StringViewArray::from(vec![Some(POLICY), None])),
        ];
        let results = columns.map(|column| {
            let arguments = ScalarFunctionArgs {
                arg_fields: vec![Arc::new(Field::new("p", column.data_type().clone(), true))],
                number_rows: column.len(),
                return_field: Arc::new(Field::new("l", function.return_type(&[]).unwrap(), true)),
                config_options: Arc::new(ConfigOptions::default()),
                args: vec![ColumnarValue::Array(column)],
            };
            let result = function.invoke_with_args(arguments).unwrap();
            let result = result.into_array(2).unwrap();
            assert_eq!(result.data_type(), &function.return_type(&[]).unwrap());
            assert!(result.is_null(1) && !result.is_null(0));
            result
        });
        assert_eq!(&results[0], &results[1]);
        assert_eq!(&results[0], &results[2]);
    }
}
