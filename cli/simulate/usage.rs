//! Usage is what workloads, services and people do with keys day by day: habits, each with its share of
//! all KMS calls and its rhythm.
//!
//! Direct calls come only from identities that show that they are workloads, so that a quiet day is quiet.

use super::record::Call;
use super::scene::{Caller, Scene};
use super::schedule::Rhythm;

/// One habit: how much, when, and what.
pub(super) struct Habit {
    /// Part of its kind (KMS or other) of all events.
    pub(super) share: f64,
    pub(super) rhythm: Rhythm,
    pub(super) act: fn(&mut Scene<'_>, u32) -> anyhow::Result<()>,
}

const fn habit(share: f64, rhythm: Rhythm, act: fn(&mut Scene<'_>, u32) -> anyhow::Result<()>) -> Habit {
    Habit { share, rhythm, act }
}

/// The habits of KMS; grants, cross-account use and lifecycle have files of their own.
pub(super) static HABITS: [Habit; 15] = [
    habit(0.110, Rhythm::Flat, trail_file),
    habit(0.230, Rhythm::Day, object_access),
    habit(0.110, Rhythm::Night, nightly_objects),
    habit(0.130, Rhythm::Day, secret_read),
    habit(0.060, Rhythm::Day, parameter_read),
    habit(0.170, Rhythm::Day, own_encryption),
    habit(0.020, Rhythm::Night, nightly_encryption),
    habit(0.040, Rhythm::Flat, table_access),
    habit(0.030, Rhythm::Flat, log_group),
    habit(0.025, Rhythm::Day, queue_access),
    habit(0.020, Rhythm::Day, function_start),
    habit(0.020, Rhythm::Day, signing),
    habit(0.012, Rhythm::Office, super::people::console_reading),
    habit(0.010, Rhythm::Office, super::people::reading_data),
    habit(0.004, Rhythm::Office, super::people::pipeline),
];

const DAY_WORKLOADS: [&str; 7] = [
    "orders-service",
    "payments-service",
    "search-indexer",
    "webhook-receiver",
    "invoice-renderer",
    "document-scanner",
    "ledger-api",
];

/// CloudTrail encrypts each log file that it delivers.
pub(super) fn trail_file(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let (account, region, partition) = (scene.account, scene.region.name, scene.estate.partition);
    let owner = &scene.estate.accounts[0].id;
    let key = account.key(scene.region_index, "trail-logs");
    scene.request_data_key(&key.arn);
    scene.context(
        "aws:cloudtrail:arn",
        format_args!("arn:{partition}:cloudtrail:{}:{owner}:trail/{}", scene.estate.regions[0].name, super::digest::TRAIL),
    );
    let date = scene.date;
    scene.request_text(r#"","aws:s3:arn":""#);
    super::record::put_format(
        &mut scene.request,
        format_args!(
            "arn:{partition}:s3:::{}/AWSLogs/{}/CloudTrail/{region}/{}/{}_CloudTrail_{region}_",
            super::digest::BUCKET,
            account.id,
            date.replace('-', "/"),
            account.id
        ),
    );
    scene.request_hex(16);
    scene.request_text(r#".json.gz"}}"#);
    scene.crypto(second, Caller::Service("cloudtrail.amazonaws.com"), "GenerateDataKey", key)
}

fn workload_of<'a>(scene: &mut Scene<'a>, names: &[&str], second: u32) -> (usize, &'a super::roster::Session) {
    let name = scene.dice.pick(names);
    let workload = scene.account.workload(name);
    (workload, scene.roster.workload(workload, second, &mut scene.dice))
}

/// S3 asks for the object's data key on behalf of whoever reads or writes it.
fn object_call(scene: &mut Scene<'_>, second: u32, names: &[&str], bucket: &str, alias: &str) -> anyhow::Result<()> {
    let (account, partition) = (scene.account, scene.estate.partition);
    let key = account.key(scene.region_index, alias);
    let (_, session) = workload_of(scene, names, second);
    let read = scene.dice.chance(0.75);
    if read {
        scene.request_decrypt();
    } else {
        scene.request_data_key(&key.arn);
    }
    let date = scene.date;
    scene.context("aws:s3:arn", format_args!("arn:{partition}:s3:::{bucket}-{}/{date}/", account.id));
    scene.request_hex(12);
    scene.request_text(r#".bin"}}"#);
    scene.crypto(second, Caller::Forwarded(session, "AWS Internal"), if read { "Decrypt" } else { "GenerateDataKey" }, key)
}

fn object_access(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    const BUCKETS: [(&str, &str); 3] = [
        ("customer-documents", "customer-documents"),
        ("orders-attachments", "orders-data"),
        ("analytics-lake", "analytics-lake"),
    ];
    let (bucket, alias) = *scene.dice.pick(&BUCKETS);
    object_call(scene, second, &DAY_WORKLOADS, bucket, alias)
}

fn nightly_objects(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    object_call(scene, second, &["nightly-settlement"], "analytics-lake", "analytics-lake")
}

pub(super) fn secret_read(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let (workload, session) = workload_of(scene, &DAY_WORKLOADS, second);
    let name = scene.account.workloads[workload].name;
    secret_call(scene, second, session, name)
}

/// Secrets Manager decrypts a secret for the holder of a session.
pub(super) fn secret_call(
    scene: &mut Scene<'_>,
    second: u32,
    session: &super::roster::Session,
    owner: &str,
) -> anyhow::Result<()> {
    const SECRETS: [&str; 4] = ["database", "partner-api", "queue", "webhook"];
    let (account, region, partition) = (scene.account, scene.region.name, scene.estate.partition);
    let key = account.key(scene.region_index, "aws/secretsmanager");
    let secret = *scene.dice.pick(&SECRETS);
    let rotating = scene.dice.chance(0.03);
    if rotating {
        scene.request_data_key("alias/aws/secretsmanager");
    } else {
        scene.request_decrypt();
    }
    scene.context(
        "SecretARN",
        format_args!("arn:{partition}:secretsmanager:{region}:{}:secret:{owner}/{secret}-Kt4xQz", account.id),
    );
    scene.request_text(r#"","SecretVersionId":""#);
    scene.request_uuid();
    scene.request_text(r#""}}"#);
    let name = if rotating { "GenerateDataKey" } else { "Decrypt" };
    let version = scene.version();
    let endpoint = if scene.dice.chance(0.5) { account.vpc_endpoints[scene.region_index].as_str() } else { "" };
    let call = Call {
        version,
        additional: if version == 11 { &key.material } else { "" },
        resources: &key.resources,
        vpc_endpoint: endpoint,
        ..Call::default()
    };
    scene.kms(second, Caller::Forwarded(session, "secretsmanager.amazonaws.com"), name, call)
}

fn parameter_read(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let (workload, session) = workload_of(scene, &DAY_WORKLOADS, second);
    let (account, region, partition) = (scene.account, scene.region.name, scene.estate.partition);
    let key = account.key(scene.region_index, "aws/ssm");
    let name = account.workloads[workload].name;
    let write = scene.dice.chance(0.03);
    if write {
        scene.request_encrypt("alias/aws/ssm");
    } else {
        scene.request_decrypt();
    }
    let number = scene.dice.below(24);
    scene.context(
        "PARAMETER_ARN",
        format_args!("arn:{partition}:ssm:{region}:{}:parameter/{name}/setting-{number}", account.id),
    );
    scene.request_text("\"}}");
    scene.crypto(second, Caller::Forwarded(session, "AWS Internal"), if write { "Encrypt" } else { "Decrypt" }, key)
}

/// A workload uses its own key directly, through the VPC endpoint.
fn direct_call(scene: &mut Scene<'_>, second: u32, workload: usize, alias: &str) -> anyhow::Result<()> {
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
        super::record::put_format(request, format_args!(
            r#"{{"sourceEncryptionAlgorithm":"SYMMETRIC_DEFAULT","sourceEncryptionContext":{{"tenant":"t-{tenant}"}},"destinationKeyId":"{}","destinationEncryptionAlgorithm":"SYMMETRIC_DEFAULT","destinationEncryptionContext":{{"tenant":"t-{tenant}"}}}}"#, key.arn));
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
    scene.kms(second, Caller::Direct(session), operation, call)
}

fn own_encryption(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
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

fn nightly_encryption(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    direct_call(scene, second, scene.account.workload("nightly-settlement"), "payments-data")
}

fn table_access(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let account = scene.account;
    let key = account.key(scene.region_index, "aws/dynamodb");
    let (_, session) = workload_of(scene, &["orders-service", "ledger-api"], second);
    let (own, table) = (scene.dice.chance(0.5), scene.dice.below(6));
    scene.request_decrypt();
    scene.context(
        "aws:dynamodb:tableName",
        format_args!("orders-{table}\",\"aws:dynamodb:subscriberId\":\"{}", account.id),
    );
    scene.request_text("\"}}");
    let service = "dynamodb.amazonaws.com";
    let caller = if own { Caller::Service(service) } else { Caller::Forwarded(session, service) };
    scene.crypto(second, caller, "Decrypt", key)
}

fn log_group(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let (account, region, partition) = (scene.account, scene.region.name, scene.estate.partition);
    let key = account.key(scene.region_index, "logs-archive");
    let read = scene.dice.chance(0.7);
    if read {
        scene.request_decrypt();
    } else {
        scene.request_data_key(&key.arn);
    }
    let group = scene.dice.below(12);
    scene.context(
        "aws:logs:arn",
        format_args!("arn:{partition}:logs:{region}:{}:log-group:/service/group-{group}", account.id),
    );
    scene.request_text("\"}}");
    let service = format!("logs.{region}.{}", partition.domain());
    scene.crypto(second, Caller::Service(&service), if read { "Decrypt" } else { "GenerateDataKey" }, key)
}

fn queue_access(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let (account, region, partition) = (scene.account, scene.region.name, scene.estate.partition);
    let key = account.key(scene.region_index, "orders-data");
    let (_, session) = workload_of(scene, &["orders-service", "webhook-receiver"], second);
    scene.request_data_key(&key.arn);
    scene.context("aws:sqs:arn", format_args!("arn:{partition}:sqs:{region}:{}:orders-incoming", account.id));
    scene.request_text("\"}}");
    scene.crypto(second, Caller::Forwarded(session, "sqs.amazonaws.com"), "GenerateDataKey", key)
}

fn function_start(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    const FUNCTIONS: [&str; 3] = ["webhook-receiver", "invoice-renderer", "document-scanner"];
    let (account, region, partition) = (scene.account, scene.region.name, scene.estate.partition);
    let key = account.key(scene.region_index, "aws/lambda");
    let (workload, session) = workload_of(scene, &FUNCTIONS, second);
    let name = account.workloads[workload].name;
    scene.request_decrypt();
    scene.context(
        "aws:lambda:FunctionArn",
        format_args!("arn:{partition}:lambda:{region}:{}:function:{name}", account.id),
    );
    scene.request_text("\"}}");
    scene.crypto(second, Caller::Forwarded(session, "lambda.amazonaws.com"), "Decrypt", key)
}

/// Asymmetric keys, MACs and random numbers.
fn signing(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    const CALLS: [(&str, &str, &str); 6] = [
        ("Sign", "token-signing", r#","messageType":"DIGEST","signingAlgorithm":"ECDSA_SHA_256"}"#),
        ("Verify", "token-signing", r#","messageType":"DIGEST","signingAlgorithm":"ECDSA_SHA_256"}"#),
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
        return scene.kms(second, Caller::Direct(session), name, call);
    }
    super::record::put_format(&mut scene.request, format_args!(r#"{{"keyId":"{}"{rest}"#, key.alias));
    let call = Call { version, resources: &key.resources, ..Call::default() };
    scene.kms(second, Caller::Direct(session), name, call)
}
