use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::array_value_to_string;

use super::*;
use crate::schema::EVENTS;

const LINEAGE: Lineage<'_> =
    Lineage { object_uri: "o", record_index: 7, run_id: "r", ingested_at: 0 };

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555";

fn event(fields: &str) -> RecordBatch {
    let text = format!(
        r#"{{"eventVersion":"1.11","eventTime":"2026-11-02T03:04:05Z","eventSource":"kms.amazonaws.com","awsRegion":"eu-west-1","recipientAccountId":"111122223333","userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ann","accountId":"111122223333"}},{fields}}}"#
    );
    let record = Record::read(&text).unwrap();
    let mut rows = Rows::new(&EVENTS);
    append(&mut rows, &record, &text, LINEAGE).unwrap();
    rows.finish().unwrap()
}

fn cell(batch: &RecordBatch, column: &str) -> String {
    let column = batch.column_by_name(column).unwrap();
    if column.is_null(0) { "null".to_owned() } else { array_value_to_string(column, 0).unwrap() }
}

fn micros(batch: &RecordBatch, column: &str) -> i64 {
    let column = batch.column_by_name(column).unwrap();
    column.as_primitive::<TimestampMicrosecondType>().value(0)
}

#[test]
fn a_decrypt_takes_its_key_from_resources_and_keeps_its_context() {
    let batch = event(&format!(
        r#""eventName":"Decrypt","eventID":"e","readOnly":true,"requestParameters":{{"encryptionContext":{{"SecretARN":"s","Case":"Kept"}},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}},"responseElements":null,"resources":[{{"accountId":"111122223333","type":"AWS::KMS::Key","ARN":"{KEY}"}}]"#
    ));
    for (column, value) in [
        ("key_arn", KEY),
        ("key_account_id", "111122223333"),
        ("encryption_context", "{SecretARN: s, Case: Kept}"),
        ("activity", "use"),
        ("event_month", "2026-11"),
        ("response_elements", "null"),
        ("read_only", "true"),
        ("aws_partition", "aws"),
        ("record_index", "7"),
    ] {
        assert_eq!(cell(&batch, column), value, "{column}");
    }
}

#[test]
fn a_grant_is_flattened_and_found_again_when_it_is_retired() {
    let created = event(&format!(
        r#""eventName":"CreateGrant","eventID":"e","requestParameters":{{"keyId":"{KEY}","granteePrincipal":"arn:aws:iam::444455556666:role/R","operations":["Decrypt","CreateGrant"],"constraints":{{"encryptionContextSubset":{{"a":"b"}}}},"name":"n"}},"responseElements":{{"grantId":"g1","keyId":"{KEY}"}}"#
    ));
    assert_eq!(cell(&created, "grant_id"), "g1");
    assert_eq!(cell(&created, "grant_operations"), "[Decrypt, CreateGrant]");
    assert_eq!(cell(&created, "grant_constraint"), "encryption_context_subset");
    assert_eq!(cell(&created, "grant_encryption_context"), "{a: b}");
    assert_eq!(cell(&created, "activity"), "manage");
    let retired = event(
        r#""eventName":"RetireGrant","eventID":"e","requestParameters":null,"additionalEventData":{"grantId":"g1"}"#,
    );
    assert_eq!(cell(&retired, "grant_id"), "g1");
}

#[test]
fn dates_in_responses_are_read_from_the_text_that_aws_writes() {
    let batch = event(
        r#""eventName":"ScheduleKeyDeletion","eventID":"e","requestParameters":{"keyId":"x","pendingWindowInDays":7},"responseElements":{"deletionDate":"Nov 9, 2026, 3:04:05 AM","keyState":"PendingDeletion","pendingWindowInDays":7}"#,
    );
    assert_eq!(micros(&batch, "deletion_date") - micros(&batch, "event_time"), 7 * 86_400_000_000);
    assert_eq!(cell(&batch, "pending_window_in_days"), "7");
}

#[test]
fn a_policy_is_kept_as_text_whether_it_came_as_text_or_as_an_object() {
    for policy in [r#""{\"Statement\":[]}""#, r#"{"Statement":[]}"#] {
        let batch = event(&format!(
            r#""eventName":"PutKeyPolicy","eventID":"e","requestParameters":{{"policy":{policy},"bypassPolicyLockoutSafetyCheck":"true"}}"#
        ));
        assert_eq!(cell(&batch, "policy"), r#"{"Statement":[]}"#);
        assert_eq!(cell(&batch, "bypass_policy_lockout_safety_check"), "true");
    }
}

#[test]
fn fields_without_a_column_are_kept_in_unmapped() {
    let batch = event(
        r#""eventName":"Decrypt","eventID":"e","eventContext":{"x":[1]},"userIdentity":{"type":"AssumedRole","inScopeOf":{"sourceArn":"f"}}"#,
    );
    assert_eq!(
        cell(&batch, "unmapped"),
        r#"{"eventContext":{"x":[1]},"userIdentity.inScopeOf":{"sourceArn":"f"}}"#
    );
}

#[test]
fn an_odd_tag_does_not_cost_the_others() {
    let batch = event(
        r#""eventName":"TagResource","eventID":"e","requestParameters":{"tags":[null,["x","y"],{"tagKey":"k","tagKey":"a","tagValue":7},{"tagKey":"c"}]}"#,
    );
    assert_eq!(cell(&batch, "tags"), "{a: 7, c: }");
}

#[test]
fn a_record_without_an_id_gets_the_hash_of_its_text() {
    let (one, two) = (event(r#""eventName":"A""#), event(r#""eventName":"B""#));
    assert!(cell(&one, "event_id").starts_with("sha256:"));
    assert_eq!(cell(&one, "event_id"), cell(&event(r#""eventName":"A""#), "event_id"));
    assert_ne!(cell(&one, "event_id"), cell(&two, "event_id"));
}

#[test]
fn a_record_without_a_readable_time_is_refused() {
    for time in [r#""eventTime":"soon","#, ""] {
        let text = format!(r#"{{{time}"eventName":"Decrypt","eventSource":"kms.amazonaws.com"}}"#);
        let record = Record::read(&text).unwrap();
        let refused = append(&mut Rows::new(&EVENTS), &record, &text, LINEAGE);
        assert_eq!(refused, Err(NO_TIME));
    }
}

#[test]
fn a_record_that_kms_wrote_by_itself_has_its_key_and_no_type() {
    let batch = event(&format!(
        r#""userIdentity":{{"accountId":"111122223333","invokedBy":"AWS Internal"}},"eventName":"RotateKey","eventID":"e","eventType":"AwsServiceEvent","serviceEventDetails":{{"keyId":"{KEY}","rotationType":"AUTOMATIC"}}"#
    ));
    assert_eq!(cell(&batch, "key_arn"), KEY);
    assert_eq!(cell(&batch, "rotation_type"), "AUTOMATIC");
    assert_eq!(cell(&batch, "actor_kind"), "service");
    assert_eq!(cell(&batch, "user_identity_type"), "null");
}
