//! Findings: as a table, as JSON, and as an exit code.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::quiet_lake;
use crate::harness::record::{call, changed, decrypt, document, key_arn, root, session};
use crate::harness::{Here, Said};

/// A day on which root decrypts and a key is doomed by someone with a hostile name.
pub(super) fn loud_lake() -> Here {
    let here = Here::new();
    let doom = json!({"keyId": key_arn(7), "pendingWindowInDays": 7});
    let doomed = json!({"keyId": key_arn(7), "keyState": "PendingDeletion", "pendingWindowInDays": 7, "deletionDate": "Oct 12, 2026, 12:02:00 AM"});
    let admin = session("KeyAdmin", "robin\u{1b}[31m|<script>\u{7f}\u{9b}", json!({}));
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

/// Judges that day with these detections; with all of them if there are none.
pub(super) fn detect(here: &Here, detections: &[&str], options: &[&str]) -> Said {
    let mut words = vec![
        "detect",
        "--lake",
        "lake",
        "--from",
        "2026-10-05T00:00:00Z",
        "--to",
        "2026-10-06T00:00:00Z",
    ];
    words.extend(detections.iter().flat_map(|id| ["--detection", id]));
    words.extend(options);
    here.run(words)
}

const THREE: &[&str] = &["duplicate_grant", "key_deletion_scheduled", "root_used_kms"];

pub(super) fn findings(said: &Said) -> Vec<Value> {
    let document: Value =
        serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}\n{said}"));
    document["findings"].as_array().unwrap_or_else(|| panic!("{said}")).clone()
}

#[test]
fn a_quiet_day_ends_with_0() {
    assert_snapshot!(detect(&quiet_lake(), THREE, &[]), @r"
    exit code: 0
    ----- stdout -----
    Nothing found from 2026-10-05T00:00:00Z to 2026-10-06T00:00:00Z.
    Checked: duplicate_grant, key_deletion_scheduled, root_used_kms.
    Judged by 3 detections: 5 KMS events in the lake [HERE]/lake; logs of 1 account
    and Region pair arrived in 1 of 24 hours. No configuration: every account with logs here counts as
    ours.

    ----- stderr -----
    ");
}

#[test]
fn findings_end_with_1() {
    assert_snapshot!(detect(&loud_lake(), THREE, &[]), @r"
    exit code: 1
    ----- stdout -----
    KMS key scheduled for deletion key_deletion_scheduled
      critical arn:aws:iam::111122223333:role/KeyAdmin scheduled the deletion of
               arn:aws:kms:eu-west-1:111122223333:key/00000007-34cd-4ef5-9012-1234567890ab for
               2026-10-12; no use seen in 90 days
               who    arn:aws:iam::111122223333:role/KeyAdmin
               key    arn:aws:kms:eu-west-1:111122223333:key/00000007-34cd-4ef5-9012-1234567890ab
               where  111122223333 eu-west-1
               when   2026-10-05T00:02:00Z
               more   actor kind: unknown; deletion date: 2026-10-12T00:02:00Z; key state:
                      PendingDeletion; mfa: no; mfa reason: session_flag; uses: 0; waiting days: 7
               event  00000078-12ab-4cd3-8ef4-000000000078
      Why it matters: Data encrypted only under a deleted key is lost for good: nobody, AWS included,
      can bring the key back.
      Look first at: Look at the key's last use and at what is encrypted under it. Ask the key's owner
      and the caller. If anyone is unsure, cancel the deletion before the waiting period ends, and leave
      the key disabled while you find out.
      May be: Planned removal of a key that nothing uses any more.

    KMS called by an account's root user root_used_kms
      high     root called Decrypt (calls: 1, administrative and successful: 0)
               who    arn:aws:iam::111122223333:root
               key    arn:aws:kms:eu-west-1:111122223333:key/00000001-34cd-4ef5-9012-1234567890ab
               where  111122223333 eu-west-1
               when   2026-10-05T00:01:00Z
               more   administrative calls: 0; day: 2026-10-05; event names: Decrypt; failed: 0; key
                      arns: arn:aws:kms:eu-west-1:111122223333:key/00000001-34cd-4ef5-9012-1234567890ab;
                      keys: 1; mfa: no; source ip addresses: 192.0.2.10
               event  0000003c-12ab-4cd3-8ef4-00000000003c
      Why it matters: No daily task needs the root user, and no IAM policy limits it. Its use means that
      somebody has taken the way around, or holds the most powerful credentials of the account.
      Look first at: Ask the account's owner who signed in as root and why, and find the ConsoleLogin
      before it. If nobody did, treat the account as taken: secure root's password, MFA and access keys
      first, then look at what these calls changed.
      May be: Regaining access to a key whose policy locked everyone out, with an entry in your change
      log. A look at the console by root lists keys and aliases and shows here, too.

    2 findings from 2026-10-05T00:00:00Z to 2026-10-06T00:00:00Z: 1 critical, 1 high.
    Judged by 3 detections: 3 KMS events in the lake [HERE]/lake; logs of 1 account
    and Region pair arrived in 1 of 24 hours. No configuration: every account with logs here counts as
    ours.

    ----- stderr -----
    ");
}

#[test]
fn all_detections_judge_a_day() {
    let said = detect(&loud_lake(), &[], &["--format", "json"]);
    assert_eq!(said.code, Some(1), "{said}");
    let found: Vec<Value> =
        findings(&said).into_iter().map(|finding| finding["detection"].clone()).collect();
    let expected = [
        "key_deletion_scheduled",
        "administration_without_mfa",
        "root_used_kms",
        "decrypt_without_mfa",
    ];
    assert_eq!(found, expected);
}

#[test]
fn json_has_everything_that_a_person_needs_to_judge() {
    let here = loud_lake();
    let said = detect(&here, THREE, &["--format", "json"]);
    let findings = findings(&said);
    let doom =
        findings.iter().find(|finding| finding["detection"] == "key_deletion_scheduled").unwrap();
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
        assert!(doom[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {doom:#}");
    }
    assert_eq!(doom["attack"], json!(["T1485"]));
    let lines = detect(&here, THREE, &["--format", "ndjson"]);
    let lines: Vec<Value> =
        lines.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, findings);
}

#[test]
fn the_exit_code_follows_the_threshold() {
    let here = loud_lake();
    let code = |detection: &str, options: &[&str]| detect(&here, &[detection], options).code;
    assert_eq!(code("key_deletion_scheduled", &["--fail-on", "critical"]), Some(1));
    assert_eq!(code("root_used_kms", &["--fail-on", "critical"]), Some(0));
    assert_eq!(code("duplicate_grant", &[]), Some(0));
    assert_eq!(code("no_such_detection", &[]), Some(2));
    assert_eq!(code("duplicate_grant", &["--min-severity", "urgent"]), Some(2));
}

#[test]
fn mild_findings_can_be_hidden() {
    let here = loud_lake();
    let worst =
        findings(&detect(&here, THREE, &["--format", "json", "--min-severity", "critical"]));
    assert_eq!(worst.len(), 1);
    assert_eq!(worst[0]["detection"], "key_deletion_scheduled");
}

#[test]
fn the_same_lake_gives_the_same_findings() {
    let here = loud_lake();
    let first = findings(&detect(&here, THREE, &["--format", "json"]));
    here.ingest(&["logs", "--reread"]);
    assert_eq!(findings(&detect(&here, THREE, &["--format", "json"])), first);
}

#[test]
fn every_judgement_is_written_down() {
    let here = loud_lake();
    detect(&here, THREE, &[]);
    let runs = here.sql("select outcome, findings, detections, window_start, events from runs where command = 'detect'");
    let expected = json!({"outcome": "complete", "findings": 2, "detections": 3, "window_start": "2026-10-05T00:00:00Z", "events": 3});
    assert_eq!(runs, [expected]);
}

#[test]
fn a_window_needs_both_its_ends_in_order() {
    let here = quiet_lake();
    let day =
        |from: &str, to: &str| here.run(["detect", "--lake", "lake", "--from", from, "--to", to]);
    assert_eq!(day("2026-10-06T00:00:00Z", "2026-10-05T00:00:00Z").code, Some(2));
    assert_eq!(day("2026-10-05T00:00:00Z", "tomorrow").code, Some(2));
    assert_eq!(
        here.run(["detect", "--lake", "lake", "--from", "2026-10-05T00:00:00Z"]).code,
        Some(2)
    );
}
