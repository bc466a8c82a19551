//! A **description** of a table or view: its columns and what they mean.

use std::collections::BTreeMap;

use ingest::schema::TABLES;

use super::Session;
use crate::error::AnalyzeError;
use crate::queries;

/// One table or view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// `table` or `view`.
    pub kind: &'static str,
    /// What one row is.
    pub row: String,
    /// Name, type and meaning of each column.
    pub columns: Vec<(String, String, String)>,
}

/// Tables that no log file wrote.
const FACTS: &[(&str, &str)] = &[
    (
        "alert_routes",
        "one kind of alert that a configured sink takes: by severity, account (or *) and detection",
    ),
    ("events_not_in_usage", "one event that `usage` does not count yet"),
    ("kms_operations", "one KMS operation that this version knows"),
    ("own_accounts", "one account that is ours: configured, or inferred from the lake"),
    ("own_organization", "our organization, if configured"),
    ("trusted_accounts", "one account of others that the configuration trusts"),
    ("trusted_principals", "one pattern of principals that the configuration trusts with a role"),
];

/// Columns that queries see and no file holds.
const COMPUTED: &[(&str, &str)] =
    &[("action_id", "shared_event_id, else event_id: count these to count calls")];

impl Session {
    /// All tables and views, each with its columns.
    ///
    /// # Errors
    /// When a view cannot be planned.
    pub async fn describe(&self) -> Result<Vec<Described>, AnalyzeError> {
        let mut described = Vec::new();
        for table in TABLES {
            let meanings = table
                .columns
                .iter()
                .map(|column| (column.name.to_owned(), column.meaning.to_owned()))
                .collect();
            described
                .push(self.described(table.name, "table", table.row.to_owned(), &meanings).await?);
        }
        for (name, row) in FACTS {
            described
                .push(self.described(name, "table", (*row).to_owned(), &BTreeMap::new()).await?);
        }
        for (name, sql) in queries::VIEWS {
            let (row, meanings) = view_header(sql);
            described.push(self.described(name, "view", row, &meanings).await?);
        }
        Ok(described)
    }

    async fn described(
        &self,
        name: &str,
        kind: &'static str,
        row: String,
        meanings: &BTreeMap<String, String>,
    ) -> Result<Described, AnalyzeError> {
        let failed = |error| AnalyzeError::query(format!("{kind} {name}"), error);
        let frame = self.context.table(name).await.map_err(failed)?;
        let lake = column_meanings();
        let columns = frame
            .schema()
            .fields()
            .iter()
            .map(|field| {
                let meaning = meanings
                    .get(field.name())
                    .map(String::as_str)
                    .or_else(|| lake.get(field.name().as_str()).copied())
                    .unwrap_or_default();
                (field.name().clone(), type_label(field.data_type()), meaning.to_owned())
            })
            .collect();
        Ok(Described { name: name.to_owned(), kind, row, columns })
    }
}

/// Meaning of every column of the lake's tables, by name.
#[must_use]
pub fn column_meanings() -> BTreeMap<&'static str, &'static str> {
    TABLES
        .iter()
        .rev()
        .flat_map(|table| table.columns)
        .map(|column| (column.name, column.meaning))
        .chain(COMPUTED.iter().copied())
        .collect()
}

/// A view's leading comment: what a row is, then `column: meaning` lines.
fn view_header(sql: &str) -> (String, BTreeMap<String, String>) {
    let mut lines = sql.lines().map_while(|line| line.strip_prefix("--")).map(str::trim);
    let row = lines.next().unwrap_or_default().trim_end_matches('.').to_owned();
    let meanings = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, meaning)| (name.trim().to_owned(), meaning.trim().to_owned()))
        .collect();
    (row, meanings)
}

fn type_label(data_type: &arrow::datatypes::DataType) -> String {
    use arrow::datatypes::DataType;
    match data_type {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => "text".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int64 | DataType::UInt64 => "bigint".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::Map(..) => "map(text, text)".to_owned(),
        DataType::List(item) => format!("list({})", type_label(item.data_type())),
        DataType::Struct(_) => "struct".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}
