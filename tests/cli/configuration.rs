//! `keytrail.toml`: checked, proposed, and heeded.

use insta::assert_snapshot;
use serde_json::json;

use super::detect::{detect, findings, loud_lake};
use crate::harness::Here;
use crate::harness::record::{changed, decrypt, document, session};

#[test]
fn everything_wrong_in_a_configuration_is_said_at_once() {
    let here = Here::new();
    here.write(
        "keytrail.toml",
        "[trust]\nown_accounts = ['1111']\nadministrators = ['*']\n\
         [detections.stale_grnt]\nenabled = false\n\
         [detections.stale_grant]\nparameters = { stale_after = 60 }\n",
    );
    assert_snapshot!(here.run(["config", "check"]), @r#"
    exit code: 2
    ----- stdout -----
    error: [trust] own_accounts: "1111" is no account id: give twelve digits, in quotes
    error: [detections.stale_grant] parameters: stale_after cannot be 60: give a duration such as "90d" or "12h", as in stale_after = "90d"
    error: [detections.stale_grnt] there is no detection "stale_grnt"; did you mean "stale_grant"?
    warning: [trust] administrators: "*" matches everybody: name accounts or roles, or take the list out
    keytrail.toml cannot be used: 3 errors, 1 warning

    ----- stderr -----
    "#);
    here.write("keytrail.toml", "[trust]\nown_acounts = []\n");
    let said = here.run(["config", "check"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stdout.contains("unknown field `own_acounts`"), "{said}");
}

#[test]
fn a_configuration_is_compared_with_a_lake() {
    let here = loud_lake();
    here.write(
        "mine.toml",
        "[trust]\nown_accounts = ['444455556666']\n\
         administrators = ['*:role/KeyAdmin', '*:role/Nobody']\n",
    );
    assert_snapshot!(here.run(["config", "check", "mine.toml", "--lake", "lake"]), @r#"
    exit code: 0
    ----- stdout -----
    warning: [trust] administrators: "*:role/Nobody" matches no actor of the lake
    warning: [trust] own_accounts: no logs of "444455556666" are in the lake
    warning: account "111122223333" is neither in own_accounts nor in trusted_accounts, though its logs are in the lake
    mine.toml can be used: 3 warnings

    ----- stderr -----
    "#);
}

#[test]
fn a_lake_proposes_a_configuration_that_can_be_used() {
    let here = loud_lake();
    let hostile = session("x\"]\nusers = [\"*\"]\r#", "robin", json!({}));
    let record = changed(decrypt(200), json!({"userIdentity": hostile}));
    here.write("more/b.json", document(&[record]));
    here.ingest(&["more"]);
    let said = here.run(["config", "init", "--lake", "lake"]);
    assert_eq!(said.code, Some(0), "{said}");
    let text = std::fs::read_to_string(here.path("keytrail.toml")).unwrap();
    for line in [
        "    \"111122223333\",",
        "    \"arn:aws:iam::111122223333:role/KeyAdmin\", # 1 call, last 2026-10-05",
        "    \"arn:aws:iam::111122223333:role/orders-service\", # 1 call, last 2026-10-05",
        "    # \"arn:aws:iam::111122223333:root\", # 1 call, last 2026-10-05; root: better nobody",
        "break_glass = [\n]",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let said = here.run(["config", "check", "--lake", "lake"]);
    assert_eq!(said.code, Some(0), "{said}");
    assert!(said.stdout.contains("can be used: 0 warnings"), "{said}\n{text}");

    let said = here.run(["config", "init", "--lake", "lake"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("--force"), "{said}");
    assert_eq!(here.run(["config", "init", "--lake", "lake", "--force"]).code, Some(0));
    let shown = here.run(["config", "init", "--lake", "lake", "-o", "-"]);
    assert_eq!(shown.stdout, text, "{shown}");
}

#[test]
fn a_lake_that_is_not_there_proposes_nothing() {
    let here = Here::new();
    let said = here.run(["config", "init", "--lake", "lake"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(!here.path("keytrail.toml").exists());
}

#[test]
fn disabled_detections_are_not_judged_and_named() {
    let here = loud_lake();
    here.write("keytrail.toml", "[detections.root_used_kms]\nenabled = false\n");
    let ids = ["key_deletion_scheduled", "root_used_kms"];
    let said = detect(&here, &ids, &[]);
    assert_eq!(said.code, Some(1), "{said}");
    assert!(
        said.stdout.contains("Not judged, as the configuration says: root_used_kms."),
        "{said}"
    );
    let found = findings(&detect(&here, &ids, &["--format", "json"]));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["detection"], "key_deletion_scheduled");
}

#[test]
fn a_severity_of_the_configuration_holds_for_every_finding() {
    let here = loud_lake();
    here.write("mine.toml", "[detections.key_deletion_scheduled]\nseverity = 'low'\n");
    let options = ["--config", "mine.toml", "--format", "json"];
    let found = findings(&detect(&here, &["key_deletion_scheduled"], &options));
    assert_eq!(found[0]["severity"], "low");
}

#[test]
fn a_parameter_of_the_command_line_is_in_the_record_of_the_run() {
    let here = loud_lake();
    for days in ["100d", "120d"] {
        let set = format!("stale_grant.stale_after={days}");
        let said = detect(&here, &["stale_grant"], &["--set", &set]);
        assert_eq!(said.code, Some(0), "{said}");
    }
    let query = "select count(distinct configuration_hash) as hashes, \
                 count(distinct detections_hash) as texts from runs where command = 'detect'";
    assert_eq!(here.sql(query), [json!({"hashes": 2, "texts": 1})]);
    let said = detect(&here, &["stale_grant"], &["--set", "stale_grant.stale_aftr=9d"]);
    assert_snapshot!(said, @r#"
    exit code: 2
    ----- stdout -----

    ----- stderr -----
    error: --set stale_grant.stale_aftr=9d: there is no parameter "stale_aftr"; did you mean "stale_after"? Known: stale_after
    "#);
}

#[test]
fn a_detection_is_shown_with_the_parameters_in_force() {
    let here = Here::new();
    here.write("keytrail.toml", "[detections.stale_grant]\nseverity = 'info'\n");
    let set = "stale_grant.stale_after=120d";
    let said = here.run(["detections", "show", "stale_grant", "--set", set]);
    assert_eq!(said.code, Some(0), "{said}");
    for line in [
        "(info (default medium), absence)",
        "lookback    120d (default 90d)",
        "parameter   stale_after = \"120d\" (default \"90d\")",
    ] {
        assert!(said.stdout.contains(line), "{line}\n{said}");
    }
}
