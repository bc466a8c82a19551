//! A **scan**: a few columns of one data file, batch by batch, skipping the row
//! groups that cannot matter.

use std::ops::RangeInclusive;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::TryStreamExt as _;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
#[expect(deprecated, reason = "a reader of our own would be a copy of this one")]
use parquet::arrow::async_reader::ParquetObjectReader;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::file::metadata::ParquetMetaData;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};

use crate::lake::{DataFile, LakeError, LakeTable};

/// Names of the columns to read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ColumnsOf(pub(crate) &'static [&'static str]);

/// A time column and the moments that matter, microseconds.
#[derive(Debug, Clone)]
pub(crate) struct Within {
    pub(crate) column: &'static str,
    pub(crate) moments: RangeInclusive<i64>,
}

/// Reads columns of a file and hands on every batch. With `within`, row groups
/// that lie outside by their statistics are not read; the batches may still
/// hold rows outside.
///
/// # Errors
/// When the file cannot be read.
pub(crate) async fn scan(
    table: &LakeTable,
    file: &DataFile,
    columns: ColumnsOf,
    within: Option<Within>,
    mut receive: impl FnMut(&RecordBatch),
) -> Result<(), LakeError> {
    let failed = |error: parquet::errors::ParquetError| LakeError::file(table, &file.path, error);
    let builder = open(table, file).await.map_err(failed)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.0.iter().copied());
    let groups = match &within {
        Some(within) => {
            overlapping(builder.metadata(), builder.schema(), builder.parquet_schema(), within)
        }
        None => (0..builder.metadata().num_row_groups()).collect(),
    };
    let mut batches =
        builder.with_projection(mask).with_row_groups(groups).build().map_err(failed)?;
    while let Some(batch) = batches.try_next().await.map_err(failed)? {
        receive(&batch);
    }
    Ok(())
}

/// Reads a whole file, all columns.
///
/// # Errors
/// When the file cannot be read.
pub(crate) async fn scan_all(
    table: &LakeTable,
    file: &DataFile,
) -> Result<Vec<RecordBatch>, LakeError> {
    let failed = |error: parquet::errors::ParquetError| LakeError::file(table, &file.path, error);
    let builder = open(table, file).await.map_err(failed)?;
    builder.build().map_err(failed)?.try_collect().await.map_err(failed)
}

/// What the footer of a file says, without its rows.
///
/// # Errors
/// When the file cannot be read.
pub(crate) async fn footer(
    table: &LakeTable,
    file: &DataFile,
) -> Result<Arc<ParquetMetaData>, LakeError> {
    let opened = open(table, file).await;
    Ok(opened.map_err(|error| LakeError::file(table, &file.path, error))?.metadata().clone())
}

#[expect(deprecated, reason = "a reader of our own would be a copy of this one")]
async fn open(
    table: &LakeTable,
    file: &DataFile,
) -> parquet::errors::Result<ParquetRecordBatchStreamBuilder<ParquetObjectReader>> {
    let reader =
        ParquetObjectReader::new(table.store(), file.path.clone()).with_file_size(file.bytes);
    ParquetRecordBatchStreamBuilder::new(reader).await
}

fn overlapping(
    metadata: &ParquetMetaData,
    schema: &SchemaRef,
    parquet_schema: &parquet::schema::types::SchemaDescriptor,
    within: &Within,
) -> Vec<usize> {
    let all = || (0..metadata.num_row_groups()).collect();
    let Ok(converter) = StatisticsConverter::try_new(within.column, schema, parquet_schema) else {
        return all();
    };
    let (Ok(first), Ok(last)) = (
        converter.row_group_mins(metadata.row_groups()),
        converter.row_group_maxes(metadata.row_groups()),
    ) else {
        return all();
    };
    let (Some(first), Some(last)) = (
        first.as_primitive_opt::<TimestampMicrosecondType>(),
        last.as_primitive_opt::<TimestampMicrosecondType>(),
    ) else {
        return all();
    };
    (0..metadata.num_row_groups())
        .filter(|&group| {
            let known = first.is_valid(group) && last.is_valid(group);
            !known
                || (first.value(group) <= *within.moments.end()
                    && last.value(group) >= *within.moments.start())
        })
        .collect()
}
