//! **Shared views**: what several detections of a run read, worked out once.
//!
//! A view is planned and run anew for every query that names it. These are
//! functions of all that ever changed keys, grants and policies, which no window
//! bounds: a dozen detections that read the history of grants read it a dozen
//! times.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider as _, CatalogProviderList as _, MemoryCatalogProvider,
    MemoryCatalogProviderList, MemorySchemaProvider, SchemaProvider, TableProvider,
};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use futures::StreamExt as _;

use super::Detection;

/// Views that are worth it.
const VIEWS: [&str; 3] = ["grants", "key_policies", "policy_statements"];

/// One reader has nobody to share with.
const READERS_MIN: usize = 2;

/// A view with more than this stays one: memory is bounded.
const BYTES_MAX: usize = 128 << 20;

/// The context that these detections are judged in: `context`, with the views
/// that several of them read as tables. What does not work out stays a view, and
/// whoever reads it says why.
pub(crate) async fn context(context: &SessionContext, detections: &[Detection]) -> SessionContext {
    let mut tables: BTreeMap<&str, Arc<dyn TableProvider>> = BTreeMap::new();
    for view in VIEWS {
        let judged = detections.iter().filter(|detection| detection.enabled);
        if judged.filter(|detection| reads(context, detection, view)).count() < READERS_MIN {
            continue;
        }
        match worked_out(context, view).await {
            Ok(Some(table)) => {
                tables.insert(view, table);
            }
            Ok(None) => tracing::debug!(view, "too large to be held"),
            Err(error) => tracing::debug!(view, %error, "cannot be worked out"),
        }
    }
    if tables.is_empty() {
        return context.clone();
    }
    match beside(context, tables).await {
        Ok(shared) => shared,
        Err(error) => {
            tracing::debug!(%error, "views are not shared");
            context.clone()
        }
    }
}

/// Whether the detection names this table.
fn reads(context: &SessionContext, detection: &Detection, name: &str) -> bool {
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    state
        .sql_to_statement(&detection.text, &dialect)
        .and_then(|statement| state.resolve_table_references(&statement))
        .is_ok_and(|references| references.iter().any(|reference| reference.table() == name))
}

/// The rows of a view; none if they are too many.
async fn worked_out(context: &SessionContext, view: &str) -> Result<Option<Arc<MemTable>>> {
    let frame = context.table(view).await?;
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let mut rows = frame.execute_stream().await?;
    let (mut batches, mut bytes) = (Vec::new(), 0);
    while let Some(batch) = rows.next().await {
        let batch = batch?;
        bytes += batch.get_array_memory_size();
        if bytes > BYTES_MAX {
            return Ok(None);
        }
        batches.push(batch);
    }
    Ok(Some(Arc::new(MemTable::try_new(schema, vec![batches])?)))
}

/// A context of its own with the same tables, but for these.
async fn beside(
    context: &SessionContext,
    tables: BTreeMap<&str, Arc<dyn TableProvider>>,
) -> Result<SessionContext> {
    let state = context.state();
    let names = state.config_options().catalog.clone();
    let schema = MemorySchemaProvider::new();
    let known = state
        .catalog_list()
        .catalog(&names.default_catalog)
        .and_then(|catalog| catalog.schema(&names.default_schema));
    if let Some(known) = known {
        for name in known.table_names() {
            if let Some(table) = known.table(&name).await?
                && !tables.contains_key(name.as_str())
            {
                schema.register_table(name, table)?;
            }
        }
    }
    for (name, table) in tables {
        schema.register_table(name.to_owned(), table)?;
    }
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(&names.default_schema, Arc::new(schema))?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(names.default_catalog, Arc::new(catalog));
    let state =
        SessionStateBuilder::new_from_existing(state).with_catalog_list(Arc::new(catalogs)).build();
    Ok(SessionContext::new_with_state(state))
}
