//! **Details**: the nested documents of a record, typed as far as a column
//! needs them. Spellings and places: the reference notes on each struct.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{Nested, Text, TextList, TextMap};

/// `userIdentity`. Every member is optional: records that KMS writes by itself
/// have no `type` either.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct UserIdentity<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: Text<'a>,
    pub(crate) principal_id: Text<'a>,
    pub(crate) arn: Text<'a>,
    pub(crate) account_id: Text<'a>,
    pub(crate) access_key_id: Text<'a>,
    pub(crate) user_name: Text<'a>,
    pub(crate) invoked_by: Text<'a>,
    pub(crate) session_context: Nested<SessionContext<'a>>,
    #[serde(borrow)]
    pub(crate) in_scope_of: Option<&'a RawValue>,
    pub(crate) on_behalf_of: Nested<OnBehalfOf<'a>>,
    #[serde(borrow)]
    pub(crate) identity_provider: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) credential_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) invoked_by_delegate: Option<&'a RawValue>,
}

/// `userIdentity.onBehalfOf`: the person behind an Identity Center bearer token.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct OnBehalfOf<'a> {
    pub(crate) user_id: Text<'a>,
    pub(crate) identity_store_arn: Text<'a>,
}

/// `userIdentity.sessionContext`. A forwarded call of an IAM user has the two
/// sub-objects, empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct SessionContext<'a> {
    pub(crate) session_issuer: Nested<SessionIssuer<'a>>,
    pub(crate) attributes: Nested<SessionAttributes<'a>>,
    pub(crate) source_identity: Text<'a>,
    pub(crate) ec2_role_delivery: Text<'a>,
    #[serde(borrow)]
    pub(crate) web_id_federation_data: Option<&'a RawValue>,
}

/// `sessionContext.sessionIssuer`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct SessionIssuer<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: Text<'a>,
    pub(crate) arn: Text<'a>,
    pub(crate) account_id: Text<'a>,
    pub(crate) principal_id: Text<'a>,
}

/// `sessionContext.attributes`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct SessionAttributes<'a> {
    pub(crate) creation_date: Text<'a>,
    pub(crate) mfa_authenticated: Text<'a>,
}

/// One entry of `resources`. Copies normalised by other tools spell `ARN` as
/// `arn`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(crate) struct Resource<'a> {
    #[serde(rename = "ARN", alias = "arn")]
    pub(crate) arn: Text<'a>,
    #[serde(rename = "accountId")]
    pub(crate) account_id: Text<'a>,
}

/// `tlsDetails`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct TlsDetails<'a> {
    pub(crate) tls_version: Text<'a>,
    pub(crate) cipher_suite: Text<'a>,
    pub(crate) client_provided_host_header: Text<'a>,
    pub(crate) key_exchange: Text<'a>,
}

/// `addendum`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub(crate) struct Addendum<'a> {
    pub(crate) reason: Text<'a>,
    #[serde(rename = "originalEventID")]
    pub(crate) original_event_id: Text<'a>,
}

/// `requestParameters`, over all kept operations.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct RequestParameters<'a> {
    pub(crate) key_id: Text<'a>,
    pub(crate) source_key_id: Text<'a>,
    pub(crate) destination_key_id: Text<'a>,
    pub(crate) target_key_id: Text<'a>,
    pub(crate) alias_name: Text<'a>,
    pub(crate) encryption_context: TextMap<'a>,
    #[serde(alias = "sourceAAD")]
    pub(crate) source_encryption_context: TextMap<'a>,
    #[serde(alias = "destinationAAD")]
    pub(crate) destination_encryption_context: TextMap<'a>,
    pub(crate) encryption_algorithm: Text<'a>,
    pub(crate) destination_encryption_algorithm: Text<'a>,
    pub(crate) signing_algorithm: Text<'a>,
    pub(crate) mac_algorithm: Text<'a>,
    pub(crate) dry_run: Text<'a>,
    pub(crate) key_spec: Text<'a>,
    pub(crate) customer_master_key_spec: Text<'a>,
    pub(crate) key_usage: Text<'a>,
    pub(crate) origin: Text<'a>,
    pub(crate) multi_region: Text<'a>,
    pub(crate) custom_key_store_id: Text<'a>,
    pub(crate) pending_window_in_days: Text<'a>,
    pub(crate) valid_to: Text<'a>,
    pub(crate) expiration_model: Text<'a>,
    pub(crate) import_type: Text<'a>,
    pub(crate) rotation_period_in_days: Text<'a>,
    pub(crate) replica_region: Text<'a>,
    pub(crate) primary_region: Text<'a>,
    #[serde(borrow)]
    pub(crate) tags: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) policy: Option<&'a RawValue>,
    pub(crate) bypass_policy_lockout_safety_check: Text<'a>,
    pub(crate) grant_id: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Option<&'a RawValue>,
    pub(crate) grantee_principal: Text<'a>,
    pub(crate) grantee_service_principal: Text<'a>,
    pub(crate) retiring_principal: Text<'a>,
    pub(crate) retiring_service_principal: Text<'a>,
    pub(crate) operations: TextList<'a>,
    pub(crate) constraints: Nested<GrantConstraints<'a>>,
    pub(crate) trail_name: Text<'a>,
    pub(crate) bucket_name: Text<'a>,
    pub(crate) role_arn: Text<'a>,
    pub(crate) policy_arn: Text<'a>,
    pub(crate) serial_number: Text<'a>,
}

/// `requestParameters.constraints` of `CreateGrant`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct GrantConstraints<'a> {
    pub(crate) encryption_context_equals: TextMap<'a>,
    pub(crate) encryption_context_subset: TextMap<'a>,
    pub(crate) source_arn: Text<'a>,
}

/// `responseElements`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct ResponseElements<'a> {
    pub(crate) key_id: Text<'a>,
    pub(crate) grant_id: Text<'a>,
    pub(crate) key_state: Text<'a>,
    pub(crate) deletion_date: Text<'a>,
    pub(crate) pending_window_in_days: Text<'a>,
    pub(crate) custom_key_store_id: Text<'a>,
    pub(crate) key_metadata: Nested<KeyMetadata<'a>>,
    pub(crate) replica_key_metadata: Nested<KeyMetadata<'a>>,
    #[serde(borrow)]
    pub(crate) replica_policy: Option<&'a RawValue>,
    pub(crate) credentials: Nested<Credentials<'a>>,
}

/// `keyMetadata` and `replicaKeyMetadata`. AWS spells the account's name in two
/// ways; the ARN has it anyway.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct KeyMetadata<'a> {
    pub(crate) arn: Text<'a>,
    pub(crate) key_id: Text<'a>,
    pub(crate) creation_date: Text<'a>,
    pub(crate) key_spec: Text<'a>,
    pub(crate) customer_master_key_spec: Text<'a>,
    pub(crate) key_usage: Text<'a>,
    pub(crate) key_state: Text<'a>,
    pub(crate) key_manager: Text<'a>,
    pub(crate) origin: Text<'a>,
    pub(crate) multi_region: Text<'a>,
    pub(crate) custom_key_store_id: Text<'a>,
    pub(crate) valid_to: Text<'a>,
}

/// `responseElements.credentials` of STS. The secret itself is not logged.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Credentials<'a> {
    pub(crate) access_key_id: Text<'a>,
}

/// `additionalEventData`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct AdditionalEventData<'a> {
    pub(crate) grant_id: Text<'a>,
    pub(crate) key_material_id: Text<'a>,
    pub(crate) custom_key_store_id: Text<'a>,
    pub(crate) recipient: Nested<Recipient<'a>>,
    #[serde(rename = "MFAUsed")]
    pub(crate) mfa_used: Text<'a>,
}

/// `additionalEventData.recipient`: the enclave an attested call came from.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct Recipient<'a> {
    pub(crate) attestation_document_module_id: Text<'a>,
    pub(crate) attestation_document_enclave_image_digest: Text<'a>,
}

/// `serviceEventDetails` of the records KMS writes by itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
pub(crate) struct ServiceEventDetails<'a> {
    pub(crate) key_id: Text<'a>,
    pub(crate) rotation_type: Text<'a>,
    pub(crate) key_origin: Text<'a>,
    pub(crate) current_key_material_id: Text<'a>,
}
