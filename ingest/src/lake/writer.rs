//! A **table writer**: batches in, Parquet files out, not yet committed.

use std::num::NonZeroU64;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array};
use arrow::compute::{LexicographicalComparator, SortColumn, take};
use arrow::error::ArrowError;
use delta_kernel::expressions::Scalar;
use delta_kernel::table_properties::DataSkippingNumIndexedCols;
use deltalake_core::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake_core::kernel::Add;
use indexmap::IndexMap;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::{LakeError, LakeTable};
use crate::schema::TableSchema;

/// A file is closed when it has about this many bytes.
pub(crate) const FILE_BYTES: NonZeroU64 = NonZeroU64::new(128 << 20).unwrap();

/// Rows of a row group: the unit that statistics and bloom filters let a reader
/// skip, and that a writer holds in memory.
pub(crate) const ROW_GROUP_ROWS: usize = 128 * 1024;

/// How files are packed.
#[derive(Debug, Clone, Copy)]
pub struct Packing {
    /// Rows of a row group, at most.
    pub row_group_rows: usize,
    /// Level of zstd, 1 to 22.
    pub zstd_level: i32,
}

impl Packing {
    /// For rows that arrive: quick to write.
    pub const FRESH: Self = Self { row_group_rows: ROW_GROUP_ROWS, zstd_level: 1 };

    /// For rows that stay: a fifth more work, a twentieth fewer bytes.
    pub const DENSE: Self = Self { row_group_rows: ROW_GROUP_ROWS, zstd_level: 6 };
}

/// Columns that are searched for single values.
const BLOOM_COLUMNS: &[&str] = &["event_id", "key_arn"];

/// Columns whose values hardly repeat, so that no dictionary is tried, and how
/// they are encoded instead: with lengths apart from text, or as differences.
const DISTINCT_COLUMNS: &[(&str, Encoding)] = &[
    ("event_id", Encoding::DELTA_LENGTH_BYTE_ARRAY),
    ("shared_event_id", Encoding::DELTA_LENGTH_BYTE_ARRAY),
    ("request_id", Encoding::DELTA_LENGTH_BYTE_ARRAY),
    ("event_time", Encoding::DELTA_BINARY_PACKED),
    ("sha256", Encoding::DELTA_LENGTH_BYTE_ARRAY),
];

/// Writes the files of one commit to a table.
pub struct TableWriter {
    writer: DeltaWriter,
    partitioned_by: &'static [&'static str],
    sorted_by: &'static str,
    table: LakeTable,
}

impl TableWriter {
    /// A writer for the table; rows are sorted by `sorted_by` batch by batch.
    #[must_use]
    pub fn new(table: &LakeTable, sorted_by: &'static str, packing: Packing) -> Self {
        let schema = table.schema();
        let columns = schema.partitioned_by.iter().map(|&name| name.to_owned()).collect();
        let config = WriterConfig::new(
            schema.arrow(),
            columns,
            Some(properties(schema, packing)),
            Some(FILE_BYTES),
            Some(8 * 1024),
            DataSkippingNumIndexedCols::NumColumns(0),
            Some(schema.statistics.iter().map(|&name| name.to_owned()).collect()),
        );
        Self {
            writer: DeltaWriter::new(table.store(), config),
            partitioned_by: schema.partitioned_by,
            sorted_by,
            table: table.clone(),
        }
    }

    /// Sorts a batch by partition and time and writes it; only the rows that are
    /// `wanted`, if that says.
    ///
    /// # Errors
    /// When the batch does not fit the table or the store refuses.
    pub async fn write(
        &mut self,
        batch: &RecordBatch,
        wanted: Option<&BooleanArray>,
    ) -> Result<(), LakeError> {
        let sorted =
            self.sort(batch, wanted).map_err(|error| LakeError::table(&self.table, error))?;
        self.write_sorted(&sorted).await
    }

    /// Writes rows that are in the right order: by partition, then by time.
    ///
    /// # Errors
    /// When the batch does not fit the table or the store refuses.
    pub async fn write_sorted(&mut self, sorted: &RecordBatch) -> Result<(), LakeError> {
        let mut start = 0;
        while start < sorted.num_rows() {
            let end = self.partition_end(sorted, start);
            let values = self.partition_values(sorted, start);
            self.writer
                .write_partition(sorted.slice(start, end - start), &values)
                .await
                .map_err(|error| LakeError::table(&self.table, error))?;
            start = end;
        }
        Ok(())
    }

    /// Closes the files. They are in the store, but no version has them yet.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn close(self) -> Result<Vec<Add>, LakeError> {
        self.writer.close().await.map_err(|error| LakeError::table(&self.table, error))
    }

    fn sort(
        &self,
        batch: &RecordBatch,
        wanted: Option<&BooleanArray>,
    ) -> Result<RecordBatch, ArrowError> {
        let columns: Vec<SortColumn> = self
            .partitioned_by
            .iter()
            .chain([&self.sorted_by])
            .filter_map(|name| batch.column_by_name(name))
            .map(|values| SortColumn { values: values.clone(), options: None })
            .collect();
        let order = LexicographicalComparator::try_new(&columns)?;
        let mut rows: Vec<usize> = (0..batch.num_rows())
            .filter(|&row| wanted.is_none_or(|wanted| wanted.value(row)))
            .collect();
        rows.sort_by(|&left, &right| order.compare(left, right));
        let rows: UInt64Array = rows.into_iter().map(|row| row as u64).collect();
        let columns = batch.columns().iter().map(|column| take_rows(column, &rows));
        RecordBatch::try_new(batch.schema(), columns.collect::<Result<_, _>>()?)
    }

    /// One past the last row of the partition that `start` is in.
    fn partition_end(&self, batch: &RecordBatch, start: usize) -> usize {
        let same = |row: usize| {
            self.partitioned_by
                .iter()
                .all(|name| text(batch, name, row) == text(batch, name, start))
        };
        (start + 1..batch.num_rows()).find(|&row| !same(row)).unwrap_or(batch.num_rows())
    }

    fn partition_values(&self, batch: &RecordBatch, row: usize) -> IndexMap<String, Scalar> {
        self.partitioned_by
            .iter()
            .map(|&name| {
                (
                    name.to_owned(),
                    Scalar::String(text(batch, name, row).unwrap_or_default().to_owned()),
                )
            })
            .collect()
    }
}

/// The rows of a column, in this order. Most columns hold nothing in most
/// batches, and then any rows will do.
fn take_rows(column: &ArrayRef, rows: &UInt64Array) -> Result<ArrayRef, ArrowError> {
    if column.null_count() == column.len() {
        return Ok(column.slice(0, rows.len()));
    }
    take(column, rows, None)
}

fn text<'a>(batch: &'a RecordBatch, column: &str, row: usize) -> Option<&'a str> {
    let values = batch.column_by_name(column)?.as_string_opt::<i32>()?;
    values.is_valid(row).then(|| values.value(row))
}

/// How the Parquet files are written. Page statistics cost space for JSON text
/// and help nobody, so only the columns worth it have them.
fn properties(schema: &TableSchema, packing: Packing) -> WriterProperties {
    let zstd = ZstdLevel::try_new(packing.zstd_level).unwrap_or_default();
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(zstd))
        .set_max_row_group_row_count(Some(packing.row_group_rows))
        .set_data_page_row_count_limit(8 * 1024)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_created_by(format!("keytrail {}", env!("CARGO_PKG_VERSION")));
    for (name, encoding) in DISTINCT_COLUMNS {
        let path = ColumnPath::from(*name);
        builder = builder.set_column_dictionary_enabled(path.clone(), false);
        builder = builder.set_column_encoding(path, *encoding);
    }
    for name in schema.statistics {
        let path = ColumnPath::from(*name);
        builder = builder.set_column_statistics_enabled(path, EnabledStatistics::Page);
    }
    for name in BLOOM_COLUMNS.iter().filter(|name| schema.statistics.contains(name)) {
        builder = builder.set_column_bloom_filter_enabled(ColumnPath::from(*name), true);
    }
    builder.build()
}
