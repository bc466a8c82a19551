//! **Binding**: placeholders of a query become typed literals in its syntax
//! tree. Nothing is ever pasted into text.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use datafusion::dataframe::DataFrame;
use datafusion::error::{DataFusionError, Result};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Array, Expr, Value, visit_expressions_mut};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::Window;
use super::parameter::Parameter;
use crate::session::read_only;

/// Plans a query with the window and the parameters in place.
///
/// # Errors
/// When the text is no query or names a placeholder that has no value.
pub(crate) async fn plan(
    context: &SessionContext,
    sql: &str,
    window: Window,
    parameters: &BTreeMap<String, Parameter>,
) -> Result<DataFrame> {
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    let mut statement = state.sql_to_statement(sql, &dialect)?;
    if let Statement::Statement(inner) = &mut statement {
        let flow = visit_expressions_mut(inner.as_mut(), |expression| {
            match bound(expression, window, parameters) {
                Ok(Some(value)) => *expression = value,
                Ok(None) => {}
                Err(error) => return ControlFlow::Break(error),
            }
            ControlFlow::Continue(())
        });
        if let ControlFlow::Break(error) = flow {
            return Err(error);
        }
    }
    let plan = state.statement_to_plan(statement).await?;
    read_only().verify_plan(&plan)?;
    Ok(DataFrame::new(state, plan))
}

/// The literal for a placeholder; `None` for any other expression.
fn bound(
    expression: &Expr,
    window: Window,
    parameters: &BTreeMap<String, Parameter>,
) -> Result<Option<Expr>> {
    let Expr::Value(value) = expression else {
        return Ok(None);
    };
    let Value::Placeholder(name) = &value.value else {
        return Ok(None);
    };
    let name = name.trim_start_matches('$');
    match name {
        "window_start" => return time(window.start).map(Some),
        "window_end" => return time(window.end).map(Some),
        _ => {}
    }
    let parameter = parameters.get(name).ok_or_else(|| {
        DataFusionError::Plan(format!("${name} is no parameter of this detection"))
    })?;
    literal(parameter).map(Some)
}

fn time(micros: i64) -> Result<Expr> {
    parse(&format!("arrow_cast({micros}, 'Timestamp(Microsecond, Some(\"UTC\"))')"))
}

fn literal(parameter: &Parameter) -> Result<Expr> {
    let text = |text: &str| Expr::value(Value::SingleQuotedString(text.to_owned()));
    match parameter {
        Parameter::Integer(number) => parse(&format!("arrow_cast({number}, 'Int64')")),
        Parameter::Text(value) => match micros_of(value) {
            // Days stay days, so that a summary can name them as the header does.
            Some(micros) if value.ends_with('d') => {
                parse(&format!("interval '{} days'", micros / 86_400_000_000))
            }
            Some(micros) => parse(&format!("interval '{} seconds'", micros / 1_000_000)),
            None => Ok(text(value)),
        },
        Parameter::List(items) => Ok(Expr::Array(Array {
            elem: items.iter().map(|item| text(item)).collect(),
            named: true,
        })),
    }
}

/// Parses an expression made of numbers only.
fn parse(sql: &str) -> Result<Expr> {
    Parser::new(&GenericDialect {})
        .try_with_sql(sql)
        .and_then(|mut parser| parser.parse_expr())
        .map_err(|error| DataFusionError::Plan(error.to_string()))
}

/// Microseconds of a duration such as `90d`, `12h`, `10m` or `30s`.
#[must_use]
pub(crate) fn micros_of(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return None,
    };
    let count: u32 = text.strip_suffix(unit)?.parse().ok()?;
    i64::from(count).checked_mul(seconds * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn value(sql: &str, parameters: &[(&str, Parameter)]) -> Result<String> {
        let parameters =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let window = Window { start: 0, end: 86_400_000_000 };
        let frame = plan(&SessionContext::new(), sql, window, &parameters).await?;
        let batches = frame.collect().await?;
        Ok(arrow::util::display::array_value_to_string(batches[0].column(0), 0)?)
    }

    #[tokio::test]
    async fn placeholders_are_bound_with_their_types() {
        let stale = ("stale_after", Parameter::Text("12h".into()));
        assert_eq!(
            value("select $window_end - $stale_after", &[stale]).await.unwrap(),
            "1970-01-01T12:00:00Z"
        );
        let least = ("least", Parameter::Integer(3));
        assert_eq!(value("select $least + 1", &[least]).await.unwrap(), "4");
        let hostile = ("name", Parameter::Text("'; drop table events --".into()));
        assert_eq!(value("select $name", &[hostile]).await.unwrap(), "'; drop table events --");
        let list = ("names", Parameter::List(vec!["a".into(), "b".into()]));
        assert_eq!(value("select array_has($names, 'b')", &[list]).await.unwrap(), "true");
    }

    #[tokio::test]
    async fn a_placeholder_without_a_value_and_a_statement_are_refused() {
        assert!(value("select $nothing", &[]).await.unwrap_err().to_string().contains("$nothing"));
        assert!(value("create table x as select 1", &[]).await.is_err());
    }

    #[test]
    fn durations_are_a_number_and_a_unit() {
        assert_eq!(micros_of("90d"), Some(7_776_000_000_000));
        assert_eq!(micros_of("10m"), Some(600_000_000));
        for wrong in ["", "d", "90", "-1d", "1w", "critical", "4294967295d"] {
            assert_eq!(micros_of(wrong), None, "{wrong}");
        }
    }
}
