//! A **column** of a detection, or a key in a policy: whether what it holds is
//! sensitive, by its name.

use super::SensitiveKind;

/// Columns of detections that hold values of encryption contexts under another
/// name: `resources` are taken from the contexts of AWS services.
const CONTEXT_COLUMNS: [&str; 9] = [
    "constraints",
    "context",
    "contexts",
    "context_values",
    "object",
    "object_keys",
    "objects",
    "resource",
    "resources",
];

/// What a column of a detection holds.
pub(super) fn kind_of_column(name: &str) -> Option<SensitiveKind> {
    if CONTEXT_COLUMNS.contains(&name) || name.ends_with("_context") {
        return Some(SensitiveKind::Context);
    }
    kind_of_key(name)
}

/// What a key of a JSON document holds, such as a condition key of a policy.
pub(super) fn kind_of_key(name: &str) -> Option<SensitiveKind> {
    let name: String = name.chars().filter(|character| !matches!(character, '_' | '-')).collect();
    let name = name.to_ascii_lowercase();
    if name.contains("ipaddress") || name.contains("sourceip") || name == "ip" {
        // `"IpAddress": {"aws:SourceIp": ...}`: the operator may hold other keys,
        // but all of them take addresses.
        Some(SensitiveKind::Address)
    } else if ["sessionname", "sourceidentity", "aws:userid"].iter().any(|part| name.contains(part))
    {
        Some(SensitiveKind::Session)
    } else if name.contains("email") {
        Some(SensitiveKind::Person)
    } else if name.contains("encryptioncontext") && !name.ends_with("keys") {
        Some(SensitiveKind::Context)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sensitive_columns_are_known_by_name() {
        let cases = [
            ("source_ip_address", Some(SensitiveKind::Address)),
            ("source_ip_addresses", Some(SensitiveKind::Address)),
            ("session_names", Some(SensitiveKind::Session)),
            ("source_identity", Some(SensitiveKind::Session)),
            ("encryption_context", Some(SensitiveKind::Context)),
            ("used_context", Some(SensitiveKind::Context)),
            ("resources", Some(SensitiveKind::Context)),
            ("encryption_context_keys", None),
            ("key_arn", None),
            ("actor", None),
        ];
        for (name, kind) in cases {
            assert_eq!(kind_of_column(name), kind, "{name}");
        }
    }

    #[test]
    fn sensitive_condition_keys_are_known_by_name() {
        let cases = [
            ("kms:EncryptionContext:tenant", Some(SensitiveKind::Context)),
            ("kms:EncryptionContextKeys", None),
            ("aws:SourceIp", Some(SensitiveKind::Address)),
            ("aws:VpcSourceIp", Some(SensitiveKind::Address)),
            ("sts:RoleSessionName", Some(SensitiveKind::Session)),
            ("aws:userid", Some(SensitiveKind::Session)),
            ("Resource", None),
            ("kms:ViaService", None),
        ];
        for (name, kind) in cases {
            assert_eq!(kind_of_key(name), kind, "{name}");
        }
    }
}
