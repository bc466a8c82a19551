//! The table of a **listing**: the few columns that a person wants, with long
//! names shortened. What it shows as a key can be given to `--key` again.

use std::io::Write;

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::util::display::array_value_to_string;
use futures::{Stream, StreamExt as _};

use super::answer::plain_table;
use super::text::terminal;

/// Characters of a cell; longer text loses its middle.
const CELL_CHARACTERS_MAX: usize = 48;

/// One column of the table.
pub(crate) struct Column {
    pub(crate) heading: &'static str,
    /// What it shows of a row.
    pub(crate) cell: fn(&Row) -> String,
}

/// One row of the view that is listed.
pub(crate) struct Row {
    batch: RecordBatch,
    index: usize,
}

impl Row {
    /// What a column holds; empty where it holds nothing.
    pub(crate) fn text(&self, column: &str) -> String {
        let values = self.batch.column_by_name(column);
        values.and_then(|values| array_value_to_string(values, self.index).ok()).unwrap_or_default()
    }

    /// The day of a time.
    pub(crate) fn day(&self, column: &str) -> String {
        self.text(column).chars().take(10).collect()
    }

    pub(crate) fn holds(&self, column: &str) -> bool {
        self.text(column) == "true"
    }

    /// The first items of a list of texts, and how many there are more.
    pub(crate) fn first(&self, items_max: usize, column: &str) -> String {
        let Some(values) = self.batch.column_by_name(column) else {
            return String::new();
        };
        let Some(lists) = values.as_list_opt::<i32>() else {
            return String::new();
        };
        let items = lists.value(self.index);
        let shown: Vec<String> = (0..items.len().min(items_max))
            .filter_map(|index| array_value_to_string(&items, index).ok())
            .collect();
        let more = items.len() - shown.len();
        let shown = shown.join(", ");
        if more > 0 { format!("{shown} and {more} more") } else { shown }
    }

    /// The key as `account/Region/start of the id`.
    pub(crate) fn key(&self) -> String {
        short_key(&self.text("key_arn"))
    }

    /// A principal; its account is named if it is not the one in `home`.
    pub(crate) fn principal(&self, column: &str, home: &str) -> String {
        short_principal(&self.text(column), &self.text(home))
    }
}

/// Writes a table of the first rows, and counts all.
pub(crate) async fn write<E: std::error::Error + Send + Sync + 'static>(
    mut batches: impl Stream<Item = Result<RecordBatch, E>> + Unpin,
    columns: &[Column],
    rows_max: usize,
    out: &mut impl Write,
) -> Result<u64> {
    let mut table = plain_table();
    table.set_header(columns.iter().map(|column| column.heading));
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch.context("the query failed")?;
        let shown = batch.num_rows().min(rows_max.saturating_sub(table.row_count()));
        rows += batch.num_rows() as u64;
        let mut row = Row { batch, index: 0 };
        for index in 0..shown {
            row.index = index;
            table.add_row(columns.iter().map(|column| terminal(&shortened(&(column.cell)(&row)))));
        }
    }
    if rows > 0 {
        writeln!(out, "{table}")?;
    }
    out.flush()?;
    Ok(rows)
}

fn short_key(arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, _, region, account, resource] = parts.as_slice() else {
        return arn.to_owned();
    };
    let Some(id) = resource.strip_prefix("key/") else {
        return arn.to_owned();
    };
    let start_length = if id.starts_with("mrk-") { 12 } else { 8 };
    let start: String = id.chars().take(start_length).collect();
    let rest = if start.len() < id.len() { "…" } else { "" };
    format!("{account}/{region}/{start}{rest}")
}

fn short_principal(principal: &str, home: &str) -> String {
    let parts: Vec<&str> = principal.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, _, _, account, resource] if *account == home => (*resource).to_owned(),
        ["arn", _, _, _, account, resource] if !account.is_empty() => {
            format!("{account}:{resource}")
        }
        _ => principal.to_owned(),
    }
}

fn shortened(text: &str) -> String {
    let length = text.chars().count();
    if length <= CELL_CHARACTERS_MAX {
        return text.to_owned();
    }
    let tail = CELL_CHARACTERS_MAX / 2;
    let head = CELL_CHARACTERS_MAX - tail - 1;
    text.chars().take(head).chain(['…']).chain(text.chars().skip(length - tail)).collect()
}
