//! `keytrail detections new`: a detection to begin with, and its fixture.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::ExitStatus;
use crate::arguments::DetectionKind;
use crate::output::text::{HEAD, say, terminal};

/// Stands for the id in a template.
const ID: &str = "%ID%";

pub(super) fn run(id: &str, kind: DetectionKind, folder: &Path) -> Result<ExitStatus> {
    let allowed = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    ensure!(
        id.starts_with(|letter: char| letter.is_ascii_lowercase())
            && id.bytes().all(|letter| allowed(letter) || letter == b'_'),
        "{id:?} is no id: take small letters, digits and _, such as key_tagged_by_person"
    );
    let (sql, events) = template(kind);
    let query = folder.join(format!("{id}.sql"));
    let fixture = folder.join(format!("{id}.events.jsonl"));
    for path in [&query, &fixture] {
        ensure!(!path.exists(), "{} is there already: choose another id", path.display());
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    write(&query, &sql.replace(ID, id))?;
    write(&fixture, events)?;
    let shown = terminal(&folder.display().to_string());
    say!("wrote {HEAD}{}{HEAD:#}", terminal(&query.display().to_string()));
    say!("wrote {HEAD}{}{HEAD:#}", terminal(&fixture.display().to_string()));
    say!("\nIt is a whole detection. Make it yours:");
    say!("  1. Say in the header what it means, and change the query.");
    say!("  2. Change the records: what must be found, and near misses that must not.");
    say!("  3. keytrail detections test {shown} --detection {id} --bless");
    say!("     and read {id}.expected.jsonl as if somebody else had written it.");
    say!("  4. keytrail detect --detections {shown} --detection {id} --since 30d");
    Ok(ExitStatus::Nothing)
}

fn template(kind: DetectionKind) -> (&'static str, &'static str) {
    macro_rules! template {
        ($name:literal) => {
            (
                include_str!(concat!("../../templates/", $name, ".sql")),
                include_str!(concat!("../../templates/", $name, ".events.jsonl")),
            )
        };
    }
    match kind {
        DetectionKind::Event => template!("event"),
        DetectionKind::State => template!("state"),
        DetectionKind::Absence => template!("absence"),
    }
}

/// Writes a new file: one that came in between is left alone.
fn write(path: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}
