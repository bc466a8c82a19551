//! **Policies**: any text is read or refused, judged without contradiction, and
//! the same as itself in its canonical form.

use std::sync::Arc;

use analyze::policy::{self, Principal, Statement};
use arrow::datatypes::{DataType, Field};
use datafusion::common::ScalarValue;
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF};

/// Takes two policies with a zero byte between them.
pub(crate) fn run(texts: &[u8]) {
    let text = String::from_utf8_lossy(texts);
    let (old, new) = text.split_once('\0').unwrap_or((&text, "{}"));
    for text in [old, new] {
        if let Ok(policy) = policy::read(text) {
            policy.statements.iter().for_each(judge);
        }
        assert!(policy::difference(Some(text), Some(text)).same);
    }
    let there = policy::difference(Some(old), Some(new));
    let back = policy::difference(Some(new), Some(old));
    assert_eq!((&there.added, &there.removed), (&back.removed, &back.added));
    assert_eq!(there.same, there.added.is_empty() && there.removed.is_empty());
    call("parse_policy", &[old]);
    call("policy_diff", &[old, new]);
}

fn judge(statement: &Statement) {
    let anyone = statement.principals.iter().any(Principal::is_anyone);
    assert!(anyone || !statement.is_open_to_anyone());
    assert!(!statement.principal_accounts().is_empty() || !statement.is_root_delegation());
    let listed = statement.actions.len() + statement.not_actions.len();
    assert!(listed > 0 || statement.kms_actions().is_empty());
    let keys = statement.condition_keys();
    assert!(keys.len() <= statement.conditions.len());
    // The canonical form means the same, and is its own.
    let again = policy::read(&format!(r#"{{"Statement":{}}}"#, statement.text));
    let again = again.map(|policy| policy.statements);
    let Ok([again]) = again.as_deref() else {
        unreachable!("a canonical statement that is none: {}", statement.text);
    };
    assert_eq!(again.text, statement.text);
    assert_eq!(again.is_open_to_anyone(), statement.is_open_to_anyone(), "{}", statement.text);
    assert_eq!(again.is_root_delegation(), statement.is_root_delegation(), "{}", statement.text);
    assert_eq!(again.kms_actions(), statement.kms_actions(), "{}", statement.text);
    assert_eq!(again.condition_keys(), keys, "{}", statement.text);
}

/// Calls a function of SQL with texts, and takes whatever it answers.
fn call(name: &str, texts: &[&str]) {
    let functions = policy::functions();
    let function = functions.iter().find(|function: &&ScalarUDF| function.name() == name);
    let types = vec![DataType::Utf8; texts.len()];
    let Some((function, return_type)) =
        function.and_then(|f| Some((f, f.return_type(&types).ok()?)))
    else {
        unreachable!("no function {name}");
    };
    let value = |text: &&str| ColumnarValue::Scalar(ScalarValue::from(*text));
    let field = |kind: DataType| Arc::new(Field::new("value", kind, true));
    let answer = function.invoke_with_args(ScalarFunctionArgs {
        args: texts.iter().map(value).collect(),
        arg_fields: types.into_iter().map(field).collect(),
        number_rows: 1,
        return_field: field(return_type.clone()),
        config_options: Arc::new(ConfigOptions::default()),
    });
    assert_eq!(answer.map(|answer| answer.data_type()).ok(), Some(return_type));
}
