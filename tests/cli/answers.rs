//! Answers: every type in every format.

use std::fs;

use insta::assert_snapshot;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;

use super::{ask, quiet_lake};

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
    let expected: Vec<Value> =
        lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
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
        let said = ask(&here, format, "select event_id, key_arn from events where false");
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
    let here = quiet_lake();
    let words = ["sql", TYPES, "--lake", "lake", "--format", "parquet", "--output", "two.parquet"];
    let said = here.run(words);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said}");
    let file = fs::File::open(here.path("two.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let types: Vec<String> =
        reader.schema().fields().iter().map(|field| field.data_type().to_string()).collect();
    assert_eq!(types[..3], ["Timestamp(µs, \"UTC\")", "Boolean", "Int64"]);
    let rows: usize = reader.build().unwrap().map(|batch| batch.unwrap().num_rows()).sum();
    assert_eq!(rows, 2);
}
