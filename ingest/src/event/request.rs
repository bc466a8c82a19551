//! A **request**: what a call asked for and was answered, as far as detections
//! need it in columns.

use serde_json::value::RawValue;

use super::Nested;
use super::columns::at;
use crate::date;
use crate::record::{RequestParameters, ResponseElements, Tag, Text, TextMap};
use crate::rows::Rows;

/// Appends the typed columns of request and response. `service` is the first
/// label of the event source.
pub(super) fn append(rows: &mut Rows, event_name: &str, service: &str, nested: &Nested<'_>) {
    let request = &nested.request;
    if service == "kms" {
        append_cryptographic(rows, nested);
        append_key_life(rows, nested);
        append_policy(rows, event_name, request, &nested.response);
        append_grant(rows, event_name, nested);
    }
    let name = text_of(request.name);
    rows.text(
        at::TRAIL_NAME,
        if service == "cloudtrail" { request.trail_name.get().or(name.get()) } else { None },
    );
    rows.text(at::BUCKET_NAME, request.bucket_name.get());
    rows.text(at::ROLE_ARN, request.role_arn.get());
    rows.text(at::POLICY_ARN, request.policy_arn.get());
    rows.text(at::MFA_SERIAL_NUMBER, request.serial_number.get());
    rows.text(at::ISSUED_ACCESS_KEY_ID, nested.response.credentials.access_key_id.get());
    rows.flag(
        at::CONSOLE_MFA_USED,
        match nested.additional.mfa_used.get() {
            Some("Yes") => Some(true),
            Some("No") => Some(false),
            _ => None,
        },
    );
}

fn append_cryptographic(rows: &mut Rows, nested: &Nested<'_>) {
    let (request, additional) = (&nested.request, &nested.additional);
    let source = &request.source_encryption_context;
    append_map(
        rows,
        at::ENCRYPTION_CONTEXT,
        if source.0.is_some() { source } else { &request.encryption_context },
    );
    append_map(rows, at::DESTINATION_ENCRYPTION_CONTEXT, &request.destination_encryption_context);
    let algorithm = [
        &request.encryption_algorithm,
        &request.destination_encryption_algorithm,
        &request.signing_algorithm,
        &request.mac_algorithm,
    ];
    rows.text(at::ENCRYPTION_ALGORITHM, algorithm.into_iter().find_map(Text::get));
    let material = [
        &additional.key_material_id,
        &nested.response.key_material_id,
        &nested.details.key_material_id,
        &nested.details.current_key_material_id,
    ];
    rows.text(at::KEY_MATERIAL_ID, material.into_iter().find_map(Text::get));
    rows.text(
        at::ATTESTATION_IMAGE_DIGEST,
        additional.recipient.attestation_document_enclave_image_digest.get(),
    );
    rows.text(at::ATTESTATION_MODULE_ID, additional.recipient.attestation_document_module_id.get());
    rows.flag(at::DRY_RUN, request.dry_run.flag());
}

fn append_key_life(rows: &mut Rows, nested: &Nested<'_>) {
    let (request, response) = (&nested.request, &nested.response);
    let metadata = &response.key_metadata;
    let spec = [
        &metadata.key_spec,
        &metadata.customer_master_key_spec,
        &request.key_spec,
        &request.customer_master_key_spec,
    ];
    rows.text(at::KEY_SPEC, spec.into_iter().find_map(Text::get));
    rows.text(at::KEY_USAGE, metadata.key_usage.get().or(request.key_usage.get()));
    rows.text(
        at::KEY_ORIGIN,
        metadata.origin.get().or(request.origin.get()).or(nested.details.key_origin.get()),
    );
    rows.text(at::KEY_MANAGER, metadata.key_manager.get());
    rows.text(at::KEY_STATE, metadata.key_state.get().or(response.key_state.get()));
    rows.flag(at::MULTI_REGION, metadata.multi_region.flag().or(request.multi_region.flag()));
    let store = [
        &request.custom_key_store_id,
        &metadata.custom_key_store_id,
        &response.custom_key_store_id,
        &nested.additional.custom_key_store_id,
    ];
    rows.text(at::CUSTOM_KEY_STORE_ID, store.into_iter().find_map(Text::get));
    let window =
        response.pending_window_in_days.integer().or(request.pending_window_in_days.integer());
    rows.integer(at::PENDING_WINDOW_IN_DAYS, window);
    rows.time(at::DELETION_DATE, response.deletion_date.get().and_then(date::micros));
    rows.time(at::KEY_CREATION_DATE, metadata.creation_date.get().and_then(date::micros));
    rows.time(
        at::VALID_TO,
        request.valid_to.get().or(metadata.valid_to.get()).and_then(date::micros),
    );
    rows.text(at::EXPIRATION_MODEL, request.expiration_model.get());
    rows.text(at::IMPORT_TYPE, request.import_type.get());
    rows.integer(at::ROTATION_PERIOD_IN_DAYS, request.rotation_period_in_days.integer());
    rows.text(at::ROTATION_TYPE, nested.details.rotation_type.get());
    rows.text(at::REPLICA_REGION, request.replica_region.get());
    rows.text(at::PRIMARY_REGION, request.primary_region.get());
    append_tags(rows, request.tags);
}

/// The policy that a call set. `PutKeyPolicy` and `CreateKey` send it;
/// `ReplicateKey` shows the one that the replica got.
fn append_policy(
    rows: &mut Rows,
    event_name: &str,
    request: &RequestParameters<'_>,
    response: &ResponseElements<'_>,
) {
    rows.flag(
        at::BYPASS_POLICY_LOCKOUT_SAFETY_CHECK,
        request.bypass_policy_lockout_safety_check.flag(),
    );
    let field = if event_name == "ReplicateKey" {
        response.replica_policy.or(request.policy)
    } else {
        request.policy
    };
    let Some(raw) = field else { return };
    // A document in a string; a few copies have the document itself.
    let text = text_of(Some(raw));
    rows.text(at::POLICY, text.get().or_else(|| raw.get().starts_with('{').then(|| raw.get())));
}

fn append_grant(rows: &mut Rows, event_name: &str, nested: &Nested<'_>) {
    let (request, response) = (&nested.request, &nested.response);
    let grant_id = [&response.grant_id, &nested.additional.grant_id, &request.grant_id];
    rows.text(at::GRANT_ID, grant_id.into_iter().find_map(Text::get));
    if event_name != "CreateGrant" {
        return;
    }
    rows.text(at::GRANT_NAME, text_of(request.name).get());
    rows.text(
        at::GRANTEE_PRINCIPAL,
        request.grantee_principal.get().or(request.grantee_service_principal.get()),
    );
    rows.text(
        at::RETIRING_PRINCIPAL,
        request.retiring_principal.get().or(request.retiring_service_principal.get()),
    );
    if !request.operations.0.is_empty() {
        rows.text_list(at::GRANT_OPERATIONS, request.operations.0.iter().filter_map(Text::get));
    }
    let constraints = &request.constraints;
    for (name, context) in [
        ("encryption_context_equals", &constraints.encryption_context_equals),
        ("encryption_context_subset", &constraints.encryption_context_subset),
    ] {
        if let Some(entries) = context.entries() {
            rows.text(at::GRANT_CONSTRAINT, Some(name));
            rows.text_map(at::GRANT_ENCRYPTION_CONTEXT, entries);
            break;
        }
    }
    rows.text(at::GRANT_SOURCE_ARN, constraints.source_arn.get());
}

fn append_map(rows: &mut Rows, column: usize, map: &TextMap<'_>) {
    if let Some(entries) = map.entries() {
        rows.text_map(column, entries);
    }
}

fn append_tags(rows: &mut Rows, tags: Option<&RawValue>) {
    let Some(tags) = tags.and_then(|raw| serde_json::from_str::<Vec<Tag<'_>>>(raw.get()).ok())
    else {
        return;
    };
    let mut entries: Vec<(&str, Option<&str>)> = Vec::new();
    for tag in &tags {
        let Some(key) = tag.tag_key.get() else {
            continue;
        };
        if !entries.iter().any(|(known, _)| *known == key) {
            entries.push((key, tag.tag_value.get()));
        }
    }
    if !entries.is_empty() {
        rows.text_map(at::TAGS, entries);
    }
}

/// A field that is text in some operations and an object in others.
fn text_of(raw: Option<&RawValue>) -> Text<'_> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}
