use std::time::Duration;

use super::{by_root, changes, here, hour, ingest, raised, switched};
use crate::harness::killing::{Killer, kills};

const TWO: &[&str] = &["key_disabled", "root_used_kms"];
const EXPECTED: &[&str] =
    &["found key_disabled", "found root_used_kms", "raised key_disabled", "raised root_used_kms"];

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort();
    words
}

#[test]
fn runs_at_once_tell_of_each_matter_once() {
    let here = here(TWO);
    ingest(&here, "a", &[switched(1, "DisableKey", 7, hour(2)), by_root(2, hour(2))]);
    let words = ["detect", "--new", "--lake", here.lake()];
    let runs: Vec<_> = (0..3).map(|_| here.command(words).spawn().unwrap()).collect();
    let mut told = 0;
    for run in runs {
        let said = here.finish(run);
        assert!(matches!(said.code, Some(0 | 1)), "{said}");
        told += u32::from(said.code == Some(1));
    }
    assert_eq!(told, 1);
    assert_eq!(sorted(changes(&here)), EXPECTED);
    assert!(raised(&here).is_empty());
}

#[test]
fn a_run_that_is_killed_anywhere_loses_and_doubles_nothing() {
    let here = here(TWO);
    ingest(&here, "a", &[switched(1, "DisableKey", 7, hour(2)), by_root(2, hour(2))]);
    let mut killer = Killer::new(7);
    for _ in 0..kills(6) {
        // Without news it ends well, and with news it must not be asked how.
        let run = here
            .command(["detect", "--new", "--fail-on", "critical", "--lake", here.lake()])
            .spawn()
            .unwrap();
        killer.kill_within(run, Duration::from_secs(3));
    }
    raised(&here);
    assert_eq!(sorted(changes(&here)), EXPECTED);
    assert_eq!(here.number("select count(*) from matters where state = 'open'"), 2);
}
