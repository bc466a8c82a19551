//! **Generated** documents: records in the shapes that are found in the wild,
//! and every spelling that JSON allows of them.

use std::io::Write as _;

use base64::Engine as _;
use proptest::prelude::*;
use proptest::string::string_regex;

/// JSON text.
type Text = BoxedStrategy<String>;

/// A document that is JSON from end to end, in any format.
pub(crate) fn document() -> Text {
    let records = || prop::collection::vec(element(), 0..6);
    let one = || prop_oneof![9 => record(), 1 => element()];
    prop_oneof![
        4 => (space(), records(), space()).prop_map(|(before, records, after)| format!(
            "{before}{{{after}\"Records\":{before}[{}{after}]{after}}}", records.join(","))),
        1 => (literal(), records()).prop_map(|(text, records)| format!(
            "\u{feff}{{\"x\":[{text}],\"Records\":[{}],\"y\":null}}\r\n", records.join(" ,\r\n"))),
        2 => records().prop_map(|records| format!("[{}]", records.join("\n,"))),
        1 => one(),
        2 => prop::collection::vec(record(), 1..5).prop_map(|records| records.join("\r\n")),
        1 => one().prop_map(|record| format!(
            r#"{{"version":"0","detail-type":"AWS API Call via CloudTrail","detail":{record}}}"#)),
        1 => prop::collection::vec(record(), 0..4).prop_map(|records| format!(
            r#"{{"Events":[{}],"NextToken":"x"}}"#,
            in_strings(r#"{"EventId":"1","CloudTrailEvent":"#, &records))),
        1 => prop::collection::vec(record(), 0..4).prop_map(|records| logs(&records)),
        1 => prop::collection::vec(record(), 0..4).prop_map(|records| subscription(&records)),
    ]
    .boxed()
}

/// `{"Records":[...]}` and, for each element, whether it is damaged.
pub(crate) fn damaged_document() -> BoxedStrategy<Vec<(String, bool)>> {
    let broken = prop::sample::select(vec![
        r#"{"eventVersion":"1.11","eventID":"x",}"#,
        r#"{"eventVersion":"1.11" "eventID":"x"}"#,
        r#"{"eventVersion":"1.11","eventID":"x}"#,
        r#"{"eventVersion":"1.11","eventID":{"x"}"#,
        r#"{"eventVersion":"1.11","eventID":[}]}"#,
        r#"{"eventVersion":"1.11","account ID":123,nonsense}"#,
        r#"{"eventVersion":"1.11","eventSource":"kms.amazonaws.com","eventName":tru}"#,
        r#"{"eventVersion":"1.11","requestParameters":{"a":[1,2}}"#,
    ]);
    let element = prop_oneof![
        3 => record().prop_map(|record| (record, false)),
        1 => broken.prop_map(|broken| (broken.to_owned(), true)),
    ];
    // CloudTrail ends its list with a record that is whole.
    (prop::collection::vec(element, 0..6), record())
        .prop_map(|(mut elements, last)| {
            elements.push((last, false));
            elements
        })
        .boxed()
}

/// A record as CloudTrail writes it: `eventVersion` comes first.
pub(crate) fn record() -> Text {
    (any::<bool>(), fields())
        .prop_map(|(spaced, fields)| {
            let fields = [vec![r#""eventVersion":"1.11""#.to_owned()], fields].concat();
            format!("{{{}}}", fields.join(if spaced { " ,\r\n\t" } else { "," }))
        })
        .boxed()
}

/// An element of a list of records that may be anything.
fn element() -> Text {
    let first = prop::sample::select(vec!["userAgent", "eventName", "x"]);
    prop_oneof![
        8 => record(),
        // Fields in another order, and lists of objects that begin likewise.
        2 => (first, fields()).prop_map(|(first, fields)| format!(
            r#"{{"{first}":"x","more":[1,{{"{first}":"x"}}],{}}}"#, fields.join(","))),
        1 => Just(r#"{"eventVersion":"1.11","eventSource":"kms.amazonaws.com"}"#.to_owned()),
        1 => value(),
    ]
    .boxed()
}

fn fields() -> BoxedStrategy<Vec<String>> {
    let required = (
        prop_oneof![
            8 => Just("kms.amazonaws.com"), 1 => Just("kms.amazonaws.com.cn"),
            1 => Just("sts.amazonaws.com"), 1 => Just("dynamodb.amazonaws.com"), 1 => Just("")],
        prop::sample::select(vec![
            "Decrypt",
            "GenerateDataKey",
            "CreateGrant",
            "ReEncrypt",
            "CreateKey",
            "PutKeyPolicy",
            "ReplicateKey",
            "ScheduleKeyDeletion",
            "RotateKey",
            "AssumeRole",
            "NewOperation",
        ]),
        prop_oneof![
            9 => (0..86_400_u32).prop_map(|second| format!(
                r#""eventTime":"2026-10-05T{:02}:{:02}:{:02}Z""#,
                second / 3600, second / 60 % 60, second % 60)),
            1 => prop::sample::select(vec![
                r#""eventTime":"2026-10-05t08:00:00.25z""#, r#""eventTime":"2026-10-05T08:00:00+02:00""#,
                r#""eventTime":null"#, r#""eventTime":"""#]).prop_map(str::to_owned)],
    );
    let required = required.prop_map(|(source, name, time)| {
        vec![format!(r#""eventSource":"{source}""#), format!(r#""eventName":"{name}""#), time]
    });
    let optional = prop::collection::vec(
        prop_oneof![
            6 => field(TOP, literal()),
            2 => field(TOP, value()),
            1 => field("readOnly|managementEvent|sessionCredentialFromConsole", flag()),
            3 => named("userIdentity", user_identity()),
            3 => named("requestParameters", parameters(REQUEST)),
            2 => named("responseElements", parameters(RESPONSE)),
            2 => named("resources", resources()),
            1 => field("additionalEventData|serviceEventDetails|addendum|tlsDetails|eventContext",
                parameters(DETAILS)),
        ],
        0..10,
    );
    (required, optional)
        .prop_flat_map(|(required, optional)| Just([required, optional].concat()).prop_shuffle())
        .boxed()
}

const TOP: &str = "awsRegion|sourceIPAddress|userAgent|errorCode|errorMessage|requestID|eventID|eventType|eventCategory|apiVersion|recipientAccountId|sharedEventID|vpcEndpointId|vpcEndpointAccountId|readOnly|eventContext|x";
const REQUEST: &str = "keyId|targetKeyId|dryRun|keySpec|keyUsage|origin|multiRegion|pendingWindowInDays|rotationPeriodInDays|encryptionContext|sourceEncryptionContext|sourceAAD|destinationAAD|encryptionAlgorithm|macAlgorithm|operations|constraints|name|granteePrincipal|tags|policy|roleArn|bucketName|x";
const RESPONSE: &str = "grantId|keyState|keyMetadata|credentials|pendingWindowInDays|x";
const DETAILS: &str = "keyMaterialId|grantId|recipient|reason|originalEventID|tlsVersion|cipherSuite|keyExchange|currentKeyMaterialId|rotationType|x";
const IDENTITY: &str =
    "type|principalId|arn|accountId|accessKeyId|userName|invokedBy|inScopeOf|onBehalfOf";

fn user_identity() -> Text {
    let issuer = object("type|arn|accountId|principalId", scalar());
    let context = prop_oneof![
        named("sessionIssuer", issuer),
        named("attributes", object("mfaAuthenticated|x", flag())),
        named("webIdFederationData", prop_oneof![Just("{}".to_owned()), value()]),
        field("sourceIdentity|ec2RoleDelivery", scalar()),
    ];
    let context =
        prop::collection::vec(context, 0..4).prop_map(|fields| format!("{{{}}}", fields.join(",")));
    let member = prop_oneof![
        6 => field(IDENTITY, literal()),
        1 => field(IDENTITY, value()),
        2 => named("sessionContext", context),
    ];
    let members = prop::collection::vec(member, 0..6);
    prop_oneof![
        8 => members.prop_map(|members| format!("{{{}}}", members.join(","))),
        1 => value(),
    ]
    .boxed()
}

fn parameters(names: &'static str) -> Text {
    let tag = object("tagKey|tagValue", literal());
    let tags = prop::collection::vec(prop_oneof![4 => tag, 1 => value()], 0..4);
    let tags = tags.prop_map(|tags| format!("[{}]", tags.join(",")));
    let member = prop_oneof![
        3 => field(names, scalar()),
        2 => field(names, object("SecretARN|aws:s3:arn|Case|case", scalar())),
        1 => field(names, value()),
        1 => named("tags", tags),
        1 => named("operations", prop::collection::vec(scalar(), 0..4)
            .prop_map(|operations| format!("[{}]", operations.join(" , ")))),
        1 => named("keyMetadata", object("keySpec|keyUsage|keyState|keyManager|multiRegion", scalar())),
    ];
    let members = prop::collection::vec((space(), member), 0..6);
    prop_oneof![
        1 => Just("null".to_owned()),
        8 => members.prop_map(|members| {
            let members: Vec<String> = members.into_iter().map(|(s, m)| s + &m).collect();
            format!("{{{}}}", members.join(","))
        }),
        1 => value(),
    ]
    .boxed()
}

fn resources() -> Text {
    let arn = prop::sample::select(vec![
        r#""arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-3333-4444-555555555555""#,
        r#""arn:aws-cn:kms:cn-north-1:444455556666:key/mrk-0123456789abcdef0123456789abcdef""#,
        r#""arn:aws:kms:eu-west-1:111122223333:alias/app""#,
        r#""arn:aws:s3:::bucket""#,
        r#""[REDACTED]""#,
    ]);
    let entry = (prop::sample::select(vec!["ARN", "arn"]), arn).prop_map(|(name, arn)| {
        format!(r#"{{"accountId":"111122223333","type":"AWS::KMS::Key","{name}":{arn}}}"#)
    });
    let entries = prop::collection::vec(prop_oneof![6 => entry.boxed(), 1 => value()], 0..4);
    prop_oneof![
        8 => entries.prop_map(|entries| format!("[{}]", entries.join(", "))),
        1 => value(),
    ]
    .boxed()
}

/// A field of any of these names.
fn field(names: &str, value: impl Strategy<Value = String> + 'static) -> Text {
    let names: Vec<String> = names.split('|').map(str::to_owned).collect();
    (prop::sample::select(names), space(), value)
        .prop_map(|(name, space, value)| format!("\"{name}\"{space}:{space}{value}"))
        .boxed()
}

fn named(name: &str, value: impl Strategy<Value = String> + 'static) -> Text {
    field(name, value)
}

fn object(names: &str, value: impl Strategy<Value = String> + 'static) -> Text {
    prop::collection::vec(field(names, value), 0..5)
        .prop_map(|fields| format!("{{{}}}", fields.join(",")))
        .boxed()
}

/// Any value at all.
fn value() -> Text {
    scalar()
        .prop_recursive(12, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                object("eventSource|eventName|a|b|Records|\\u00e9\\\"|", inner),
            ]
        })
        .boxed()
}

fn scalar() -> Text {
    let number = prop::sample::select(vec![
        "0",
        "-0",
        "7",
        "30",
        "1.0",
        "0.10",
        "-2.5e-3",
        "1E2",
        "123456789012",
        "18446744073709551615",
        "-9223372036854775808",
        "123456789012345678901234567890",
        "1424476529.0",
    ]);
    prop_oneof![
        6 => literal(),
        2 => flag(),
        2 => number.prop_map(str::to_owned),
        1 => Just("null".to_owned()),
    ]
    .boxed()
}

fn flag() -> Text {
    prop::sample::select(vec!["true", "false", "\"true\"", "\"false\"", "\"True\"", "\"yes\""])
        .prop_map(str::to_owned)
        .boxed()
}

/// A string in any spelling.
fn literal() -> Text {
    let piece = r#"[a-z0-9:/.,{}\[\] ]|arn:aws:|é|漢|😀|\\n|\\"|\\\\|\\/|\\u00e9|\\u0000|\\ud83d\\ude00|,\{\\"eventVersion\\":"#;
    string_regex(&format!("\"({piece}){{0,24}}\"")).unwrap().boxed()
}

fn space() -> Text {
    prop::sample::select(vec!["", "", "", " ", "\n", "\r\n\t"]).prop_map(str::to_owned).boxed()
}

/// Objects that hold each text as a string in their last field.
fn in_strings(start: &str, texts: &[String]) -> String {
    let quoted = texts.iter().map(|text| format!("{start}{}}}", serde_json::json!(text)));
    quoted.collect::<Vec<_>>().join(",")
}

fn logs(records: &[String]) -> String {
    let events = in_strings(r#"{"id":"1","timestamp":1,"message":"#, records);
    format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{events}]}}"#)
}

fn subscription(records: &[String]) -> String {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(logs(records).as_bytes()).unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(gzip.finish().unwrap());
    format!(r#"{{"awslogs":{{"data":"{data}"}}}}"#)
}
