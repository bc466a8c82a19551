//! An **event**: one record, normalised into a row of the `events` table.

use sha2::{Digest, Sha256};

use crate::arn::{self, Arn};
use crate::date;
use crate::identity::{self, Identity};
use crate::keep;
use crate::key::{self, Home, NamedKeys};
use crate::operations;
use crate::record::{
    AdditionalEventData, Record, RequestParameters, Resource, ResponseElements,
    ServiceEventDetails, UserIdentity,
};
use crate::rows::Rows;

mod columns;
mod request;

use columns::at;

/// Where a row came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lineage<'a> {
    pub(crate) object_uri: &'a str,
    pub(crate) record_index: u64,
    pub(crate) run_id: &'a str,
    /// Start of the run, microseconds since 1970 UTC.
    pub(crate) ingested_at: i64,
}

/// A record without a readable `eventTime` has no place in a history.
pub(crate) const NO_TIME: &str = "eventTime missing or not a date";

/// The nested documents of a record, read.
struct Nested<'a> {
    request: RequestParameters<'a>,
    response: ResponseElements<'a>,
    additional: AdditionalEventData<'a>,
    details: ServiceEventDetails<'a>,
    resources: Vec<Resource<'a>>,
}

/// Appends a record as one row. `text` is the record as written.
///
/// # Errors
/// The reason to skip the record.
pub(crate) fn append(
    rows: &mut Rows,
    record: &Record<'_>,
    text: &str,
    lineage: Lineage<'_>,
) -> Result<(), &'static str> {
    let event_time = record.event_time.get().and_then(date::micros).ok_or(NO_TIME)?;
    let nested = Nested {
        request: Record::nested(record.request_parameters),
        response: Record::nested(record.response_elements),
        additional: Record::nested(record.additional_event_data),
        details: Record::nested(record.service_event_details),
        resources: Record::nested(record.resources),
    };
    let user = &record.user_identity;
    let region = record.aws_region.get().unwrap_or_default();
    let partition = partition(&nested, user, region);
    let recipient = record.recipient_account_id.get().or(user.account_id.get()).unwrap_or_default();
    let home = Home { partition, region, account_id: user.account_id.get().unwrap_or(recipient) };
    let event_name = record.event_name.get().unwrap_or_default();
    let keys = key::named_keys(
        event_name,
        &nested.resources,
        &nested.request,
        &nested.response,
        &nested.details,
        home,
    );
    append_event(rows, record, text, event_time);
    rows.text(at::AWS_PARTITION, Some(partition));
    rows.text(at::RECIPIENT_ACCOUNT_ID, Some(recipient));
    append_identity(rows, &identity::identify(record), user);
    append_origin(rows, record);
    append_keys(rows, &keys, &nested);
    request::append(
        rows,
        event_name,
        keep::label(record.event_source.get().unwrap_or_default()),
        &nested,
    );
    append_texts(rows, record);
    rows.text(at::OBJECT_URI, Some(lineage.object_uri));
    rows.integer(at::RECORD_INDEX, i64::try_from(lineage.record_index).ok());
    rows.text(at::RUN_ID, Some(lineage.run_id));
    rows.time(at::INGESTED_AT, Some(lineage.ingested_at));
    rows.end_row();
    Ok(())
}

/// The partition of a record: its ARNs know, its Region as a rule does.
fn partition<'a>(nested: &'a Nested<'_>, user: &'a UserIdentity<'_>, region: &str) -> &'a str {
    nested
        .resources
        .iter()
        .filter_map(|resource| resource.arn.get())
        .chain(user.arn.get())
        .find_map(Arn::split)
        .map_or_else(|| arn::partition_of_region(region), |arn| arn.partition)
}

fn append_event(rows: &mut Rows, record: &Record<'_>, text: &str, event_time: i64) {
    let hashed;
    let event_id = if let Some(id) = record.event_id.get() {
        id
    } else {
        hashed = format!("sha256:{:x}", Sha256::digest(text.as_bytes()));
        &hashed
    };
    let event_name = record.event_name.get().unwrap_or_default();
    let event_source = record.event_source.get().unwrap_or_default();
    let read_only = record.read_only.flag();
    let activity = if keep::label(event_source) == "kms" {
        operations::activity(event_name, read_only)
    } else {
        "manage"
    };
    rows.text(at::ACTIVITY, Some(activity));
    rows.text(at::EVENT_MONTH, Some(&date::month(event_time)));
    rows.time(at::EVENT_TIME, Some(event_time));
    rows.text(at::EVENT_ID, Some(event_id));
    rows.text(at::SHARED_EVENT_ID, record.shared_event_id.get());
    rows.text(at::REQUEST_ID, record.request_id.get());
    rows.text(at::EVENT_VERSION, record.event_version.get());
    rows.text(at::EVENT_SOURCE, Some(event_source));
    rows.text(at::EVENT_NAME, Some(event_name));
    rows.text(at::EVENT_TYPE, record.event_type.get());
    rows.text(at::EVENT_CATEGORY, record.event_category.get());
    rows.flag(at::MANAGEMENT_EVENT, record.management_event.flag());
    rows.flag(at::READ_ONLY, read_only);
    rows.text(at::API_VERSION, record.api_version.get());
    rows.text(at::AWS_REGION, record.aws_region.get());
    rows.text(at::ERROR_CODE, record.error_code.get());
    rows.text(at::ERROR_MESSAGE, record.error_message.get());
    rows.text(at::ADDENDUM_REASON, record.addendum.reason.get());
    rows.text(at::ADDENDUM_ORIGINAL_EVENT_ID, record.addendum.original_event_id.get());
}

fn append_identity(rows: &mut Rows, identity: &Identity<'_>, user: &UserIdentity<'_>) {
    let session = &user.session_context;
    rows.text(at::ACTOR, Some(&identity.actor));
    rows.text(at::ACTOR_ACCOUNT_ID, identity.actor_account_id.as_deref());
    rows.text(at::ACTOR_KIND, Some(identity.actor_kind));
    rows.text(at::ACTOR_KIND_REASON, Some(identity.actor_kind_reason));
    rows.flag(at::DIRECT_CALL, Some(identity.direct_call));
    rows.text(at::MFA, Some(identity.mfa));
    rows.text(at::MFA_REASON, Some(identity.mfa_reason));
    rows.text(at::USER_IDENTITY_TYPE, user.kind.get());
    rows.text(at::USER_IDENTITY_ARN, user.arn.get());
    rows.text(at::PRINCIPAL_ID, user.principal_id.get());
    rows.text(at::USER_IDENTITY_ACCOUNT_ID, user.account_id.get());
    rows.text(at::USER_NAME, user.user_name.get());
    rows.text(at::ACCESS_KEY_ID, user.access_key_id.get());
    rows.text(at::INVOKED_BY, user.invoked_by.get());
    rows.text(at::SESSION_NAME, identity.session_name);
    rows.text(at::SESSION_ISSUER_TYPE, session.session_issuer.kind.get());
    rows.text(at::SESSION_ISSUER_ARN, session.session_issuer.arn.get());
    rows.text(at::SESSION_ISSUER_ACCOUNT_ID, session.session_issuer.account_id.get());
    rows.text(at::SESSION_ISSUER_PRINCIPAL_ID, session.session_issuer.principal_id.get());
    rows.time(
        at::SESSION_CREATION_DATE,
        session.attributes.creation_date.get().and_then(date::micros),
    );
    rows.flag(at::SESSION_MFA_AUTHENTICATED, session.attributes.mfa_authenticated.flag());
    rows.text(at::SOURCE_IDENTITY, session.source_identity.get());
}

fn append_origin(rows: &mut Rows, record: &Record<'_>) {
    rows.flag(at::SESSION_CREDENTIAL_FROM_CONSOLE, record.session_credential_from_console.flag());
    rows.text(at::SOURCE_IP_ADDRESS, record.source_ip_address.get());
    rows.text(at::USER_AGENT, record.user_agent.get());
    rows.text(at::VPC_ENDPOINT_ID, record.vpc_endpoint_id.get());
    rows.text(at::VPC_ENDPOINT_ACCOUNT_ID, record.vpc_endpoint_account_id.get());
    let tls = &record.tls_details;
    rows.text(at::TLS_VERSION, tls.tls_version.get());
    rows.text(at::TLS_CIPHER_SUITE, tls.cipher_suite.get());
    rows.text(at::TLS_HOST_HEADER, tls.client_provided_host_header.get());
    rows.text(at::TLS_KEY_EXCHANGE, tls.key_exchange.get());
}

fn append_keys(rows: &mut Rows, keys: &NamedKeys<'_>, nested: &Nested<'_>) {
    rows.text(at::KEY_ARN, keys.key_arn.as_deref());
    // The record's own statement of the owner comes first: in redacted copies
    // the ARN has none.
    let owner = nested
        .resources
        .iter()
        .find(|resource| resource.arn.get() == keys.key_arn.as_deref())
        .and_then(|resource| resource.account_id.get());
    rows.text(at::KEY_ACCOUNT_ID, owner.or(keys.key_account_id.as_deref()));
    rows.text(at::REQUESTED_KEY_ID, nested.request.key_id.get());
    rows.text(at::ALIAS_NAME, keys.alias_name);
    rows.text(at::DESTINATION_KEY_ARN, keys.destination_key_arn.as_deref());
    rows.text(at::TARGET_KEY_ID, nested.request.target_key_id.get());
}

/// The documents as written, and one object of everything without a column.
fn append_texts(rows: &mut Rows, record: &Record<'_>) {
    let user = &record.user_identity;
    for (column, field) in [
        (at::RESOURCES, record.resources),
        (at::REQUEST_PARAMETERS, record.request_parameters),
        (at::RESPONSE_ELEMENTS, record.response_elements),
        (at::ADDITIONAL_EVENT_DATA, record.additional_event_data),
        (at::SERVICE_EVENT_DETAILS, record.service_event_details),
    ] {
        rows.text(
            column,
            field.map(serde_json::value::RawValue::get).filter(|text| *text != "null"),
        );
    }
    let nested = [
        ("userIdentity.inScopeOf", user.in_scope_of),
        ("userIdentity.identityProvider", user.identity_provider),
        ("userIdentity.credentialId", user.credential_id),
        ("userIdentity.invokedByDelegate", user.invoked_by_delegate),
        (
            "userIdentity.sessionContext.webIdFederationData",
            user.session_context.web_id_federation_data.filter(|data| data.get() != "{}"),
        ),
    ];
    let mut unmapped = String::new();
    let fields =
        record.unmapped.iter().map(|(name, value)| (name.get().unwrap_or_default(), *value));
    let nested = nested.into_iter().filter_map(|(name, value)| Some((name, value?)));
    for (name, value) in fields.chain(nested) {
        unmapped.push(if unmapped.is_empty() { '{' } else { ',' });
        // Writing text as JSON into a string has no way to fail.
        unmapped.push_str(&serde_json::to_string(name).unwrap_or_default());
        unmapped.push(':');
        unmapped.push_str(value.get());
    }
    if !unmapped.is_empty() {
        unmapped.push('}');
        rows.text(at::UNMAPPED, Some(&unmapped));
    }
}

#[cfg(test)]
mod tests;
