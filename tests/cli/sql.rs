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
    let records: Vec<Value> = HOSTILE
        .iter()
        .zip(1..)
        .map(|(text, number)| changed(decrypt(number), json!({"userAgent": text})))
        .collect();
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
    assert_snapshot!(ask(&quiet_lake(), "table", TYPES), @r"
    exit code: 0
    ----- stdout -----
    ┌──────────────────────┬───────────┬──────────────┬────────────────────────────┬────────────┬──────────────────┐
    │ event_time           ┆ read_only ┆ record_index ┆ encryption_context         ┆ error_code ┆ grant_operations │
    ╞══════════════════════╪═══════════╪══════════════╪════════════════════════════╪════════════╪══════════════════╡
    │ 2026-10-05T00:00:00Z ┆ true      ┆ 0            ┆ {Project: orders, part: 0} ┆            ┆                  │
    │ 2026-10-05T00:00:01Z ┆ true      ┆ 1            ┆ {Project: orders, part: 1} ┆            ┆                  │
    └──────────────────────┴───────────┴──────────────┴────────────────────────────┴────────────┴──────────────────┘

    ----- stderr -----
    ");
}

#[test]
fn csv_shows_every_type() {
    assert_snapshot!(ask(&quiet_lake(), "csv", TYPES), @r#"
    exit code: 0
    ----- stdout -----
    event_time,read_only,record_index,encryption_context,error_code,grant_operations
    2026-10-05T00:00:00Z,true,0,"{Project: orders, part: 0}",,
    2026-10-05T00:00:01Z,true,1,"{Project: orders, part: 1}",,

    ----- stderr -----
    "#);
}

#[test]
fn json_shows_every_type() {
    let here = quiet_lake();
    let lines = ask(&here, "ndjson", TYPES);
    assert_snapshot!(lines, @r#"
    exit code: 0
    ----- stdout -----
    {"event_time":"2026-10-05T00:00:00Z","read_only":true,"record_index":0,"encryption_context":{"Project":"orders","part":"0"},"error_code":null,"grant_operations":null}
    {"event_time":"2026-10-05T00:00:01Z","read_only":true,"record_index":1,"encryption_context":{"Project":"orders","part":"1"},"error_code":null,"grant_operations":null}

    ----- stderr -----
    "#);
    let list: Value = serde_json::from_str(&ask(&here, "json", TYPES).stdout).unwrap();
    let expected: Vec<Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(list, Value::Array(expected));
}

#[test]
fn markdown_shows_every_type() {
    assert_snapshot!(ask(&quiet_lake(), "markdown", TYPES), @r"
    exit code: 0
    ----- stdout -----
    | event\_time          | read\_only | record\_index | encryption\_context        | error\_code | grant\_operations |
    |----------------------|------------|---------------|----------------------------|-------------|-------------------|
    | 2026-10-05T00:00:00Z | true       | 0             | {Project: orders, part: 0} |             |                   |
    | 2026-10-05T00:00:01Z | true       | 1             | {Project: orders, part: 1} |             |                   |

    ----- stderr -----
    ");
}

#[test]
fn no_rows_are_an_answer_in_every_format() {
    let here = quiet_lake();
    let answers = ["table", "csv", "json", "ndjson", "markdown"].map(|format| {
        let said = ask(
            &here,
            format,
            "select event_id, key_arn from events where false",
        );
        assert_eq!(said.code, Some(0), "{said}");
        format!("{format}:\n{}", said.stdout)
    });
    assert_snapshot!(answers.concat(), @r"
    table:
    ┌──────────┬─────────┐
    │ event_id ┆ key_arn │
    ╞══════════╪═════════╡
    └──────────┴─────────┘
    csv:
    event_id,key_arn
    json:
    []
    ndjson:
    markdown:
    | event\_id | key\_arn |
    |-----------|----------|
    ");
}

#[test]
fn parquet_is_written_to_a_file() {
    let here = hostile_lake();
    let said = here.run([
        "sql",
        AGENTS,
        "--lake",
        "lake",
        "--format",
        "parquet",
        "--output",
        "agents.parquet",
    ]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said}");
    let file = fs::File::open(here.path("agents.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap();
    let rows: usize = reader.map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, HOSTILE.len());
}

#[test]
fn a_table_shows_control_characters_and_does_not_obey_them() {
    let said = ask(&hostile_lake(), "table", AGENTS);
    assert!(
        !said
            .stdout
            .contains(|letter: char| letter.is_control() && letter != '\n'),
        "{said:?}"
    );
    assert_snapshot!(said, @r#"
    exit code: 0
    ----- stdout -----
    ┌───┬───────────────────────────────────────────────┐
    │ n ┆ user_agent                                    │
    ╞═══╪═══════════════════════════════════════════════╡
    │ 0 ┆ =cmd|' /C calc'!A0                            │
    │ 1 ┆ <script>alert(1)</script>                     │
    │ 2 ┆ a|b \| `c` [d](javascript:e)                  │
    │ 3 ┆ \u{1b}[2J\u{1b}]0;owned\u{7}\r\nline two\tend │
    │ 4 ┆ moc.elpmaxe\u{202e}/\u{2066}"quoted", 'twice' │
    └───┴───────────────────────────────────────────────┘

    ----- stderr -----
    "#);
}

#[test]
fn csv_has_no_formulas() {
    assert_snapshot!(format!("{:?}", ask(&hostile_lake(), "csv", AGENTS).stdout), @r#""n,user_agent\n0,'=cmd|' /C calc'!A0\n1,<script>alert(1)</script>\n2,a|b \\| `c` [d](javascript:e)\n3,\"\u{1b}[2J\u{1b}]0;owned\u{7}\r\nline two\tend\"\n4,\"moc.elpmaxe\u{202e}/\u{2066}\"\"quoted\"\", 'twice'\"\n""#);
}

#[test]
fn markdown_has_no_markup_of_callers() {
    assert_snapshot!(ask(&hostile_lake(), "markdown", AGENTS), @r#"
    exit code: 0
    ----- stdout -----
    | n | user\_agent                                           |
    |---|-------------------------------------------------------|
    | 0 | =cmd\|' /C calc'!A0                                   |
    | 1 | &lt;script&gt;alert(1)&lt;/script&gt;                 |
    | 2 | a\|b \\\| \`c\` \[d\](javascript:e)                   |
    | 3 | \\u{1b}\[2J\\u{1b}\]0;owned\\u{7}\\r\\nline two\\tend |
    | 4 | moc.elpmaxe\\u{202e}/\\u{2066}"quoted", 'twice'       |

    ----- stderr -----
    "#);
}

#[test]
fn json_gives_text_back_as_it_was() {
    let rows = hostile_lake().sql(AGENTS);
    let agents: Vec<&str> = rows
        .iter()
        .map(|row| row["user_agent"].as_str().unwrap())
        .collect();
    assert_eq!(agents, HOSTILE);
}

#[test]
fn hostile_names_of_columns_are_harmless_too() {
    let said = ask(
        &quiet_lake(),
        "csv",
        "select 1 as \"=1+1\", 2 as \"\u{1b}[31m\"",
    );
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
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(2), ""),
            "{statement}\n{said}"
        );
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
fn mistakes_in_a_query_are_explained() {
    let here = quiet_lake();
    let mistakes = [
        "select * from event",
        "select evnt_id from events",
        "select form events",
        "select 1/0",
        "",
        "select 'x' + 1",
    ];
    let said = mistakes.map(|query| {
        let said = ask(&here, "csv", query);
        assert_eq!(said.code, Some(2), "{query}\n{said}");
        format!(
            "{query}\n    {}\n",
            said.stderr.trim().replace('\n', "\n    ")
        )
    });
    assert_snapshot!(said.concat(), @"");
}

#[test]
fn a_query_can_be_read_from_a_file() {
    let here = quiet_lake();
    here.write(
        "count.sql",
        "-- how many\nselect count(*) as events\nfrom events\n",
    );
    let said = here.run([
        "sql",
        "-f",
        "count.sql",
        "--lake",
        "lake",
        "--format",
        "csv",
    ]);
    assert_eq!(
        (said.code, said.stdout.as_str()),
        (Some(0), "events\n5\n"),
        "{said}"
    );
    assert_snapshot!(here.run(["sql", "-f", "missing.sql", "--lake", "lake"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: cannot read missing.sql: No such file or directory (os error 2)
    ");
}

#[test]
fn the_shell_describes_tables_and_answers() {
    let here = quiet_lake();
    let input = "\\?\n\\d\n\\d runs\n\\d nothing\nselect count(*) as events\n  from events;\nselect nonsense;\ndrop table events;\nselect 1 as one;\n\\q\n";
    let said = here.run_with_input(["sql", "--lake", "lake"], input.as_bytes());
    assert_snapshot!(said, @r#"
    exit code: 2
    ----- stdout -----
    ┌────────────────────┬───────┬───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┐
    │ name               ┆ kind  ┆ one row is                                                                                                                    │
    ╞════════════════════╪═══════╪═══════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════════╡
    │ events             ┆ table ┆ one CloudTrail record that KeyTrail keeps                                                                                     │
    │ objects            ┆ table ┆ one source object that an ingest run read                                                                                     │
    │ runs               ┆ table ┆ one run of ingest or detect                                                                                                   │
    │ kms_operations     ┆ table ┆ one KMS operation that this version knows                                                                                     │
    │ own_accounts       ┆ table ┆ one account that is ours: configured, or inferred from the lake                                                               │
    │ trusted_accounts   ┆ table ┆ one account of others that the configuration trusts                                                                           │
    │ trusted_principals ┆ table ┆ one pattern of principals that the configuration trusts with a role                                                           │
    │ coverage           ┆ view  ┆ One hour in which logs of an account and Region arrived                                                                       │
    │ grants             ┆ view  ┆ One grant that a successful CreateGrant on a known key made, from creation to its end. Grants older than the logs are missing │
    │ key_policies       ┆ view  ┆ One version of a key policy: each time a policy was set with success                                                          │
    │ keys               ┆ view  ┆ One KMS key that some call in the lake reached                                                                                │
    │ kms_actions        ┆ view  ┆ One KMS call: of the copies that several accounts logged, the caller's, if it is there                                        │
    │ kms_events         ┆ view  ┆ One KMS management event of the lake; an amended record replaces its original                                                 │
    │ policy_statements  ┆ view  ┆ One statement of one version of a key policy                                                                                  │
    │ sessions           ┆ view  ┆ One set of temporary credentials that STS issued                                                                              │
    └────────────────────┴───────┴───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────┘
    ┌────────────────────┬───────────┬───────────────────────────────────────────────────────────┐
    │ column             ┆ type      ┆ meaning                                                   │
    ╞════════════════════╪═══════════╪═══════════════════════════════════════════════════════════╡
    │ run_id             ┆ text      ┆ ingest run that added the row                             │
    │ command            ┆ text      ┆ ingest or detect                                          │
    │ tool_version       ┆ text      ┆ version of KeyTrail                                       │
    │ started_at         ┆ timestamp ┆ start of the run                                          │
    │ ended_at           ┆ timestamp ┆ end of the run                                            │
    │ window_start       ┆ timestamp ┆ start of the judged window, inclusive                     │
    │ window_end         ┆ timestamp ┆ end of the judged window, exclusive                       │
    │ events_version     ┆ bigint    ┆ version of `events` written (ingest) or read (detect)     │
    │ objects            ┆ bigint    ┆ objects read                                              │
    │ objects_known      ┆ bigint    ┆ objects passed over because an earlier run read them      │
    │ records            ┆ bigint    ┆ records found                                             │
    │ events             ┆ bigint    ┆ events kept, duplicates included                          │
    │ duplicates         ┆ bigint    ┆ events that were there already                            │
    │ skipped            ┆ bigint    ┆ records that could not be read                            │
    │ detections         ┆ bigint    ┆ detections run                                            │
    │ detections_hash    ┆ text      ┆ SHA-256 of the detections' text                           │
    │ configuration_hash ┆ text      ┆ SHA-256 of the configuration in force                     │
    │ findings           ┆ bigint    ┆ findings returned                                         │
    │ not_determinable   ┆ bigint    ┆ entities that could not be judged for lack of coverage    │
    │ outcome            ┆ text      ┆ read, partly_read, failed or left_alone (digest, insight) │
    │ details            ┆ text      ┆ JSON object with the command's own numbers                │
    │ month              ┆ text      ┆ UTC month of started_at, as 2026-11                       │
    └────────────────────┴───────────┴───────────────────────────────────────────────────────────┘
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

    ----- stderr -----
    a query ends with ;   \d tables   \d NAME columns   \q leave
    error: there is no table or view "nothing"; \d lists them
    1 row
    error: the query cannot be run: Schema error: No field named nonsense.: Schema error: No field named nonsense.: No field named nonsense.
    error: the query cannot be run: Error during planning: DDL not supported: DropTable
    1 row
    "#);
}
