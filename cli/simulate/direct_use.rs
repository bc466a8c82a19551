//! Direct use is what workloads do with their own keys, without a service in between.

use super::record::Call;
use super::scene::{Caller, Scene};
use super::usage::workload_of;

/// A workload uses its own key directly, through the VPC endpoint.
fn direct_call(
    scene: &mut Scene<'_>,
    second: u32,
    workload: usize,
    alias: &str,
) -> anyhow::Result<()> {
    let account = scene.account;
    let key = account.key(scene.region_index, alias);
    let session = scene.roster.workload(workload, second, &mut scene.dice);
    let operation = match scene.dice.below(100) {
        0..58 => "Decrypt",
        58..82 => "GenerateDataKey",
        82..94 => "Encrypt",
        94..97 => "GenerateDataKeyWithoutPlaintext",
        _ => "ReEncrypt",
    };
    let spelling = match scene.dice.below(4) {
        0 => key.id.as_str(),
        1 => key.arn.as_str(),
        _ => key.alias.as_str(),
    };
    match operation {
        "Decrypt" => scene.request_decrypt(),
        "Encrypt" => scene.request_encrypt(spelling),
        "ReEncrypt" => {}
        _ => scene.request_data_key(spelling),
    }
    let tenant = scene.dice.below(5000);
    if operation == "ReEncrypt" {
        let Scene { request, .. } = scene;
        request.clear();
        super::text::put_format(
            request,
            format_args!(
                r#"{{"sourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT","sourceEncryptionContext":{{"tenant":"t-{tenant}"}},"destinationKeyId":"{}","destinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT","destinationEncryptionContext":{{"tenant":"t-{tenant}"}}}}"#,
                key.arn
            ),
        );
    } else {
        scene.context("purpose", format_args!("{alias}\",\"tenant\":\"t-{tenant}"));
        scene.request_text("\"}}");
    }
    let version = scene.version();
    let both = format!("[{0},{0}]", key.resources.trim_matches(['[', ']']));
    let call = Call {
        version,
        additional: if version == 11 { &key.material } else { "" },
        resources: if operation == "ReEncrypt" { &both } else { &key.resources },
        vpc_endpoint: &account.vpc_endpoints[scene.region_index],
        ..Call::default()
    };
    scene.kms(second, Caller::Direct(session), operation, &call)
}

pub(super) fn own_encryption(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    const OWN: [(&str, &str); 5] = [
        ("orders-service", "orders-data"),
        ("payments-service", "payments-data"),
        ("ledger-api", "payments-data"),
        ("webhook-receiver", "orders-data"),
        ("document-scanner", "customer-documents"),
    ];
    let (name, alias) = *scene.dice.pick(&OWN);
    direct_call(scene, second, scene.account.workload(name), alias)
}

pub(super) fn nightly_encryption(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    direct_call(scene, second, scene.account.workload("nightly-settlement"), "payments-data")
}

/// Asymmetric keys, MACs and random numbers.
pub(super) fn signing(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    const CALLS: [(&str, &str, &str); 6] = [
        ("Sign", "token-signing", r#","messageType":"DIGEST","signingAlgorithm":"ECDSA_SHA_256"}"#),
        (
            "Verify",
            "token-signing",
            r#","messageType":"DIGEST","signingAlgorithm":"ECDSA_SHA_256"}"#,
        ),
        ("GetPublicKey", "token-signing", "}"),
        ("GenerateMac", "api-mac", r#","macAlgorithm":"HMAC_SHA_256"}"#),
        ("VerifyMac", "api-mac", r#","macAlgorithm":"HMAC_SHA_256"}"#),
        ("GenerateRandom", "api-mac", ""),
    ];
    let (name, alias, rest) = *scene.dice.pick(&CALLS);
    let key = scene.account.key(scene.region_index, alias);
    let (_, session) = workload_of(scene, &["ledger-api", "webhook-receiver"], second);
    let version = scene.version();
    scene.request.clear();
    if name == "GenerateRandom" {
        scene.request_text("null");
        let call = Call { version, resources: "[]", ..Call::default() };
        return scene.kms(second, Caller::Direct(session), name, &call);
    }
    super::text::put_format(&mut scene.request, format_args!(r#"{{"keyId":"{}"{rest}"#, key.alias));
    let call = Call { version, resources: &key.resources, ..Call::default() };
    scene.kms(second, Caller::Direct(session), name, &call)
}
