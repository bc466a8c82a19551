//! A **column** of the lake: its name, type and one-line meaning.
//!
//! The lake's tables are written down here once. The Arrow and Delta schemas,
//! `\d` in the SQL shell and `docs/lake.md` are all made from these lists.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

mod events;
mod findings;
mod journal;
mod usage;

pub use events::EVENTS;
pub use findings::FINDINGS;
pub use journal::{OBJECTS, RUNS};
pub use usage::USAGE;

/// Version of the tables' layout, stored as a table property. A lake with a
/// higher number is refused: an older tool would misread it.
pub const SCHEMA_VERSION: u32 = 1;

/// The type of a column, in the few forms the lake uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// True or false.
    Flag,
    /// Signed 64-bit integer.
    Integer,
    /// Microseconds since 1970, UTC.
    Time,
    /// Text to text, in the order of the record.
    TextMap,
    /// List of text.
    TextList,
}

/// One column of a lake table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// `snake_case` name, CloudTrail's own where CloudTrail has one.
    pub name: &'static str,
    /// Its type.
    pub column_type: ColumnType,
    /// Whether a row may lack it.
    pub nullable: bool,
    /// What it means, in one line.
    pub meaning: &'static str,
}

/// One table of the lake.
#[derive(Debug, Clone, Copy)]
pub struct TableSchema {
    /// Folder name under the lake and table name in SQL.
    pub name: &'static str,
    /// What one row is.
    pub row: &'static str,
    /// Columns the files are partitioned by, outermost first.
    pub partitioned_by: &'static [&'static str],
    /// Columns that Delta keeps minimum and maximum of, per file.
    pub statistics: &'static [&'static str],
    /// All columns, partition columns included.
    pub columns: &'static [Column],
}

/// Every table of the lake.
pub const TABLES: &[TableSchema] = &[EVENTS, USAGE, FINDINGS, OBJECTS, RUNS];

impl TableSchema {
    /// The Arrow schema of the table, partition columns included.
    #[must_use]
    pub fn arrow(&self) -> SchemaRef {
        let fields: Vec<Field> = self.columns.iter().map(Column::arrow).collect();
        Arc::new(Schema::new(fields))
    }
}

impl Column {
    /// The Arrow field of this column.
    #[must_use]
    pub fn arrow(&self) -> Field {
        Field::new(self.name, self.column_type.arrow(), self.nullable)
    }
}

impl ColumnType {
    /// The Arrow type. Maps and lists carry the field names that Delta readers
    /// expect.
    #[must_use]
    pub fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Flag => DataType::Boolean,
            Self::Integer => DataType::Int64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::TextMap => DataType::Map(Arc::new(map_entries()), false),
            Self::TextList => DataType::List(list_element()),
        }
    }

    /// The name shown to people.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Flag => "boolean",
            Self::Integer => "bigint",
            Self::Time => "timestamp (UTC, microseconds)",
            Self::TextMap => "map(text, text)",
            Self::TextList => "list(text)",
        }
    }
}

/// The element field of a [`ColumnType::TextList`].
#[must_use]
pub fn list_element() -> Arc<Field> {
    Arc::new(Field::new("element", DataType::Utf8, true))
}

/// The entries field of a [`ColumnType::TextMap`].
#[must_use]
pub fn map_entries() -> Field {
    let entry = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ]);
    Field::new("key_value", DataType::Struct(entry), false)
}

const fn column(name: &'static str, column_type: ColumnType, meaning: &'static str) -> Column {
    Column { name, column_type, nullable: true, meaning }
}

const fn required(name: &'static str, column_type: ColumnType, meaning: &'static str) -> Column {
    Column { name, column_type, nullable: false, meaning }
}
