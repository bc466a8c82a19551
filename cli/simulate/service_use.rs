//! Service use is what databases, log groups, queues and functions do with keys, for themselves or for
//! whoever calls them.

use super::scene::{Caller, Scene};
use super::usage::{DAY_WORKLOADS, workload_of};

pub(super) fn table_access(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
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

pub(super) fn log_group(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
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
        format_args!(
            "arn:{partition}:logs:{region}:{}:log-group:/service/group-{group}",
            account.id
        ),
    );
    scene.request_text("\"}}");
    let service = format!("logs.{region}.{}", partition.domain());
    scene.crypto(
        second,
        Caller::Service(&service),
        if read { "Decrypt" } else { "GenerateDataKey" },
        key,
    )
}

pub(super) fn queue_access(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let (account, region, partition) = (scene.account, scene.region.name, scene.estate.partition);
    let key = account.key(scene.region_index, "orders-data");
    let (_, session) = workload_of(scene, &["orders-service", "webhook-receiver"], second);
    scene.request_data_key(&key.arn);
    scene.context(
        "aws:sqs:arn",
        format_args!("arn:{partition}:sqs:{region}:{}:orders-incoming", account.id),
    );
    scene.request_text("\"}}");
    scene.crypto(second, Caller::Forwarded(session, "sqs.amazonaws.com"), "GenerateDataKey", key)
}

pub(super) fn function_start(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
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

pub(super) fn parameter_read(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
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
        format_args!(
            "arn:{partition}:ssm:{region}:{}:parameter/{name}/setting-{number}",
            account.id
        ),
    );
    scene.request_text("\"}}");
    scene.crypto(
        second,
        Caller::Forwarded(session, "AWS Internal"),
        if write { "Encrypt" } else { "Decrypt" },
        key,
    )
}
