//! Arguments of `keytrail findings`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use analyze::Severity;
use clap::{Args, Subcommand, ValueEnum};

use super::{AnswerFormat, Duration, ListFormat, duration};

#[derive(Debug, Args)]
pub(crate) struct FindingsArguments {
    /// Folder or s3://bucket/prefix of the lake
    #[arg(long, global = true, env = "KEYTRAIL_LAKE", value_name = "URI")]
    pub(crate) lake: Option<String>,
    /// keytrail.toml: what is ours and whom we trust [default: ./keytrail.toml if there]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<FindingsCommand>,
    /// Matters in this state
    #[arg(long, value_enum, default_value_t)]
    pub(crate) state: MatterState,
    /// Matters of this detection
    #[arg(long, value_name = "ID")]
    pub(crate) detection: Option<String>,
    /// Matters of this severity and above
    #[arg(long, default_value = "info", value_name = "SEVERITY")]
    pub(crate) min_severity: Severity,
    /// Part of a key's ARN, a key id, or an alias
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Part of an actor's ARN, or a pattern with *
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// Matters seen within this time, such as 24h or 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) since: Option<Duration>,
    /// List this many at most [default: 200 in a table, else all]
    #[arg(long, value_name = "ROWS")]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Form of the list; all but table have every column
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: AnswerFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FindingsCommand {
    /// Show one matter, and what became of it
    Show {
        /// Its fingerprint, or enough of its beginning
        fingerprint: String,
        /// Form of the answer
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
}

/// How things are with a matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum MatterState {
    #[default]
    Open,
    Closed,
    Suppressed,
    Historical,
    All,
}
