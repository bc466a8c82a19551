//! **Rows**: Arrow columns under construction for one table of the lake.
//!
//! Columns are sparse while they grow: a column that a row does not mention
//! costs nothing until a later row does, when the gap is filled with nulls at
//! once. An event sets a third of its hundred columns, so this matters.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Int64Builder, ListBuilder, MapBuilder, MapFieldNames, RecordBatch,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;

use crate::schema::{ColumnType, TableSchema, list_element};

/// Position of a column in a table, found when the program is compiled.
///
/// # Panics
/// At compile time, when the table has no such column.
#[must_use]
#[expect(clippy::panic, reason = "only ever evaluated by the compiler")]
pub(crate) const fn position(table: &TableSchema, name: &str) -> usize {
    let mut index = 0;
    while index < table.columns.len() {
        if same(table.columns[index].name.as_bytes(), name.as_bytes()) {
            return index;
        }
        index += 1;
    }
    panic!("no such column")
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Columns under construction.
#[derive(Debug)]
pub(crate) struct Rows {
    table: &'static TableSchema,
    columns: Vec<ColumnBuilder>,
    finished: usize,
    text_bytes: usize,
}

#[derive(Debug)]
enum ColumnBuilder {
    Text(StringBuilder, usize),
    Flag(BooleanBuilder, usize),
    Integer(Int64Builder, usize),
    Time(TimestampMicrosecondBuilder, usize),
    TextMap(MapBuilder<StringBuilder, StringBuilder>, usize),
    TextList(ListBuilder<StringBuilder>, usize),
}

impl Rows {
    /// No rows yet.
    #[must_use]
    pub(crate) fn new(table: &'static TableSchema) -> Self {
        let columns =
            table.columns.iter().map(|column| ColumnBuilder::new(column.column_type)).collect();
        Self { table, columns, finished: 0, text_bytes: 0 }
    }

    /// Finished rows.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.finished
    }

    /// Whether no row is finished.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.finished == 0
    }

    /// Bytes of text held: what the memory bound goes by.
    #[must_use]
    pub(crate) fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    /// Sets a text column of the row under way. `None` leaves it null.
    pub(crate) fn text(&mut self, column: usize, value: Option<&str>) {
        let Some(value) = value else { return };
        if let ColumnBuilder::Text(builder, length) = &mut self.columns[column] {
            pad(self.finished, length, |gap| builder.append_nulls(gap));
            builder.append_value(value);
            self.text_bytes += value.len();
        }
    }

    /// Sets a boolean column of the row under way.
    pub(crate) fn flag(&mut self, column: usize, value: Option<bool>) {
        let Some(value) = value else { return };
        if let ColumnBuilder::Flag(builder, length) = &mut self.columns[column] {
            pad(self.finished, length, |gap| builder.append_nulls(gap));
            builder.append_value(value);
        }
    }

    /// Sets an integer column of the row under way.
    pub(crate) fn integer(&mut self, column: usize, value: Option<i64>) {
        let Some(value) = value else { return };
        if let ColumnBuilder::Integer(builder, length) = &mut self.columns[column] {
            pad(self.finished, length, |gap| builder.append_nulls(gap));
            builder.append_value(value);
        }
    }

    /// Sets a time column of the row under way, microseconds since 1970 UTC.
    pub(crate) fn time(&mut self, column: usize, value: Option<i64>) {
        let Some(value) = value else { return };
        if let ColumnBuilder::Time(builder, length) = &mut self.columns[column] {
            pad(self.finished, length, |gap| builder.append_nulls(gap));
            builder.append_value(value);
        }
    }

    /// Sets a map column of the row under way.
    pub(crate) fn text_map<'a>(
        &mut self,
        column: usize,
        entries: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) {
        if let ColumnBuilder::TextMap(builder, length) = &mut self.columns[column] {
            // A map builder only fails when its keys and values differ in
            // length, and here both are appended together.
            pad(self.finished, length, |gap| {
                for _ in 0..gap {
                    let _ = builder.append(false);
                }
            });
            for (key, value) in entries {
                self.text_bytes += key.len() + value.map_or(0, str::len);
                builder.keys().append_value(key);
                builder.values().append_option(value);
            }
            let _ = builder.append(true);
        }
    }

    /// Sets a list column of the row under way.
    pub(crate) fn text_list<'a>(
        &mut self,
        column: usize,
        values: impl IntoIterator<Item = &'a str>,
    ) {
        if let ColumnBuilder::TextList(builder, length) = &mut self.columns[column] {
            pad(self.finished, length, |gap| {
                for _ in 0..gap {
                    builder.append(false);
                }
            });
            for value in values {
                self.text_bytes += value.len();
                builder.values().append_value(value);
            }
            builder.append(true);
        }
    }

    /// Ends the row under way.
    pub(crate) fn end_row(&mut self) {
        self.finished += 1;
    }

    /// The finished rows as a batch; the builders start over.
    ///
    /// # Errors
    /// When a required column was left out of a row.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, ArrowError> {
        let rows = self.finished;
        let arrays = self.columns.iter_mut().map(|column| column.finish(rows)).collect();
        self.finished = 0;
        self.text_bytes = 0;
        RecordBatch::try_new(self.table.arrow(), arrays)
    }
}

/// Fills the gap between a column's length and the row under way.
fn pad(rows: usize, length: &mut usize, append_nulls: impl FnOnce(usize)) {
    if rows > *length {
        append_nulls(rows - *length);
    }
    *length = rows + 1;
}

impl ColumnBuilder {
    fn new(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::Text => Self::Text(StringBuilder::new(), 0),
            ColumnType::Flag => Self::Flag(BooleanBuilder::new(), 0),
            ColumnType::Integer => Self::Integer(Int64Builder::new(), 0),
            ColumnType::Time => Self::Time(
                TimestampMicrosecondBuilder::new().with_data_type(ColumnType::Time.arrow()),
                0,
            ),
            ColumnType::TextMap => {
                let names = MapFieldNames {
                    entry: "key_value".into(),
                    key: "key".into(),
                    value: "value".into(),
                };
                let builder =
                    MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new())
                        .with_values_field(Arc::new(Field::new("value", DataType::Utf8, true)));
                Self::TextMap(builder, 0)
            }
            ColumnType::TextList => {
                Self::TextList(ListBuilder::new(StringBuilder::new()).with_field(list_element()), 0)
            }
        }
    }

    fn finish(&mut self, rows: usize) -> ArrayRef {
        match self {
            Self::Text(builder, length) => {
                builder.append_nulls(rows - std::mem::take(length));
                let array = builder.finish();
                // The next batch will be much like this one: room for it at
                // once costs less than to grow into it.
                let bytes = array.value_data().len();
                *builder = StringBuilder::with_capacity(rows, bytes + bytes / 8);
                Arc::new(array)
            }
            Self::Flag(builder, length) => {
                builder.append_nulls(rows - std::mem::take(length));
                Arc::new(builder.finish())
            }
            Self::Integer(builder, length) => {
                builder.append_nulls(rows - std::mem::take(length));
                Arc::new(builder.finish())
            }
            Self::Time(builder, length) => {
                builder.append_nulls(rows - std::mem::take(length));
                Arc::new(builder.finish())
            }
            Self::TextMap(builder, length) => {
                for _ in std::mem::take(length)..rows {
                    let _ = builder.append(false);
                }
                Arc::new(builder.finish())
            }
            Self::TextList(builder, length) => {
                for _ in std::mem::take(length)..rows {
                    builder.append(false);
                }
                Arc::new(builder.finish())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, AsArray};

    use super::*;
    use crate::schema::RUNS;

    #[test]
    fn a_column_that_rows_leave_out_is_null_there() {
        let mut rows = Rows::new(&RUNS);
        for row in 0..3 {
            for name in ["month", "run_id", "command", "tool_version", "outcome"] {
                let at = RUNS.columns.iter().position(|c| c.name == name).unwrap();
                rows.text(at, Some("x"));
            }
            rows.time(position(&RUNS, "started_at"), Some(row));
            rows.time(position(&RUNS, "ended_at"), Some(row));
            if row == 1 {
                rows.integer(position(&RUNS, "records"), Some(7));
            }
            rows.end_row();
        }
        let batch = rows.finish().unwrap();
        let records = batch.column_by_name("records").unwrap();
        assert_eq!(records.null_count(), 2);
        let records: &arrow::array::Int64Array = records.as_primitive();
        assert_eq!(records.value(1), 7);
        assert!(rows.is_empty());
    }

    #[test]
    fn a_required_column_left_out_is_refused() {
        let mut rows = Rows::new(&RUNS);
        rows.end_row();
        assert!(rows.finish().is_err());
    }
}
