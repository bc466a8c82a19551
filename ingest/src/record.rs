//! A **record**: one CloudTrail record as AWS wrote it, borrowed from the
//! document it stands in.
//!
//! Only records that are kept get this far. Nothing is copied unless a string
//! has escapes, and the nested documents that the lake keeps as written stay
//! text until a reader of them asks.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

mod details;
mod lenient;
mod object;

pub(crate) use details::{
    Addendum, AdditionalEventData, RequestParameters, Resource, ResponseElements,
    ServiceEventDetails, Tag, TlsDetails, UserIdentity,
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
    pub(crate) user_identity: UserIdentity<'a>,
    pub(crate) request_parameters: Option<&'a RawValue>,
    pub(crate) response_elements: Option<&'a RawValue>,
    pub(crate) additional_event_data: Option<&'a RawValue>,
    pub(crate) service_event_details: Option<&'a RawValue>,
    pub(crate) resources: Option<&'a RawValue>,
    pub(crate) tls_details: TlsDetails<'a>,
    pub(crate) addendum: Addendum<'a>,
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
        while let Some(name) = map.next_key()? {
            record.take(name, &mut map)?;
        }
        Ok(record)
    }
}

impl<'a> Record<'a> {
    fn take<A: MapAccess<'a>>(&mut self, name: Text<'a>, map: &mut A) -> Result<(), A::Error> {
        match name.get().unwrap_or_default() {
            "eventVersion" => self.event_version = map.next_value()?,
            "eventTime" => self.event_time = map.next_value()?,
            "eventSource" => self.event_source = map.next_value()?,
            "eventName" => self.event_name = map.next_value()?,
            "awsRegion" => self.aws_region = map.next_value()?,
            "sourceIPAddress" => self.source_ip_address = map.next_value()?,
            "userAgent" => self.user_agent = map.next_value()?,
            "errorCode" => self.error_code = map.next_value()?,
            "errorMessage" => self.error_message = map.next_value()?,
            "requestID" => self.request_id = map.next_value()?,
            "eventID" => self.event_id = map.next_value()?,
            "readOnly" => self.read_only = map.next_value()?,
            "eventType" => self.event_type = map.next_value()?,
            "eventCategory" => self.event_category = map.next_value()?,
            "managementEvent" => self.management_event = map.next_value()?,
            "apiVersion" => self.api_version = map.next_value()?,
            "recipientAccountId" => self.recipient_account_id = map.next_value()?,
            "sharedEventID" => self.shared_event_id = map.next_value()?,
            "vpcEndpointId" => self.vpc_endpoint_id = map.next_value()?,
            "vpcEndpointAccountId" => self.vpc_endpoint_account_id = map.next_value()?,
            "sessionCredentialFromConsole" => {
                self.session_credential_from_console = map.next_value()?;
            }
            "userIdentity" => self.user_identity = map.next_value()?,
            "requestParameters" => self.request_parameters = map.next_value()?,
            "responseElements" => self.response_elements = map.next_value()?,
            "additionalEventData" => self.additional_event_data = map.next_value()?,
            "serviceEventDetails" => self.service_event_details = map.next_value()?,
            "resources" => self.resources = map.next_value()?,
            "tlsDetails" => self.tls_details = map.next_value()?,
            "addendum" => self.addendum = map.next_value()?,
            _ => self.unmapped.push((name, map.next_value()?)),
        }
        Ok(())
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
        assert_eq!(record.user_identity.kind.get(), None);
    }
}
