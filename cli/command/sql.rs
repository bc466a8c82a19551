//! `keytrail sql`: one question, or a shell.

use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use analyze::{Described, Session};
use anyhow::{Context as _, Result, bail, ensure};
use ingest::Lake;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;

use super::configuration;
use crate::ExitStatus;
use crate::arguments::{AnswerFormat, SqlArguments};
use crate::output::answer::{self, plain_table};
use crate::output::text::{BAD, FAINT, HEAD, count, explained, terminal};

pub(crate) async fn run(arguments: SqlArguments) -> Result<ExitStatus> {
    let lake = Lake::at(&arguments.lake.lake).await?;
    let session = Session::open(&lake, &configuration(arguments.config.as_deref())?).await?;
    ensure!(
        session.events_version().is_some(),
        "there is no lake at {}: make one with keytrail ingest",
        lake.uri()
    );
    let query = match (&arguments.query, &arguments.file) {
        (Some(query), _) => query.clone(),
        (None, Some(path)) => std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?,
        (None, None) => return shell(&session, &lake, arguments.format).await,
    };
    let mut out = answer::open(arguments.output.as_deref(), arguments.format)?;
    ask(&session, &query, arguments.format, &mut out).await?;
    Ok(ExitStatus::Nothing)
}

/// Answers one query or `\d`.
async fn ask(
    session: &Session,
    query: &str,
    format: AnswerFormat,
    out: &mut (impl Write + Send),
) -> Result<u64> {
    let query = query.trim().trim_end_matches(';');
    if let Some(rest) = query.strip_prefix("\\d") {
        return describe(session, rest.trim(), out).await;
    }
    let frame = session.query(query).await?;
    let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.execute_stream().await.context("the query failed")?;
    answer::write(batches, schema, format, out).await
}

/// `\d` lists tables and views; `\d NAME` the columns of one, with meanings.
async fn describe(session: &Session, name: &str, out: &mut (impl Write + Send)) -> Result<u64> {
    let all = session.describe().await?;
    let mut table = plain_table();
    if name.is_empty() {
        table.set_header(["name", "kind", "one row is"]);
        for Described { name, kind, row, .. } in &all {
            table.add_row([name.as_str(), kind, row]);
        }
    } else {
        let Some(found) = all.iter().find(|described| described.name == name) else {
            bail!("there is no table or view {name:?}; \\d lists them");
        };
        table.set_header(["column", "type", "meaning"]);
        for (name, label, meaning) in &found.columns {
            table.add_row([name, label, meaning]);
        }
    }
    writeln!(out, "{table}")?;
    out.flush()?;
    Ok(0)
}

async fn shell(session: &Session, lake: &Lake, format: AnswerFormat) -> Result<ExitStatus> {
    let mut editor = DefaultEditor::new()?;
    let history = history_file();
    if let Some(path) = &history {
        // A first start has none yet.
        let _ = editor.load_history(path);
    }
    if std::io::stdin().is_terminal() {
        anstream::eprintln!(
            "{HEAD}{}{HEAD:#}: read-only. \\d lists tables, \\d NAME columns, \\q leaves.",
            terminal(&lake.uri())
        );
    }
    let mut failed = false;
    let mut pending = String::new();
    loop {
        let prompt = if pending.is_empty() { "keytrail> " } else { "      ... " };
        let line = match editor.readline(prompt) {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => {
                pending.clear();
                continue;
            }
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error.into()),
        };
        pending.push_str(&line);
        let query = pending.trim().to_owned();
        if matches!(query.as_str(), "\\q" | "exit" | "quit") {
            break;
        }
        // A query ends with a semicolon, so that it may span lines.
        if !query.is_empty() && !query.starts_with('\\') && !query.ends_with(';') {
            pending.push('\n');
            continue;
        }
        pending.clear();
        if query.is_empty() {
            continue;
        }
        let _ = editor.add_history_entry(&query);
        failed |= !answer_in_shell(session, &query, format).await;
    }
    if let Some(path) = &history {
        save_history(&mut editor, path);
    }
    let scripted = !std::io::stdin().is_terminal();
    Ok(if failed && scripted { ExitStatus::Incomplete } else { ExitStatus::Nothing })
}

/// Answers a query of the shell; says so if that failed.
async fn answer_in_shell(session: &Session, query: &str, format: AnswerFormat) -> bool {
    if query == "\\?" {
        anstream::eprintln!("a query ends with ;   \\d tables   \\d NAME columns   \\q leave");
        return true;
    }
    match ask(session, query, format, &mut BufWriter::new(std::io::stdout())).await {
        Ok(0) => true,
        Ok(rows) => {
            anstream::eprintln!("{FAINT}{}{FAINT:#}", count(rows, "row"));
            true
        }
        Err(error) => {
            anstream::eprintln!("{BAD}error:{BAD:#} {}", terminal(&explained(error.as_ref())));
            false
        }
    }
}

fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).or_else(|| {
        std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"))
    })?;
    Some(state.join("keytrail/history"))
}

/// History is a comfort: a folder that cannot be written costs nothing else.
fn save_history(editor: &mut DefaultEditor, path: &Path) {
    if let Some(folder) = path.parent() {
        let _ = std::fs::create_dir_all(folder);
    }
    let _ = editor.save_history(path);
}
