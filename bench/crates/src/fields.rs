//! The **fields** of a record that the lake has columns for, borrowed from the
//! document. What differs from service to service is of type `N`: skipped, or
//! kept as text.

#![expect(dead_code, reason = "what is measured is filling them")]
#![allow(clippy::struct_field_names, reason = "they are named as AWS names them")]

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

#[derive(Deserialize)]
pub struct Document<'a, N> {
    #[serde(borrow, rename = "Records", bound(deserialize = "N: Deserialize<'de>"))]
    pub records: Vec<Record<'a, N>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "N: Deserialize<'de>"))]
pub struct Record<'a, N> {
    #[serde(borrow)]
    pub event_version: Option<Text<'a>>,
    pub event_time: Option<Text<'a>>,
    pub event_source: Option<Text<'a>>,
    pub event_name: Option<Text<'a>>,
    pub aws_region: Option<Text<'a>>,
    #[serde(rename = "sourceIPAddress")]
    pub source_ip_address: Option<Text<'a>>,
    pub user_agent: Option<Text<'a>>,
    pub error_code: Option<Text<'a>>,
    pub error_message: Option<Text<'a>>,
    #[serde(rename = "requestID")]
    pub request_id: Option<Text<'a>>,
    #[serde(rename = "eventID")]
    pub event_id: Option<Text<'a>>,
    pub read_only: Option<Text<'a>>,
    pub event_type: Option<Text<'a>>,
    pub event_category: Option<Text<'a>>,
    pub management_event: Option<Text<'a>>,
    pub api_version: Option<Text<'a>>,
    pub recipient_account_id: Option<Text<'a>>,
    #[serde(rename = "sharedEventID")]
    pub shared_event_id: Option<Text<'a>>,
    pub vpc_endpoint_id: Option<Text<'a>>,
    pub vpc_endpoint_account_id: Option<Text<'a>>,
    pub session_credential_from_console: Option<Text<'a>>,
    pub user_identity: Option<Identity<'a>>,
    pub tls_details: Option<Tls<'a>>,
    pub request_parameters: Option<N>,
    pub response_elements: Option<N>,
    pub additional_event_data: Option<N>,
    pub service_event_details: Option<N>,
    pub resources: Option<N>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Identity<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    pub arn: Text<'a>,
    pub principal_id: Text<'a>,
    pub account_id: Text<'a>,
    pub access_key_id: Text<'a>,
    pub user_name: Text<'a>,
    pub invoked_by: Text<'a>,
    pub session_context: Option<Session<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Session<'a> {
    #[serde(borrow)]
    pub session_issuer: Option<Issuer<'a>>,
    pub attributes: Option<Attributes<'a>>,
    pub source_identity: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Issuer<'a> {
    #[serde(borrow, rename = "type")]
    pub kind: Text<'a>,
    pub arn: Text<'a>,
    pub account_id: Text<'a>,
    pub principal_id: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Attributes<'a> {
    #[serde(borrow)]
    pub creation_date: Text<'a>,
    pub mfa_authenticated: Text<'a>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub struct Tls<'a> {
    #[serde(borrow)]
    pub tls_version: Text<'a>,
    pub cipher_suite: Text<'a>,
    pub client_provided_host_header: Text<'a>,
    pub key_exchange: Text<'a>,
}

/// A scalar as text: some are written as text here and as a value there.
#[derive(Default)]
pub struct Text<'a>(pub Option<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a scalar")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Borrowed(if value { "true" } else { "false" }))))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Text(Some(Cow::Owned(value.to_string()))))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text(None))
    }
}
