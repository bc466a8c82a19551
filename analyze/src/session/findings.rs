//! The log of **findings** alone, at one version: for those who decide from it
//! what they add to it next.

use ingest::LakeTable;

use super::table::LakeTableProvider;
use super::{Session, context};
use crate::configuration::Configuration;
use crate::error::AnalyzeError;
use crate::queries;

impl Session {
    /// Opens the version that `findings` stands at, its rows from `first_month`
    /// on, and the views named, which read no other table of the lake.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub(crate) async fn of_findings(
        findings: &LakeTable,
        first_month: &str,
        views: &[&str],
        configuration: &Configuration,
    ) -> Result<Self, AnalyzeError> {
        let context = context();
        let mut files = findings.files()?;
        files.retain(|file| {
            let month = file.partition_values.get("month").cloned().flatten();
            month.is_none_or(|month| month.as_str() >= first_month)
        });
        let name = findings.schema().name;
        let provider = LakeTableProvider::of_files(&context, findings, files)?;
        context
            .register_table(name, std::sync::Arc::new(provider))
            .map_err(|error| AnalyzeError::query(format!("table {name}"), error))?;
        let session = Self { context, events: None, own_accounts_inferred: false };
        session.add_routes(configuration)?;
        for (name, sql) in queries::VIEWS.iter().filter(|(name, _)| views.contains(name)) {
            session.add_view(name, sql).await?;
        }
        Ok(session)
    }
}
