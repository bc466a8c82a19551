//! Arguments of `keytrail alerts`.

use std::path::PathBuf;

use analyze::Severity;
use clap::{Args, Subcommand, ValueEnum};

use super::{Duration, LakeArgument, ListingArguments, SummaryFormat, duration};

#[derive(Debug, Args)]
pub(crate) struct AlertsArguments {
    #[command(subcommand)]
    pub(crate) command: AlertsCommand,
}

#[derive(Debug, Args)]
pub(crate) struct AlertsListArguments {
    /// Alerts that stand so
    #[arg(long, value_enum)]
    pub(crate) state: Option<AlertState>,
    /// Alerts to this sink
    #[arg(long, value_name = "NAME")]
    pub(crate) sink: Option<String>,
    /// Alerts of this detection: a part of its id, or a pattern with *
    #[arg(long, value_name = "ID")]
    pub(crate) detection: Option<String>,
    /// Alerts of exactly this severity
    #[arg(long)]
    pub(crate) severity: Option<Severity>,
    /// Alerts raised within this time, such as 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) raised_within: Option<Duration>,
    #[command(flatten)]
    pub(crate) listing: ListingArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// List alerts with what became of each at each sink
    List(AlertsListArguments),
    /// Send what is due: new alerts, and those whose wait is over
    ///
    /// Exit status: 0 all that was sent arrived, 2 something did not.
    Deliver(DeliverArguments),
    /// Send a test alert, marked as one, and say what came of it
    Test {
        /// Send it to this sink only; may be given more than once
        #[arg(long, value_name = "NAME")]
        sink: Vec<String>,
        /// keytrail.toml with the sinks [default: ./keytrail.toml if there]
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Make dead letters due again, and send them
    Retry {
        /// Those to this sink only
        #[arg(long, value_name = "NAME")]
        sink: Option<String>,
        #[command(flatten)]
        deliver: DeliverArguments,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DeliverArguments {
    #[command(flatten)]
    pub(crate) lake: LakeArgument,
    /// keytrail.toml with the sinks [default: ./keytrail.toml if there]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: SummaryFormat,
}

/// How an alert stands at a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AlertState {
    Due,
    Claimed,
    Delivered,
    Failed,
    Dead,
    NotWanted,
}
