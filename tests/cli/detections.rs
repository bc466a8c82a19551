//! Detections as such: listed, shown, and tested on fixtures.

use insta::assert_snapshot;
use serde_json::Value;

use crate::harness::Here;

#[test]
fn the_list_has_every_detection_and_how_bad_it_is() {
    let said = Here::new().run(["detections", "list"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said}");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/queries/detections");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str()?.strip_suffix(".sql")?.into()))
        .collect();
    files.sort();
    let rows: Vec<Vec<&str>> = said
        .stdout
        .lines()
        .skip(3)
        .filter(|line| line.starts_with('│'))
        .map(|line| line.trim_matches('│').split('┆').map(str::trim).collect())
        .collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), files);
    let root = rows.iter().find(|row| row[0] == "root_used_kms").unwrap();
    assert_eq!(root[1..4], ["high", "event", "T1078.004"]);
}

#[test]
fn the_list_is_there_for_programs() {
    let said = Here::new().run(["detections", "list", "--format", "json"]);
    let list: Value = serde_json::from_str(&said.stdout).unwrap();
    let list = list.as_array().unwrap();
    assert!(list.len() >= 76, "{said}");
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
    assert_snapshot!(said.stderr, @"error: detection odd: header, line 2: unknown field `titel`, expected one of `id`, `title`, `kind`, `severity`, `confidence`, `attack`, `attack_version`, `controls`, `lookback`, `history`, `every`, `entity`, `why`, `benign`, `respond`, `see`, `parameters`
");
}
