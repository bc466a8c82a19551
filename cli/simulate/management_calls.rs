//! Management calls are the requests that fill a trail: a sample of what other services log.

/// A management call: service, name, whether it only reads, and a request in which `%` is a fresh id.
pub(super) struct Template(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) bool,
    pub(super) &'static str,
);

pub(super) static READS: [Template; 18] = [
    Template(
        "ec2",
        "DescribeInstances",
        true,
        r#"{"instancesSet":{"items":[{"instanceId":"i-%"}]},"filterSet":{}}"#,
    ),
    Template(
        "ec2",
        "DescribeVolumes",
        true,
        r#"{"volumeSet":{},"filterSet":{"items":[{"name":"attachment.instance-id","valueSet":{"items":[{"value":"i-%"}]}}]}}"#,
    ),
    Template(
        "ec2",
        "DescribeSecurityGroups",
        true,
        r#"{"securityGroupSet":{},"securityGroupIdSet":{},"filterSet":{}}"#,
    ),
    Template(
        "ec2",
        "DescribeNetworkInterfaces",
        true,
        r#"{"networkInterfaceIdSet":{"items":[{"networkInterfaceId":"eni-%"}]},"filterSet":{}}"#,
    ),
    Template(
        "ec2",
        "DescribeTags",
        true,
        r#"{"maxResults":1000,"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"i-%"}]}}]}}"#,
    ),
    Template("s3", "ListBuckets", true, r#"{"Host":"s3.amazonaws.com"}"#),
    Template(
        "s3",
        "GetBucketLocation",
        true,
        r#"{"bucketName":"analytics-%","Host":"s3.amazonaws.com","location":""}"#,
    ),
    Template(
        "s3",
        "GetBucketEncryption",
        true,
        r#"{"bucketName":"analytics-%","Host":"s3.amazonaws.com","encryption":""}"#,
    ),
    Template("iam", "GetRole", true, r#"{"roleName":"service-%"}"#),
    Template("iam", "ListAttachedRolePolicies", true, r#"{"roleName":"service-%"}"#),
    Template("sts", "GetCallerIdentity", true, "null"),
    Template("logs", "DescribeLogGroups", true, r#"{"logGroupNamePrefix":"/service/%"}"#),
    Template("monitoring", "DescribeAlarms", true, r#"{"maxRecords":100,"stateValue":"ALARM"}"#),
    Template("cloudformation", "DescribeStacks", true, r#"{"stackName":"stack-%"}"#),
    Template("rds", "DescribeDBInstances", true, r#"{"dBInstanceIdentifier":"db-%"}"#),
    Template(
        "ecs",
        "DescribeServices",
        true,
        r#"{"cluster":"production","services":["service-%"]}"#,
    ),
    Template(
        "elasticloadbalancing",
        "DescribeTargetHealth",
        true,
        r#"{"targetGroupArn":"targetgroup/%"}"#,
    ),
    Template("secretsmanager", "GetSecretValue", true, r#"{"secretId":"database-%"}"#),
];

pub(super) static WRITES: [Template; 8] = [
    Template(
        "ec2",
        "CreateTags",
        false,
        r#"{"resourcesSet":{"items":[{"resourceId":"i-%"}]},"tagSet":{"items":[{"key":"owner","value":"platform"}]}}"#,
    ),
    Template(
        "ec2",
        "RunInstances",
        false,
        r#"{"instancesSet":{"items":[{"imageId":"ami-%","minCount":1,"maxCount":1}]},"instanceType":"m7g.large"}"#,
    ),
    Template(
        "ec2",
        "TerminateInstances",
        false,
        r#"{"instancesSet":{"items":[{"instanceId":"i-%"}]}}"#,
    ),
    Template(
        "logs",
        "CreateLogStream",
        false,
        r#"{"logGroupName":"/service/orders","logStreamName":"stream-%"}"#,
    ),
    Template(
        "ecs",
        "UpdateService",
        false,
        r#"{"cluster":"production","service":"service-%","desiredCount":4}"#,
    ),
    Template(
        "lambda",
        "UpdateFunctionCode20150331v2",
        false,
        r#"{"functionName":"function-%","publish":true,"dryRun":false}"#,
    ),
    Template(
        "cloudformation",
        "UpdateStack",
        false,
        r#"{"stackName":"stack-%","capabilities":["CAPABILITY_NAMED_IAM"]}"#,
    ),
    Template(
        "autoscaling",
        "SetDesiredCapacity",
        false,
        r#"{"autoScalingGroupName":"group-%","desiredCapacity":6}"#,
    ),
];

pub(super) const SOURCES: [&str; 14] = [
    "ec2.amazonaws.com",
    "s3.amazonaws.com",
    "iam.amazonaws.com",
    "sts.amazonaws.com",
    "logs.amazonaws.com",
    "monitoring.amazonaws.com",
    "cloudformation.amazonaws.com",
    "rds.amazonaws.com",
    "ecs.amazonaws.com",
    "elasticloadbalancing.amazonaws.com",
    "secretsmanager.amazonaws.com",
    "lambda.amazonaws.com",
    "autoscaling.amazonaws.com",
    "config.amazonaws.com",
];
