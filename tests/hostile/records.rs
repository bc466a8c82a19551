//! Records that are none: each costs only itself.

use insta::assert_snapshot;
use serde_json::json;

use super::{GOOD, Trial};
use crate::harness::record::{changed, decrypt, decrypts, document, of_texts, text, without};
use crate::harness::{Here, count};

/// Ten records with something else in their middle.
fn around(middle: &str) -> String {
    let mut texts: Vec<String> = decrypts(0..10).iter().map(text).collect();
    texts.insert(5, middle.to_owned());
    of_texts(&texts)
}

#[test]
fn text_that_is_not_json_is_reported() {
    for bytes in
        [&b"<html>403 Forbidden</html>"[..], b"\x00\x01\x02\xff", b"Records", b"\xff\xfe{\x00}\x00"]
    {
        let trial = Trial::of(bytes);
        assert!(trial.complaint().ends_with("bad.json.gz: not JSON"), "{}", trial.said);
        assert_eq!((trial.events(), trial.counts()), (0, (1, 0)));
        assert_eq!(trial.outcome(), "failed");
    }
}

#[test]
fn json_without_records_is_reported() {
    for document in
        [r#"{"hello":"world"}"#, r#"{"records":[]}"#, r#"{"Records":null}"#, r#"{"Records":"x"}"#]
    {
        let trial = Trial::of(document);
        let reason = "bad.json.gz: JSON without CloudTrail records (no \"Records\")";
        assert!(trial.complaint().ends_with(reason), "{}", trial.said);
        assert_eq!((trial.events(), trial.counts()), (0, (1, 0)), "{document}");
    }
}

#[test]
fn a_broken_record_costs_only_itself() {
    let good = text(&decrypt(77));
    let kinds = [
        good.replacen(r#""awsRegion":"#, r#","awsRegion":"#, 1),
        good.replacen(r#""awsRegion":"eu-west-1""#, r#""awsRegion":"eu-west-1"#, 1),
        good.replacen(r#""awsRegion":"eu-west-1""#, r#""awsRegion":{"eu-west-1""#, 1),
        good.replacen(r#""awsRegion":"eu-west-1""#, r#""awsRegion":["eu-west-1"}"#, 1),
        good[..good.len() / 2].to_owned(),
    ];
    for broken in kinds {
        let trial = Trial::of(around(&broken));
        assert!(trial.complaint().contains("bad.json.gz: records skipped: 1 x "), "{}", trial.said);
        assert_eq!((trial.events(), trial.counts()), (10, (1, 1)), "{broken}");
        assert_eq!(trial.outcome(), "partly_read");
    }
}

#[test]
fn a_record_that_lacks_what_makes_it_one_costs_only_itself() {
    let late = changed(decrypt(77), json!({"eventTime": "yesterday"}));
    let cases = [
        (text(&late), "eventTime missing or not a date"),
        (text(&without(decrypt(77), "eventTime")), "eventTime missing or not a date"),
        (text(&without(decrypt(77), "eventName")), "no eventSource or eventName"),
        (r#"{"eventVersion":"1.11","hello":"world"}"#.to_owned(), "no eventSource or eventName"),
        ("17".to_owned(), "not valid JSON"),
        ("null".to_owned(), "not valid JSON"),
        (r#"["eventVersion"]"#.to_owned(), "not valid JSON"),
    ];
    for (odd, reason) in cases {
        let trial = Trial::of(around(&odd));
        assert_eq!((trial.events(), trial.counts()), (10, (1, 1)), "{odd}\n{}", trial.said);
        assert_eq!(trial.summary["skipped_reasons"], json!({reason: 1}), "{odd}");
        assert!(trial.complaint().contains(reason), "{}", trial.said);
    }
}

#[test]
fn a_broken_record_costs_only_itself_however_its_neighbours_begin() {
    let mut texts: Vec<String> = decrypts(0..10).iter().map(text).collect();
    texts[3] = text(&changed(decrypt(3), json!({"eventTime": "yesterday"})));
    // As a tool that sorts fields writes them: serde_json's own order.
    texts[4] = decrypt(4).to_string();
    texts[5] = decrypt(5).to_string();
    let trial = Trial::of(of_texts(&texts));
    assert_eq!((trial.events(), trial.counts()), (9, (1, 1)), "{}", trial.said);
}

#[test]
fn a_broken_record_of_an_indented_document_costs_only_itself() {
    let records = json!({"Records": decrypts(0..10)});
    let indented = serde_json::to_string_pretty(&records).unwrap();
    let trial = Trial::of(indented.replacen(
        r#""awsRegion": "eu-west-1""#,
        r#""awsRegion": "eu-west-1",,"#,
        1,
    ));
    assert_eq!((trial.events(), trial.counts()), (9, (1, 1)), "{}", trial.said);
}

#[test]
fn a_record_inside_a_record_that_cannot_be_read_is_not_taken_for_one() {
    let forged = text(&changed(decrypt(666), json!({"eventID": "forged"})));
    let deep = format!("{}{}", r#"{"a":"#.repeat(200), "1") + &"}".repeat(200);
    let hosts = [
        // The outer record says nothing about when: it cannot be an event.
        text(&without(decrypt(5), "eventTime")).replacen(
            r#""Project""#,
            &format!(r#""x":{forged},"Project""#),
            1,
        ),
        text(&decrypt(5)).replacen(
            r#""Project""#,
            &format!(r#""deep":{deep},"x":{forged},"Project""#),
            1,
        ),
    ];
    for host in hosts {
        let trial = Trial::of(around(&host));
        let found = trial.here.sql("select event_id from events where event_id = 'forged'");
        assert!(found.is_empty(), "whoever can make a call can forge an event: {host}");
        assert_eq!((trial.events(), trial.counts()), (10, (1, 1)), "{}", trial.said);
    }
}

#[test]
fn invalid_utf_8_costs_only_the_record_it_is_in() {
    let mut bytes =
        around(&text(&decrypt(77)).replacen("orders-service/2.4", "orders-\u{1}\u{2}", 1))
            .into_bytes();
    let at = bytes.windows(2).position(|pair| pair == [1, 2]).unwrap();
    bytes[at..at + 2].copy_from_slice(&[0xc3, 0x28]);
    let trial = Trial::of(bytes);
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: records skipped: 1 x not valid UTF-8");
    assert_eq!((trial.events(), trial.counts()), (10, (1, 1)));
}

#[test]
fn deep_nesting_costs_only_the_record_it_is_in() {
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let odd =
        text(&decrypt(77)).replacen(r#""awsRegion":"#, &format!(r#""x":{deep},"awsRegion":"#), 1);
    let trial = Trial::of(around(&odd));
    assert_snapshot!(trial.complaint(), @"skipped: [HERE]/logs/bad.json.gz: records skipped: 1 x nested too deeply");
    assert_eq!((trial.events(), trial.counts()), (10, (1, 1)));
}

#[test]
fn nesting_without_end_is_reported() {
    for document in [
        "[".repeat(200_000),
        r#"{"a":"#.repeat(200_000),
        format!(r#"{{"Records":[{}"#, "[".repeat(200_000)),
    ] {
        let trial = Trial::of(&document);
        assert_eq!(trial.events(), 0);
        assert_eq!(trial.counts().0, 1, "{}", trial.said);
    }
}

#[test]
fn digest_and_insight_files_are_left_alone() {
    let here = Here::new();
    let insight = |service: &str| {
        json!({
            "eventVersion": "1.11", "eventTime": "2026-10-05T09:00:00Z", "awsRegion": "eu-west-1", "eventID": "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0ff",
            "eventType": "AwsCloudTrailInsight", "recipientAccountId": "111122223333", "sharedEventID": "a4b3c2d1-4b5a-4978-8695-0f1e2d3ce0ff",
            "insightDetails": {"state": "Start", "eventSource": service, "eventName": "Decrypt", "insightType": "ApiCallRateInsight"},
            "eventCategory": "Insight",
        })
    };
    let digest = json!({
        "awsAccountId": "111122223333", "digestStartTime": "2026-10-05T08:00:00Z", "digestEndTime": "2026-10-05T09:00:00Z",
        "digestS3Bucket": "logs", "digestS3Object": "x", "digestPublicKeyFingerprint": "00", "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": null, "previousDigestS3Bucket": null, "logFiles": [],
    });
    here.write("logs/digest.json", digest.to_string());
    here.write("logs/insight-kms.json", document(&[insight("kms.amazonaws.com")]));
    here.write("logs/insight-ec2.json", document(&[insight("ec2.amazonaws.com")]));
    here.write("logs/CloudTrail-Digest/a.json.gz", "not even looked at");
    here.write("logs/CloudTrail-Insight/a.json.gz", "not even looked at");
    here.write("logs/none.json", r#"{"Records":[]}"#);
    here.write("logs/good.json", document(&decrypts(GOOD)));
    let said = here.run(here.ingest_arguments(&["logs"]));
    let summary = said.summary(0);
    assert_eq!(count(&summary, "events"), 10);
    assert_eq!((count(&summary, "objects_failed"), count(&summary, "records_skipped")), (0, 0));
    assert!(count(&summary, "objects_left_alone") >= 4, "{summary:#}");
    assert_eq!(said.stderr, "");
    let rows = here.sql(
        "select document_format from objects where outcome = 'left_alone' order by document_format",
    );
    assert_eq!(
        rows[..2],
        [json!({"document_format": "digest"}), json!({"document_format": "insight"})]
    );
}
