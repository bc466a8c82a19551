//! A **route**: one kind of alert that a configured sink takes. The view `alerts`
//! asks the routes where an alert may go.

use super::Session;
use crate::configuration::{Configuration, like};
use crate::error::AnalyzeError;
use crate::finding::Severity;

impl Session {
    /// Adds the table `alert_routes`: for each sink the severities, accounts and
    /// patterns of detections that are sent there.
    pub(super) fn add_routes(&self, configuration: &Configuration) -> Result<(), AnalyzeError> {
        let any = || "*".to_owned();
        let mut routes = Vec::new();
        for sink in &configuration.sinks {
            let severities = Severity::ALL.into_iter().filter(|known| *known >= sink.min_severity);
            for severity in severities {
                for account in or(&sink.accounts, any()) {
                    for detection in or(&sink.detections, any()) {
                        let severity = severity.name().to_owned();
                        let detection = like(&detection);
                        routes.push([sink.name.clone(), severity, account.clone(), detection]);
                    }
                }
            }
        }
        let columns = ["sink", "severity", "account_id", "detection_like"];
        self.add_text_table("alert_routes", &columns, routes.into_iter())
    }
}

/// The values, or one that stands for all.
fn or(values: &[String], all: String) -> Vec<String> {
    if values.is_empty() { vec![all] } else { values.to_vec() }
}
