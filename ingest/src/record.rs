//! A **record**: one CloudTrail record as AWS wrote it, borrowed from the
//! document it stands in.
//!
//! Only records that are kept get this far. Nothing is copied unless a string
//! has escapes, and the nested documents stay text until a reader of them asks.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

mod details;
mod lenient;

pub(crate) use details::{
    Addendum, AdditionalEventData, RequestParameters, Resource, ResponseElements,
    ServiceEventDetails, TlsDetails, UserIdentity,
};
pub(crate) use lenient::{Text, TextMap};

/// One CloudTrail record, by CloudTrail's own field names.
#[derive(Debug, Default)]
pub(crate) struct Record<'a> {
    pub(crate) event_version: Text<'a>,
    pub(crate) event_time: Text<'a>,
    pub(crate) event_source: Text<'a>,
    pub(crate) event_name: Text<'a>,
    pub(crate) aws_region: Text<'a>,
    pub(crate) source_ip_address: Text<'a>,
    pub(crate) user_agent: Text<'a>,
    pub(crate) error_code: Text<'a>,
    pub(crate) error_message: Text<'a>,
    pub(crate) request_id: Text<'a>,
    pub(crate) event_id: Text<'a>,
    pub(crate) read_only: Text<'a>,
    pub(crate) event_type: Text<'a>,
    pub(crate) event_category: Text<'a>,
    pub(crate) management_event: Text<'a>,
    pub(crate) api_version: Text<'a>,
    pub(crate) recipient_account_id: Text<'a>,
    pub(crate) shared_event_id: Text<'a>,
    pub(crate) vpc_endpoint_id: Text<'a>,
    pub(crate) vpc_endpoint_account_id: Text<'a>,
    pub(crate) session_credential_from_console: Text<'a>,
    pub(crate) user_identity: Option<&'a RawValue>,
    pub(crate) request_parameters: Option<&'a RawValue>,
    pub(crate) response_elements: Option<&'a RawValue>,
    pub(crate) additional_event_data: Option<&'a RawValue>,
    pub(crate) service_event_details: Option<&'a RawValue>,
    pub(crate) resources: Option<&'a RawValue>,
    pub(crate) tls_details: Option<&'a RawValue>,
    pub(crate) addendum: Option<&'a RawValue>,
    /// Fields without a column, in the order written.
    pub(crate) unmapped: Vec<(Text<'a>, &'a RawValue)>,
}

impl<'a> Record<'a> {
    /// Reads one record.
    ///
    /// # Errors
    /// When the text is not one JSON object.
    pub(crate) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// A nested document, read as `T`; absent or unreadable is `T`'s default.
    pub(crate) fn nested<T: Deserialize<'a> + Default>(field: Option<&'a RawValue>) -> T {
        let Some(raw) = field else {
            return T::default();
        };
        match raw.get().as_bytes().first() {
            Some(b'{' | b'[') => serde_json::from_str(raw.get()).unwrap_or_default(),
            _ => T::default(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Record<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RecordVisitor)
    }
}

struct RecordVisitor;

impl<'de> Visitor<'de> for RecordVisitor {
    type Value = Record<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a CloudTrail record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut record = Record::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let name = key.get().unwrap_or_default();
            if let Some(field) = record.text_field(name) {
                *field = map.next_value()?;
            } else if let Some(field) = record.nested_field(name) {
                *field = Some(map.next_value()?);
            } else {
                record.unmapped.push((key, map.next_value()?));
            }
        }
        Ok(record)
    }
}

impl<'a> Record<'a> {
    fn text_field(&mut self, name: &str) -> Option<&mut Text<'a>> {
        Some(match name {
            "eventVersion" => &mut self.event_version,
            "eventTime" => &mut self.event_time,
            "eventSource" => &mut self.event_source,
            "eventName" => &mut self.event_name,
            "awsRegion" => &mut self.aws_region,
            "sourceIPAddress" => &mut self.source_ip_address,
            "userAgent" => &mut self.user_agent,
            "errorCode" => &mut self.error_code,
            "errorMessage" => &mut self.error_message,
            "requestID" => &mut self.request_id,
            "eventID" => &mut self.event_id,
            "readOnly" => &mut self.read_only,
            "eventType" => &mut self.event_type,
            "eventCategory" => &mut self.event_category,
            "managementEvent" => &mut self.management_event,
            "apiVersion" => &mut self.api_version,
            "recipientAccountId" => &mut self.recipient_account_id,
            "sharedEventID" => &mut self.shared_event_id,
            "vpcEndpointId" => &mut self.vpc_endpoint_id,
            "vpcEndpointAccountId" => &mut self.vpc_endpoint_account_id,
            "sessionCredentialFromConsole" => &mut self.session_credential_from_console,
            _ => return None,
        })
    }

    fn nested_field(&mut self, name: &str) -> Option<&mut Option<&'a RawValue>> {
        Some(match name {
            "userIdentity" => &mut self.user_identity,
            "requestParameters" => &mut self.request_parameters,
            "responseElements" => &mut self.response_elements,
            "additionalEventData" => &mut self.additional_event_data,
            "serviceEventDetails" => &mut self.service_event_details,
            "resources" => &mut self.resources,
            "tlsDetails" => &mut self.tls_details,
            "addendum" => &mut self.addendum,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_without_a_column_is_kept_as_written() {
        let record =
            Record::read(r#"{"eventName":"Decrypt","eventContext":{"a":[1, 2]},"x":null}"#)
                .unwrap();
        assert_eq!(record.event_name.get(), Some("Decrypt"));
        let unmapped: Vec<_> = record
            .unmapped
            .iter()
            .map(|(name, value)| (name.get().unwrap(), value.get()))
            .collect();
        assert_eq!(unmapped, [("eventContext", r#"{"a":[1, 2]}"#), ("x", "null")]);
    }

    #[test]
    fn a_nested_field_of_an_odd_type_does_not_cost_the_record() {
        let record =
            Record::read(r#"{"userIdentity":"redacted","requestParameters":null}"#).unwrap();
        let identity: UserIdentity<'_> = Record::nested(record.user_identity);
        assert_eq!(identity.kind.get(), None);
    }
}
