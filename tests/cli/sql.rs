//! Questions and answers: each format as it is, and hostile text made harmless in each.

use std::fs;

use insta::assert_snapshot;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use super::quiet_lake;
use crate::harness::record::{changed, decrypt, document};
use crate::harness::tree::files;
use crate::harness::{Here, Said};

/// What callers may write into their user agent.
const HOSTILE: [&str; 5] = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "a|b \\| `c` [d](javascript:e)",
    "\u{1b}[2J\u{1b}]0;owned\u{7}\r\nline two\tend",
    "moc.elpmaxe\u{202e}/\u{2066}\"quoted\", 'twice'",
];

/// One event for each hostile text.
fn hostile_lake() -> Here {
    let here = Here::new();
    let records: Vec<Value> =
        HOSTILE.iter().zip(1..).map(|(text, number)| changed(decrypt(number), json!({"userAgent": text}))).collect();
    here.write("logs/a.json", document(&records));
    here.ingest(&["logs"]);
    here
}

fn ask(here: &Here, format: &str, query: &str) -> Said {
    here.run(["sql", query, "--lake", "lake", "--format", format])
}

const AGENTS: &str = "select record_index as n, user_agent from events order by event_time";
const TYPES: &str = "select event_time, read_only, record_index, encryption_context, error_code, grant_operations \
                     from events order by event_time limit 2";

#[test]
fn a_table_shows_every_type() {
    assert_snapshot!(ask(&quiet_lake(), "table", TYPES), @"");
}

#[test]
fn csv_shows_every_type() {
    assert_snapshot!(ask(&quiet_lake(), "csv", TYPES), @"");
}

#[test]
fn json_shows_every_type() {
    let here = quiet_lake();
    let lines = ask(&here, "ndjson", TYPES);
    assert_snapshot!(lines, @"");
    let list: Value = serde_json::from_str(&ask(&here, "json", TYPES).stdout).unwrap();
    let expected: Vec<Value> = lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(list, Value::Array(expected));
}

#[test]
fn markdown_shows_every_type() {
    assert_snapshot!(ask(&quiet_lake(), "markdown", TYPES), @"");
}

#[test]
fn no_rows_are_an_answer_in_every_format() {
    let here = quiet_lake();
    let answers = ["table", "csv", "json", "ndjson", "markdown"].map(|format| {
        let said = ask(&here, format, "select event_id, key_arn from events where false");
        assert_eq!(said.code, Some(0), "{said}");
        format!("{format}:\n{}", said.stdout)
    });
    assert_snapshot!(answers.concat(), @"");
}

#[test]
fn parquet_is_written_to_a_file() {
    let here = hostile_lake();
    let said = here.run(["sql", AGENTS, "--lake", "lake", "--format", "parquet", "--output", "agents.parquet"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said}");
    let file = fs::File::open(here.path("agents.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let rows: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, HOSTILE.len());
}

#[test]
fn a_table_shows_control_characters_and_does_not_obey_them() {
    let said = ask(&hostile_lake(), "table", AGENTS);
    assert!(!said.stdout.contains(|letter: char| letter.is_control() && letter != '\n'), "{said:?}");
    assert_snapshot!(said, @"");
}

#[test]
fn csv_has_no_formulas() {
    assert_snapshot!(format!("{:?}", ask(&hostile_lake(), "csv", AGENTS).stdout), @"");
}

#[test]
fn markdown_has_no_markup_of_callers() {
    assert_snapshot!(ask(&hostile_lake(), "markdown", AGENTS), @"");
}

#[test]
fn json_gives_text_back_as_it_was() {
    let rows = hostile_lake().sql(AGENTS);
    let agents: Vec<&str> = rows.iter().map(|row| row["user_agent"].as_str().unwrap()).collect();
    assert_eq!(agents, HOSTILE);
}

#[test]
fn hostile_names_of_columns_are_harmless_too() {
    let said = ask(&quiet_lake(), "csv", "select 1 as \"=1+1\", 2 as \"\u{1b}[31m\"");
    assert_eq!(said.stdout.lines().next(), Some("'=1+1,\u{1b}[31m"));
    let said = ask(&quiet_lake(), "table", "select 2 as \"\u{1b}[31m\"");
    assert!(!said.stdout.contains('\u{1b}'), "{said:?}");
}

#[test]
fn nothing_can_be_changed_by_a_query() {
    let here = quiet_lake();
    let before = files(&here.path(""));
    let statements = [
        "create table mine as select * from events",
        "create view mine as select * from events",
        "create external table passwd (line varchar) stored as csv location '/etc/passwd'",
        "insert into events select * from events",
        "update events set actor = 'nobody'",
        "delete from events",
        "drop table events",
        "drop view kms_events",
        "copy (select * from events) to 'stolen.csv'",
        "set datafusion.execution.time_zone = '+02:00'",
        "begin",
        "select 1; drop table events",
    ];
    for statement in statements {
        let said = ask(&here, "csv", statement);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{statement}\n{said}");
        assert!(said.stderr.starts_with("error: "), "{said}");
    }
    for query in ["select * from '/etc/passwd'", "select * from 'logs/a.json'", "select * from \"file:///etc/passwd\""] {
        assert_eq!(ask(&here, "csv", query).code, Some(2), "{query}");
    }
    assert_eq!(files(&here.path("")), before);
    assert_eq!(here.number("select count(*) from events"), 5);
    assert_snapshot!(ask(&here, "csv", "drop table events").stderr, @"");
}

#[test]
fn mistakes_in_a_query_are_explained() {
    let here = quiet_lake();
    let mistakes = ["select * from event", "select evnt_id from events", "select form events", "select 1/0", "", "select 'x' + 1"];
    let said = mistakes.map(|query| {
        let said = ask(&here, "csv", query);
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{query}\n{said}");
        format!("{query}\n    {}\n", said.stderr.trim().replace('\n', "\n    "))
    });
    assert_snapshot!(said.concat(), @"");
}

#[test]
fn a_query_can_be_read_from_a_file() {
    let here = quiet_lake();
    here.write("count.sql", "-- how many\nselect count(*) as events\nfrom events\n");
    let said = here.run(["sql", "-f", "count.sql", "--lake", "lake", "--format", "csv"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "events\n5\n"), "{said}");
    assert_snapshot!(here.run(["sql", "-f", "missing.sql", "--lake", "lake"]), @"");
}

#[test]
fn the_shell_describes_tables_and_answers() {
    let here = quiet_lake();
    let input = "\\?\n\\d\n\\d runs\n\\d nothing\nselect count(*) as events\n  from events;\nselect nonsense;\ndrop table events;\nselect 1 as one;\n\\q\n";
    let said = here.run_with_input(["sql", "--lake", "lake"], input.as_bytes());
    assert_snapshot!(said, @"");
}
