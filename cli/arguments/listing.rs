//! Arguments of a **listing**: which keys, grants or actors, and in what form.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use super::{AnswerFormat, Duration, LakeArgument, duration};

/// What every listing takes.
#[derive(Debug, Args)]
pub(crate) struct ListingArguments {
    #[command(flatten)]
    pub(crate) lake: LakeArgument,
    /// Count days back from this time [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<DateTime<Utc>>,
    /// List this many at most [default: 200 in a table, else all]
    #[arg(long, value_name = "ROWS")]
    pub(crate) limit: Option<NonZeroUsize>,
    /// Form of the list; all but table have every column
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: AnswerFormat,
    /// Write the list to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// keytrail.toml: what is ours and whom we trust [default: ./keytrail.toml if there]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArguments {
    /// Part of an ARN, a key id, or an alias
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Keys of this account
    #[arg(long, value_name = "ACCOUNT_ID")]
    pub(crate) account: Option<String>,
    /// Keys of this Region
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Keys in this state
    #[arg(long, value_enum)]
    pub(crate) state: Option<KeyState>,
    /// Keys managed by a customer, by AWS, or nobody knows by whom
    #[arg(long, value_enum)]
    pub(crate) manager: Option<KeyManager>,
    /// Keys without a cryptographic call for so long, such as 90d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) unused_for: Option<Duration>,
    #[command(flatten)]
    pub(crate) listing: ListingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct GrantsArguments {
    /// Part of a key's ARN, a key id, or an alias
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Grants made by this actor: a part of its ARN, or a pattern with *
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// Grants to this principal: a part of it, or a pattern with *
    #[arg(long, value_name = "PRINCIPAL")]
    pub(crate) grantee: Option<String>,
    /// Grants of which the lake shows no end
    #[arg(long)]
    pub(crate) open: bool,
    /// Grants made at least so long ago, such as 90d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) older_than: Option<Duration>,
    /// Grants made through a service or granted to one
    #[arg(long, conflicts_with = "direct")]
    pub(crate) service_made: bool,
    /// All other grants
    #[arg(long)]
    pub(crate) direct: bool,
    #[command(flatten)]
    pub(crate) listing: ListingArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ActorsArguments {
    /// Part of a key's ARN, a key id, or an alias
    #[arg(long)]
    pub(crate) key: Option<String>,
    /// Part of an actor's ARN, or a pattern with *
    #[arg(long)]
    pub(crate) actor: Option<String>,
    /// Actors of this kind
    #[arg(long, value_enum)]
    pub(crate) kind: Option<ActorKind>,
    /// Actors that did this on the key
    #[arg(long, value_enum)]
    pub(crate) role: Option<KeyRole>,
    /// Actors that called the key within this time, such as 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) active_within: Option<Duration>,
    /// Actors that have not called the key for so long, such as 90d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) idle_for: Option<Duration>,
    #[command(flatten)]
    pub(crate) listing: ListingArguments,
}

/// State of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyState {
    Enabled,
    Disabled,
    PendingImport,
    PendingDeletion,
    Deleted,
    Unknown,
}

/// Who manages a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyManager {
    Customer,
    Aws,
    Unknown,
}

/// Kind of an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActorKind {
    Person,
    Workload,
    Service,
    Unknown,
}

/// What an actor does on a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyRole {
    Creator,
    Administrator,
    User,
    GrantManager,
}
