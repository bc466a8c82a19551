use proptest::prelude::*;
use serde_json::json;

use super::super::example;
use super::*;

fn withheld(details: &Value) -> Finding {
    Redaction::withheld().alert(&example::with_details(details)).finding
}

#[test]
fn sensitive_columns_are_withheld_and_others_stay() {
    let finding = withheld(&json!({
        "source_ip_addresses": ["192.0.2.10", "AWS Internal", "s3.amazonaws.com"],
        "constraints": "encryption_context_equals App=shop, Tier=gold",
        "objects": ["2026/invoice.pdf", "x"],
        "contexts": 12,
        "encryption_context_keys": ["tenant"],
        "mfa": "no",
    }));
    assert_eq!(
        Value::Object(finding.details),
        json!({
            "source_ip_addresses": ["[address withheld]", "AWS Internal", "s3.amazonaws.com"],
            "constraints": "encryption_context_equals [context withheld]",
            "objects": ["[context withheld]", "[context withheld]"],
            "contexts": 12,
            "encryption_context_keys": ["tenant"],
            "mfa": "no",
        })
    );
}

#[test]
fn values_of_conditions_are_withheld_in_policies() {
    let policy = json!({"Statement": [{
        "Principal": {"AWS": "arn:aws:sts::111122223333:assumed-role/Admin/anna"},
        "Condition": {
            "StringEquals": {"kms:EncryptionContext:tenant": ["acme"], "kms:ViaService": "s3.eu-west-1.amazonaws.com"},
            "IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
        },
        "Resource": "*",
    }]});
    let finding = withheld(&json!({"policy": policy.to_string()}));
    let text = finding.details["policy"].as_str().unwrap();
    for secret in ["acme", "192.0.2.0", "anna"] {
        assert!(!text.contains(secret), "{text}");
    }
    for told in
        ["kms:EncryptionContext:tenant", "s3.eu-west-1.amazonaws.com", "assumed-role/Admin/"]
    {
        assert!(text.contains(told), "{text}");
    }
    serde_json::from_str::<Value>(text).unwrap();
}

#[test]
fn a_policy_that_cannot_be_read_is_withheld_whole() {
    let finding = withheld(&json!({"policy": r#"{"kms:EncryptionContext:tenant": "acme""#}));
    assert_eq!(finding.details["policy"], "[context withheld]");
}

#[test]
fn a_summary_names_no_value_of_a_sensitive_column() {
    let mut alert = example::with_details(&json!({
        "resources": ["bucket ledger", "arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-abc"],
    }));
    alert.finding.summary = "under your own keys before: bucket ledger, arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-abc".to_owned();
    let safe = Redaction::withheld().alert(&alert).finding;
    assert_eq!(safe.summary, "under your own keys before: [context withheld], [context withheld]");
}

#[test]
fn a_summary_that_may_name_values_no_column_has_is_not_told() {
    let resources: Vec<String> = (0..20).map(|number| format!("bucket b{number}")).collect();
    let mut alert = example::with_details(&json!({ "resources": resources }));
    alert.finding.summary = "encrypted bucket zebra".to_owned();
    let safe = Redaction::withheld().alert(&alert).finding;
    assert!(
        safe.summary.starts_with("KMS key disabled: arn:aws:iam::111122223333:role/KeyOperator")
    );
}

#[test]
fn nobody_hides_behind_a_context_with_their_own_name() {
    let mut alert = example::alert();
    let actor = alert.finding.actor.clone().unwrap();
    alert.finding.details.insert("objects".to_owned(), json!([actor, "KeyOperator"]));
    let safe = Redaction::withheld().alert(&alert).finding;
    assert_eq!(safe.actor, Some(actor.clone()));
    assert!(safe.summary.starts_with(&actor), "{}", safe.summary);
    assert_eq!(safe.details["objects"], json!(["[context withheld]", "[context withheld]"]));
}

#[test]
fn a_hash_follows_a_value_and_depends_on_the_key() {
    let alert = example::alert();
    let address = |key: &str| {
        Redaction::hashed(key).alert(&alert).finding.details["source_ip_address"].clone()
    };
    assert_eq!(address("one key"), address("one key"));
    assert_ne!(address("one key"), address("another key"));
    assert!(address("one key").as_str().unwrap().starts_with("[address "));
}

#[test]
fn what_identifies_an_alert_stays_as_it_is() {
    let alert = example::alert();
    let safe = Redaction::withheld().alert(&alert);
    assert_eq!((&safe.id, &safe.raised_at), (&alert.id, &alert.raised_at));
    assert_eq!(safe.finding.fingerprint, alert.finding.fingerprint);
    assert_eq!(safe.finding.event_ids, alert.finding.event_ids);
    assert_eq!(safe.finding.summary, alert.finding.summary);
}

/// All texts of a JSON document, keys included.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                found.push(name.clone());
                texts(value, found);
            }
        }
        _ => {}
    }
}

/// A value that no text has by chance.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[QXZ][A-Za-z0-9 ./=@\"\\\\ü-]{4,20}[QXZ]",
        "192\\.0\\.2\\.[1-9][0-9]",
        "[QXZ]{4,8}@example\\.com",
    ]
}

proptest! {
    #[test]
    fn no_value_of_a_sensitive_column_survives_in_any_format(
        column in prop::sample::select(vec![
            "source_ip_address", "source_ip_addresses", "session_name", "session_names",
            "encryption_context", "context", "resources", "objects", "constraints", "source_identity",
        ]),
        secrets in prop::collection::vec(secret(), 1..4),
        prefix in "[a-z ,]{0,5}",
        in_entity in any::<bool>(),
    ) {
        let mut alert = example::alert();
        alert.finding.summary = format!("{prefix}{} called {}", secrets.join(&prefix), secrets.join(", "));
        alert.finding.actor = Some(format!("arn:aws:sts::111122223333:assumed-role/Admin/{}", secrets[0].replace(['/', ' ', '"'], "")));
        let policy = json!({"Condition": {"StringEquals": {"kms:EncryptionContext:x": secrets}}});
        alert.finding.details.insert("policy".to_owned(), policy.to_string().into());
        alert.finding.details.insert("changes".to_owned(), json!([{"of": secrets, "note": secrets.join(" and ")}]));
        let columns = if in_entity { &mut alert.finding.entity } else { &mut alert.finding.details };
        columns.insert(column.to_owned(), json!(secrets));
        let safe = Redaction::withheld().alert(&alert);
        let mut found = Vec::new();
        texts(&serde_json::to_value(&safe).unwrap(), &mut found);
        texts(&super::super::ocsf::event(&safe), &mut found);
        texts(&super::super::slack::message(&safe), &mut found);
        found.push(super::super::text::body(&safe));
        for secret in &secrets {
            for text in &found {
                prop_assert!(!text.contains(secret.as_str()), "{secret:?} in {text:?}");
            }
        }
    }

    #[test]
    fn any_text_can_be_scrubbed(text in any::<String>(), value in any::<String>()) {
        let mut alert = example::with_details(&json!({"session_name": value, "note": text}));
        alert.finding.summary = text;
        let _ = Redaction::withheld().alert(&alert);
    }
}
