//! **Arguments**: what can be typed.

mod alerts;
mod config;
mod detections;
mod findings;
mod listing;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use analyze::{Setting, Severity};
use bytesize::ByteSize;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use ingest::{MEMORY_LIMIT_BYTES_MIN, MemoryBudget};

pub(crate) use alerts::{AlertsArguments, AlertsCommand, AlertsListArguments, DeliverArguments};
pub(crate) use config::{ConfigArguments, ConfigCommand};
pub(crate) use detections::{DetectionKind, DetectionsArguments, DetectionsCommand, ShowArguments};
pub(crate) use findings::{FindingsArguments, FindingsCommand, MatterState};
pub(crate) use listing::{
    ActorsArguments, GrantsArguments, KeyManager, KeyRole, KeysArguments, ListingArguments,
};

use crate::simulate::Partition;

/// A queryable history of every AWS KMS key, and what is risky in it.
///
/// Exit status: 0 nothing found, 1 findings, 2 something failed or was skipped.
#[derive(Debug, Parser)]
#[command(name = "keytrail", version, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// See it all at once on a simulated trail: no AWS account needed
    Demo(DemoArguments),
    /// Write a realistic CloudTrail folder with labelled incidents
    Simulate(SimulateArguments),
    /// Read CloudTrail logs into the lake
    Ingest(IngestArguments),
    /// Ask the lake in SQL
    Sql(SqlArguments),
    /// List keys: their state, who manages them, when they were last used
    Keys(KeysArguments),
    /// List grants: who may use which key, since when, by whose doing
    Grants(GrantsArguments),
    /// List who did what on which key
    Actors(ActorsArguments),
    /// Judge a window of time and show findings
    Detect(DetectArguments),
    /// List what was found: what is open, over, accepted or old
    Findings(FindingsArguments),
    /// List what was sent where; send what is due; try the sinks
    Alerts(AlertsArguments),
    /// List, show, test and start detections
    Detections(DetectionsArguments),
    /// Check keytrail.toml, or propose one from the lake
    Config(ConfigArguments),
    /// Merge the lake's small files into few large ones
    Compact(CompactArguments),
    /// Add up new calls by hour; detect does it, too
    Usage(UsageArguments),
    /// Delete files of the lake that nobody needs any more
    Vacuum(VacuumArguments),
    /// Write the generated pages of the user guide
    #[command(hide = true)]
    Docs(DocsArguments),
}

/// Where the lake is.
#[derive(Debug, Clone, Args)]
pub(crate) struct LakeArgument {
    /// Folder or s3://bucket/prefix of the lake
    #[arg(long, env = "KEYTRAIL_LAKE", value_name = "URI")]
    pub(crate) lake: String,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Folder to keep the trail and the lake in [default: a new temporary one]
    pub(crate) folder: Option<PathBuf>,
    /// CloudTrail records to simulate
    #[arg(long, default_value_t = 100_000)]
    pub(crate) events: u64,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// New or empty folder to write to
    pub(crate) folder: PathBuf,
    /// CloudTrail records in all, approximately
    #[arg(long, default_value_t = 100_000)]
    pub(crate) events: u64,
    /// Days of history
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: u32,
    /// Accounts
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=500))]
    pub(crate) accounts: u32,
    /// Part of the records that is about KMS, 0 to 1
    #[arg(long, default_value_t = 0.4, value_parser = share)]
    pub(crate) kms_share: f64,
    /// The same seed and end give the same folder, byte for byte
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// aws, aws-us-gov or aws-cn
    #[arg(long, default_value = "aws")]
    pub(crate) partition: Partition,
    /// End of the simulated time, such as 2026-11-01T00:00:00Z [default: the current hour]
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<DateTime<Utc>>,
    /// Lay the folder out as an organization trail does
    #[arg(long)]
    pub(crate) organization: bool,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: SummaryFormat,
}

#[derive(Debug, Args)]
pub(crate) struct IngestArguments {
    /// Files, folders, s3://bucket/prefix, or - for standard input
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<String>,
    #[command(flatten)]
    pub(crate) lake: LakeArgument,
    /// Keep all records of this service too, such as s3; `*` keeps everything
    #[arg(long, value_name = "SERVICE")]
    pub(crate) keep: Vec<String>,
    /// Read objects again that an earlier run has read
    #[arg(long)]
    pub(crate) reread: bool,
    /// List folders in S3 from their beginning, not from where the last run left off
    #[arg(long)]
    pub(crate) relist: bool,
    /// Take each source for one object, s3://bucket/key, and list nothing
    #[arg(long, conflicts_with = "relist")]
    pub(crate) objects: bool,
    /// Pass over objects that CloudTrail delivered before, such as 2026-11-01 or 2026-11-01T12:00:00Z
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub(crate) delivered_from: Option<DateTime<Utc>>,
    /// Threads that decode [default: one a core]
    #[arg(long)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Hold this much memory at most, such as 300MiB [default: about 400MiB]
    #[arg(long, value_name = "SIZE", value_parser = memory_limit)]
    pub(crate) memory_limit: Option<MemoryBudget>,
    /// Commit after so many new events: fewer take less memory and make more files [default: 250000]
    #[arg(long, value_name = "EVENTS")]
    pub(crate) unit_events: Option<NonZeroUsize>,
    /// Refuse objects with more stored bytes
    #[arg(long, default_value_t = 256 << 20, value_name = "BYTES")]
    pub(crate) max_object_bytes: u64,
    /// Refuse objects that inflate to more bytes
    #[arg(long, default_value_t = 256 << 20, value_name = "BYTES")]
    pub(crate) max_document_bytes: u64,
    /// Skip records with more bytes
    #[arg(long, default_value_t = 8 << 20, value_name = "BYTES")]
    pub(crate) max_record_bytes: usize,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: SummaryFormat,
}

#[derive(Debug, Args)]
pub(crate) struct SqlArguments {
    /// The query; without one, a shell
    pub(crate) query: Option<String>,
    #[command(flatten)]
    pub(crate) lake: LakeArgument,
    /// Read the query from a file
    #[arg(short, long, conflicts_with = "query", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: AnswerFormat,
    /// Write the answer to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// keytrail.toml: what is ours and whom we trust
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct DetectArguments {
    #[command(flatten)]
    pub(crate) lake: LakeArgument,
    /// Judge what is new since the last run, record what became of findings, and show only news
    #[arg(long, conflicts_with_all = ["since", "from", "to", "detection"])]
    pub(crate) new: bool,
    /// Record what became of findings, as --new does
    #[arg(long)]
    pub(crate) record: bool,
    /// Judge this long before now, such as 24h or 7d [default: 24h]
    #[arg(long, conflicts_with_all = ["from", "to"], value_parser = duration)]
    pub(crate) since: Option<Duration>,
    /// Start of the window, inclusive, such as 2026-11-01T00:00:00Z
    #[arg(long, requires = "to", value_name = "TIME")]
    pub(crate) from: Option<DateTime<Utc>>,
    /// End of the window, exclusive
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<DateTime<Utc>>,
    /// Run this detection only; may be given more than once
    #[arg(long, value_name = "ID")]
    pub(crate) detection: Vec<String>,
    /// Run the detections of this folder too
    #[arg(long, value_name = "FOLDER")]
    pub(crate) detections: Option<PathBuf>,
    /// Show findings of this severity and above
    #[arg(long, default_value = "info", value_name = "SEVERITY")]
    pub(crate) min_severity: Severity,
    /// Exit with 1 for findings of this severity and above
    #[arg(long, default_value = "low", value_name = "SEVERITY")]
    pub(crate) fail_on: Severity,
    /// keytrail.toml: what is ours and whom we trust [default: ./keytrail.toml if there]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Judge with another parameter, such as stale_grant.stale_after=120d; may be given more than
    /// once
    #[arg(long, value_name = "ID.PARAMETER=VALUE")]
    pub(crate) set: Vec<Setting>,
    /// Record what became of findings, as --new does, and send the alerts that are due to the sinks
    /// of the configuration
    #[arg(long)]
    pub(crate) alert: bool,
    /// Form of the findings
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: FindingFormat,
    /// Leave out IP addresses, session names and values of encryption contexts, or hash them with
    /// the key in KEYTRAIL_REDACT_KEY
    #[arg(long)]
    pub(crate) redact: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompactArguments {
    #[command(flatten)]
    pub(crate) lake: LakeArgument,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: SummaryFormat,
}

#[derive(Debug, Args)]
pub(crate) struct UsageArguments {
    #[command(flatten)]
    pub(crate) lake: LakeArgument,
    /// Count everything anew
    #[arg(long)]
    pub(crate) rebuild: bool,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: SummaryFormat,
}

#[derive(Debug, Args)]
pub(crate) struct VacuumArguments {
    #[command(flatten)]
    pub(crate) lake: LakeArgument,
    /// Keep files that were needed this long before now, such as 168h or 30d; 1h at least
    #[arg(long, default_value = "7d", value_parser = duration)]
    pub(crate) retention: Duration,
    /// List the files and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Form of the summary
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: SummaryFormat,
}

#[derive(Debug, Args)]
pub(crate) struct DocsArguments {
    /// Folder to write to
    pub(crate) folder: PathBuf,
}

/// Form of a summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SummaryFormat {
    #[default]
    Text,
    Json,
}

/// Form of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    #[default]
    Table,
    Json,
}

/// Form of findings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum FindingFormat {
    #[default]
    Table,
    Json,
    Ndjson,
    Ocsf,
    Asff,
    Sarif,
}

/// Form of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswerFormat {
    #[default]
    Table,
    Csv,
    Json,
    Ndjson,
    Parquet,
    Markdown,
}

/// A span of time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duration {
    pub(crate) seconds: i64,
}

impl Duration {
    pub(crate) fn micros(self) -> i64 {
        self.seconds * 1_000_000
    }
}

/// As it is typed: `90d`, `12h`, `10m` or `30s`.
impl fmt::Display for Duration {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units: [(i64, char); 3] = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
        let whole = units.into_iter().find(|(seconds, _)| self.seconds % seconds == 0);
        let (seconds, unit) = whole.unwrap_or((1, 's'));
        write!(formatter, "{}{unit}", self.seconds / seconds)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration: give a number and d, h, m or s, such as 24h");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err(wrong()),
    };
    let count: u32 =
        text.strip_suffix(unit).and_then(|count| count.parse().ok()).ok_or_else(wrong)?;
    Ok(Duration { seconds: i64::from(count) * seconds })
}

/// A day, which is its start in UTC, or a time.
fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    text.parse().map_err(|_| {
        format!("{text:?} is no date: give one such as 2026-11-01 or 2026-11-01T12:00:00Z")
    })
}

fn memory_limit(text: &str) -> Result<MemoryBudget, String> {
    let size: ByteSize =
        text.parse().map_err(|_| format!("{text:?} is no size: give one such as 300MiB"))?;
    MemoryBudget::within(size.as_u64()).ok_or_else(|| {
        format!("less than {} is too little", ByteSize::b(MEMORY_LIMIT_BYTES_MIN).display().iec())
    })
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("give a number from 0 to 1".to_owned()),
    }
}
