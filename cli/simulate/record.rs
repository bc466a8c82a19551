//! A record is one CloudTrail record as AWS writes it, here written straight into a file's text.
//!
//! Nothing in a simulated record needs escaping unless its author escaped it: ids are hexadecimal, and
//! names, contexts and agents are plain.

use super::text::{Text, put, put_clock, put_field, put_optional, put_uuid};

/// All that one record says. An empty string means that the field is absent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// Minor number of `eventVersion`: 8 to 11.
    pub(super) version: u8,
    /// The `userIdentity` object without its closing brace.
    pub(super) identity: &'a str,
    pub(super) invoked_by: &'a str,
    /// `YYYY-MM-DD`.
    pub(super) date: &'a str,
    pub(super) second: u32,
    pub(super) source: &'a str,
    pub(super) name: &'a str,
    pub(super) region: &'a str,
    pub(super) address: &'a str,
    pub(super) agent: &'a str,
    /// `errorCode` and `errorMessage`.
    pub(super) error: Option<(&'a str, &'a str)>,
    pub(super) request: &'a [u8],
    pub(super) response: &'a str,
    pub(super) additional: &'a str,
    pub(super) request_id: Option<u128>,
    pub(super) event_id: u128,
    pub(super) read_only: bool,
    pub(super) resources: &'a str,
    pub(super) event_type: &'a str,
    pub(super) recipient: &'a str,
    pub(super) service_event: &'a str,
    pub(super) shared_event_id: Option<u128>,
    pub(super) vpc_endpoint: &'a str,
    /// The domain of the endpoint a client called; only direct calls have `tlsDetails`.
    pub(super) tls_domain: &'a str,
    /// Empty for what nearly all clients speak.
    pub(super) tls_version: &'a str,
    pub(super) category: &'a str,
    /// Further fields as JSON, each after a comma.
    pub(super) extra: &'a str,
    pub(super) from_console: bool,
    /// Whether CloudTrail says that it delivered this record late.
    pub(super) delayed: bool,
}

impl Default for Call<'_> {
    fn default() -> Self {
        Self {
            version: 11,
            identity: "",
            invoked_by: "",
            date: "",
            second: 0,
            source: "kms.amazonaws.com",
            name: "",
            region: "",
            address: "",
            agent: "",
            error: None,
            request: b"null",
            response: "null",
            additional: "",
            request_id: None,
            event_id: 0,
            read_only: true,
            resources: "",
            event_type: "AwsApiCall",
            recipient: "",
            service_event: "",
            shared_event_id: None,
            vpc_endpoint: "",
            tls_domain: "",
            tls_version: "",
            category: "Management",
            extra: "",
            from_console: false,
            delayed: false,
        }
    }
}

impl Call<'_> {
    pub(super) fn is_kms(&self) -> bool {
        self.source == "kms.amazonaws.com"
    }

    /// Appends the record's JSON.
    pub(super) fn write(&self, out: &mut Text) {
        out.extend_from_slice(b"{\"eventVersion\":\"1.");
        out.extend_from_slice(&[b'0' + self.version / 10, b'0' + self.version % 10]);
        put(out, "\",\"userIdentity\":");
        put(out, self.identity);
        put_optional(out, ",\"invokedBy\":\"", self.invoked_by, "\"");
        put(out, "},\"eventTime\":\"");
        put(out, self.date);
        put_clock(out, self.second);
        put_field(out, "Z\",\"eventSource\":\"", self.source);
        put_field(out, "\",\"eventName\":\"", self.name);
        put_field(out, "\",\"awsRegion\":\"", self.region);
        put_field(out, "\",\"sourceIPAddress\":\"", self.address);
        put_field(out, "\",\"userAgent\":\"", self.agent);
        put(out, "\"");
        if let Some((code, message)) = self.error {
            put_field(out, ",\"errorCode\":\"", code);
            put_optional(out, "\",\"errorMessage\":\"", message, "");
            put(out, "\"");
        }
        put(out, ",\"requestParameters\":");
        out.extend_from_slice(self.request);
        put_field(out, ",\"responseElements\":", self.response);
        put_optional(out, ",\"additionalEventData\":", self.additional, "");
        if let Some(id) = self.request_id {
            put(out, ",\"requestID\":\"");
            put_uuid(out, id);
            put(out, "\"");
        }
        put(out, ",\"eventID\":\"");
        put_uuid(out, self.event_id);
        put_field(out, "\",\"readOnly\":", if self.read_only { "true" } else { "false" });
        self.write_end(out);
    }

    fn write_end(&self, out: &mut Text) {
        put_optional(out, ",\"resources\":", self.resources, "");
        put_field(out, ",\"eventType\":\"", self.event_type);
        let management = if self.category == "Management" { "true" } else { "false" };
        put_field(out, "\",\"managementEvent\":", management);
        put_field(out, ",\"recipientAccountId\":\"", self.recipient);
        put(out, "\"");
        put_optional(out, ",\"serviceEventDetails\":", self.service_event, "");
        if let Some(id) = self.shared_event_id {
            put(out, ",\"sharedEventID\":\"");
            put_uuid(out, id);
            put(out, "\"");
        }
        put_optional(out, ",\"vpcEndpointId\":\"", self.vpc_endpoint, "\"");
        put_field(out, ",\"eventCategory\":\"", self.category);
        put(out, "\"");
        put(out, self.extra);
        if self.delayed {
            put(out, ",\"addendum\":{\"reason\":\"DELIVERY_DELAY\"}");
        }
        if !self.tls_domain.is_empty() {
            self.write_tls(out);
        }
        if self.from_console {
            put(out, ",\"sessionCredentialFromConsole\":\"true\"");
        }
        put(out, "}");
    }

    fn write_tls(&self, out: &mut Text) {
        let old = !self.tls_version.is_empty();
        let (version, cipher) = if old {
            (self.tls_version, "ECDHE-RSA-AES128-SHA")
        } else {
            ("TLSv1.3", "TLS_AES_128_GCM_SHA256")
        };
        put_field(out, ",\"tlsDetails\":{\"tlsVersion\":\"", version);
        put_field(out, "\",\"cipherSuite\":\"", cipher);
        let service = self.source.split('.').next().unwrap_or(self.source);
        put_field(out, "\",\"clientProvidedHostHeader\":\"", service);
        put_field(out, ".", self.region);
        put_field(out, ".", self.tls_domain);
        let exchange = if old { "secp256r1" } else { "X25519MLKEM768" };
        if self.version >= 11 {
            put_field(out, "\",\"keyExchange\":\"", exchange);
        }
        put(out, "\"}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_json_with_the_fields_of_its_call() -> anyhow::Result<()> {
        let call = Call {
            identity: r#"{"type":"AWSService""#,
            invoked_by: "cloudtrail.amazonaws.com",
            date: "2026-11-02",
            second: 86_399,
            name: "GenerateDataKey",
            event_id: 0x0123_4567_89ab_cdef_0123_4567_89ab_cdef,
            delayed: true,
            region: "eu-west-1",
            tls_domain: "amazonaws.com",
            from_console: true,
            error: Some(("InvalidCiphertextException", "")),
            ..Call::default()
        };
        let mut text = Text::new();
        call.write(&mut text);
        let value: serde_json::Value = serde_json::from_slice(&text)?;
        assert_eq!(value["eventTime"], "2026-11-02T23:59:59Z");
        assert_eq!(value["eventVersion"], "1.11");
        assert_eq!(value["eventID"], "01234567-89ab-cdef-0123-456789abcdef");
        assert_eq!(value["userIdentity"]["invokedBy"], "cloudtrail.amazonaws.com");
        assert_eq!(value["tlsDetails"]["keyExchange"], "X25519MLKEM768");
        assert!(value.get("errorMessage").is_none());
        Ok(())
    }
}
