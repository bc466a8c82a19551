//! **Alerts** on their way from the lake to a server, by the command line.

use ingest::schema::FINDINGS;
use ingest::{FindingChange, FindingRow, Lake, append_findings_always};
use serde_json::{Value, json};

use crate::harness::Here;
use crate::harness::receiver::Receiver;
use crate::harness::record::{changed, decrypt, decrypts, document};

/// A lake in which an alert `a-1` was raised just now, and a sink `hook`.
fn alerted(receiver: &Receiver) -> Here {
    let here = Here::new();
    here.write("logs/a.json", document(&decrypts(0..2)));
    here.ingest(&["logs"]);
    here.write("keytrail.toml", hook(receiver, "hook"));
    raise(&here, "a");
    here
}

fn hook(receiver: &Receiver, name: &str) -> String {
    format!("[[sinks]]\nname = '{name}'\nkind = 'webhook'\ntarget = '{}'\n", receiver.address())
}

fn raise(here: &Here, matter: &str) {
    let now = chrono::Utc::now();
    let finding = json!({
        "fingerprint": matter, "detection": "key_disabled", "title": "A key was disabled",
        "severity": "high", "confidence": "high", "event_time": now.format("%FT%TZ").to_string(),
        "account_id": "111122223333", "region": "eu-west-1", "actor": null, "key_arn": null,
        "event_ids": [], "summary": "a key was disabled", "entity": {}, "details": {},
        "why": "why", "benign": "benign", "respond": "respond", "attack": [],
    });
    let row = FindingRow {
        fingerprint: Some(matter.to_owned()),
        detection: Some("key_disabled".to_owned()),
        severity: Some("high".to_owned()),
        finding: Some(finding.to_string()),
        reason: Some("new".to_owned()),
        alert_id: Some(format!("{matter}-1")),
        ..FindingRow::new(FindingChange::Raised, "test", now.timestamp_micros())
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let lake = Lake::at(here.lake()).await.unwrap();
        let mut findings = lake.table(&FINDINGS).await.unwrap();
        append_findings_always(&mut findings, &[row], "detect", 1).await.unwrap();
    });
}

#[test]
fn an_alert_arrives_once_and_is_listed_as_delivered() {
    let receiver = Receiver::answering(200);
    let here = alerted(&receiver);
    let said = here.run(["alerts", "deliver", "--lake", "lake", "--format", "json"]).summary(0);
    assert_eq!(said["alerts"]["sinks"]["hook"]["delivered"], 1, "{said}");
    let said = here.run(["alerts", "deliver", "--lake", "lake"]);
    assert_eq!((said.code, said.stderr.trim()), (Some(0), "no alert is due"), "{said}");
    assert_eq!(receiver.alerts(), ["a-1"]);
    let said = here.run(["alerts", "list", "--lake", "lake", "--format", "ndjson"]);
    let row: Value = serde_json::from_str(said.stdout.trim()).unwrap();
    assert_eq!((&row["state"], &row["sink"]), (&json!("delivered"), &json!("hook")), "{row}");
    let said = here.run(["alerts", "list", "--lake", "lake", "--state", "dead"]);
    assert!(said.stderr.contains("no alert with --state dead"), "{said}");
}

#[test]
fn what_does_not_arrive_ends_with_2_and_can_be_sent_again() {
    let receiver = Receiver::answering(503);
    let here = alerted(&receiver);
    let said = here.run(["alerts", "deliver", "--lake", "lake"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("1 failed"), "{said}");
    // Its wait is not over.
    let said = here.run(["alerts", "deliver", "--lake", "lake"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(said.stderr.contains("1 still to be delivered"), "{said}");

    receiver.answer_from_now_on(404);
    raise(&here, "b");
    let said = here.run(["alerts", "deliver", "--lake", "lake"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("1 dead letter in all"), "{said}");

    receiver.answer_from_now_on(200);
    let said = here.run(["alerts", "retry", "--sink", "hook", "--lake", "lake"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(said.stderr.contains("due again: 1 dead letter\n"), "{said}");
    assert_eq!(receiver.alerts(), ["a-1", "b-1", "b-1"]);
}

#[test]
fn a_dead_letter_is_told_to_the_other_sink() {
    let (closed, open) = (Receiver::answering(404), Receiver::answering(200));
    let here = alerted(&closed);
    let both = hook(&closed, "hook") + &hook(&open, "other");
    here.write("keytrail.toml", both);
    let said = here.run(["alerts", "deliver", "--lake", "lake"]);
    assert_eq!(said.code, Some(2), "{said}");
    let told = open.alerts();
    assert_eq!((told.len(), told[0].as_str()), (2, "a-1"), "{told:?}");
    assert_eq!(closed.alerts(), ["a-1"]);
}

#[test]
fn a_test_alert_says_whether_it_arrived() {
    let receiver = Receiver::answering(200);
    let here = alerted(&receiver);
    let said = here.run(["alerts", "test"]);
    assert_eq!((said.code, said.stderr.trim()), (Some(0), "hook: delivered"), "{said}");
    assert!(receiver.alerts()[0].starts_with("test-"));
    receiver.answer_from_now_on(500);
    let said = here.run(["alerts", "test", "--sink", "hook"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("hook: not delivered"), "{said}");
    let said = here.run(["alerts", "test", "--sink", "hok"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("there is no sink \"hok\"; there are: hook"), "{said}");
}

#[test]
fn a_sink_whose_variable_is_not_set_fails_alone() {
    let receiver = Receiver::answering(200);
    let here = alerted(&receiver);
    let broken = "[[sinks]]\nname = 'chat'\nkind = 'slack'\ntarget_variable = 'SLACK_URL'\n";
    here.write("keytrail.toml", format!("{broken}{}", hook(&receiver, "hook")));
    let said = here.run(["alerts", "deliver", "--lake", "lake"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("SLACK_URL"), "{said}");
    assert_eq!(receiver.alerts(), ["a-1"]);
}

#[test]
fn sinks_are_checked_with_the_rest_of_the_configuration() {
    let here = Here::new();
    here.write(
        "keytrail.toml",
        "[[sinks]]\nname = 'a'\nkind = 'webhook'\ntarget = 'http://192.0.2.1/secret'\n\
         [[sinks]]\nname = 'a'\nkind = 'stdout'\ndetections = ['stale']\n",
    );
    let said = here.run(["config", "check"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stdout.contains("give an https address"), "{said}");
    assert!(said.stdout.contains("another sink of that name"), "{said}");
    assert!(said.stdout.contains("\"stale\" matches no detection"), "{said}");
    assert!(!said.stdout.contains("/secret"), "{said}");
    let said = here.run(["alerts", "test"]);
    assert_eq!(said.code, Some(2), "{said}");
    here.write("keytrail.toml", "");
    let said = here.run(["alerts", "deliver", "--lake", "lake"]);
    assert!(said.stderr.contains("has no [[sinks]]"), "{said}");
}

#[test]
fn what_is_found_is_told_once_by_detect_alone() {
    let receiver = Receiver::answering(200);
    let here = Here::new();
    here.write("logs/a.json", document(&[disabled()]));
    here.ingest(&["logs"]);
    here.write(
        "keytrail.toml",
        format!("[alerts]\nfrom = '2026-01-01'\n{}", hook(&receiver, "hook")),
    );
    let window = ["--from", "2026-10-01T00:00:00Z", "--to", "2026-10-31T00:00:00Z"];
    let detect = ["detect", "--alert", "--lake", "lake", "--detection", "key_disabled"];
    let arguments: Vec<&str> = detect.into_iter().chain(window).collect();
    let said = here.run(&arguments);
    assert_eq!(said.code, Some(1), "{said}");
    assert!(said.stderr.contains("hook: 1 alert delivered"), "{said}");
    let said = here.run(&arguments);
    assert!(said.stderr.contains("no alert is due"), "{said}");
    assert_eq!(receiver.alerts().len(), 1, "{:?}", receiver.alerts());
    let matters = here.number("select count(*) from matters where detection = 'key_disabled'");
    assert_eq!(matters, 1);
}

/// A key is disabled.
fn disabled() -> Value {
    let call = json!({
        "eventName": "DisableKey",
        "eventID": "5a6f0000-0000-4000-8000-000000000001",
        "readOnly": false,
    });
    changed(decrypt(100), call)
}
