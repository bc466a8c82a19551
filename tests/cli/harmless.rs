//! Text of callers: harmless in every format, and whole in those that programs read.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{ask, quiet_lake};
use crate::harness::Here;
use crate::harness::record::{changed, decrypt, document};

/// What callers may write into their user agent.
const HOSTILE: [&str; 6] = [
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "a|b \\| `c` [d](javascript:e)",
    "\u{1b}[2J\u{1b}]0;owned\u{7}\r\nline two\tend",
    "moc.elpmaxe\u{202e}/\u{2066}\"quoted\", 'twice'",
    "\u{9b}31m one byte can be an escape too \u{7f}",
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

const AGENTS: &str = "select record_index as n, user_agent from events order by event_time";

#[test]
fn a_table_shows_control_characters_and_does_not_obey_them() {
    let said = ask(&hostile_lake(), "table", AGENTS);
    assert!(
        !said.stdout.contains(|letter: char| letter.is_control() && letter != '\n'),
        "{said:?}"
    );
    assert_snapshot!(said, @r#"
    exit code: 0
    ----- stdout -----
    ┌───┬────────────────────────────────────────────────┐
    │ n ┆ user_agent                                     │
    ╞═══╪════════════════════════════════════════════════╡
    │ 0 ┆ =cmd|' /C calc'!A0                             │
    │ 1 ┆ <script>alert(1)</script>                      │
    │ 2 ┆ a|b \| `c` [d](javascript:e)                   │
    │ 3 ┆ \u{1b}[2J\u{1b}]0;owned\u{7}\r\nline two\tend  │
    │ 4 ┆ moc.elpmaxe\u{202e}/\u{2066}"quoted", 'twice'  │
    │ 5 ┆ \u{9b}31m one byte can be an escape too \u{7f} │
    └───┴────────────────────────────────────────────────┘

    ----- stderr -----
    "#);
}

#[test]
fn csv_has_no_formulas() {
    assert_snapshot!(format!("{:?}", ask(&hostile_lake(), "csv", AGENTS).stdout), @r#""n,user_agent\n0,'=cmd|' /C calc'!A0\n1,<script>alert(1)</script>\n2,a|b \\| `c` [d](javascript:e)\n3,\"\u{1b}[2J\u{1b}]0;owned\u{7}\r\nline two\tend\"\n4,\"moc.elpmaxe\u{202e}/\u{2066}\"\"quoted\"\", 'twice'\"\n5,\u{9b}31m one byte can be an escape too \u{7f}\n""#);
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
    | 5 | \\u{9b}31m one byte can be an escape too \\u{7f}      |

    ----- stderr -----
    "#);
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
