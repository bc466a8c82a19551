//! A **listing**: the rows of a view that fulfil conditions. What people ask
//! for is bound as literals, never pasted into SQL.

use arrow::array::AsArray as _;
use datafusion::dataframe::DataFrame;
use datafusion::error::DataFusionError;
use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::scalar::ScalarValue;

use super::Session;
use crate::configuration::like;
use crate::error::AnalyzeError;

/// A condition on the rows of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The column is this text.
    Is(&'static str, String),
    /// The column is one of these texts.
    OneOf(&'static str, Vec<String>),
    /// The column is like this text: a pattern if there is a `*` in it, which
    /// stands for any text, else a part of what the column holds.
    Like(&'static str, String),
    /// The column is true, or is not.
    Holds(&'static str, bool),
    /// The time in the column is this one or earlier, in microseconds since
    /// 1970 UTC, or there is none.
    NoneSince(&'static str, i64),
    /// The time in the column is this one or later.
    Since(&'static str, i64),
    /// `key_arn` is the key named: by a part of its ARN, its id, an alias or an
    /// alias's ARN, or as `account/Region/start of the id`.
    Key(String),
}

impl Session {
    /// The rows of a view that fulfil all conditions, sorted by columns.
    ///
    /// # Errors
    /// When the view lacks one of the columns, or the keys behind an alias
    /// cannot be read.
    pub async fn listing(
        &self,
        view: &str,
        conditions: &[Condition],
        order: &[&str],
        limit: Option<usize>,
    ) -> Result<DataFrame, AnalyzeError> {
        let failed = |error: DataFusionError| AnalyzeError::query(format!("view {view}"), error);
        let mut frame = self.context.table(view).await.map_err(failed)?;
        for condition in conditions {
            let wanted = match condition {
                Condition::Is(column, text) => ident(*column).eq(lit(text)),
                Condition::OneOf(column, texts) => {
                    ident(*column).in_list(texts.iter().map(lit).collect(), false)
                }
                Condition::Like(column, text) => ident(*column).like(lit(pattern(text))),
                Condition::Holds(column, true) => ident(*column).is_true(),
                Condition::Holds(column, false) => ident(*column).is_not_true(),
                Condition::NoneSince(column, micros) => {
                    ident(*column).is_null().or(ident(*column).lt_eq(time(*micros)))
                }
                Condition::Since(column, micros) => ident(*column).gt_eq(time(*micros)),
                Condition::Key(text) => self.key(view, text).await.map_err(failed)?,
            };
            frame = frame.filter(wanted).map_err(failed)?;
        }
        let order = order.iter().map(|column| ident(*column).sort(true, false)).collect();
        frame.sort(order).and_then(|sorted| sorted.limit(0, limit)).map_err(failed)
    }

    /// Only `keys` knows aliases: other views are asked for the keys behind one.
    async fn key(&self, view: &str, text: &str) -> Result<Expr, DataFusionError> {
        let named = ident("key_arn").like(lit(key_pattern(text)));
        if !may_be_alias(text) {
            return Ok(named);
        }
        if view == "keys" {
            return Ok(named.or(has_alias(text)));
        }
        let keys = self.context.table("keys").await?.filter(has_alias(text))?;
        let mut arns: Vec<Expr> = Vec::new();
        for batch in keys.select_columns(&["key_arn"])?.collect().await? {
            let column = batch.column(0).as_string_opt::<i32>();
            arns.extend(column.into_iter().flatten().flatten().map(lit));
        }
        Ok(if arns.is_empty() { named } else { named.or(ident("key_arn").in_list(arns, false)) })
    }
}

/// A `like` pattern for text that may be a pattern with `*` or a part.
fn pattern(text: &str) -> String {
    if text.contains('*') { like(text) } else { format!("%{}%", like(text)) }
}

/// A `like` pattern for the ARN of a key.
fn key_pattern(text: &str) -> String {
    let short = text.trim_end_matches('…');
    let parts: Vec<&str> = short.split('/').collect();
    if let [account, region, id] = parts[..]
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
    {
        return format!("arn:%:kms:{}:{account}:key/{}%", like(region), like(id));
    }
    pattern(short)
}

/// Whether text can name an alias: not if it is a key's ARN or part of an id.
fn may_be_alias(text: &str) -> bool {
    !text.contains(":key/") && !text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// The key has this alias: `alias/name`, its ARN, or the name alone.
fn has_alias(text: &str) -> Expr {
    let (place, name) = match text.rsplit_once(":alias/") {
        Some((place, name)) => (Some(place), name),
        None => (None, text.strip_prefix("alias/").unwrap_or(text)),
    };
    let named = array_has(ident("aliases"), lit(format!("alias/{name}")));
    match place {
        Some(place) => named.and(ident("key_arn").like(lit(format!("{}:key/%", like(place))))),
        None => named,
    }
}

fn time(micros: i64) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_makes_a_pattern_and_other_text_is_a_part() {
        assert_eq!(pattern("role/Key_Admin"), "%role/Key\\_Admin%");
        assert_eq!(pattern("arn:aws:iam::*:role/Key*"), "arn:aws:iam::%:role/Key%");
    }

    #[test]
    fn a_key_can_be_named_as_tables_show_it() {
        let expected = "arn:%:kms:eu-west-1:111122223333:key/0000abcd%";
        for text in ["111122223333/eu-west-1/0000abcd…", "111122223333/eu-west-1/0000abcd"] {
            assert_eq!(key_pattern(text), expected);
        }
        assert_eq!(key_pattern("alias/a/b"), "%alias/a/b%");
    }

    #[test]
    fn what_can_be_no_alias_is_not_looked_up() {
        for text in ["alias/orders", "orders", "arn:aws:kms:eu-west-1:111122223333:alias/orders"] {
            assert!(may_be_alias(text), "{text}");
        }
        let id = "00000001-34cd-4ef5-9012-1234567890ab";
        let arn = format!("arn:aws:kms:eu-west-1:111122223333:key/{id}");
        for text in [id, arn.as_str()] {
            assert!(!may_be_alias(text), "{text}");
        }
    }
}
