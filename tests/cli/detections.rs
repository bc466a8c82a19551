//! Detections as such: listed, shown, and tested on fixtures.

use insta::assert_snapshot;
use serde_json::Value;

use crate::harness::Here;

#[test]
fn the_list_has_every_detection_and_how_bad_it_is() {
    assert_snapshot!(Here::new().run(["detections", "list"]), @r"
    exit code: 0
    ----- stdout -----
    ┌───────────────────────────┬──────────┬─────────┬───────────┬──────────────────────────────────────────────────┐
    │ id                        ┆ severity ┆ kind    ┆ attack    ┆ title                                            │
    ╞═══════════════════════════╪══════════╪═════════╪═══════════╪══════════════════════════════════════════════════╡
    │ administrator_uses_key    ┆ medium   ┆ event   ┆           ┆ One actor administers and uses a KMS key         │
    │ decrypt_without_mfa       ┆ medium   ┆ event   ┆ T1078.004 ┆ Decrypt by a person without MFA                  │
    │ denied_burst              ┆ medium   ┆ event   ┆ T1580     ┆ Burst of denied KMS calls                        │
    │ duplicate_grant           ┆ low      ┆ state   ┆           ┆ KMS key has the same grant more than once        │
    │ grant_delegates_granting  ┆ high     ┆ event   ┆ T1098     ┆ KMS grant lets its grantee create further grants │
    │ grant_to_external_account ┆ high     ┆ event   ┆ T1098     ┆ KMS grant reaches an account outside your own    │
    │ key_deletion_scheduled    ┆ high     ┆ state   ┆ T1485     ┆ KMS key scheduled for deletion                   │
    │ key_disabled              ┆ high     ┆ state   ┆ T1486     ┆ KMS key disabled                                 │
    │ key_policy_changed        ┆ medium   ┆ event   ┆ T1098     ┆ KMS key policy changed                           │
    │ key_policy_open_to_anyone ┆ critical ┆ event   ┆ T1098     ┆ KMS key policy open to anyone                    │
    │ kms_excluded_from_trail   ┆ critical ┆ event   ┆ T1562.008 ┆ KMS events excluded from a trail                 │
    │ risky_permission_used     ┆ medium   ┆ event   ┆ T1078.004 ┆ Risky KMS permission used by an unexpected actor │
    │ root_used_kms             ┆ high     ┆ event   ┆ T1078.004 ┆ KMS called by an account's root user             │
    │ stale_grant               ┆ medium   ┆ absence ┆           ┆ KMS grant that its grantee no longer uses        │
    └───────────────────────────┴──────────┴─────────┴───────────┴──────────────────────────────────────────────────┘

    ----- stderr -----
    ");
}

#[test]
fn the_list_is_there_for_programs() {
    let said = Here::new().run(["detections", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&said.stdout).unwrap();
    let list = list.as_array().unwrap();
    assert!(list.len() >= 13, "{said}");
    assert!(
        list.iter()
            .all(|detection| detection["id"].is_string() && detection["severity"].is_string()),
        "{said}"
    );
}

#[test]
fn one_detection_is_shown_with_its_sql() {
    let said = Here::new().run(["detections", "show", "key_disabled"]);
    assert_eq!(said.code, Some(0), "{said}");
    for word in ["KMS key disabled", "select", "$window_end"] {
        assert!(said.stdout.contains(word), "{word}\n{said}");
    }
    assert_snapshot!(Here::new().run(["detections", "show", "no_such_detection"]), @r#"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: there is no detection "no_such_detection"; see keytrail detections list
    "#);
}

#[test]
fn every_detection_passes_its_own_test() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/queries/detections");
    let said = Here::new().run(["detections", "test", folder]);
    assert_eq!(said.code, Some(0), "{said}");
}

#[test]
fn a_detection_with_a_bad_header_is_refused() {
    let here = Here::new();
    here.write("mine/odd.sql", "-- id = \"odd\"\n-- titel = \"A typing error\"\nselect 1\n");
    let said = here.run(["detections", "list", "--detections", "mine"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert_snapshot!(said.stderr, @"error: detection odd: header, line 2: unknown field `titel`, expected one of `id`, `title`, `kind`, `severity`, `confidence`, `attack`, `attack_version`, `controls`, `lookback`, `entity`, `why`, `benign`, `respond`, `see`, `parameters`
");
}
