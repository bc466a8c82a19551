//! The **log**: a line of JSON for each thing worth saying, with the request's
//! id. Libraries of others speak of what goes wrong only: what they say beyond
//! that may hold text that nobody should see in a log.

use std::io::Write as _;

use tracing::Level;
use tracing_subscriber::EnvFilter;

/// Crates of ours.
const OURS: [&str; 4] = ["bootstrap", "keytrail_lambda", "analyze", "ingest"];

/// Starts logging to standard output, where Lambda takes it from.
pub fn start(level: Level) {
    let level = level.as_str().to_lowercase();
    let filter =
        OURS.iter().fold("warn".to_owned(), |filter, name| format!("{filter},{name}={level}"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_ansi(false)
        .with_env_filter(EnvFilter::new(filter))
        .finish();
    // A second start in one process leaves the first one's log as it is.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes a line that is none of the log's, such as metrics.
pub(crate) fn write_line(line: &str) {
    let mut output = std::io::stdout().lock();
    if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
        tracing::warn!(%error, "standard output is closed");
    }
}
