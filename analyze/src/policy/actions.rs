//! An **action**: what a statement allows or denies, written as a permission
//! name or a pattern of names.
//!
//! Permissions are not quite operations: `ReEncrypt` needs `kms:ReEncryptFrom`
//! on one key and `kms:ReEncryptTo` on the other, and what KMS does by itself
//! (`DeleteKey`, `RotateKey`) cannot be allowed to anyone.

use std::sync::LazyLock;

use ingest::operations::OPERATIONS;

/// Permissions that are not a public operation of the same name.
const PERMISSION_ONLY: [&str; 3] = ["ReEncryptFrom", "ReEncryptTo", "SynchronizeMultiRegionKey"];

/// All permissions of KMS, as `kms:Decrypt`, sorted.
static PERMISSIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let operations = OPERATIONS.iter();
    let mut permissions: Vec<String> = operations
        .filter(|operation| operation.role != "service")
        .map(|operation| operation.event_name)
        .filter(|name| *name != "ReEncrypt")
        .chain(PERMISSION_ONLY)
        .map(|name| format!("kms:{name}"))
        .collect();
    permissions.sort_unstable();
    permissions
});

/// The KMS permissions that a statement covers: those its `Action` matches and,
/// with a `NotAction`, all that this does not match.
pub(super) fn expand(actions: &[String], not_actions: &[String]) -> Vec<&'static str> {
    let permissions = PERMISSIONS.iter().map(String::as_str);
    permissions
        .filter(|permission| {
            let covered = any_matches(actions, permission);
            covered || (!not_actions.is_empty() && !any_matches(not_actions, permission))
        })
        .collect()
}

fn any_matches(patterns: &[String], permission: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, permission))
}

/// Whether a pattern with `*` (any run) and `?` (any one character) matches the
/// whole name. Case does not count. Time is bounded by the lengths multiplied:
/// only the last `*` is ever tried again.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut position) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while position < name.len() {
        match (pattern.get(at), last_star) {
            (Some(b'*'), _) => {
                last_star = Some((at, position));
                at += 1;
            }
            (Some(byte), _) if *byte == b'?' || byte.eq_ignore_ascii_case(&name[position]) => {
                at += 1;
                position += 1;
            }
            (_, Some((star, swallowed))) => {
                // Let the star take one more character and start again behind it.
                last_star = Some((star, swallowed + 1));
                at = star + 1;
                position = swallowed + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn expanded(actions: &[&str]) -> Vec<&'static str> {
        expand(&owned(actions), &[])
    }

    #[test]
    fn patterns_expand_to_permissions_whatever_their_case() {
        let cases: &[(&str, &[&str])] = &[
            ("kms:Decrypt", &["kms:Decrypt"]),
            ("KMS:decrypt", &["kms:Decrypt"]),
            ("kms:ReEncrypt*", &["kms:ReEncryptFrom", "kms:ReEncryptTo"]),
            ("kms:ReEncrypt", &[]),
            ("kms:?ign", &["kms:Sign"]),
            ("kms:Verify*", &["kms:Verify", "kms:VerifyMac"]),
            ("kms:*crypt", &["kms:Decrypt", "kms:Encrypt"]),
            ("kms:DeleteKey", &[]),
            ("kms:RotateKey", &[]),
            ("kms:DeleteExpiredKeyMaterial", &[]),
            ("kms:Synchronize*", &["kms:SynchronizeMultiRegionKey"]),
            ("s3:*", &[]),
            ("kms", &[]),
            ("", &[]),
        ];
        for (pattern, expected) in cases {
            assert_eq!(&expanded(&[pattern]), expected, "{pattern}");
        }
    }

    #[test]
    fn a_star_covers_every_permission() {
        let all: Vec<&str> = PERMISSIONS.iter().map(String::as_str).collect();
        for pattern in ["*", "kms:*", "**", "*:*", "k*", "kms:?*"] {
            assert_eq!(expanded(&[pattern]), all, "{pattern}");
        }
        assert!(all.is_sorted());
    }

    #[test]
    fn the_console_administrator_statement_covers_granting() {
        assert!(expanded(&["kms:Create*"]).contains(&"kms:CreateGrant"));
    }

    #[test]
    fn not_action_covers_all_that_it_does_not_match() {
        let rest = expand(&[], &owned(&["kms:*Key*", "iam:*"]));
        assert!(rest.contains(&"kms:Decrypt") && !rest.contains(&"kms:DisableKey"));
        assert_eq!(expand(&[], &owned(&["iam:*"])).len(), PERMISSIONS.len());
        assert!(expand(&[], &owned(&["*"])).is_empty());
        assert!(expand(&[], &[]).is_empty());
    }

    #[test]
    fn a_pattern_of_many_stars_ends_soon() {
        let pattern = "*k".repeat(50_000);
        assert!(expanded(&[&pattern]).is_empty());
    }

    proptest! {
        #[test]
        fn more_actions_never_cover_less(
            some in prop::collection::vec("(kms:)?[a-zA-Z*?]{0,8}", 0..4),
            more in prop::collection::vec("(kms:)?[a-zA-Z*?]{0,8}", 0..4),
        ) {
            let both: Vec<String> = some.iter().chain(&more).cloned().collect();
            let (few, many) = (expand(&some, &[]), expand(&both, &[]));
            prop_assert!(few.iter().all(|permission| many.contains(permission)));
            if !some.is_empty() {
                let (few, many) = (expand(&[], &both), expand(&[], &some));
                prop_assert!(few.iter().all(|permission| many.contains(permission)));
            }
        }

        #[test]
        fn an_action_and_its_complement_share_nothing_and_miss_nothing(
            patterns in prop::collection::vec("(kms:)?[a-zA-Z*?]{0,8}", 1..4),
        ) {
            let (covered, rest) = (expand(&patterns, &[]), expand(&[], &patterns));
            prop_assert!(covered.iter().all(|permission| !rest.contains(permission)));
            prop_assert_eq!(covered.len() + rest.len(), PERMISSIONS.len());
        }
    }
}
