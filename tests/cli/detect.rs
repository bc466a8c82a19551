//! Findings: as a table, as JSON, and as an exit code.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::quiet_lake;
use crate::harness::record::{call, changed, decrypt, document, key_arn, root, session};
use crate::harness::{Here, Said};

/// A day on which root decrypts and a key is doomed by someone with a hostile name.
fn loud_lake() -> Here {
    let here = Here::new();
    let doom = json!({"keyId": key_arn(7), "pendingWindowInDays": 7});
    let doomed = json!({"keyId": key_arn(7), "keyState": "PendingDeletion", "pendingWindowInDays": 7, "deletionDate": "Oct 12, 2026, 12:02:00 AM"});
    let admin = session("KeyAdmin", "robin\u{1b}[31m|<script>", json!({}));
    here.write(
        "logs/a.json",
        document(&[
            decrypt(1),
            changed(decrypt(60), json!({"userIdentity": root()})),
            changed(
                call(120, "kms", "ScheduleKeyDeletion", doom),
                json!({"userIdentity": admin, "responseElements": doomed}),
            ),
        ]),
    );
    here.ingest(&["logs"]);
    here
}

fn detect(here: &Here, options: &[&str]) -> Said {
    let window = [
        "detect",
        "--lake",
        "lake",
        "--from",
        "2026-10-05T00:00:00Z",
        "--to",
        "2026-10-06T00:00:00Z",
    ];
    here.run([&window[..], options].concat())
}

fn findings(said: &Said) -> Vec<Value> {
    let document: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}\n{said}"));
    document["findings"]
        .as_array()
        .unwrap_or_else(|| panic!("{said}"))
        .clone()
}

#[test]
fn a_quiet_day_ends_with_0() {
    assert_snapshot!(detect(&quiet_lake(), &[]), @r"
    exit code: 0
    ----- stdout -----
    Nothing found from 2026-10-05T00:00:00Z to 2026-10-06T00:00:00Z.
    Checked: administrator_uses_key, decrypt_without_mfa, denied_burst, duplicate_grant,
    grant_delegates_granting, grant_to_external_account, key_deletion_scheduled, key_disabled,
    key_policy_changed, key_policy_open_to_anyone, kms_excluded_from_trail, risky_permission_used,
    root_used_kms, stale_grant.
    Judged by 14 detections: 5 KMS events in the lake [HERE]/lake/; logs of 1 account
    and Region pair arrived in 1 of 24 hours. No configuration: every account with logs here counts as
    ours.

    ----- stderr -----
    ");
}

#[test]
fn findings_end_with_1() {
    assert_snapshot!(detect(&loud_lake(), &[]), @r"
    exit code: killed
    ----- stdout -----

    ----- stderr -----
    ");
}

#[test]
fn json_has_everything_that_a_person_needs_to_judge() {
    let said = detect(&loud_lake(), &["--format", "json"]);
    assert_eq!(said.code, Some(1), "{said}");
    let findings = findings(&said);
    let doom = findings
        .iter()
        .find(|finding| finding["detection"] == "key_deletion_scheduled")
        .unwrap();
    assert_eq!(doom["severity"], "critical");
    assert_eq!(doom["key_arn"], key_arn(7).as_str());
    assert_eq!(doom["actor"], "arn:aws:iam::111122223333:role/KeyAdmin");
    assert_eq!(doom["entity"], json!({"key_arn": key_arn(7)}));
    assert_eq!(doom["details"]["waiting_days"], 7);
    for field in [
        "fingerprint",
        "title",
        "confidence",
        "event_time",
        "account_id",
        "region",
        "summary",
        "why",
        "benign",
        "respond",
    ] {
        assert!(
            doom[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field}: {doom:#}"
        );
    }
    assert_eq!(doom["attack"], json!(["T1485"]));
}

#[test]
fn ndjson_has_a_line_for_each_finding() {
    let here = loud_lake();
    let lines = detect(&here, &["--format", "ndjson"]);
    let lines: Vec<Value> = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines, findings(&detect(&here, &["--format", "json"])));
    assert!(lines.len() >= 2);
}

#[test]
fn text_of_callers_is_shown_and_not_obeyed() {
    let here = loud_lake();
    here.write(
        "detections/agents.sql",
        DETECTION.replace("%ID%", "agents").replace(
            "%SUMMARY%",
            "concat(session_name, chr(27), '[31m', chr(13), chr(8238))",
        ),
    );
    let said = detect(
        &here,
        &["--detections", "detections", "--detection", "agents"],
    );
    assert_eq!(said.code, Some(1), "{said}");
    assert!(
        !said
            .stdout
            .contains(|letter: char| letter == '\u{202e}' || letter.is_control() && letter != '\n'),
        "{said:?}"
    );
    assert!(said.stdout.contains("robin\\u{1b}[31m|<script>"), "{said}");
}

#[test]
fn the_exit_code_follows_the_threshold() {
    let here = loud_lake();
    let code = |options: &[&str]| detect(&here, options).code;
    assert_eq!(code(&["--fail-on", "critical"]), Some(1));
    assert_eq!(
        code(&["--fail-on", "critical", "--detection", "root_used_kms"]),
        Some(0)
    );
    assert_eq!(code(&["--detection", "duplicate_grant"]), Some(0));
    assert_eq!(code(&["--detection", "no_such_detection"]), Some(2));
    assert_eq!(code(&["--min-severity", "urgent"]), Some(2));
}

#[test]
fn mild_findings_can_be_hidden() {
    let here = loud_lake();
    let all = findings(&detect(&here, &["--format", "json"]));
    let worst = findings(&detect(
        &here,
        &["--format", "json", "--min-severity", "critical"],
    ));
    assert!(!worst.is_empty() && worst.len() < all.len());
    assert!(
        worst
            .iter()
            .all(|finding| finding["severity"] == "critical")
    );
}

#[test]
fn the_same_lake_gives_the_same_findings() {
    let here = loud_lake();
    let first = detect(&here, &["--format", "json"]).stdout;
    here.ingest(&["logs", "--reread"]);
    assert_eq!(
        findings_of(&first),
        findings_of(&detect(&here, &["--format", "json"]).stdout)
    );
}

fn findings_of(stdout: &str) -> Value {
    let document: Value = serde_json::from_str(stdout).unwrap();
    document["findings"].clone()
}

#[test]
fn a_detection_that_fails_is_named_and_the_others_are_judged() {
    let here = loud_lake();
    let broken = DETECTION.replace("%ID%", "broken").replace(
        "%SUMMARY%",
        "cast(1 / (length(actor) - length(actor)) as varchar)",
    );
    here.write("detections/broken.sql", broken);
    let said = detect(&here, &["--detections", "detections"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("broken"), "{said}");
    assert!(said.stdout.contains("root_used_kms"), "{said}");
}

#[test]
fn every_judgement_is_written_down() {
    let here = loud_lake();
    let found = findings(&detect(&here, &["--format", "json"])).len();
    let runs = here.sql("select outcome, findings, detections, window_start, window_end, events from runs where command = 'detect'");
    assert_eq!(runs.len(), 1);
    assert_eq!(
        (&runs[0]["outcome"], &runs[0]["findings"]),
        (&json!("complete"), &json!(found))
    );
    assert!(runs[0]["detections"].as_u64() >= Some(10));
    assert_eq!(runs[0]["window_start"], "2026-10-05T00:00:00Z");
    assert_eq!(runs[0]["events"], 3);
}

#[test]
fn a_window_needs_both_its_ends() {
    let here = quiet_lake();
    assert_eq!(
        here.run(["detect", "--lake", "lake", "--from", "2026-10-05T00:00:00Z"])
            .code,
        Some(2)
    );
    let said = here.run([
        "detect",
        "--lake",
        "lake",
        "--from",
        "2026-10-06T00:00:00Z",
        "--to",
        "2026-10-05T00:00:00Z",
    ]);
    assert_eq!(said.code, Some(2), "{said}");
}

/// A detection of every event that has a session name.
const DETECTION: &str = r#"-- id = "%ID%"
-- title = "A test"
-- kind = "event"
-- severity = "medium"
-- confidence = "low"
-- attack = []
-- controls = []
-- lookback = "0d"
-- entity = ["actor"]
-- why = "w"
-- benign = "b"
-- respond = "r"
-- see = []
select
    event_time,
    recipient_account_id as account_id,
    aws_region as region,
    actor,
    key_arn,
    make_array(event_id) as event_ids,
    %SUMMARY% as summary
from events
where event_time >= $window_start
    and event_time < $window_end
    and event_name = 'ScheduleKeyDeletion'
order by event_time
"#;
