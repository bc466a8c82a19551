//! **Details**: the nested documents of a record, typed as far as a column
//! needs them. Spellings and places: the reference notes on each struct.

use serde_json::value::RawValue;

use super::lenient::{Text, TextList, TextMap};
use super::object::object;

object! {
    /// `userIdentity`. Every member is optional: records that KMS writes by itself
    /// have no `type` either.
    UserIdentity {
        kind: Text<'a> = "type",
        principal_id: Text<'a> = "principalId",
        arn: Text<'a> = "arn",
        account_id: Text<'a> = "accountId",
        access_key_id: Text<'a> = "accessKeyId",
        user_name: Text<'a> = "userName",
        invoked_by: Text<'a> = "invokedBy",
        session_context: SessionContext<'a> = "sessionContext",
        in_scope_of: Option<&'a RawValue> = "inScopeOf",
        on_behalf_of: OnBehalfOf<'a> = "onBehalfOf",
        identity_provider: Option<&'a RawValue> = "identityProvider",
        credential_id: Option<&'a RawValue> = "credentialId",
        invoked_by_delegate: Option<&'a RawValue> = "invokedByDelegate",
    }
}

object! {
    /// `userIdentity.onBehalfOf`: the person behind an Identity Center bearer token.
    OnBehalfOf {
        user_id: Text<'a> = "userId",
        identity_store_arn: Text<'a> = "identityStoreArn",
    }
}

object! {
    /// `userIdentity.sessionContext`. A forwarded call of an IAM user has the two
    /// sub-objects, empty.
    SessionContext {
        session_issuer: SessionIssuer<'a> = "sessionIssuer",
        attributes: SessionAttributes<'a> = "attributes",
        source_identity: Text<'a> = "sourceIdentity",
        ec2_role_delivery: Text<'a> = "ec2RoleDelivery",
        web_id_federation_data: Option<&'a RawValue> = "webIdFederationData",
    }
}

object! {
    /// `sessionContext.sessionIssuer`.
    SessionIssuer {
        kind: Text<'a> = "type",
        arn: Text<'a> = "arn",
        account_id: Text<'a> = "accountId",
        principal_id: Text<'a> = "principalId",
    }
}

object! {
    /// `sessionContext.attributes`.
    SessionAttributes {
        creation_date: Text<'a> = "creationDate",
        mfa_authenticated: Text<'a> = "mfaAuthenticated",
    }
}

object! {
    /// One entry of `resources`. Copies normalised by other tools spell `ARN` as
    /// `arn`.
    Resource {
        arn: Text<'a> = "ARN" | "arn",
        account_id: Text<'a> = "accountId",
    }
}

object! {
    /// `tlsDetails`.
    TlsDetails {
        tls_version: Text<'a> = "tlsVersion",
        cipher_suite: Text<'a> = "cipherSuite",
        client_provided_host_header: Text<'a> = "clientProvidedHostHeader",
        key_exchange: Text<'a> = "keyExchange",
    }
}

object! {
    /// `addendum`.
    Addendum {
        reason: Text<'a> = "reason",
        original_event_id: Text<'a> = "originalEventID",
    }
}

object! {
    /// `requestParameters`, over all kept operations.
    RequestParameters {
        key_id: Text<'a> = "keyId",
        source_key_id: Text<'a> = "sourceKeyId",
        destination_key_id: Text<'a> = "destinationKeyId",
        target_key_id: Text<'a> = "targetKeyId",
        alias_name: Text<'a> = "aliasName",
        encryption_context: TextMap<'a> = "encryptionContext",
        source_encryption_context: TextMap<'a> = "sourceEncryptionContext" | "sourceAAD",
        destination_encryption_context: TextMap<'a> = "destinationEncryptionContext" | "destinationAAD",
        encryption_algorithm: Text<'a> = "encryptionAlgorithm",
        destination_encryption_algorithm: Text<'a> = "destinationEncryptionAlgorithm",
        signing_algorithm: Text<'a> = "signingAlgorithm",
        mac_algorithm: Text<'a> = "macAlgorithm",
        dry_run: Text<'a> = "dryRun",
        key_spec: Text<'a> = "keySpec",
        customer_master_key_spec: Text<'a> = "customerMasterKeySpec",
        key_usage: Text<'a> = "keyUsage",
        origin: Text<'a> = "origin",
        multi_region: Text<'a> = "multiRegion",
        custom_key_store_id: Text<'a> = "customKeyStoreId",
        pending_window_in_days: Text<'a> = "pendingWindowInDays",
        valid_to: Text<'a> = "validTo",
        expiration_model: Text<'a> = "expirationModel",
        import_type: Text<'a> = "importType",
        rotation_period_in_days: Text<'a> = "rotationPeriodInDays",
        replica_region: Text<'a> = "replicaRegion",
        primary_region: Text<'a> = "primaryRegion",
        tags: Option<&'a RawValue> = "tags",
        policy: Option<&'a RawValue> = "policy",
        bypass_policy_lockout_safety_check: Text<'a> = "bypassPolicyLockoutSafetyCheck",
        grant_id: Text<'a> = "grantId",
        name: Option<&'a RawValue> = "name",
        grantee_principal: Text<'a> = "granteePrincipal",
        grantee_service_principal: Text<'a> = "granteeServicePrincipal",
        retiring_principal: Text<'a> = "retiringPrincipal",
        retiring_service_principal: Text<'a> = "retiringServicePrincipal",
        operations: TextList<'a> = "operations",
        constraints: GrantConstraints<'a> = "constraints",
        trail_name: Text<'a> = "trailName",
        bucket_name: Text<'a> = "bucketName",
        role_arn: Text<'a> = "roleArn",
        policy_arn: Text<'a> = "policyArn",
        serial_number: Text<'a> = "serialNumber",
    }
}

object! {
    /// One entry of `requestParameters.tags`.
    Tag {
        tag_key: Text<'a> = "tagKey",
        tag_value: Text<'a> = "tagValue",
    }
}

object! {
    /// `requestParameters.constraints` of `CreateGrant`.
    GrantConstraints {
        encryption_context_equals: TextMap<'a> = "encryptionContextEquals",
        encryption_context_subset: TextMap<'a> = "encryptionContextSubset",
        source_arn: Text<'a> = "sourceArn",
    }
}

object! {
    /// `responseElements`.
    ResponseElements {
        key_id: Text<'a> = "keyId",
        grant_id: Text<'a> = "grantId",
        key_material_id: Text<'a> = "keyMaterialId",
        key_state: Text<'a> = "keyState",
        deletion_date: Text<'a> = "deletionDate",
        pending_window_in_days: Text<'a> = "pendingWindowInDays",
        custom_key_store_id: Text<'a> = "customKeyStoreId",
        key_metadata: KeyMetadata<'a> = "keyMetadata",
        replica_key_metadata: KeyMetadata<'a> = "replicaKeyMetadata",
        replica_policy: Option<&'a RawValue> = "replicaPolicy",
        credentials: Credentials<'a> = "credentials",
    }
}

object! {
    /// `keyMetadata` and `replicaKeyMetadata`. AWS spells the account's name in two
    /// ways; the ARN has it anyway.
    KeyMetadata {
        arn: Text<'a> = "arn",
        key_id: Text<'a> = "keyId",
        creation_date: Text<'a> = "creationDate",
        key_spec: Text<'a> = "keySpec",
        customer_master_key_spec: Text<'a> = "customerMasterKeySpec",
        key_usage: Text<'a> = "keyUsage",
        key_state: Text<'a> = "keyState",
        key_manager: Text<'a> = "keyManager",
        origin: Text<'a> = "origin",
        multi_region: Text<'a> = "multiRegion",
        custom_key_store_id: Text<'a> = "customKeyStoreId",
        valid_to: Text<'a> = "validTo",
    }
}

object! {
    /// `responseElements.credentials` of STS. The secret itself is not logged.
    Credentials {
        access_key_id: Text<'a> = "accessKeyId",
    }
}

object! {
    /// `additionalEventData`.
    AdditionalEventData {
        grant_id: Text<'a> = "grantId",
        key_material_id: Text<'a> = "keyMaterialId",
        custom_key_store_id: Text<'a> = "customKeyStoreId",
        recipient: Recipient<'a> = "recipient",
        mfa_used: Text<'a> = "MFAUsed",
    }
}

object! {
    /// `additionalEventData.recipient`: the enclave an attested call came from.
    Recipient {
        attestation_document_module_id: Text<'a> = "attestationDocumentModuleId",
        attestation_document_enclave_image_digest: Text<'a> = "attestationDocumentEnclaveImageDigest",
    }
}

object! {
    /// `serviceEventDetails` of the records KMS writes by itself.
    ServiceEventDetails {
        key_id: Text<'a> = "keyId",
        rotation_type: Text<'a> = "rotationType",
        key_origin: Text<'a> = "keyOrigin",
        key_material_id: Text<'a> = "keyMaterialId",
        current_key_material_id: Text<'a> = "currentKeyMaterialId",
    }
}
