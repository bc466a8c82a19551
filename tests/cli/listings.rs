//! Keys, grants and actors, listed for people and for programs.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::harness::record::{ACCOUNT, call, changed, decrypt, document, key_arn, session};
use crate::harness::{Here, Said};

const DAY: u32 = 86_400;
pub(super) const OTHER: &str = "444455556666";

/// A successful call by an administrator on a key.
fn managed(number: u32, name: &str, key: u32, request: Value, response: &Value) -> Value {
    changed(
        call(number, "kms", name, request),
        json!({
            "userIdentity": session("KeyAdmin", "robin", json!({})),
            "responseElements": response,
            "resources": [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": key_arn(key)}],
        }),
    )
}

fn grant(number: u32, key: u32, grantee: &str, operations: &[&str]) -> Value {
    let request =
        json!({"keyId": key_arn(key), "granteePrincipal": grantee, "operations": operations});
    let response = json!({"grantId": format!("{number:064x}"), "keyId": key_arn(key)});
    managed(number, "CreateGrant", key, request, &response)
}

/// Four keys in two accounts, three grants, two actors.
pub(super) fn inventory() -> Here {
    let here = Here::new();
    let created = json!({"keyMetadata": {"arn": key_arn(1), "keyManager": "CUSTOMER", "keyState": "Enabled"}});
    let alias = json!({"aliasName": "alias/orders", "targetKeyId": key_arn(1)});
    let doomed = json!({"keyId": key_arn(7), "keyState": "PendingDeletion", "pendingWindowInDays": 7, "deletionDate": "Oct 12, 2026, 12:00:30 AM"});
    let retired = json!({"keyId": key_arn(1), "grantId": format!("{:064x}", 200)});
    let foreign = format!("arn:aws:kms:us-east-1:{OTHER}:key/00000003-34cd-4ef5-9012-1234567890ab");
    here.write(
        "logs/a.json",
        document(&[
            managed(0, "CreateKey", 1, json!({"keySpec": "SYMMETRIC_DEFAULT"}), &created),
            managed(1, "CreateAlias", 1, alias, &Value::Null),
            decrypt(10),
            managed(20, "DisableKey", 2, json!({"keyId": key_arn(2)}), &Value::Null),
            managed(30, "ScheduleKeyDeletion", 7, json!({"keyId": key_arn(7)}), &doomed),
            grant(
                100,
                1,
                &format!("arn:aws:iam::{ACCOUNT}:role/orders-service"),
                &["Decrypt", "Encrypt", "GenerateDataKey"],
            ),
            grant(200, 1, &format!("arn:aws:iam::{OTHER}:role/Partner"), &["Decrypt"]),
            managed(300, "RetireGrant", 1, retired, &Value::Null),
            grant(20 * DAY - 20, 2, "rds.eu-west-1.amazonaws.com", &["Decrypt", "CreateGrant"]),
            changed(
                decrypt(20 * DAY),
                json!({
                    "awsRegion": "us-east-1",
                    "recipientAccountId": OTHER,
                    "resources": [{"accountId": OTHER, "type": "AWS::KMS::Key", "ARN": foreign}],
                }),
            ),
        ]),
    );
    here.ingest(&["logs"]);
    here
}

pub(super) fn list(here: &Here, words: &[&str]) -> Said {
    here.run(words.iter().chain(&["--lake", "lake", "--at", "2026-10-30T00:00:00Z"]))
}

#[test]
fn keys_are_shown_with_what_a_person_wants_to_know() {
    assert_snapshot!(list(&inventory(), &["keys"]), @r"
    exit code: 0
    ----- stdout -----
    ┌──────────────────────────────────┬──────────────┬──────────┬─────────────────────────────┬──────────┬────────────┬────────────┐
    │ key                              ┆ alias        ┆ manager  ┆ state                       ┆ rotation ┆ created    ┆ last used  │
    ╞══════════════════════════════════╪══════════════╪══════════╪═════════════════════════════╪══════════╪════════════╪════════════╡
    │ 111122223333/eu-west-1/00000001… ┆ alias/orders ┆ customer ┆ enabled                     ┆          ┆ 2026-10-05 ┆ 2026-10-05 │
    │ 111122223333/eu-west-1/00000002… ┆              ┆ customer ┆ disabled                    ┆          ┆            ┆            │
    │ 111122223333/eu-west-1/00000007… ┆              ┆ customer ┆ pending_deletion 2026-10-12 ┆          ┆            ┆            │
    │ 444455556666/us-east-1/00000003… ┆              ┆ unknown  ┆ enabled                     ┆          ┆            ┆ 2026-10-25 │
    └──────────────────────────────────┴──────────────┴──────────┴─────────────────────────────┴──────────┴────────────┴────────────┘

    ----- stderr -----
    4 keys
    ");
}

#[test]
fn grants_name_accounts_only_where_they_are_others() {
    assert_snapshot!(list(&inventory(), &["grants"]), @r"
    exit code: 0
    ----- stdout -----
    ┌──────────────────────────────────┬─────────────────────────────┬─────────────────────────────┬────────────┬───────────────┬────────────────────┐
    │ key                              ┆ grantee                     ┆ operations                  ┆ created    ┆ created by    ┆ status             │
    ╞══════════════════════════════════╪═════════════════════════════╪═════════════════════════════╪════════════╪═══════════════╪════════════════════╡
    │ 111122223333/eu-west-1/00000001… ┆ role/orders-service         ┆ Decrypt, Encrypt and 1 more ┆ 2026-10-05 ┆ role/KeyAdmin ┆ open               │
    │ 111122223333/eu-west-1/00000001… ┆ 444455556666:role/Partner   ┆ Decrypt                     ┆ 2026-10-05 ┆ role/KeyAdmin ┆ retired 2026-10-05 │
    │ 111122223333/eu-west-1/00000002… ┆ rds.eu-west-1.amazonaws.com ┆ Decrypt, CreateGrant        ┆ 2026-10-24 ┆ role/KeyAdmin ┆ open               │
    └──────────────────────────────────┴─────────────────────────────┴─────────────────────────────┴────────────┴───────────────┴────────────────────┘

    ----- stderr -----
    3 grants
    ");
}

#[test]
fn actors_are_shown_with_their_roles_on_each_key() {
    assert_snapshot!(list(&inventory(), &["actors"]), @r"
    exit code: 0
    ----- stdout -----
    ┌──────────────────────────────────┬──────────┬──────────────────────────────────┬───────────────────────────────────────┬───────┬────────┬────────────┐
    │ actor                            ┆ kind     ┆ key                              ┆ role                                  ┆ calls ┆ denied ┆ last call  │
    ╞══════════════════════════════════╪══════════╪══════════════════════════════════╪═══════════════════════════════════════╪═══════╪════════╪════════════╡
    │ role/KeyAdmin                    ┆ unknown  ┆ 111122223333/eu-west-1/00000001… ┆ creator, administrator, grant-manager ┆ 5     ┆ 0      ┆ 2026-10-05 │
    │ role/KeyAdmin                    ┆ unknown  ┆ 111122223333/eu-west-1/00000002… ┆ administrator, grant-manager          ┆ 2     ┆ 0      ┆ 2026-10-24 │
    │ role/KeyAdmin                    ┆ unknown  ┆ 111122223333/eu-west-1/00000007… ┆ administrator                         ┆ 1     ┆ 0      ┆ 2026-10-05 │
    │ role/orders-service              ┆ workload ┆ 111122223333/eu-west-1/00000001… ┆ user                                  ┆ 1     ┆ 0      ┆ 2026-10-05 │
    │ 111122223333:role/orders-service ┆ workload ┆ 444455556666/us-east-1/00000003… ┆ user                                  ┆ 1     ┆ 0      ┆ 2026-10-25 │
    └──────────────────────────────────┴──────────┴──────────────────────────────────┴───────────────────────────────────────┴───────┴────────┴────────────┘

    ----- stderr -----
    5 actor and key pairs
    ");
}

#[test]
fn silence_is_no_proof_where_logs_begin_late() {
    let said = list(&inventory(), &["keys", "--unused-for", "10d"]);
    assert_snapshot!(said.stderr, @r"
    3 keys
    warning: logs of 1 of 2 account and Region pairs begin after 2026-10-20T00:00:00Z: use before they begin is not seen
    ");
}

#[test]
fn a_list_without_rows_says_what_was_asked_and_what_to_try() {
    let here = inventory();
    assert_snapshot!(list(&here, &["keys", "--key", "alias/none", "--state", "enabled"]), @r"
    exit code: 0
    ----- stdout -----

    ----- stderr -----
    no key with --key alias/none --state enabled; --key takes part of an ARN, a key id or an alias such as alias/orders; without filters all are listed
    ");
    let keyless = Here::new();
    keyless.write("logs/a.json", document(&[call(1, "kms", "ListKeys", json!({}))]));
    keyless.ingest(&["logs"]);
    assert_snapshot!(list(&keyless, &["keys"]).stderr, @r#"no key in the lake lake; see what was read: keytrail sql "select * from runs""#);
    assert_snapshot!(list(&Here::new(), &["grants"]), @r"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no lake at [HERE]/lake: make one with keytrail ingest SOURCE --lake [HERE]/lake
    ");
}

#[test]
fn programs_get_every_column() {
    let here = inventory();
    let said = list(&here, &["grants", "--format", "json"]);
    let rows: Value = serde_json::from_str(&said.stdout).unwrap();
    let expected = here.sql("select * from grants order by created_time, key_arn, grant_id");
    assert_eq!(rows, Value::Array(expected), "{said}");
    let said = list(&here, &["actors", "--format", "csv", "-o", "actors.csv"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(0), ""), "{said}");
    assert_eq!(fs::read_to_string(here.path("actors.csv")).unwrap().lines().count(), 6);
}

#[test]
fn a_limit_is_named_when_it_leaves_something_out() {
    let here = inventory();
    let said = list(&here, &["keys", "--limit", "1"]);
    assert_eq!(said.stdout.matches("eu-west-1").count(), 1, "{said}");
    assert_snapshot!(said.stderr, @"the first 1 of 4 keys: --limit shows more, --format csv has all");
    let said = list(&here, &["keys", "--limit", "1", "--format", "csv"]);
    assert_eq!(said.stdout.lines().count(), 2, "{said}");
    assert_snapshot!(said.stderr, @"1 key; --limit allows no more");
}

#[test]
fn hostile_names_are_harmless_in_a_table() {
    let here = Here::new();
    let name = format!("{}\u{1b}[2J\u{202e}\r\n", "long-".repeat(20));
    here.write("logs/a.json", document(&[grant(1, 1, &name, &["Decrypt\u{7}"])]));
    here.ingest(&["logs"]);
    let said = list(&here, &["grants"]);
    assert!(!said.stdout.contains(|c: char| c.is_control() && c != '\n'), "{said:?}");
    assert_eq!(said.stdout.lines().count(), 5, "{said}");
    assert!(said.stdout.contains("lon…"), "{said}");
}
