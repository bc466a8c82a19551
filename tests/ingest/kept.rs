//! What is kept of what was delivered, and as what.

use serde_json::json;

use crate::harness::record::{call, changed, decrypt, document, root};
use crate::harness::{Here, count};

#[test]
fn beside_kms_only_what_its_history_needs_is_kept() {
    let here = Here::new();
    let service = json!({"type": "AWSService", "invokedBy": "lambda.amazonaws.com"});
    here.write(
        "logs/a.json",
        document(&[
            decrypt(1),
            call(2, "kms", "AnOperationOfNextYear", json!({})),
            call(3, "cloudtrail", "StopLogging", json!({"name": "trail"})),
            call(4, "cloudtrail", "LookupEvents", json!({})),
            call(
                5,
                "sts",
                "AssumeRole",
                json!({"roleArn": "arn:aws:iam::111122223333:role/Audit"}),
            ),
            changed(call(6, "sts", "AssumeRole", json!({})), json!({"userIdentity": service})),
            call(7, "ec2", "DescribeInstances", json!({})),
            call(8, "s3", "PutObject", json!({"bucketName": "archive"})),
            call(
                9,
                "s3",
                "PutObject",
                json!({"bucketName": "archive", "x-amz-server-side-encryption": "aws:kms"}),
            ),
        ]),
    );
    let summary = here.ingest(&["logs"]);
    assert_eq!((count(&summary, "records"), count(&summary, "kept")), (9, 5));
    let kept = json!({"cloudtrail.amazonaws.com": 1, "kms.amazonaws.com": 2, "s3.amazonaws.com": 1, "sts.amazonaws.com": 1});
    assert_eq!(summary["kept_by_source"], kept);
    assert_eq!(here.number("select records from objects"), 9);
    assert_eq!(here.number("select events from objects"), 5);
}

#[test]
fn the_keep_list_can_be_widened() {
    let here = Here::new();
    let calls = [
        call(1, "dynamodb", "GetItem", json!({})),
        call(2, "ec2", "RunInstances", json!({})),
        decrypt(3),
    ];
    here.write("logs/a.json", document(&calls));
    assert_eq!(count(&here.ingest(&["logs"]), "events"), 1);
    assert_eq!(
        count(&here.ingest(&["logs", "--reread", "--keep", "ec2.amazonaws.com"]), "events"),
        1
    );
    assert_eq!(count(&here.ingest(&["logs", "--reread", "--keep", "*"]), "events"), 1);
    let sources = here.sql("select event_source from events order by event_source");
    assert_eq!(sources.len(), 3);
}

#[test]
fn an_amended_record_stands_beside_the_original_and_the_views_prefer_it() {
    let here = Here::new();
    let original = decrypt(1);
    let addendum = json!({"reason": "UPDATED_DATA", "updatedFields": "sourceIPAddress", "originalEventID": original["eventID"]});
    let amended =
        changed(decrypt(2), json!({"addendum": addendum, "sourceIPAddress": "198.51.100.7"}));
    here.write("logs/a.json", document(&[amended, decrypt(3)]));
    here.ingest(&["logs"]);
    here.write("logs/b.json", document(&[original]));
    here.ingest(&["logs"]);
    assert_eq!(here.number("select count(*) from events"), 3);
    let seen = here.sql("select source_ip_address as address from kms_events order by event_time");
    assert_eq!(seen, [json!({"address": "198.51.100.7"}), json!({"address": "192.0.2.10"})]);
}

#[test]
fn nothing_of_a_record_is_lost() {
    let here = Here::new();
    let record = changed(
        decrypt(1),
        json!({
            "userIdentity": root(),
            "eventContext": {"tagContext": {"aws:ResourceTag/team": ["orders"]}},
            "additionalEventData": {"keyMaterialId": "0123abcd", "unheard": "of"},
            "tlsDetails": {"tlsVersion": "TLSv1.3", "keyExchange": "X25519MLKEM768"},
        }),
    );
    here.write("logs/a.json", document(&[record]));
    here.ingest(&["logs"]);
    let row = &here.sql("select * from events")[0];
    assert_eq!(
        row["unmapped"],
        r#"{"eventContext":{"tagContext":{"aws:ResourceTag/team":["orders"]}}}"#
    );
    assert_eq!(row["additional_event_data"], r#"{"keyMaterialId":"0123abcd","unheard":"of"}"#);
    assert_eq!(
        (&row["key_material_id"], &row["tls_key_exchange"]),
        (&json!("0123abcd"), &json!("X25519MLKEM768"))
    );
    assert_eq!(
        (&row["actor"], &row["mfa"]),
        (&json!("arn:aws:iam::111122223333:root"), &json!("no"))
    );
    assert_eq!(row["event_time"], "2026-10-05T00:00:01Z");
}

#[test]
fn keys_of_other_partitions_are_keys() {
    let here = Here::new();
    for (partition, source) in
        [("aws-us-gov", "kms.amazonaws.com"), ("aws-cn", "kms.amazonaws.com.cn")]
    {
        let arguments = [
            "simulate",
            partition,
            "--events",
            "1500",
            "--days",
            "1",
            "--partition",
            partition,
            "--end",
            "2026-10-07T00:00:00Z",
        ];
        assert_eq!(here.run(arguments).code, Some(0));
        here.ingest(&[partition]);
        let query = format!(
            "select count(*) from events where event_source like 'kms.%' and aws_partition = '{partition}' \
             and key_arn like 'arn:{partition}:kms:%' and key_account_id is not null"
        );
        assert!(here.number(&query) > 300, "{source}");
    }
}
