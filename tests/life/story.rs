use serde_json::Value;

use super::{by_root, changes, here, hour, ingest, judge, raised, switched};
use crate::harness::Here;

#[test]
fn a_matter_is_found_seen_over_and_found_again() {
    let here = here(&["key_disabled"]);
    ingest(&here, "a", &[switched(1, "DisableKey", 7, hour(5))]);
    assert_eq!(raised(&here), ["key_disabled new"]);
    assert!(raised(&here).is_empty());
    assert_eq!(changes(&here), ["found key_disabled", "raised key_disabled"]);
    assert_eq!(states(&here), ["open"]);

    ingest(&here, "b", &[switched(2, "EnableKey", 7, hour(4))]);
    assert!(raised(&here).is_empty());
    assert_eq!(states(&here), ["closed"]);

    ingest(&here, "c", &[switched(3, "DisableKey", 7, hour(3))]);
    assert_eq!(raised(&here), ["key_disabled returned"]);
    assert_eq!(states(&here), ["open"]);
    let ids =
        here.sql("select alert_id from findings where change = 'raised' order by recorded_at");
    let ids: Vec<&str> = ids.iter().map(|row| row["alert_id"].as_str().unwrap()).collect();
    assert!(ids[0].ends_with("-1") && ids[1].ends_with("-2"), "{ids:?}");
}

#[test]
fn what_is_worse_is_told_again() {
    let here = here(&[]);
    here.write("own/switched.sql", OWN);
    let run = |here: &Here| {
        let lake = here.lake().to_owned();
        let words = ["detect", "--new", "--detections", "own", "--format", "json", "--lake", &lake];
        here.run(words).stdout
    };
    ingest(&here, "a", &[switched(1, "DisableKey", 7, hour(9))]);
    assert!(run(&here).contains("\"new\""));
    ingest(&here, "b", &[switched(2, "DisableKey", 7, hour(8))]);
    assert!(run(&here).contains("\"escalated\""));
    assert!(!run(&here).contains("\"reason\""));
    let severity = here.sql("select severity, alerts from matters");
    assert_eq!(
        (severity[0]["severity"].as_str(), severity[0]["alerts"].as_u64()),
        (Some("high"), Some(2))
    );
}

#[test]
fn a_window_that_somebody_chose_is_recorded_if_they_say_so() {
    let here = here(&["root_used_kms"]);
    ingest(&here, "a", &[by_root(1, hour(50)), by_root(2, hour(1))]);
    let lake = here.lake().to_owned();
    for (options, expected) in [(&[][..], 0), (&["--record"][..], 2), (&["--record"][..], 2)] {
        let words = ["detect", "--since", "72h", "--lake", &lake];
        let said = here.run(words.iter().chain(options));
        assert_eq!(said.code, Some(1), "{said}");
        assert_eq!(here.number("select count(*) from matters"), expected);
    }
    // What is new is judged all the same, and is known by then.
    assert!(raised(&here).is_empty());
}

#[test]
fn only_news_is_exported_and_what_is_sensitive_can_be_left_out() {
    let here = here(&["root_used_kms"]);
    ingest(&here, "a", &[by_root(1, hour(1))]);
    let lake = here.lake().to_owned();
    let export = |format: &str| {
        here.run(["detect", "--new", "--redact", "--lake", &lake, "--format", format])
    };
    let said = export("ocsf");
    assert_eq!(said.stdout.lines().count(), 1, "{said}");
    assert!(said.stdout.contains("root_used_kms") && !said.stdout.contains("192.0.2.10"), "{said}");
    for (format, nothing) in [("ocsf", ""), ("ndjson", ""), ("asff", "[]\n")] {
        assert_eq!(export(format).stdout, nothing);
    }
    assert!(!export("sarif").stdout.contains("ruleId"));
}

#[test]
fn late_files_are_judged() {
    let here = here(&["root_used_kms"]);
    ingest(&here, "a", &[by_root(1, hour(1))]);
    assert_eq!(raised(&here), ["root_used_kms new"]);
    // Delivered two months late, and once more.
    ingest(&here, "b", &[by_root(2, hour(60 * 24))]);
    assert_eq!(raised(&here), ["root_used_kms new"]);
    ingest(&here, "c", &[by_root(2, hour(60 * 24))]);
    assert!(raised(&here).is_empty());
}

#[test]
fn a_record_dated_1970_does_not_make_years_be_judged() {
    let here = here(&["root_used_kms"]);
    ingest(&here, "a", &[by_root(1, hour(2))]);
    raised(&here);
    let long_ago = "1970-01-01T05:00:00Z".parse().unwrap();
    ingest(&here, "b", &[by_root(2, long_ago), by_root(3, hour(1))]);
    let said: Value = serde_json::from_str(&judge(&here).stdout).unwrap();
    assert_eq!(
        (said["windows"].as_u64(), said["hours_judged"].as_u64()),
        (Some(2), Some(2)),
        "{said:#}"
    );
    assert!(said["raised"].to_string().contains("1970-01-01"), "{said:#}");
}

#[test]
fn people_list_matters_and_look_at_one() {
    let here = here(&["key_disabled", "root_used_kms"]);
    ingest(&here, "a", &[switched(1, "DisableKey", 7, hour(3)), by_root(2, hour(3))]);
    raised(&here);
    let lake = here.lake().to_owned();
    let listed = here.run(["findings", "--lake", &lake]);
    assert_eq!(listed.code, Some(0), "{listed}");
    assert!(
        listed.stdout.contains("key_disabled") && listed.stdout.contains("root_used_kms"),
        "{listed}"
    );
    for (option, value, rows) in [
        ("--detection", "key_disabled", 1),
        ("--actor", "KeyAdmin", 1),
        ("--key", "00000007", 1),
        ("--state", "closed", 0),
        ("--state", "all", 2),
        ("--min-severity", "critical", 0),
        ("--since", "1h", 2),
    ] {
        let said = here.run(["findings", "--lake", &lake, option, value, "--format", "ndjson"]);
        assert_eq!(said.stdout.lines().count(), rows, "{option} {value}\n{said}");
    }
    let rows = here.sql("select fingerprint from matters where detection = 'key_disabled'");
    let start = &rows[0]["fingerprint"].as_str().unwrap()[..8];
    let shown = here.run(["findings", "show", start, "--lake", &lake]);
    assert_eq!(shown.code, Some(0), "{shown}");
    for words in ["KMS key disabled", "Why it matters", " found ", " raised ", "told once"] {
        assert!(shown.stdout.contains(words), "{words}\n{shown}");
    }
    let shown = here.run(["findings", "show", start, "--lake", &lake, "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["life"].as_array().unwrap().len(), 2, "{shown:#}");
    assert_eq!(here.run(["findings", "show", "ffffffff", "--lake", &lake]).code, Some(2));
}

fn states(here: &Here) -> Vec<String> {
    let rows = here.sql("select state from matters order by fingerprint");
    rows.iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect()
}

/// Worse with every call.
const OWN: &str = r#"-- id = "switched"
-- title = "Key switched off"
-- kind = "state"
-- severity = "medium"
-- confidence = "high"
-- attack = []
-- controls = []
-- lookback = "0d"
-- entity = ["key_arn"]
-- why = "Why."
-- benign = "Nothing."
-- respond = "Look."
-- see = []

select
    min(event_time) as event_time,
    key_account_id as account_id,
    aws_region as region,
    cast(null as varchar) as actor,
    key_arn,
    array_agg(event_id) as event_ids,
    concat(key_arn, ' was switched off') as summary,
    case when count(*) > 1 then 'high' else 'medium' end as severity
from kms_actions
where event_name = 'DisableKey'
    and event_time < $window_end
group by key_account_id, aws_region, key_arn
order by event_time, key_arn
"#;
