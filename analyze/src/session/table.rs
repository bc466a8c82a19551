//! A **lake table** as the engine sees it: the files of one version, those that
//! cannot matter left out before any is opened.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::object_store::ObjectStoreUrl;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};
use datafusion::prelude::SessionContext;
use ingest::{DataFile, LakeTable};
use url::Url;

use crate::error::AnalyzeError;

/// One version of one table.
#[derive(Debug)]
pub(super) struct LakeTableProvider {
    store: ObjectStoreUrl,
    table_schema: TableSchema,
    partition_columns: Vec<&'static str>,
    /// File columns, then partition columns: the engine's order.
    schema: SchemaRef,
    files: Vec<DataFile>,
}

impl LakeTableProvider {
    /// Takes the files of the version that `table` stands at.
    pub(super) fn new(context: &SessionContext, table: &LakeTable) -> Result<Self, AnalyzeError> {
        Self::of_files(context, table, table.files()?)
    }

    /// Takes some files of `table`.
    pub(super) fn of_files(
        context: &SessionContext,
        table: &LakeTable,
        files: Vec<DataFile>,
    ) -> Result<Self, AnalyzeError> {
        let name = table.schema().name;
        let failed = |error| AnalyzeError::query(format!("table {name}"), error);
        let partitioned_by = table.schema().partitioned_by;
        let (partition, file): (Vec<_>, Vec<_>) = table
            .schema()
            .arrow()
            .fields()
            .iter()
            .cloned()
            .partition(|field| partitioned_by.contains(&field.name().as_str()));
        let table_schema = TableSchema::builder(Arc::new(Schema::new(file)))
            .with_table_partition_cols(partition)
            .build();
        // One store a table, so that paths stay relative to it.
        let url = format!("keytrail-{name}://lake/");
        let store = ObjectStoreUrl::parse(&url).map_err(failed)?;
        let url = Url::parse(&url)
            .map_err(|error| failed(datafusion::error::DataFusionError::External(error.into())))?;
        context.register_object_store(&url, table.store());
        Ok(Self {
            store,
            schema: table_schema.table_schema().clone(),
            table_schema,
            partition_columns: partitioned_by.to_vec(),
            files,
        })
    }

    /// The files that may hold rows the filter asks for.
    fn wanted(&self, predicate: Option<&Arc<dyn PhysicalExpr>>) -> Vec<&DataFile> {
        let all = || self.files.iter().collect();
        let Some(predicate) = predicate else {
            return all();
        };
        let builder = PruningPredicateBuilder::new().with_file_schema(self.schema.clone());
        let Ok(pruning) = builder.try_build(predicate.clone()) else {
            return all();
        };
        let statistics = FileSetStatistics { files: &self.files, schema: &self.schema };
        match pruning.prune(&statistics) {
            Ok(keep) => self
                .files
                .iter()
                .zip(keep)
                .filter_map(|(file, keep)| keep.then_some(file))
                .collect(),
            Err(_) => all(),
        }
    }

    fn partitioned_file(&self, file: &DataFile) -> PartitionedFile {
        let mut partitioned = PartitionedFile::new(file.path.to_string(), file.bytes);
        partitioned.partition_values = self
            .partition_columns
            .iter()
            .map(|name| ScalarValue::Utf8(file.partition_values.get(*name).cloned().flatten()))
            .collect();
        partitioned
    }
}

#[async_trait]
impl TableProvider for LakeTableProvider {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let predicate = match conjunction(filters.to_vec()) {
            Some(filter) => {
                let schema = DFSchema::try_from(self.schema.clone())?;
                Some(state.create_physical_expr(filter, &schema)?)
            }
            None => None,
        };
        let mut groups = vec![FileGroup::default(); state.config().target_partitions().max(1)];
        let count = groups.len();
        for (index, file) in self.wanted(predicate.as_ref()).into_iter().enumerate() {
            groups[index % count].push(self.partitioned_file(file));
        }
        groups.retain(|group| !group.is_empty());
        if groups.is_empty() {
            // A scan of no files has no partition, which a sort with a limit
            // cannot be planned over.
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => self.schema.clone(),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let options = state.config_options().execution.parquet.clone();
        let mut source = ParquetSource::new(self.table_schema.clone())
            .with_pushdown_filters(options.pushdown_filters)
            .with_enable_page_index(true)
            .with_bloom_filter_on_read(true);
        if let Some(predicate) = predicate {
            source = source.with_predicate(predicate);
        }
        let config = FileScanConfigBuilder::new(self.store.clone(), Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

/// What the log knows about each file, as the engine asks for it.
struct FileSetStatistics<'a> {
    files: &'a [DataFile],
    schema: &'a SchemaRef,
}

impl FileSetStatistics<'_> {
    fn values(
        &self,
        column: &Column,
        bound: impl Fn(&DataFile, &Field) -> Option<ScalarValue>,
    ) -> Option<ArrayRef> {
        let field = self.schema.field_with_name(&column.name).ok()?;
        let null = ScalarValue::try_from(field.data_type()).ok()?;
        let values =
            self.files.iter().map(|file| bound(file, field).unwrap_or_else(|| null.clone()));
        ScalarValue::iter_to_array(values).ok()
    }
}

impl PruningStatistics for FileSetStatistics<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |file, field| bound(file, field, false))
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.values(column, |file, field| bound(file, field, true))
    }

    fn num_containers(&self) -> usize {
        self.files.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let counts = self.files.iter().map(|file| {
            if file.partition_values.contains_key(&column.name) {
                return Some(0);
            }
            file.statistics.null_count.get(&column.name)?.as_u64()
        });
        Some(Arc::new(counts.collect::<UInt64Array>()))
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(
            self.files.iter().map(|file| file.statistics.num_records).collect::<UInt64Array>(),
        ))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}

/// The least or greatest value of a column in a file. Text that the log cut is
/// no upper bound, so a long maximum counts as unknown.
fn bound(file: &DataFile, field: &Field, upper: bool) -> Option<ScalarValue> {
    /// Delta writers keep 32 characters of text.
    const TEXT_KEPT: usize = 32;
    if let Some(value) = file.partition_values.get(field.name()) {
        return Some(ScalarValue::Utf8(value.clone()));
    }
    if let DataType::Timestamp(TimeUnit::Microsecond, zone) = field.data_type() {
        let (first, last) = file.time_range(field.name())?;
        let value = if upper { last } else { first };
        return Some(ScalarValue::TimestampMicrosecond(Some(value), zone.clone()));
    }
    let values = if upper { &file.statistics.max_values } else { &file.statistics.min_values };
    let text = values.get(field.name())?.as_str()?;
    let cut =
        upper && text.chars().count() >= TEXT_KEPT && text.ends_with(|last: char| !last.is_ascii());
    (!cut && field.data_type() == &DataType::Utf8).then(|| ScalarValue::Utf8(Some(text.to_owned())))
}
