//! Detections that are started from a template, and fixtures with parameters.

use std::fs;

use crate::harness::Here;

#[test]
fn a_new_detection_of_every_kind_passes_its_own_test() {
    let here = Here::new();
    for kind in ["event", "state", "absence"] {
        let id = format!("mine_{kind}");
        let said = here.run(["detections", "new", &id, "--kind", kind, "-d", "mine"]);
        assert_eq!(said.code, Some(0), "{said}");
        assert!(said.stdout.contains("--bless"), "{said}");
    }
    let said = here.run(["detections", "test", "mine", "--bless"]);
    assert_eq!(said.code, Some(0), "{said}");
    let said = here.run(["detections", "test", "mine"]);
    assert_eq!(said.code, Some(0), "{said}");
    for kind in ["event", "state", "absence"] {
        let expected = fs::read_to_string(here.path(format!("mine/mine_{kind}.expected.jsonl")));
        assert_eq!(expected.unwrap().lines().count(), 1, "{kind}");
    }
}

#[test]
fn a_new_detection_overwrites_nothing_and_needs_a_plain_id() {
    let here = Here::new();
    here.write("mine/taken.events.jsonl", "mine\n");
    let said = here.run(["detections", "new", "taken", "-d", "mine"]);
    assert_eq!(said.code, Some(2), "{said}");
    assert_eq!(fs::read_to_string(here.path("mine/taken.events.jsonl")).unwrap(), "mine\n");
    assert!(!here.path("mine/taken.sql").exists());
    for id in ["../up", "Upper", "1st", ""] {
        assert_eq!(here.run(["detections", "new", id, "-d", "mine"]).code, Some(2), "{id}");
    }
}

#[test]
fn a_fixture_sets_parameters_for_its_check() {
    let here = Here::new();
    here.run(["detections", "new", "tags", "-d", "mine"]);
    let events = fs::read_to_string(here.path("mine/tags.events.jsonl")).unwrap();
    let test = |first: &str| {
        here.write("mine/tags.events.jsonl", format!("{first}\n{events}"));
        here.run(["detections", "test", "mine", "--bless"])
    };
    let said = test("{\"parameters\": {\"calls_min\": 1}}");
    assert_eq!(said.code, Some(0), "{said}");
    let said = test("{\"parameters\": {\"calls_min\": 2}}");
    assert!(said.stdout.contains("the fixture has no hit"), "{said}");
    let said = test("{\"parameters\": {\"calls_mn\": 2}}");
    assert_eq!(said.code, Some(2), "{said}");
    assert!(said.stderr.contains("did you mean \"calls_min\"?"), "{said}");
}
