//! A **group**: small files of one partition that are merged together.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use parquet::basic::Type;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};

use crate::lake::{DataFile, LakeError, LakeTable};
use crate::scan::footer;
use crate::schema::TableSchema;

/// Footers read at once.
const FOOTERS_IN_FLIGHT: usize = 16;

/// Memory for a value beside its text, bytes: a number or an offset, and
/// whether it is null.
const VALUE_BYTES: u64 = 8;

/// A small file, and how much it is.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    file: DataFile,
    size: Size,
}

/// How much a file is, or a group may be at most.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Size {
    pub(super) rows: u64,
    pub(super) memory_bytes: u64,
    pub(super) stored_bytes: u64,
}

impl Size {
    fn plus(self, other: Self) -> Self {
        Self {
            rows: self.rows + other.rows,
            memory_bytes: self.memory_bytes + other.memory_bytes,
            stored_bytes: self.stored_bytes + other.stored_bytes,
        }
    }

    fn fits(self, most: Self) -> bool {
        self.rows <= most.rows
            && self.memory_bytes <= most.memory_bytes
            && self.stored_bytes <= most.stored_bytes
    }
}

/// The small files of each partition, the earliest first. A file whose rows the
/// log does not count is no concern of ours.
pub(super) fn small_files(
    files: Vec<DataFile>,
    schema: &TableSchema,
    time: &str,
    full_bytes: u64,
) -> Vec<Vec<DataFile>> {
    let mut partitions: BTreeMap<Vec<Option<String>>, Vec<DataFile>> = BTreeMap::new();
    for file in files {
        if file.bytes < full_bytes && file.statistics.num_records.is_some() {
            let value = |name: &&str| file.partition_values.get(*name).cloned().flatten();
            let partition = schema.partitioned_by.iter().map(value).collect();
            partitions.entry(partition).or_default().push(file);
        }
    }
    let mut partitions: Vec<_> = partitions.into_values().collect();
    for files in &mut partitions {
        files.sort_by_cached_key(|file| (file.time_range(time), file.path.clone()));
    }
    partitions
}

/// Finds out how much memory the rows of files will take.
pub(super) async fn measured(
    table: &LakeTable,
    files: Vec<DataFile>,
) -> Result<Vec<Candidate>, LakeError> {
    stream::iter(files)
        .map(|file| candidate(table, file))
        .buffered(FOOTERS_IN_FLIGHT)
        .try_collect()
        .await
}

async fn candidate(table: &LakeTable, file: DataFile) -> Result<Candidate, LakeError> {
    let size = Size {
        rows: file.statistics.num_records.unwrap_or_default(),
        memory_bytes: memory_bytes(footer(table, &file).await?.as_ref()),
        stored_bytes: file.bytes,
    };
    Ok(Candidate { file, size })
}

/// An estimate, rather too high than too low: text counts in full where the
/// file says how much it is, else as much as it is before compression.
fn memory_bytes(footer: &ParquetMetaData) -> u64 {
    let of_column = |column: &ColumnChunkMetaData| {
        let text = match column.column_type() {
            Type::BYTE_ARRAY => column
                .unencoded_byte_array_data_bytes()
                .unwrap_or_else(|| column.uncompressed_size()),
            _ => 0,
        };
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        number(text) + number(column.num_values()) * VALUE_BYTES
    };
    footer.row_groups().iter().flat_map(RowGroupMetaData::columns).map(of_column).sum()
}

/// Takes files together, in their order, for as long as they fit. Two groups
/// side by side would not fit into one, so what was merged is not merged again.
pub(super) fn groups(
    candidates: Vec<Candidate>,
    most: Size,
    files_min: usize,
) -> Vec<Vec<DataFile>> {
    let mut groups: Vec<Vec<DataFile>> = Vec::new();
    let mut filled = Size::default();
    for Candidate { file, size } in candidates {
        match groups.last_mut() {
            Some(group) if filled.plus(size).fits(most) => {
                filled = filled.plus(size);
                group.push(file);
            }
            _ => {
                filled = size;
                groups.push(vec![file]);
            }
        }
    }
    groups.retain(|group| group.len() >= files_min);
    groups
}

#[cfg(test)]
mod tests {
    use object_store::path::Path;

    use super::*;
    use crate::lake::FileStatistics;
    use crate::schema::EVENTS;

    const MOST: Size = Size { rows: 100, memory_bytes: 1_000, stored_bytes: 10_000 };

    fn file(name: &str, month: &str, bytes: u64, time: &str) -> DataFile {
        let values = serde_json::Map::from_iter([("event_time".to_owned(), time.into())]);
        DataFile {
            path: Path::from(name),
            bytes,
            partition_values: [("event_month".to_owned(), Some(month.to_owned()))].into(),
            statistics: FileStatistics {
                num_records: Some(1),
                min_values: values.clone(),
                max_values: values,
                ..FileStatistics::default()
            },
        }
    }

    /// Numbers of files in the groups of files with so many rows.
    fn grouped(rows: &[u64], files_min: usize) -> Vec<usize> {
        let candidates = rows
            .iter()
            .map(|&rows| Candidate {
                file: file("x", "2026-10", 1, "2026-10-05T00:00:00Z"),
                size: Size { rows, ..Size::default() },
            })
            .collect();
        groups(candidates, MOST, files_min).iter().map(Vec::len).collect()
    }

    #[test]
    fn groups_are_filled_in_order_up_to_a_bound() {
        assert_eq!(grouped(&[50, 50, 1, 99, 60], 2), [2, 2]);
        assert_eq!(grouped(&[10; 25], 2), [10, 10, 5]);
    }

    #[test]
    fn what_was_merged_is_not_merged_again() {
        assert_eq!(grouped(&[100, 100, 50], 2), [0; 0]);
        assert_eq!(grouped(&[60, 70, 80], 2), [0; 0]);
    }

    #[test]
    fn a_group_of_too_few_files_is_left_alone() {
        assert_eq!(grouped(&[], 2), [0; 0]);
        assert_eq!(grouped(&[1], 2), [0; 0]);
        assert_eq!(grouped(&[1, 1, 1], 4), [0; 0]);
        assert_eq!(grouped(&[101, 1], 2), [0; 0]);
    }

    #[test]
    fn small_files_are_sorted_by_time_within_their_partition() {
        let files = vec![
            file("late", "2026-10", 1, "2026-10-07T00:00:00Z"),
            file("full", "2026-10", 100, "2026-10-06T00:00:00Z"),
            file("other", "2026-11", 1, "2026-11-05T00:00:00Z"),
            file("early", "2026-10", 99, "2026-10-05T00:00:00Z"),
        ];
        let partitions = small_files(files, &EVENTS, "event_time", 100);
        let names: Vec<Vec<&str>> = partitions
            .iter()
            .map(|files| files.iter().map(|file| file.path.as_ref()).collect())
            .collect();
        assert_eq!(names, [vec!["early", "late"], vec!["other"]]);
    }
}
