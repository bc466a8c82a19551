//! `keytrail config`: what the owner of the lake trusts, checked and proposed.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use analyze::{Configuration, Session, propose};
use anyhow::{Context as _, Result, bail};
use ingest::Lake;

use super::detect::all;
use super::{now, open};
use crate::ExitStatus;
use crate::arguments::{ConfigArguments, ConfigCommand};
use crate::output::text::{BAD, HEAD, WARN, count, data, say, terminal};

pub(crate) async fn run(arguments: ConfigArguments) -> Result<ExitStatus> {
    match arguments.command {
        ConfigCommand::Check { file, lake, detections } => {
            check(&file, lake.as_deref(), detections.as_deref()).await
        }
        ConfigCommand::Init { lake, output, force } => init(&lake.lake, &output, force).await,
    }
}

async fn check(file: &Path, lake: Option<&str>, folder: Option<&Path>) -> Result<ExitStatus> {
    let (configuration, mut review) =
        Configuration::review(file, &all(folder)?, now().timestamp_micros())?;
    if let (Some(configuration), Some(lake)) = (&configuration, lake) {
        review.warnings.extend(configuration.compare(&opened(lake).await?).await?);
    }
    let name = terminal(&file.display().to_string());
    for error in &review.errors {
        say!("{BAD}error:{BAD:#} {}", terminal(error));
    }
    for warning in &review.warnings {
        say!("{WARN}warning:{WARN:#} {}", terminal(warning));
    }
    let warnings = count(review.warnings.len() as u64, "warning");
    if review.errors.is_empty() {
        say!("{HEAD}{name}{HEAD:#} can be used: {warnings}");
        Ok(ExitStatus::Nothing)
    } else {
        let errors = count(review.errors.len() as u64, "error");
        say!("{HEAD}{name}{HEAD:#} cannot be used: {errors}, {warnings}");
        Ok(ExitStatus::Incomplete)
    }
}

async fn init(lake: &str, output: &Path, force: bool) -> Result<ExitStatus> {
    let text = propose(&opened(lake).await?).await?;
    if output == Path::new("-") {
        data(text.trim_end())?;
        return Ok(ExitStatus::Nothing);
    }
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let name = terminal(&output.display().to_string());
    let mut file = match options.open(output) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!(
                "{name} is there already: choose another file with -o, or overwrite it with --force"
            )
        }
        Err(error) => return Err(error).with_context(|| format!("cannot write {name}")),
    };
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {name}"))?;
    anstream::eprintln!(
        "wrote {HEAD}{name}{HEAD:#}: read and edit it, then keytrail config check {name} --lake {}",
        terminal(lake)
    );
    Ok(ExitStatus::Nothing)
}

/// The lake as it is, without a configuration.
async fn opened(uri: &str) -> Result<Session> {
    open(&Lake::at(uri).await?, &Configuration::default()).await
}
