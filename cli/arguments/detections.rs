//! Arguments of `keytrail detections`.

use std::path::PathBuf;

use analyze::Setting;
use clap::{Args, Subcommand, ValueEnum};

use super::ListFormat;

#[derive(Debug, Args)]
pub(crate) struct DetectionsArguments {
    #[command(subcommand)]
    pub(crate) command: DetectionsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DetectionsCommand {
    /// List all detections
    List {
        /// List those of this folder too
        #[arg(long, value_name = "FOLDER")]
        detections: Option<PathBuf>,
        /// Form of the list
        #[arg(long, value_enum, default_value_t)]
        format: ListFormat,
    },
    /// Show one detection: what it means, its parameters in force, its SQL
    Show(ShowArguments),
    /// Start a detection: its SQL and its fixture, to be changed into what you need
    New {
        /// Its id: small letters, digits and _
        id: String,
        /// How it judges
        #[arg(long, value_enum, default_value_t)]
        kind: DetectionKind,
        /// Folder to write to
        #[arg(
            short = 'd',
            long = "detections",
            default_value = "detections",
            value_name = "FOLDER"
        )]
        folder: PathBuf,
    },
    /// Test the detections of a folder on the fixtures beside them
    Test {
        /// Folder of detections
        #[arg(default_value = "queries/detections")]
        folder: PathBuf,
        /// Only this detection; may be given more than once
        #[arg(long, value_name = "ID")]
        detection: Vec<String>,
        /// Write what is found as what is expected; read the diff
        #[arg(long)]
        bless: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Its id
    pub(crate) id: String,
    /// Look in this folder too
    #[arg(long, value_name = "FOLDER")]
    pub(crate) detections: Option<PathBuf>,
    /// keytrail.toml: parameters to show beside the defaults [default: ./keytrail.toml if there]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Another parameter, such as stale_grant.stale_after=120d; may be given more than once
    #[arg(long, value_name = "ID.PARAMETER=VALUE")]
    pub(crate) set: Vec<Setting>,
    /// Form of the description
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

/// How a new detection judges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum DetectionKind {
    /// What happened in the window
    #[default]
    Event,
    /// How things stand at the window's end
    State,
    /// What only silence shows
    Absence,
}
