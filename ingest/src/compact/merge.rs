//! A **merge**: the rows of a group of files in memory, and in order.

use arrow::array::{Array, RecordBatch, UInt32Array};
use arrow::compute::{
    SortColumn, SortOptions, concat, interleave_record_batch, lexsort_to_indices,
};
use arrow::error::ArrowError;
use deltalake_core::kernel::Add;

use crate::error::UpkeepError;
use crate::lake::{DataFile, LakeTable, Packing, ROW_GROUP_ROWS, TableWriter};
use crate::scan::scan_all;

/// Rows copied into their order at once: sixteen times make a row group.
const CHUNK_ROWS: usize = ROW_GROUP_ROWS / 16;

/// Rows of one partition, and how to go through them in order.
pub(super) struct Merged {
    /// Files that the rows are of: the first ones of the group.
    pub(super) files: usize,
    pub(super) rows: u64,
    batches: Vec<RecordBatch>,
    /// Positions of the rows in all batches, counted through.
    order: UInt32Array,
}

/// Reads the files of a group, and stops when their rows fill the memory.
///
/// # Errors
/// When a file cannot be read or does not have the rows that the log says.
pub(super) async fn merged(
    table: &LakeTable,
    group: &[DataFile],
    sorted_by: &[&str],
    memory_bytes_max: u64,
) -> Result<Merged, UpkeepError> {
    let (mut batches, mut rows, mut files) = (Vec::new(), 0, 0);
    let mut memory_bytes = 0;
    for file in group {
        let mut rows_found = 0;
        for batch in scan_all(table, file).await? {
            let batch = file.with_partitions(&batch, table)?;
            rows_found += batch.num_rows() as u64;
            memory_bytes += memory_bytes_of(&batch)?;
            batches.push(batch);
        }
        let counted = file.statistics.num_records.unwrap_or_default();
        same_rows(table, file.path.to_string(), counted, rows_found)?;
        rows += rows_found;
        files += 1;
        if memory_bytes > memory_bytes_max {
            break;
        }
    }
    let order = in_order(&batches, sorted_by)?;
    Ok(Merged { files, rows, batches, order })
}

/// Writes merged rows in their order.
///
/// # Errors
/// When the store refuses, or not all rows came out.
pub(super) async fn written(
    table: &LakeTable,
    merged: &Merged,
    sorted_by: &'static str,
) -> Result<Vec<Add>, UpkeepError> {
    let batches: Vec<&RecordBatch> = merged.batches.iter().collect();
    let places: Vec<(usize, usize)> = batches
        .iter()
        .enumerate()
        .flat_map(|(batch, rows)| (0..rows.num_rows()).map(move |row| (batch, row)))
        .collect();
    let mut writer = TableWriter::new(table, sorted_by, Packing::DENSE);
    for positions in merged.order.values().chunks(CHUNK_ROWS) {
        let chosen: Vec<(usize, usize)> =
            positions.iter().map(|&position| places[position as usize]).collect();
        writer.write_sorted(&interleave_record_batch(&batches, &chosen)?).await?;
    }
    let files = writer.close().await?;
    let rows_found = files
        .iter()
        .map(|add| DataFile::from_add(add).statistics.num_records.unwrap_or_default())
        .sum();
    same_rows(table, "its files".to_owned(), merged.rows, rows_found)?;
    Ok(files)
}

fn same_rows(
    table: &LakeTable,
    place: String,
    rows: u64,
    rows_found: u64,
) -> Result<(), UpkeepError> {
    if rows == rows_found {
        return Ok(());
    }
    Err(UpkeepError::Rows { table: table.schema().name, place, rows, rows_found })
}

/// Positions of all rows, sorted by these columns.
fn in_order(batches: &[RecordBatch], sorted_by: &[&str]) -> Result<UInt32Array, ArrowError> {
    if batches.is_empty() {
        return Ok(UInt32Array::from(Vec::<u32>::new()));
    }
    let mut columns = Vec::with_capacity(sorted_by.len());
    for name in sorted_by {
        let parts: Vec<&dyn Array> = batches
            .iter()
            .filter_map(|batch| batch.column_by_name(name))
            .map(AsRef::as_ref)
            .collect();
        columns.push(SortColumn { values: concat(&parts)?, options: Some(SortOptions::default()) });
    }
    lexsort_to_indices(&columns, None)
}

fn memory_bytes_of(batch: &RecordBatch) -> Result<u64, ArrowError> {
    let mut bytes = 0;
    for column in batch.columns() {
        bytes += column.to_data().get_slice_memory_size()? as u64;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray};

    use super::*;

    fn batch(times: &[Option<i64>], uris: &[&str]) -> RecordBatch {
        let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(times.to_vec()));
        let uris: ArrayRef = Arc::new(StringArray::from(uris.to_vec()));
        RecordBatch::try_from_iter_with_nullable([("time", times, true), ("uri", uris, false)])
            .unwrap()
    }

    #[test]
    fn rows_of_several_batches_are_put_in_one_order() {
        let batches = [
            batch(&[Some(5), None, Some(1)], &["c", "b", "z"]),
            batch(&[Some(5), Some(-1)], &["a", "d"]),
        ];
        let order = in_order(&batches, &["time", "uri"]).unwrap();
        assert_eq!(order.values().to_vec(), [1, 4, 2, 3, 0]);
    }

    #[test]
    fn no_rows_are_in_order() {
        assert!(in_order(&[], &["time"]).unwrap().is_empty());
    }
}
