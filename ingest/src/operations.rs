//! An **operation**: one action of the KMS API, with how risky it is and which
//! role its caller plays on the key.
//!
//! Data, not an enum: AWS adds operations, and one that is not listed must
//! still flow through. Source: the KMS API reference for names, the reference
//! tables of the developer guide for classes; `risk` is KeyTrail's own.

/// One KMS operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// CloudTrail's `eventName`.
    pub event_name: &'static str,
    /// What it acts on.
    pub class: &'static str,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub risk: &'static str,
    /// Role that the caller plays: `creator`, `administrator`, `user`,
    /// `grant_manager`, `reader` or `service`.
    pub role: &'static str,
    /// `use` or `manage`: which side of the lake its events lie on.
    pub activity: &'static str,
}

const fn operation(
    event_name: &'static str,
    class: &'static str,
    risk: &'static str,
    role: &'static str,
    activity: &'static str,
) -> Operation {
    Operation { event_name, class, risk, role, activity }
}

/// All operations known to this version, sorted by name.
pub const OPERATIONS: &[Operation] = &[
    operation("CancelKeyDeletion", "lifecycle", "medium", "administrator", "manage"),
    operation("ConnectCustomKeyStore", "custom_key_store", "medium", "administrator", "manage"),
    operation("CreateAlias", "alias", "low", "administrator", "manage"),
    operation("CreateCustomKeyStore", "custom_key_store", "high", "creator", "manage"),
    operation("CreateGrant", "grant", "high", "grant_manager", "manage"),
    operation("CreateKey", "creation", "medium", "creator", "manage"),
    operation("Decapsulate", "cryptographic", "medium", "user", "use"),
    operation("Decrypt", "cryptographic", "medium", "user", "use"),
    operation("DeleteAlias", "alias", "medium", "administrator", "manage"),
    operation("DeleteCustomKeyStore", "custom_key_store", "high", "administrator", "manage"),
    operation("DeleteExpiredKeyMaterial", "imported_material", "high", "service", "manage"),
    operation(
        "DeleteImportedKeyMaterial",
        "imported_material",
        "critical",
        "administrator",
        "manage",
    ),
    operation("DeleteKey", "lifecycle", "critical", "service", "manage"),
    operation("DeriveSharedSecret", "cryptographic", "medium", "user", "use"),
    operation("DescribeCustomKeyStores", "custom_key_store", "info", "reader", "use"),
    operation("DescribeKey", "metadata", "info", "reader", "use"),
    operation("DisableKey", "lifecycle", "high", "administrator", "manage"),
    operation("DisableKeyRotation", "rotation", "high", "administrator", "manage"),
    operation("DisconnectCustomKeyStore", "custom_key_store", "high", "administrator", "manage"),
    operation("EnableKey", "lifecycle", "low", "administrator", "manage"),
    operation("EnableKeyRotation", "rotation", "info", "administrator", "manage"),
    operation("Encapsulate", "cryptographic", "low", "user", "use"),
    operation("Encrypt", "cryptographic", "low", "user", "use"),
    operation("GenerateDataKey", "cryptographic", "low", "user", "use"),
    operation("GenerateDataKeyPair", "cryptographic", "low", "user", "use"),
    operation("GenerateDataKeyPairWithoutPlaintext", "cryptographic", "low", "user", "use"),
    operation("GenerateDataKeyWithoutPlaintext", "cryptographic", "low", "user", "use"),
    operation("GenerateMac", "cryptographic", "low", "user", "use"),
    operation("GenerateRandom", "random", "info", "reader", "use"),
    operation("GetKeyLastUsage", "metadata", "info", "reader", "use"),
    operation("GetKeyPolicy", "policy", "low", "reader", "use"),
    operation("GetKeyRotationStatus", "rotation", "info", "reader", "use"),
    operation("GetParametersForImport", "imported_material", "medium", "creator", "manage"),
    operation("GetPublicKey", "public_key", "low", "user", "use"),
    operation("ImportKeyMaterial", "imported_material", "high", "creator", "manage"),
    operation("ListAliases", "metadata", "info", "reader", "use"),
    operation("ListGrants", "grant", "low", "reader", "use"),
    operation("ListKeyPolicies", "metadata", "info", "reader", "use"),
    operation("ListKeyRotations", "rotation", "info", "reader", "use"),
    operation("ListKeys", "metadata", "info", "reader", "use"),
    operation("ListResourceTags", "metadata", "info", "reader", "use"),
    operation("ListRetirableGrants", "grant", "low", "reader", "use"),
    operation("PutKeyPolicy", "policy", "critical", "administrator", "manage"),
    operation("ReEncrypt", "cryptographic", "medium", "user", "use"),
    operation("ReplicateKey", "multi_region", "high", "creator", "manage"),
    operation("RetireGrant", "grant", "low", "grant_manager", "manage"),
    operation("RevokeGrant", "grant", "medium", "grant_manager", "manage"),
    operation("RotateKey", "rotation", "info", "service", "manage"),
    operation("RotateKeyOnDemand", "rotation", "low", "administrator", "manage"),
    operation("ScheduleKeyDeletion", "lifecycle", "critical", "administrator", "manage"),
    operation("Sign", "cryptographic", "medium", "user", "use"),
    operation("SynchronizeMultiRegionKey", "multi_region", "info", "service", "manage"),
    operation("TagResource", "tag", "medium", "administrator", "manage"),
    operation("UntagResource", "tag", "medium", "administrator", "manage"),
    operation("UpdateAlias", "alias", "high", "administrator", "manage"),
    operation("UpdateCustomKeyStore", "custom_key_store", "high", "administrator", "manage"),
    operation("UpdateKeyDescription", "metadata", "info", "administrator", "manage"),
    operation("UpdatePrimaryRegion", "multi_region", "high", "administrator", "manage"),
    operation("Verify", "cryptographic", "info", "user", "use"),
    operation("VerifyMac", "cryptographic", "info", "user", "use"),
];

/// The operation of that name, if this version knows it.
#[must_use]
pub fn find(event_name: &str) -> Option<&'static Operation> {
    OPERATIONS
        .binary_search_by(|operation| operation.event_name.cmp(event_name))
        .ok()
        .map(|index| &OPERATIONS[index])
}

/// Which side of the lake a KMS call belongs to. One that is not listed goes
/// by `readOnly`, and to `manage` without it: the small side, read in full.
#[must_use]
pub fn activity(event_name: &str, read_only: Option<bool>) -> &'static str {
    match (find(event_name), read_only) {
        (Some(operation), _) => operation.activity,
        (None, Some(true)) => "use",
        (None, _) => "manage",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(OPERATIONS.is_sorted_by_key(|operation| operation.event_name));
        assert_eq!(find("Decrypt").map(|o| o.activity), Some("use"));
        assert_eq!(find("decrypt"), None);
    }

    #[test]
    fn an_unknown_operation_goes_by_read_only() {
        assert_eq!(activity("ListQuantumKeys", Some(true)), "use");
        assert_eq!(activity("BreakKey", None), "manage");
    }
}
