//! The **command line**: what users type and what they are shown, word for word.

/// Answers in every format.
mod answers;
/// `keytrail.toml`.
mod configuration;
/// Findings.
mod detect;
/// Detections as such.
mod detections;
/// Findings for other tools.
mod export;
/// Hostile text made harmless.
mod harmless;
/// Filters of keys, grants and actors.
mod listing_filters;
/// Keys, grants and actors.
mod listings;
/// Detections begun from a template.
mod new_detection;
/// Detections of a user's own.
mod own_detections;
/// Questions and mistakes.
mod questions;

use insta::assert_snapshot;

use crate::harness::record::{decrypts, document};
use crate::harness::{Here, Said};

/// A lake with a few uses of a key that nothing is wrong with.
fn quiet_lake() -> Here {
    let here = Here::new();
    here.write("logs/a.json", document(&decrypts(0..5)));
    here.ingest(&["logs"]);
    here
}

fn ask(here: &Here, format: &str, query: &str) -> Said {
    here.run(["sql", query, "--lake", "lake", "--format", format])
}

#[test]
fn help_names_every_command() {
    assert_snapshot!(Here::new().run(["--help"]), @r"
    exit code: 0
    ----- stdout -----
    A queryable history of every AWS KMS key, and what is risky in it.

    Exit status: 0 nothing found, 1 findings, 2 something failed or was skipped.

    Usage: keytrail <COMMAND>

    Commands:
      demo        See it all at once on a simulated trail: no AWS account needed
      simulate    Write a realistic CloudTrail folder with labelled incidents
      ingest      Read CloudTrail logs into the lake
      sql         Ask the lake in SQL
      keys        List keys: their state, who manages them, when they were last used
      grants      List grants: who may use which key, since when, by whose doing
      actors      List who did what on which key
      detect      Judge a window of time and show findings
      findings    List what was found: what is open, over, accepted or old
      alerts      List what was sent where; send what is due; try the sinks
      detections  List, show, test and start detections
      config      Check keytrail.toml, or propose one from the lake
      compact     Merge the lake's small files into few large ones
      usage       Add up new calls by hour; detect does it, too
      vacuum      Delete files of the lake that nobody needs any more
      help        Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    ----- stderr -----
    ");
}

#[test]
fn help_of_ingest_names_every_option() {
    assert_snapshot!(Here::new().run(["ingest", "--help"]), @r"
    exit code: 0
    ----- stdout -----
    Read CloudTrail logs into the lake

    Usage: keytrail ingest [OPTIONS] --lake <URI> <SOURCE>...

    Arguments:
      <SOURCE>...  Files, folders, s3://bucket/prefix, or - for standard input

    Options:
          --lake <URI>                  Folder or s3://bucket/prefix of the lake [env: KEYTRAIL_LAKE=]
          --keep <SERVICE>              Keep all records of this service too, such as s3; `*` keeps
                                        everything
          --reread                      Read objects again that an earlier run has read
          --relist                      List folders in S3 from their beginning, not from where the last
                                        run left off
          --objects                     Take each source for one object, s3://bucket/key, and list
                                        nothing
          --delivered-from <DATE>       Pass over objects that CloudTrail delivered before, such as
                                        2026-11-01 or 2026-11-01T12:00:00Z
          --threads <THREADS>           Threads that decode [default: one a core]
          --memory-limit <SIZE>         Hold this much memory at most, such as 300MiB [default: about
                                        400MiB]
          --unit-events <EVENTS>        Commit after so many new events: fewer take less memory and make
                                        more files [default: 250000]
          --max-object-bytes <BYTES>    Refuse objects with more stored bytes [default: 268435456]
          --max-document-bytes <BYTES>  Refuse objects that inflate to more bytes [default: 268435456]
          --max-record-bytes <BYTES>    Skip records with more bytes [default: 8388608]
          --format <FORMAT>             Form of the summary [default: text] [possible values: text,
                                        json]
      -h, --help                        Print help

    ----- stderr -----
    ");
}

#[test]
fn a_word_that_is_no_command_is_named() {
    assert_snapshot!(Here::new().run(["ingset"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: unrecognized subcommand 'ingset'

      tip: a similar subcommand exists: 'ingest'

    Usage: keytrail <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn a_command_without_a_lake_says_how_to_name_one() {
    assert_snapshot!(Here::new().run(["sql", "select 1"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: the following required arguments were not provided:
      --lake <URI>

    Usage: keytrail sql --lake <URI> <QUERY>

    For more information, try '--help'.
    ");
}

#[test]
fn the_lake_can_be_named_by_the_environment() {
    let mut here = quiet_lake();
    let lake = here.lake().to_owned();
    here.set("KEYTRAIL_LAKE", &lake);
    let said = here.run(["sql", "select count(*) as events from events", "--format", "csv"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "events\n5\n"));
}

#[test]
fn data_goes_to_standard_output_and_talk_to_standard_error() {
    let here = quiet_lake();
    here.write("logs/bad.json", "no json");
    let said = here.run(here.ingest_arguments(&["logs"]));
    said.summary(2);
    assert!(said.stderr.contains("bad.json: not JSON"), "{said}");
    assert!(!said.stderr.contains('{'), "{said}");
}

#[test]
fn no_color_means_no_color() {
    let mut here = quiet_lake();
    here.set("CLICOLOR_FORCE", "1");
    let plain = here.run(["sql", "select nonsense", "--lake", "lake"]);
    assert_eq!(plain.code, Some(2));
    assert!(!plain.to_string().contains('\u{1b}'), "{plain:?}");
    here.set("NO_COLOR", "");
    let colored = here.run(["sql", "select nonsense", "--lake", "lake"]);
    assert!(colored.stderr.contains('\u{1b}'), "{colored:?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let here = quiet_lake();
    let query = "select a.event_id, b.event_id, c.event_id, d.event_id, e.event_id, f.event_id \
                 from events a, events b, events c, events d, events e, events f";
    let script = format!(
        "set -o pipefail; '{}' sql --format csv --lake lake '{query}' | head -n 1",
        env!("CARGO_BIN_EXE_keytrail")
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(here.path(""))
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
}

/// Nobody reads: the first write fails.
#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let here = quiet_lake();
    let query = "select event_id from events";
    let commands = [
        &["sql", query, "--format", "table"][..],
        &["sql", query, "--format", "ndjson"],
        &["keys"],
        &["detect", "--detection", "root_used_kms", "--format", "json"],
        &["detect", "--detection", "root_used_kms"],
        &["ingest", "logs", "--format", "json"],
        &["detections", "list"],
        &["detections", "list", "--format", "json"],
        &["--help"],
    ];
    for words in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output =
            here.command(words).env("KEYTRAIL_LAKE", "lake").stdout(writer).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{words:?}\n{errors}");
        assert!(!errors.contains("panicked"), "{words:?}\n{errors}");
    }
}

#[test]
fn a_folder_that_is_not_empty_is_not_simulated_into() {
    let here = Here::new();
    here.write("full/notes.txt", "mine");
    assert_snapshot!(here.run(["simulate", "full", "--events", "100"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: full is not empty: choose a new folder
    ");
    assert_eq!(std::fs::read_dir(here.path("full")).unwrap().count(), 1);
}

#[test]
fn a_demo_shows_findings_without_an_account() {
    let here = Here::new();
    let said = here.run(["demo", "demo", "--events", "2000"]);
    assert_eq!(said.code, Some(0), "{said}");
    for detection in ["root_used_kms", "key_deletion_scheduled", "trail_stopped"] {
        assert!(said.stdout.contains(detection), "{detection}\n{said}");
    }
    assert!(said.stderr.contains(" more:\n  keytrail detect --lake "), "{said}");
    assert!(here.path("demo").exists());
}
