//! A **data file** of a table, and what the log says is in it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray, new_null_array};
use arrow::error::ArrowError;
use deltalake_core::kernel::{Add, LogicalFileView, Remove};
use futures::StreamExt as _;
use object_store::ObjectStore as _;
use object_store::path::Path;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::LakeTable;
use crate::date;

/// One file of one version of a table.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// Path below the table.
    pub path: Path,
    /// Size, bytes.
    pub bytes: u64,
    /// Partition column to value.
    pub partition_values: HashMap<String, Option<String>>,
    /// What the log keeps about the rows.
    pub statistics: FileStatistics,
}

/// Statistics of one file, for the columns that have them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FileStatistics {
    /// Rows in the file.
    pub num_records: Option<u64>,
    /// Column to a value that none is below.
    pub min_values: Map<String, Value>,
    /// Column to a value that none is above; text may be cut, times are cut to
    /// milliseconds.
    pub max_values: Map<String, Value>,
    /// Column to the number of nulls.
    pub null_count: Map<String, Value>,
}

impl DataFile {
    pub(super) fn from_view(view: &LogicalFileView) -> Self {
        Self {
            path: view.object_store_path(),
            bytes: u64::try_from(view.size()).unwrap_or_default(),
            partition_values: view.partition_values_map(),
            statistics: statistics(view.stats().as_deref()),
        }
    }

    /// A file that was written and not committed yet.
    pub(crate) fn from_add(add: &Add) -> Self {
        Self {
            path: store_path(&add.path),
            bytes: u64::try_from(add.size).unwrap_or_default(),
            partition_values: add.partition_values.clone(),
            statistics: statistics(add.stats.as_deref()),
        }
    }

    /// Takes the file out of a table, as of a moment in microseconds. Its rows
    /// stay, in other files, unless `rows_go` with it.
    pub(super) fn removed_at(&self, moment: i64, rows_go: bool) -> Remove {
        Remove {
            path: self.path.to_string(),
            data_change: rows_go,
            deletion_timestamp: Some(moment.div_euclid(1_000)),
            extended_file_metadata: Some(true),
            partition_values: Some(self.partition_values.clone()),
            size: i64::try_from(self.bytes).ok(),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
        }
    }

    /// Puts the partition columns back, which data files do not hold, and those
    /// that are newer than the file.
    pub(crate) fn with_partitions(
        &self,
        batch: &RecordBatch,
        table: &LakeTable,
    ) -> Result<RecordBatch, ArrowError> {
        let schema = table.schema().arrow();
        let mut columns = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let column = if let Some(column) = batch.column_by_name(field.name()) {
                column.clone()
            } else if !table.schema().partitioned_by.contains(&field.name().as_str()) {
                // Written before there was such a column.
                new_null_array(field.data_type(), batch.num_rows())
            } else {
                let value = self.partition_values.get(field.name()).cloned().flatten();
                let values = vec![value.unwrap_or_default(); batch.num_rows()];
                Arc::new(StringArray::from(values))
            };
            columns.push(column);
        }
        RecordBatch::try_new(schema, columns)
    }

    /// First and last moment of a time column, microseconds; none when the log
    /// does not know.
    #[must_use]
    pub fn time_range(&self, column: &str) -> Option<(i64, i64)> {
        let time = |values: &Map<String, Value>| date::micros(values.get(column)?.as_str()?);
        let (first, last) =
            (time(&self.statistics.min_values)?, time(&self.statistics.max_values)?);
        // The log cuts times to milliseconds.
        Some((first, last + 999))
    }
}

impl LakeTable {
    /// Deletes files that no version has. What cannot be deleted is left to
    /// vacuum.
    pub(crate) async fn discard(&self, paths: Vec<Path>) {
        let paths = futures::stream::iter(paths.into_iter().map(Ok)).boxed();
        let mut deleted = self.store().delete_stream(paths);
        while let Some(result) = deleted.next().await {
            if let Err(error) = result {
                tracing::warn!(table = self.schema.name, %error, "left a file of no use behind");
            }
        }
    }
}

/// Where a file that the log names is in the table's store.
pub(super) fn store_path(path: &str) -> Path {
    Path::parse(path).unwrap_or_else(|_| Path::from(path))
}

fn statistics(text: Option<&str>) -> FileStatistics {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
