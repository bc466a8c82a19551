//! Filters of keys, grants and actors: what they keep, and what they do not take for SQL.

use serde_json::Value;

use super::listings::{OTHER, inventory, list};
use crate::harness::Here;

/// The numbers of the keys in a list.
fn listed(here: &Here, command: &str, filters: &[&str]) -> Vec<u32> {
    let words = [&[command, "--format", "ndjson"][..], filters].concat();
    let said = list(here, &words);
    assert_eq!(said.code, Some(0), "{filters:?}\n{said}");
    let number = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let id = row["key_arn"].as_str().unwrap().rsplit_once('/').unwrap().1;
        u32::from_str_radix(&id[..8], 16).unwrap()
    };
    said.stdout.lines().map(number).collect()
}

#[test]
fn keys_can_be_filtered() {
    let here = inventory();
    let cases: &[(&[&str], &[u32])] = &[
        (&["--key", "alias/orders"], &[1]),
        (&["--key", "orders"], &[1]),
        (&["--key", "arn:aws:kms:eu-west-1:111122223333:alias/orders"], &[1]),
        (&["--key", "arn:aws:kms:us-east-1:111122223333:alias/orders"], &[]),
        (&["--key", "00000002-34cd-4ef5-9012-1234567890ab"], &[2]),
        (&["--key", "111122223333/eu-west-1/00000007…"], &[7]),
        (&["--key", "us-east-1"], &[3]),
        (&["--key", "arn:*:444455556666:*"], &[3]),
        // Not every key: these signs mean nothing here.
        (&["--key", "%"], &[]),
        (&["--key", "_"], &[]),
        (&["--key", "' or true --"], &[]),
        (&["--account", OTHER], &[3]),
        (&["--region", "eu-west-1"], &[1, 2, 7]),
        (&["--state", "disabled"], &[2]),
        (&["--state", "pending-deletion"], &[7]),
        (&["--manager", "customer"], &[1, 2, 7]),
        (&["--manager", "aws"], &[]),
        (&["--manager", "unknown"], &[3]),
        (&["--unused-for", "10d"], &[1, 2, 7]),
        (&["--unused-for", "30d"], &[2, 7]),
        (&["--unused-for", "10d", "--state", "enabled"], &[1]),
    ];
    for (filters, keys) in cases {
        assert_eq!(listed(&here, "keys", filters), *keys, "{filters:?}");
    }
}

#[test]
fn grants_and_actors_can_be_filtered() {
    let here = inventory();
    let cases: &[(&str, &[&str], &[u32])] = &[
        ("grants", &["--open"], &[1, 2]),
        ("grants", &["--service-made"], &[2]),
        ("grants", &["--direct"], &[1, 1]),
        ("grants", &["--grantee", "Partner"], &[1]),
        ("grants", &["--grantee", "*.amazonaws.com"], &[2]),
        ("grants", &["--actor", "arn:*:role/KeyAdmin"], &[1, 1, 2]),
        ("grants", &["--actor", "*KeyAdm"], &[]),
        ("grants", &["--older-than", "10d"], &[1, 1]),
        ("grants", &["--key", "alias/orders", "--open"], &[1]),
        ("grants", &["--key", "alias/none"], &[]),
        ("actors", &["--kind", "workload"], &[1, 3]),
        ("actors", &["--role", "user"], &[1, 3]),
        ("actors", &["--role", "creator"], &[1]),
        ("actors", &["--role", "grant-manager"], &[1, 2]),
        ("actors", &["--actor", "KeyAdmin"], &[1, 2, 7]),
        ("actors", &["--active-within", "10d"], &[2, 3]),
        ("actors", &["--idle-for", "10d"], &[1, 7, 1]),
        ("actors", &["--key", "orders"], &[1, 1]),
    ];
    for (command, filters, keys) in cases {
        assert_eq!(listed(&here, command, filters), *keys, "{command} {filters:?}");
    }
    assert_eq!(list(&here, &["grants", "--direct", "--service-made"]).code, Some(2));
}
