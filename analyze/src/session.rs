//! A **session**: one lake, opened for questions, with its tables, views and
//! functions. Read-only: there is no statement that could change the lake.

use std::sync::Arc;

use arrow::array::{RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{MemTable, ViewTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, ident};
use datafusion::prelude::{SessionConfig, SessionContext};
use ingest::operations::OPERATIONS;
use ingest::schema::{EVENTS, TABLES, TableSchema, USAGE};
use ingest::{Lake, LakeTable, uncounted};

mod describe;
mod findings;
mod listing;
mod routes;
mod table;

pub use describe::{Described, column_meanings};
pub use listing::Condition;
use table::LakeTableProvider;

use crate::configuration::Configuration;
use crate::error::AnalyzeError;
use crate::{policy, queries, trail};

/// A lake opened for questions.
pub struct Session {
    context: SessionContext,
    events: Option<LakeTable>,
    own_accounts_inferred: bool,
}

impl Session {
    /// Opens a lake at its newest version. A table that is not there yet is
    /// empty.
    ///
    /// # Errors
    /// When the lake cannot be reached or was made by a newer version.
    pub async fn open(lake: &Lake, configuration: &Configuration) -> Result<Self, AnalyzeError> {
        let context = context();
        // Usage first: what it has counted is then in the version of `events`
        // that is opened after it.
        let usage = lake.existing_table(&USAGE).await?;
        let events = lake.existing_table(&EVENTS).await?;
        register_usage(&context, usage.as_ref(), events.as_ref()).await?;
        register(&context, &EVENTS, events.as_ref())?;
        for schema in
            TABLES.iter().filter(|schema| ![USAGE.name, EVENTS.name].contains(&schema.name))
        {
            let table = lake.existing_table(schema).await?;
            register(&context, schema, table.as_ref())?;
        }
        let mut session = Self { context, events, own_accounts_inferred: false };
        session.add_functions();
        session.add_facts(configuration).await?;
        session.add_views().await?;
        Ok(session)
    }

    /// Version of `events` that answers come from; none while there is none.
    #[must_use]
    pub fn events_version(&self) -> Option<u64> {
        self.events.as_ref().map(LakeTable::version)
    }

    /// The version of `events` that answers come from.
    pub(crate) fn events(&self) -> Option<&LakeTable> {
        self.events.as_ref()
    }

    /// Whether our accounts were taken from the lake for lack of configuration.
    #[must_use]
    pub fn own_accounts_inferred(&self) -> bool {
        self.own_accounts_inferred
    }

    /// The engine's context, for whoever registers more tables.
    #[must_use]
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// Plans a query. Statements that would change anything are refused.
    ///
    /// # Errors
    /// When the text is no query, or names what does not exist.
    pub async fn query(&self, sql: &str) -> Result<DataFrame, AnalyzeError> {
        self.context
            .sql_with_options(sql, read_only())
            .await
            .map_err(|error| AnalyzeError::query("the query cannot be run", error))
    }

    fn add_functions(&self) {
        for function in policy::functions() {
            self.context.register_udf(function);
        }
        self.context.register_udf(trail::function());
    }

    /// The tables that no log file wrote: operations, accounts, principals.
    async fn add_facts(&mut self, configuration: &Configuration) -> Result<(), AnalyzeError> {
        let trust = &configuration.trust;
        let columns = ["event_name", "class", "risk", "role", "activity"];
        let operations = OPERATIONS
            .iter()
            .map(|o| [o.event_name, o.class, o.risk, o.role, o.activity].map(str::to_owned));
        self.add_text_table("kms_operations", &columns, operations)?;
        let trusted = trust.trusted_accounts.iter().map(|account| [account.clone()]);
        self.add_text_table("trusted_accounts", &["account_id"], trusted)?;
        let principals =
            trust.like_patterns().into_iter().map(|(role, pattern)| [role.to_owned(), pattern]);
        self.add_text_table("trusted_principals", &["role", "like_pattern"], principals)?;
        self.add_routes(configuration)?;
        let organization = trust.organization_id.iter().map(|id| [id.clone()]);
        self.add_text_table("own_organization", &["organization_id"], organization)?;
        self.own_accounts_inferred = trust.own_accounts.is_empty();
        if self.own_accounts_inferred {
            // Together these are all events, and the calls for use are counted.
            let sql = "select distinct account_id, 'inferred' as origin from ( \
                       select recipient_account_id as account_id from usage \
                       union all \
                       select recipient_account_id from events_not_in_usage \
                       union all \
                       select recipient_account_id from events where activity = 'manage') \
                       where account_id <> ''";
            return self.add_view("own_accounts", sql).await;
        }
        let own =
            trust.own_accounts.iter().map(|account| [account.clone(), "configured".to_owned()]);
        self.add_text_table("own_accounts", &["account_id", "origin"], own)
    }

    fn add_text_table<const N: usize>(
        &self,
        name: &str,
        columns: &[&str; N],
        rows: impl Iterator<Item = [String; N]>,
    ) -> Result<(), AnalyzeError> {
        let rows: Vec<[String; N]> = rows.collect();
        let fields: Vec<Field> =
            columns.iter().map(|name| Field::new(*name, DataType::Utf8, false)).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let arrays = (0..N)
            .map(|column| {
                Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row[column]))) as _
            })
            .collect();
        let failed = |error: DataFusionError| AnalyzeError::query(format!("table {name}"), error);
        let batch =
            RecordBatch::try_new(schema.clone(), arrays).map_err(|error| failed(error.into()))?;
        let table = MemTable::try_new(schema, vec![vec![batch]]).map_err(failed)?;
        self.context.register_table(name, Arc::new(table)).map_err(failed)?;
        Ok(())
    }

    /// Views may read other views; each is added once those are there.
    async fn add_views(&self) -> Result<(), AnalyzeError> {
        let mut waiting: Vec<&(&str, &str)> = queries::VIEWS.iter().collect();
        while !waiting.is_empty() {
            let before = waiting.len();
            let mut postponed = Vec::new();
            let mut last_error = None;
            for view in waiting {
                match self.add_view(view.0, view.1).await {
                    Ok(()) => {}
                    Err(error) => {
                        postponed.push(view);
                        last_error = Some(error);
                    }
                }
            }
            if let (true, Some(error)) = (postponed.len() == before, last_error) {
                return Err(error);
            }
            waiting = postponed;
        }
        Ok(())
    }

    async fn add_view(&self, name: &str, sql: &str) -> Result<(), AnalyzeError> {
        let failed = |error: DataFusionError| AnalyzeError::query(format!("view {name}"), error);
        let frame = self.context.sql_with_options(sql, read_only()).await.map_err(failed)?;
        let view = ViewTable::new(frame.into_unoptimized_plan(), Some(sql.to_owned()));
        self.context.register_table(name, Arc::new(view)).map_err(failed)?;
        Ok(())
    }
}

/// Queries and `explain` only.
pub(crate) fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

pub(crate) fn context() -> SessionContext {
    let mut config = SessionConfig::new().with_information_schema(true);
    let options = config.options_mut();
    // Text keeps the type the lake wrote: what detections return is checked.
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.parquet.schema_force_view_types = false;
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.collect_statistics = false;
    // A hash join that waits for the filter of a partition that nobody polls
    // any more waits forever (apache/datafusion#21625; seen with 55.2 on a
    // small lake).
    options.optimizer.enable_join_dynamic_filter_pushdown = false;
    options.execution.time_zone = Some("UTC".to_owned());
    SessionContext::new_with_config(config)
}

pub(crate) fn register(
    context: &SessionContext,
    schema: &'static TableSchema,
    table: Option<&LakeTable>,
) -> Result<(), AnalyzeError> {
    let failed =
        |error: DataFusionError| AnalyzeError::query(format!("table {}", schema.name), error);
    let provider: Arc<dyn TableProvider> = if let Some(table) = table {
        Arc::new(LakeTableProvider::new(context, table)?)
    } else {
        Arc::new(MemTable::try_new(schema.arrow(), vec![vec![]]).map_err(failed)?)
    };
    let provider =
        if schema.name == EVENTS.name { with_actions(provider).map_err(failed)? } else { provider };
    context.register_table(schema.name, provider).map_err(failed)?;
    Ok(())
}

/// Registers `usage`, and beside it the events that it has not counted yet, so
/// that the view over both is right whoever counts when.
async fn register_usage(
    context: &SessionContext,
    usage: Option<&LakeTable>,
    events: Option<&LakeTable>,
) -> Result<(), AnalyzeError> {
    let name = "events_not_in_usage";
    let failed = |error: DataFusionError| AnalyzeError::query(format!("table {name}"), error);
    let Some(events) = events else {
        register(context, &USAGE, None)?;
        let empty = MemTable::try_new(EVENTS.arrow(), vec![vec![]]).map_err(failed)?;
        context.register_table(name, Arc::new(empty)).map_err(failed)?;
        return Ok(());
    };
    let uncounted = uncounted(events, usage).await?;
    register(context, &USAGE, usage.filter(|_| !uncounted.from_the_start))?;
    let files = LakeTableProvider::of_files(context, events, uncounted.files)?;
    context.register_table(name, Arc::new(files)).map_err(failed)?;
    Ok(())
}

/// `events` with the column that tells which of them are copies of one call.
/// It is not stored: random text is the dearest kind there is.
fn with_actions(events: Arc<dyn TableProvider>) -> Result<Arc<dyn TableProvider>, DataFusionError> {
    let stored: Vec<Expr> =
        events.schema().fields().iter().map(|field| ident(field.name())).collect();
    let action = coalesce(vec![ident("shared_event_id"), ident("event_id")]).alias("action_id");
    let plan = LogicalPlanBuilder::scan(EVENTS.name, provider_as_source(events), None)?
        .project(stored.into_iter().chain([action]))?
        .build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}
