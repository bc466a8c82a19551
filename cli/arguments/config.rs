//! Arguments of `keytrail config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::LakeArgument;

#[derive(Debug, Args)]
pub(crate) struct ConfigArguments {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say what is wrong with a configuration, all at once
    ///
    /// Exit status: 0 it can be used, 2 it cannot.
    Check {
        /// The file
        #[arg(default_value = "keytrail.toml")]
        file: PathBuf,
        /// Compare it with this lake too: folder or s3://bucket/prefix
        #[arg(long, env = "KEYTRAIL_LAKE", value_name = "URI")]
        lake: Option<String>,
        /// Know the detections of this folder too
        #[arg(long, value_name = "FOLDER")]
        detections: Option<PathBuf>,
    },
    /// Propose a configuration from what the lake has seen, for you to edit
    Init {
        #[command(flatten)]
        lake: LakeArgument,
        /// File to write to; `-` is standard output
        #[arg(short, long, default_value = "keytrail.toml", value_name = "FILE")]
        output: PathBuf,
        /// Overwrite the file if it is there
        #[arg(long)]
        force: bool,
    },
}
