//! A **key** as a record names it: in `resources`, in the response, or only in
//! the request, as an ARN, an id or an alias.
//!
//! Order of belief: the entry of `resources` whose ARN is a key's (alias
//! operations list the alias beside it, in either order and with the same
//! type), the response, the request. A bare id is completed to an ARN, since a
//! bare id only ever names a key of the caller's own account and Region.

use std::borrow::Cow;

use crate::arn::Arn;
use crate::record::{RequestParameters, Resource, ResponseElements, ServiceEventDetails};

/// The keys and the alias that a record names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct NamedKeys<'a> {
    pub(crate) key_arn: Option<Cow<'a, str>>,
    pub(crate) key_account_id: Option<Cow<'a, str>>,
    pub(crate) destination_key_arn: Option<Cow<'a, str>>,
    pub(crate) alias_name: Option<&'a str>,
}

/// Where a bare key id is to be looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Home<'a> {
    pub(crate) partition: &'a str,
    pub(crate) region: &'a str,
    pub(crate) account_id: &'a str,
}

/// The keys that a record names.
pub(crate) fn named_keys<'a>(
    event_name: &str,
    resources: &'a [Resource<'_>],
    request: &'a RequestParameters<'_>,
    response: &'a ResponseElements<'_>,
    details: &'a ServiceEventDetails<'_>,
    home: Home<'_>,
) -> NamedKeys<'a> {
    let mut listed = resources
        .iter()
        .filter_map(|resource| resource.arn.get())
        .filter(|arn| Arn::split(arn).is_some_and(|arn| arn.is_key()));
    let (key, destination) = if event_name == "ReEncrypt" {
        re_encrypt_keys(listed, request, home)
    } else {
        let key = listed
            .next()
            .map(Cow::Borrowed)
            .or_else(|| complete(response.key_id.get(), home))
            .or_else(|| complete(response.key_metadata.arn.get(), home))
            .or_else(|| complete(request.key_id.get(), home))
            .or_else(|| complete(details.key_id.get(), home));
        (key, complete(response.replica_key_metadata.arn.get(), home))
    };
    let owner = key.as_deref().and_then(Arn::split).map(|arn| arn.account_id.to_owned());
    NamedKeys {
        key_account_id: owner.map(Cow::Owned),
        key_arn: key,
        destination_key_arn: destination,
        alias_name: alias(resources, request),
    }
}

type KeyPair<'a> = (Option<Cow<'a, str>>, Option<Cow<'a, str>>);

/// `ReEncrypt` lists two keys in an order that is not documented: the one that
/// the request names as destination is the destination.
fn re_encrypt_keys<'a>(
    listed: impl Iterator<Item = &'a str>,
    request: &'a RequestParameters<'_>,
    home: Home<'_>,
) -> KeyPair<'a> {
    let keys: Vec<&'a str> = listed.collect();
    let wanted = request.destination_key_id.get();
    let named = |arn: &str, wanted: &str| {
        arn == wanted
            || Arn::split(arn).is_some_and(|arn| arn.resource.strip_prefix("key/") == Some(wanted))
    };
    let destination = wanted
        .and_then(|wanted| keys.iter().position(|arn| named(arn, wanted)))
        // An alias names the destination: then the order seen in records
        // decides, source first.
        .or_else(|| keys.len().checked_sub(1).filter(|_| keys.len() > 1));
    let source = request
        .source_key_id
        .get()
        .and_then(|wanted| keys.iter().position(|arn| named(arn, wanted)))
        .or_else(|| (0..keys.len()).find(|&index| Some(index) != destination))
        .or(destination);
    let at = |index: Option<usize>| {
        index.and_then(|index| keys.get(index)).map(|arn| Cow::Borrowed(*arn))
    };
    (
        at(source).or_else(|| complete(request.source_key_id.get(), home)),
        at(destination).or_else(|| complete(wanted, home)),
    )
}

/// A key's ARN from what a field holds: an ARN as it is, a bare id completed.
fn complete<'a>(text: Option<&'a str>, home: Home<'_>) -> Option<Cow<'a, str>> {
    let text = text?;
    if let Some(arn) = Arn::split(text) {
        return arn.is_key().then_some(Cow::Borrowed(text));
    }
    let known = !home.region.is_empty() && !home.account_id.is_empty();
    (known && is_key_id(text)).then(|| {
        Cow::Owned(format!(
            "arn:{}:kms:{}:{}:key/{text}",
            home.partition, home.region, home.account_id
        ))
    })
}

/// A bare key id: a UUID, or `mrk-` and 32 hex digits.
fn is_key_id(text: &str) -> bool {
    let hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some(rest) = text.strip_prefix("mrk-") {
        return rest.len() == 32 && hex(rest);
    }
    text.split('-').map(str::len).eq([8, 4, 4, 4, 12]) && text.split('-').all(hex)
}

/// The alias that a record names, as `alias/name`.
fn alias<'a>(resources: &'a [Resource<'_>], request: &'a RequestParameters<'_>) -> Option<&'a str> {
    let named = [request.alias_name.get(), request.key_id.get(), request.destination_key_id.get()];
    let listed = resources.iter().map(|resource| resource.arn.get());
    named.into_iter().chain(listed).flatten().find_map(|text| match Arn::split(text) {
        Some(arn) if arn.is_alias() => Some(arn.resource),
        None if text.starts_with("alias/") => Some(text),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555";
    const OTHER: &str =
        "arn:aws:kms:eu-west-1:444455556666:key/mrk-0123456789abcdef0123456789abcdef";
    const ALIAS: &str = "arn:aws:kms:eu-west-1:111122223333:alias/app";
    const HOME: Home<'_> =
        Home { partition: "aws", region: "eu-west-1", account_id: "111122223333" };

    fn keys(event: &str, resources: &str, request: &str, response: &str) -> [Option<String>; 3] {
        let resources: Vec<Resource<'_>> = serde_json::from_str(resources).unwrap();
        let request: RequestParameters<'_> = serde_json::from_str(request).unwrap();
        let response: ResponseElements<'_> = serde_json::from_str(response).unwrap();
        let details = ServiceEventDetails::default();
        let named = named_keys(event, &resources, &request, &response, &details, HOME);
        [
            named.key_arn.map(Cow::into_owned),
            named.destination_key_arn.map(Cow::into_owned),
            named.alias_name.map(str::to_owned),
        ]
    }

    #[expect(clippy::unnecessary_wraps, reason = "reads as what is expected")]
    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_key_is_the_resource_that_is_a_key_wherever_it_stands() {
        for resources in [
            format!(r#"[{{"ARN":"{ALIAS}","type":"AWS::KMS::Key"}},{{"ARN":"{KEY}"}}]"#),
            format!(r#"[{{"ARN":"{KEY}"}},{{"ARN":"{ALIAS}"}}]"#),
        ] {
            let found = keys("CreateAlias", &resources, r#"{"aliasName":"alias/app"}"#, "{}");
            assert_eq!(found, [some(KEY), None, some("alias/app")]);
        }
    }

    #[test]
    fn without_resources_the_response_and_then_the_request_name_the_key() {
        let response = format!(r#"{{"keyId":"{KEY}"}}"#);
        assert_eq!(keys("EnableKey", "[]", r#"{"keyId":"x"}"#, &response)[0], some(KEY));
        let bare = r#"{"keyId":"11111111-2222-3333-4444-555555555555"}"#;
        assert_eq!(keys("DisableKey", "[]", bare, "{}")[0], some(KEY));
        let alias = keys("Encrypt", "[]", &format!(r#"{{"keyId":"{ALIAS}"}}"#), "{}");
        assert_eq!(alias, [None, None, some("alias/app")]);
    }

    #[test]
    fn the_destination_of_a_re_encryption_is_the_one_the_request_names() {
        for resources in [
            format!(r#"[{{"ARN":"{OTHER}"}},{{"ARN":"{KEY}"}}]"#),
            format!(r#"[{{"ARN":"{KEY}"}},{{"ARN":"{OTHER}"}}]"#),
        ] {
            let request = format!(r#"{{"destinationKeyId":"{OTHER}"}}"#);
            let found = keys("ReEncrypt", &resources, &request, "{}");
            assert_eq!(found, [some(KEY), some(OTHER), None]);
        }
    }
}
