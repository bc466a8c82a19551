//! Questions: what can be asked, what cannot, and what is said of mistakes.

use insta::assert_snapshot;
use serde_json::json;

use super::{ask, quiet_lake};
use crate::harness::Here;
use crate::harness::record::{ACCOUNT, changed, decrypt, document, key_arn, session};
use crate::harness::tree::files;

#[test]
fn a_question_that_no_file_can_answer_has_no_rows() {
    let here = quiet_lake();
    for rest in ["limit 1", "", "desc limit 3"] {
        let query = format!(
            "select event_id, event_time from events where event_time > '2100-01-01' order by event_time {rest}"
        );
        let said = ask(&here, "ndjson", &query);
        assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said}");
    }
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
    for query in [
        "select * from '/etc/passwd'",
        "select * from 'logs/a.json'",
        "select * from \"file:///etc/passwd\"",
    ] {
        assert_eq!(ask(&here, "csv", query).code, Some(2), "{query}");
    }
    assert_eq!(files(&here.path("")), before);
    assert_eq!(here.number("select count(*) from events"), 5);
    assert_snapshot!(ask(&here, "csv", "drop table events").stderr, @"error: the query cannot be run: Error during planning: DDL not supported: DropTable");
}

#[test]
fn mistakes_in_a_query_are_explained_in_a_line() {
    let here = quiet_lake();
    for (query, explanation) in [
        ("select * from event", "table 'datafusion.public.event' not found"),
        ("select evnt_id from events", "Did you mean 'events.event_id'?"),
        ("select form events", "No field named form"),
        ("select 1/0", "Divide by zero"),
        ("", "No SQL statements were provided"),
        ("select 'x' + 1", "Cannot coerce arithmetic expression Utf8 + Int64"),
    ] {
        let said = ask(&here, "csv", query);
        assert_eq!(said.code, Some(2), "{query}\n{said}");
        assert_eq!(said.stderr.matches(explanation).count(), 1, "{query}\n{said}");
        assert!(said.stderr.lines().count() == 1 && said.stderr.len() < 300, "{query}\n{said}");
    }
}

#[test]
fn a_query_can_be_read_from_a_file() {
    let here = quiet_lake();
    here.write("count.sql", "-- how many\nselect count(*) as events\nfrom events\n");
    let said = here.run(["sql", "-f", "count.sql", "--lake", "lake", "--format", "csv"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), "events\n5\n"), "{said}");
    assert_snapshot!(here.run(["sql", "-f", "missing.sql", "--lake", "lake"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: cannot read missing.sql: No such file or directory (os error 2)
    ");
}

/// Files are left out by their statistics: none may be left out wrongly.
#[test]
fn a_search_finds_what_a_count_by_value_counts() {
    let here = Here::new();
    for file in 0..6_u32 {
        let records = (file * 20..file * 20 + 20).map(|number| {
            let long = format!("{}{}", "långt-".repeat(12), number % 7);
            let user = session(&format!("role-{}", number % 5), &long, json!({}));
            let key = json!([{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key_arn(number)}]);
            let name = ["Decrypt", "Encrypt", "CreateGrant"][number as usize % 3];
            changed(
                decrypt(number * 7_000),
                json!({"eventName": name, "userIdentity": user, "resources": key, "errorCode": long}),
            )
        });
        here.write(format!("logs/{file}.json"), document(&records.collect::<Vec<_>>()));
        here.ingest(&["logs"]);
    }
    let columns =
        ["event_id", "key_arn", "actor", "event_name", "error_code", "event_month", "activity"];
    let joins = columns.map(|column| {
        let counted = format!("select {column} as value, count(*) as rows from events group by 1");
        here.sql(&counted).into_iter().map(move |row| (column, row)).collect::<Vec<_>>()
    });
    for (column, row) in joins.into_iter().flatten().step_by(15) {
        let value = row["value"].as_str().unwrap();
        let found = here.number(&format!("select count(*) from events where {column} = '{value}'"));
        assert_eq!(json!(found), row["rows"], "{column} = {value}");
    }
    let half = "timestamp '2026-10-09T20:00:00Z'";
    let [before, after] = ["<", ">="].map(|sign| {
        here.number(&format!("select count(*) from events where event_time {sign} {half}"))
    });
    assert!(before > 0 && after > 0 && before + after == 120, "{before} + {after}");
}

#[test]
fn the_shell_answers_and_goes_on_after_mistakes() {
    let here = quiet_lake();
    let input = "select count(*) as events\n  from events;\nselect nonsense;\ndrop table events;\n\\d nothing\nselect 1 as one;\n\\q\n";
    let said = here.run_with_input(["sql", "--lake", "lake"], input.as_bytes());
    assert_eq!(said.code, Some(2), "{said}");
    assert_snapshot!(said.stdout, @r"
    ┌────────┐
    │ events │
    ╞════════╡
    │ 5      │
    └────────┘
    ┌─────┐
    │ one │
    ╞═════╡
    │ 1   │
    └─────┘
    ");
    for word in ["nonsense", "DDL not supported", "\"nothing\""] {
        assert!(said.stderr.contains(word), "{word}\n{said}");
    }
}

#[test]
fn the_shell_describes_tables_and_views() {
    let here = quiet_lake();
    let said =
        here.run_with_input(["sql", "--lake", "lake"], b"\\d\n\\d runs\n\\d kms_events\n\\?\n");
    assert_eq!(said.code, Some(0), "{said}");
    for name in
        ["events", "objects", "runs", "own_accounts", "kms_actions", "grants", "keys", "coverage"]
    {
        assert!(said.stdout.contains(&format!("│ {name} ")), "{name}\n{said}");
    }
    // A column means what its table says, whatever others mean by the same name.
    for meaning in
        ["unique id of the run", "complete, incomplete (something was skipped) or failed"]
    {
        assert!(said.stdout.contains(meaning), "{meaning}\n{said}");
    }
}
