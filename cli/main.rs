//! `keytrail`: a queryable history of every KMS key, and what is risky in it.
//!
//! A thin shell: each command is a file in `command/`, output formats are in
//! `output/`, and everything else is in the two libraries.

mod arguments;
mod command;
mod output;
mod simulate;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// It ran, and there is nothing to act on.
    Nothing,
    /// There are findings at or above the threshold.
    Findings,
    /// Something failed or was skipped, whatever was found.
    Incomplete,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Nothing => 0,
            ExitStatus::Findings => 1,
            ExitStatus::Incomplete => 2,
        })
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_log();
    pass_over_ended_uploads();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            anstream::eprintln!("error: cannot start: {error}");
            return ExitStatus::Incomplete.into();
        }
    };
    match runtime.block_on(run(arguments.command)) {
        Ok(status) => status.into(),
        // A reader that has seen enough, such as `head`, is no failure.
        Err(error) if is_broken_pipe(&error) => ExitStatus::Nothing.into(),
        Err(error) => {
            let text = output::text::terminal(&output::text::explained(error.as_ref()));
            anstream::eprintln!(
                "{}error:{} {text}",
                output::text::BAD.render(),
                output::text::BAD.render_reset()
            );
            ExitStatus::Incomplete.into()
        }
    }
}

async fn run(command: Command) -> anyhow::Result<ExitStatus> {
    match command {
        Command::Demo(arguments) => command::demo::run(arguments).await,
        Command::Simulate(arguments) => command::simulate::run(&arguments),
        Command::Ingest(arguments) => command::ingest::run(arguments).await,
        Command::Sql(arguments) => command::sql::run(arguments).await,
        Command::Keys(arguments) => command::keys::run(&arguments).await,
        Command::Grants(arguments) => command::grants::run(&arguments).await,
        Command::Actors(arguments) => command::actors::run(&arguments).await,
        Command::Detect(arguments) => command::detect::run(arguments).await,
        Command::Findings(arguments) => command::findings::run(&arguments).await,
        Command::Alerts(arguments) => command::alerts::run(arguments).await,
        Command::Detections(arguments) => command::detections::run(arguments).await,
        Command::Config(arguments) => command::config::run(arguments).await,
        Command::Compact(arguments) => command::compact::run(&arguments).await,
        Command::Usage(arguments) => command::usage::run(&arguments).await,
        Command::Vacuum(arguments) => command::vacuum::run(&arguments).await,
        Command::Docs(arguments) => command::docs::run(&arguments).await,
    }
}

/// Log lines go to stderr, and only when `KEYTRAIL_LOG` asks for them.
fn start_log() {
    let Ok(filter) = std::env::var("KEYTRAIL_LOG") else {
        return;
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// A file that cannot be written, on a full disk for instance, makes deltalake
/// end the upload by a panic that it catches (`upload_parquet_file`). The error
/// is reported by us; nobody needs to read about the panic as well.
fn pass_over_ended_uploads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let file = panic.location().map_or("", std::panic::Location::file);
        if !(file.contains("object_store") && file.ends_with("buffered.rs")) {
            usual(panic);
        }
    }));
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
