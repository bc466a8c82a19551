//! Background is everything in a trail that is not about keys: most of it reads, made by machines.

use super::credentials::service_role;
use super::record::{Call, put};
use super::scene::{Caller, Scene};
use super::schedule::Rhythm;
use super::usage::Habit;

/// The habits of all other services.
pub(super) static HABITS: [Habit; 5] = [
    Habit { share: 0.52, rhythm: Rhythm::Day, act: by_workload },
    Habit { share: 0.30, rhythm: Rhythm::Flat, act: by_service },
    Habit { share: 0.06, rhythm: Rhythm::Flat, act: service_role },
    Habit { share: 0.06, rhythm: Rhythm::Office, act: by_person },
    Habit { share: 0.06, rhythm: Rhythm::Office, act: by_pipeline },
];

/// A management call: service, name, whether it only reads, and a request in which `%` is a fresh id.
struct Template(&'static str, &'static str, bool, &'static str);

static READS: [Template; 18] = [
    Template("ec2", "DescribeInstances", true, r#"{"instancesSet":{"items":[{"instanceId":"i-%"}]},"filterSet":{}}"#),
    Template("ec2", "DescribeVolumes", true, r#"{"volumeSet":{},"filterSet":{"items":[{"name":"attachment.instance-id","valueSet":{"items":[{"value":"i-%"}]}}]}}"#),
    Template("ec2", "DescribeSecurityGroups", true, r#"{"securityGroupSet":{},"securityGroupIdSet":{},"filterSet":{}}"#),
    Template("ec2", "DescribeNetworkInterfaces", true, r#"{"networkInterfaceIdSet":{"items":[{"networkInterfaceId":"eni-%"}]},"filterSet":{}}"#),
    Template("ec2", "DescribeTags", true, r#"{"maxResults":1000,"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"i-%"}]}}]}}"#),
    Template("s3", "ListBuckets", true, r#"{"Host":"s3.amazonaws.com"}"#),
    Template("s3", "GetBucketLocation", true, r#"{"bucketName":"analytics-%","Host":"s3.amazonaws.com","location":""}"#),
    Template("s3", "GetBucketEncryption", true, r#"{"bucketName":"analytics-%","Host":"s3.amazonaws.com","encryption":""}"#),
    Template("iam", "GetRole", true, r#"{"roleName":"service-%"}"#),
    Template("iam", "ListAttachedRolePolicies", true, r#"{"roleName":"service-%"}"#),
    Template("sts", "GetCallerIdentity", true, "null"),
    Template("logs", "DescribeLogGroups", true, r#"{"logGroupNamePrefix":"/service/%"}"#),
    Template("monitoring", "DescribeAlarms", true, r#"{"maxRecords":100,"stateValue":"ALARM"}"#),
    Template("cloudformation", "DescribeStacks", true, r#"{"stackName":"stack-%"}"#),
    Template("rds", "DescribeDBInstances", true, r#"{"dBInstanceIdentifier":"db-%"}"#),
    Template("ecs", "DescribeServices", true, r#"{"cluster":"production","services":["service-%"]}"#),
    Template("elasticloadbalancing", "DescribeTargetHealth", true, r#"{"targetGroupArn":"targetgroup/%"}"#),
    Template("secretsmanager", "GetSecretValue", true, r#"{"secretId":"database-%"}"#),
];

static WRITES: [Template; 8] = [
    Template("ec2", "CreateTags", false, r#"{"resourcesSet":{"items":[{"resourceId":"i-%"}]},"tagSet":{"items":[{"key":"owner","value":"platform"}]}}"#),
    Template("ec2", "RunInstances", false, r#"{"instancesSet":{"items":[{"imageId":"ami-%","minCount":1,"maxCount":1}]},"instanceType":"m7g.large"}"#),
    Template("ec2", "TerminateInstances", false, r#"{"instancesSet":{"items":[{"instanceId":"i-%"}]}}"#),
    Template("logs", "CreateLogStream", false, r#"{"logGroupName":"/service/orders","logStreamName":"stream-%"}"#),
    Template("ecs", "UpdateService", false, r#"{"cluster":"production","service":"service-%","desiredCount":4}"#),
    Template("lambda", "UpdateFunctionCode20150331v2", false, r#"{"functionName":"function-%","publish":true,"dryRun":false}"#),
    Template("cloudformation", "UpdateStack", false, r#"{"stackName":"stack-%","capabilities":["CAPABILITY_NAMED_IAM"]}"#),
    Template("autoscaling", "SetDesiredCapacity", false, r#"{"autoScalingGroupName":"group-%","desiredCapacity":6}"#),
];

fn template(scene: &mut Scene<'_>, writes: f64) -> &'static Template {
    if scene.dice.chance(writes) { scene.dice.pick(&WRITES) } else { scene.dice.pick(&READS) }
}

fn send(scene: &mut Scene<'_>, second: u32, caller: Caller<'_>, template: &Template) -> anyhow::Result<()> {
    let &Template(service, name, read_only, request) = template;
    let version = scene.version();
    scene.request.clear();
    let mut parts = request.split('%');
    if let Some(first) = parts.next() {
        put(&mut scene.request, first);
    }
    for part in parts {
        scene.request_hex(16);
        put(&mut scene.request, part);
    }
    let source = SOURCES.iter().find(|source| source.strip_suffix(".amazonaws.com") == Some(service));
    let call = Call { version, source: source.unwrap_or(&"ec2.amazonaws.com"), read_only, ..Call::default() };
    scene.kms(second, caller, name, call)
}

const SOURCES: [&str; 14] = [
    "ec2.amazonaws.com", "s3.amazonaws.com", "iam.amazonaws.com", "sts.amazonaws.com", "logs.amazonaws.com",
    "monitoring.amazonaws.com", "cloudformation.amazonaws.com", "rds.amazonaws.com", "ecs.amazonaws.com",
    "elasticloadbalancing.amazonaws.com", "secretsmanager.amazonaws.com", "lambda.amazonaws.com",
    "autoscaling.amazonaws.com", "config.amazonaws.com",
];

fn by_workload(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let roster = scene.roster;
    let workload = scene.dice.index(scene.account.workloads.len());
    let session = roster.workload(workload, second, &mut scene.dice);
    let template = template(scene, 0.04);
    send(scene, second, Caller::Direct(session), template)
}

fn by_service(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let service = *scene.dice.pick(&["config.amazonaws.com", "autoscaling.amazonaws.com", "rds.amazonaws.com"]);
    let template = template(scene, 0.02);
    send(scene, second, Caller::Service(service), template)
}

fn by_person(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let roster = scene.roster;
    let index = scene.dice.index(roster.people.len());
    let Some(session) = roster.people[index].as_ref() else { return Ok(()) };
    if !(session.from..session.until).contains(&second) {
        return Ok(());
    }
    let template = template(scene, 0.08);
    send(scene, second, Caller::Direct(session), template)
}

fn by_pipeline(scene: &mut Scene<'_>, second: u32) -> anyhow::Result<()> {
    let [direct, _] = &scene.roster.pipeline;
    let template = template(scene, 0.15);
    send(scene, second, Caller::Direct(direct), template)
}
