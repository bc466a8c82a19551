//! An **event** as a plain reader would write it: column by column, for those
//! columns that copy a field.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::Unjudged;
use crate::json::Json;

/// One value of a column.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Flag(bool),
    Integer(i64),
    Time(i64),
    TextList(Vec<String>),
    TextMap(BTreeMap<String, Option<String>>),
    /// Text that says this, however it is spelled.
    Json(Json),
}

/// The columns that are compared.
pub(crate) type Event = BTreeMap<&'static str, Cell>;

/// The event that a record becomes; none without a time.
pub(crate) fn read(record: &Json, index: u64) -> Result<Option<Event>, Unjudged> {
    let Some(time) = record.field("eventTime").and_then(Json::said).filter(|t| !t.is_empty())
    else {
        return Ok(None);
    };
    let event_time = micros(&time)?;
    let mut event = Event::new();
    event.insert("event_time", Cell::Time(event_time));
    event.insert("record_index", Cell::Integer(index.try_into().map_err(|_| Unjudged)?));
    for (column, paths) in TEXTS {
        event.insert(column, text(record, paths));
    }
    for (column, paths) in FLAGS {
        event.insert(column, flag(record, paths));
    }
    for (column, path) in DOCUMENTS {
        let written = record.at(path).filter(|value| **value != Json::Null);
        event.insert(column, written.map_or(Cell::Null, |value| Cell::Json(value.clone())));
    }
    event.insert("unmapped", unmapped(record));
    // Without eventID the id is made of the text, which a tree no longer has.
    if event["event_id"] == Cell::Null {
        event.remove("event_id");
    }
    if event["recipient_account_id"] == Cell::Null {
        event.insert("recipient_account_id", Cell::Text(String::new()));
    }
    let source = record.field("eventSource").and_then(Json::said).unwrap_or_default();
    if source.split('.').next() == Some("kms") {
        read_kms(record, &mut event);
    }
    Ok(Some(event))
}

/// Columns that only records of KMS have.
fn read_kms(record: &Json, event: &mut Event) {
    for (column, paths) in KMS_TEXTS {
        event.insert(column, text(record, paths));
    }
    for (column, paths) in KMS_FLAGS {
        event.insert(column, flag(record, paths));
    }
    for (column, paths) in KMS_INTEGERS {
        let found = values(record, paths).find_map(|value| value.said()?.parse().ok());
        event.insert(column, found.map_or(Cell::Null, Cell::Integer));
    }
    for (column, paths) in KMS_MAPS {
        let found = values(record, paths).find(|value| matches!(value, Json::Object(_)));
        event.insert(column, found.map_or(Cell::Null, text_map));
    }
    let tags: BTreeMap<String, Option<String>> = record
        .at("requestParameters.tags")
        .map_or(&[][..], Json::elements)
        .iter()
        .rev()
        .filter_map(|tag| Some((said(tag, "tagKey")?, said(tag, "tagValue"))))
        .collect();
    event.insert("tags", if tags.is_empty() { Cell::Null } else { Cell::TextMap(tags) });
    if said(record, "eventName").as_deref() == Some("CreateGrant") {
        for (column, paths) in GRANT_TEXTS {
            event.insert(column, text(record, paths));
        }
        let operations = record.at("requestParameters.operations").map_or(&[][..], Json::elements);
        if !operations.is_empty() {
            let said = operations.iter().filter_map(Json::said).filter(|text| !text.is_empty());
            event.insert("grant_operations", Cell::TextList(said.collect()));
        }
    }
    let mut keys = record.field("resources").map_or(&[][..], Json::elements).iter();
    let key = keys.find_map(|resource| said(resource, "ARN|arn").filter(|arn| is_key(arn)));
    if let (Some(key), false) = (key, said(record, "eventName").as_deref() == Some("ReEncrypt")) {
        event.insert("key_arn", Cell::Text(key));
    }
}

fn is_key(arn: &str) -> bool {
    let fields: Vec<&str> = arn.splitn(6, ':').collect();
    matches!(fields[..], ["arn", _, "kms", _, _, resource] if resource.starts_with("key/"))
}

/// What stands at any of these paths, the first one first.
fn values<'a>(record: &'a Json, paths: &'a str) -> impl Iterator<Item = &'a Json> {
    paths.split(' ').filter_map(|path| record.at(path))
}

/// Text that is there: empty text is none.
fn said(value: &Json, path: &str) -> Option<String> {
    value.at(path).and_then(Json::said).filter(|text| !text.is_empty())
}

fn text(record: &Json, paths: &str) -> Cell {
    paths.split(' ').find_map(|path| said(record, path)).map_or(Cell::Null, Cell::Text)
}

fn flag(record: &Json, paths: &str) -> Cell {
    let flags = paths.split(' ').filter_map(|path| said(record, path));
    let mut flags = flags.filter_map(|text| match text.as_str() {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    });
    flags.next().map_or(Cell::Null, Cell::Flag)
}

fn text_map(object: &Json) -> Cell {
    let entries = object.fields().iter();
    Cell::TextMap(entries.map(|(key, value)| (key.clone(), value.said())).collect())
}

/// Times in the form of nearly every record; others are not judged.
fn micros(text: &str) -> Result<i64, Unjudged> {
    let time = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| Unjudged)?;
    Ok(time.timestamp_micros())
}

/// One object of everything without a column.
fn unmapped(record: &Json) -> Cell {
    let known = |name: &str| {
        let columns = TEXTS.iter().chain(FLAGS).chain(DOCUMENTS);
        let mut names = columns.flat_map(|(_, paths)| paths.split(' '));
        name == "eventTime" || names.any(|path| path.split('.').next() == Some(name))
    };
    let mut fields: Vec<_> =
        record.fields().iter().filter(|(name, _)| !known(name)).cloned().collect();
    for name in UNMAPPED {
        match record.at(name) {
            None | Some(Json::Null) => {}
            // Empty in most records, and then not worth a word.
            Some(Json::Object(fields)) if fields.is_empty() && name.ends_with("Data") => {}
            Some(value) => fields.push((name.to_owned(), value.clone())),
        }
    }
    if fields.is_empty() { Cell::Null } else { Cell::Json(Json::Object(fields)) }
}

type Paths = &'static [(&'static str, &'static str)];

const UNMAPPED: [&str; 5] = [
    "userIdentity.inScopeOf",
    "userIdentity.identityProvider",
    "userIdentity.credentialId",
    "userIdentity.invokedByDelegate",
    "userIdentity.sessionContext.webIdFederationData",
];

const DOCUMENTS: Paths = &[
    ("resources", "resources"),
    ("request_parameters", "requestParameters"),
    ("response_elements", "responseElements"),
    ("additional_event_data", "additionalEventData"),
    ("service_event_details", "serviceEventDetails"),
];

const TEXTS: Paths = &[
    ("event_id", "eventID"),
    ("shared_event_id", "sharedEventID"),
    ("request_id", "requestID"),
    ("event_version", "eventVersion"),
    ("event_source", "eventSource"),
    ("event_name", "eventName"),
    ("event_type", "eventType"),
    ("event_category", "eventCategory"),
    ("api_version", "apiVersion"),
    ("aws_region", "awsRegion"),
    ("recipient_account_id", "recipientAccountId userIdentity.accountId"),
    ("user_identity_type", "userIdentity.type"),
    ("user_identity_arn", "userIdentity.arn"),
    ("principal_id", "userIdentity.principalId"),
    ("user_identity_account_id", "userIdentity.accountId"),
    ("user_name", "userIdentity.userName"),
    ("access_key_id", "userIdentity.accessKeyId"),
    ("invoked_by", "userIdentity.invokedBy"),
    ("session_issuer_type", "userIdentity.sessionContext.sessionIssuer.type"),
    ("session_issuer_arn", "userIdentity.sessionContext.sessionIssuer.arn"),
    ("session_issuer_account_id", "userIdentity.sessionContext.sessionIssuer.accountId"),
    ("session_issuer_principal_id", "userIdentity.sessionContext.sessionIssuer.principalId"),
    ("source_identity", "userIdentity.sessionContext.sourceIdentity"),
    ("source_ip_address", "sourceIPAddress"),
    ("user_agent", "userAgent"),
    ("vpc_endpoint_id", "vpcEndpointId"),
    ("vpc_endpoint_account_id", "vpcEndpointAccountId"),
    ("tls_version", "tlsDetails.tlsVersion"),
    ("tls_cipher_suite", "tlsDetails.cipherSuite"),
    ("tls_host_header", "tlsDetails.clientProvidedHostHeader"),
    ("tls_key_exchange", "tlsDetails.keyExchange"),
    ("error_code", "errorCode"),
    ("error_message", "errorMessage"),
    ("requested_key_id", "requestParameters.keyId"),
    ("target_key_id", "requestParameters.targetKeyId"),
    ("bucket_name", "requestParameters.bucketName"),
    ("role_arn", "requestParameters.roleArn"),
    ("policy_arn", "requestParameters.policyArn"),
    ("mfa_serial_number", "requestParameters.serialNumber"),
    ("issued_access_key_id", "responseElements.credentials.accessKeyId"),
    ("addendum_reason", "addendum.reason"),
    ("addendum_original_event_id", "addendum.originalEventID"),
];

const FLAGS: Paths = &[
    ("management_event", "managementEvent"),
    ("read_only", "readOnly"),
    ("session_credential_from_console", "sessionCredentialFromConsole"),
    ("session_mfa_authenticated", "userIdentity.sessionContext.attributes.mfaAuthenticated"),
];

const KMS_TEXTS: Paths = &[
    (
        "encryption_algorithm",
        "requestParameters.encryptionAlgorithm requestParameters.destinationEncryptionAlgorithm requestParameters.signingAlgorithm requestParameters.macAlgorithm",
    ),
    (
        "key_material_id",
        "additionalEventData.keyMaterialId responseElements.keyMaterialId serviceEventDetails.keyMaterialId serviceEventDetails.currentKeyMaterialId",
    ),
    ("attestation_module_id", "additionalEventData.recipient.attestationDocumentModuleId"),
    (
        "key_spec",
        "responseElements.keyMetadata.keySpec responseElements.keyMetadata.customerMasterKeySpec requestParameters.keySpec requestParameters.customerMasterKeySpec",
    ),
    ("key_usage", "responseElements.keyMetadata.keyUsage requestParameters.keyUsage"),
    (
        "key_origin",
        "responseElements.keyMetadata.origin requestParameters.origin serviceEventDetails.keyOrigin",
    ),
    ("key_manager", "responseElements.keyMetadata.keyManager"),
    ("key_state", "responseElements.keyMetadata.keyState responseElements.keyState"),
    ("expiration_model", "requestParameters.expirationModel"),
    ("import_type", "requestParameters.importType"),
    ("rotation_type", "serviceEventDetails.rotationType"),
    ("replica_region", "requestParameters.replicaRegion"),
    ("primary_region", "requestParameters.primaryRegion"),
    ("grant_id", "responseElements.grantId additionalEventData.grantId requestParameters.grantId"),
];

const KMS_FLAGS: Paths = &[
    ("dry_run", "requestParameters.dryRun"),
    ("multi_region", "responseElements.keyMetadata.multiRegion requestParameters.multiRegion"),
    ("bypass_policy_lockout_safety_check", "requestParameters.bypassPolicyLockoutSafetyCheck"),
];

const KMS_INTEGERS: Paths = &[
    (
        "pending_window_in_days",
        "responseElements.pendingWindowInDays requestParameters.pendingWindowInDays",
    ),
    ("rotation_period_in_days", "requestParameters.rotationPeriodInDays"),
];

const KMS_MAPS: Paths = &[
    (
        "encryption_context",
        "requestParameters.sourceEncryptionContext|sourceAAD requestParameters.encryptionContext",
    ),
    (
        "destination_encryption_context",
        "requestParameters.destinationEncryptionContext|destinationAAD",
    ),
];

const GRANT_TEXTS: Paths = &[
    ("grant_name", "requestParameters.name"),
    (
        "grantee_principal",
        "requestParameters.granteePrincipal requestParameters.granteeServicePrincipal",
    ),
    (
        "retiring_principal",
        "requestParameters.retiringPrincipal requestParameters.retiringServicePrincipal",
    ),
    ("grant_source_arn", "requestParameters.constraints.sourceArn"),
];
