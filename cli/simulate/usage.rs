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

const fn habit(
    share: f64,
    rhythm: Rhythm,
    act: fn(&mut Scene<'_>, u32) -> anyhow::Result<()>,
) -> Habit {
    Habit { share, rhythm, act }
}

/// The habits of KMS; grants, cross-account use and lifecycle have files of their own.
pub(super) static HABITS: [Habit; 15] = [
    habit(0.110, Rhythm::Flat, trail_file),
    habit(0.230, Rhythm::Day, object_access),
    habit(0.110, Rhythm::Night, nightly_objects),
    habit(0.130, Rhythm::Day, secret_read),
    habit(0.060, Rhythm::Day, super::service_use::parameter_read),
    habit(0.170, Rhythm::Day, super::direct_use::own_encryption),
    habit(0.020, Rhythm::Night, super::direct_use::nightly_encryption),
    habit(0.040, Rhythm::Flat, super::service_use::table_access),
    habit(0.030, Rhythm::Flat, super::service_use::log_group),
    habit(0.025, Rhythm::Day, super::service_use::queue_access),
    habit(0.020, Rhythm::Day, super::service_use::function_start),
    habit(0.020, Rhythm::Day, super::direct_use::signing),
    habit(0.012, Rhythm::Office, super::people::console_reading),
    habit(0.010, Rhythm::Office, super::people::reading_data),
    habit(0.004, Rhythm::Office, super::people::pipeline),
];

pub(super) const DAY_WORKLOADS: [&str; 7] = [
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
        format_args!(
            "arn:{partition}:cloudtrail:{}:{owner}:trail/{}",
            scene.estate.regions[0].name,
            super::digest::TRAIL
        ),
    );
    let date = scene.date;
    scene.request_text(r#"","aws:s3:arn":""#);
    super::text::put_format(
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

pub(super) fn workload_of<'a>(
    scene: &mut Scene<'a>,
    names: &[&str],
    second: u32,
) -> (usize, &'a super::roster::Session) {
    let name = scene.dice.pick(names);
    let workload = scene.account.workload(name);
    (workload, scene.roster.workload(workload, second, &mut scene.dice))
}

/// S3 asks for the object's data key on behalf of whoever reads or writes it.
fn object_call(
    scene: &mut Scene<'_>,
    second: u32,
    names: &[&str],
    bucket: &str,
    alias: &str,
) -> anyhow::Result<()> {
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
    scene.context(
        "aws:s3:arn",
        format_args!("arn:{partition}:s3:::{bucket}-{}/{date}/", account.id),
    );
    scene.request_hex(12);
    scene.request_text(r#".bin"}}"#);
    scene.crypto(
        second,
        Caller::Forwarded(session, "AWS Internal"),
        if read { "Decrypt" } else { "GenerateDataKey" },
        key,
    )
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
        format_args!(
            "arn:{partition}:secretsmanager:{region}:{}:secret:{owner}/{secret}-Kt4xQz",
            account.id
        ),
    );
    scene.request_text(r#"","SecretVersionId":""#);
    scene.request_uuid();
    scene.request_text(r#""}}"#);
    let name = if rotating { "GenerateDataKey" } else { "Decrypt" };
    let version = scene.version();
    let endpoint = if scene.dice.chance(0.5) {
        account.vpc_endpoints[scene.region_index].as_str()
    } else {
        ""
    };
    let call = Call {
        version,
        additional: if version == 11 { &key.material } else { "" },
        resources: &key.resources,
        vpc_endpoint: endpoint,
        ..Call::default()
    };
    scene.kms(second, Caller::Forwarded(session, "secretsmanager.amazonaws.com"), name, &call)
}
