use super::{by_root, changes, configure, here, hour, ingest, raised, switched};
use crate::harness::Here;

const ONE: &[&str] = &["key_disabled"];

fn suppression(expires: &str) -> String {
    format!(
        "[[suppressions]]\ndetection = 'key_disabled'\nreason = 'drill'\napproved_by = 'robin'\nexpires = '{expires}'\nentity = {{ key_arn = '*:key/00000007-*' }}\n"
    )
}

#[test]
fn a_suppression_covers_what_it_names_until_it_ends() {
    let here = here(ONE);
    configure(&here, ONE, &suppression("2999-01-01"));
    let disabled = [7, 8].map(|key| switched(key, "DisableKey", key, hour(2)));
    ingest(&here, "a", &disabled);
    assert_eq!(raised(&here), ["key_disabled new"]);
    assert!(raised(&here).is_empty());
    let rows = here.sql("select reason, until from matters where state = 'suppressed'");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["reason"], "drill (approved by robin)");
    assert!(rows[0]["until"].as_str().unwrap().starts_with("2999-01-01"));

    configure(&here, ONE, &suppression("2026-01-01"));
    assert_eq!(raised(&here), ["key_disabled new"]);
    let said = here.run(["config", "check"]);
    assert!(said.stdout.contains("it ended at 2026-01-01"), "{said}");
}

#[test]
fn what_is_open_can_be_suppressed_afterwards() {
    let here = here(&["root_used_kms"]);
    ingest(&here, "a", &[by_root(1, hour(1))]);
    raised(&here);
    let more = "[[suppressions]]\ndetection = 'root_used_kms'\nreason = 'drill'\napproved_by = 'robin'\nexpires = '2999-01-01'\nentity = { actor = '*:root' }\n";
    configure(&here, &["root_used_kms"], more);
    assert!(raised(&here).is_empty());
    assert_eq!(changes(&here).last().map(String::as_str), Some("suppressed root_used_kms"));
}

#[test]
fn what_is_from_before_is_told_of_once() {
    let here = here(&["root_used_kms"]);
    let from = hour(10).format("[alerts]\nfrom = '%Y-%m-%dT%H:%M:%SZ'\n").to_string();
    configure(&here, &["root_used_kms"], &from);
    ingest(&here, "a", &[by_root(1, hour(2))]);
    assert_eq!(raised(&here), ["root_used_kms new"]);
    // Years arrive.
    let old: Vec<_> = (2..5).map(|year| by_root(year, hour(i64::from(year) * 24 * 365))).collect();
    ingest(&here, "b", &old);
    assert_eq!(raised(&here), ["historical_findings historical"]);
    assert_eq!(states(&here), ["historical", "historical", "historical", "open"]);
    assert!(raised(&here).is_empty());
}

#[test]
fn a_configuration_with_wrong_rules_is_refused_and_explained() {
    let here = Here::new();
    here.write(
        "keytrail.toml",
        "[alerts]\nfrom = 'soon'\n[[suppressions]]\ndetection = 'key_disbled'\nreason = 'x'\napproved_by = 'y'\nexpires = '2027-01-01'\n",
    );
    let said = here.run(["config", "check"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stdout.contains("\"soon\" is no time"), "{said}");
    assert!(said.stdout.contains("did you mean \"key_disabled\"?"), "{said}");
    let said = here.run(["detect", "--new", "--lake", "lake"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("[alerts] from"), "{said}");
}

fn states(here: &Here) -> Vec<String> {
    let rows = here.sql("select state from matters order by state");
    rows.iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect()
}
