#!/usr/bin/env python3
"""A **rehearsal**: the stack is created in an imitation of AWS, in this process,
and the role it gives to the function is asked what it may do.

It shows that the template can be created, that its parts refer to each other,
and what the role may and may not do. It does not show that AWS takes every
property: that is cfn-lint's part. Alarms, subscriptions, retries and the policies
of buckets, queues, topics and buses are not in the imitation.
"""

import ast
import fnmatch
import json
import logging
import os
import sys
import warnings

import boto3
import reading
import yaml
from moto import mock_aws
from samtranslator.translator.transform import transform

REGION = "eu-west-1"
ACCOUNT = "123456789012"
TRAIL_KEY, LAKE_KEY, ALERT_KEY = (
    f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-{number:012}" for number in (1, 2, 3)
)
EVERYTHING = {
    "NotifyBy": "event-bridge",
    "OrganizationId": "o-a1b2c3d4e5",
    "AlertFrom": "2026-01-01T00:00:00Z",
    "AlertEmail": "keys@example.com",
    "SecurityHub": "yes",
    "TrailKeyArn": TRAIL_KEY,
    "LakeKeyArn": LAKE_KEY,
    "AlertKeyArn": ALERT_KEY,
    "LakeVersioning": "yes",
    "ReservedConcurrency": "2",
}


def create(package, parameters):
    """Creates the stack and returns its outputs."""
    tree = reading.template("template.yaml")
    tree["Resources"]["Function"]["Properties"]["CodeUri"] = package
    # What the imitation does not have.
    tree.pop("Rules")
    values = {name: str(body["Default"]) for name, body in tree["Parameters"].items() if "Default" in body}
    values |= parameters
    plain = transform(tree, values, NoManagedPolicies())
    stacks = boto3.client("cloudformation")
    stacks.create_stack(
        StackName="keytrail",
        TemplateBody=yaml.safe_dump(json.loads(json.dumps(plain))),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = stacks.describe_stacks(StackName="keytrail")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["StackStatus"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


class NoManagedPolicies:
    """The template names no policy of AWS's by its name."""

    def load(self):
        return {}


def allows(policy, action, resource, context):
    """Whether a policy that only allows does so, names in the context being equal."""
    return any(
        any(fnmatch.fnmatchcase(action, pattern) for pattern in reading.as_list(statement["Action"]))
        and any(fnmatch.fnmatchcase(resource, pattern) for pattern in reading.as_list(statement["Resource"]))
        and all(
            test == "StringEquals" and context.get(name) == value
            for test, names in statement.get("Condition", {}).items()
            for name, value in names.items()
        )
        for statement in policy["Statement"]
    )


def uses(outputs):
    """(action, resource, context, whether the function must be able to)."""
    lake, trail = f"arn:aws:s3:::{outputs['LakeBucket']}", "arn:aws:s3:::my-trail"
    topic, queue = outputs["AlertTopicArn"], outputs["NotificationsArn"]
    dead_letters = queue.replace("Notifications", "DeadLetters").rsplit("-", 1)[0] + "-x"
    log_file = f"{trail}/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/01/x.json.gz"
    s3, sns = ({"kms:ViaService": f"{name}.{REGION}.amazonaws.com"} for name in ("s3", "sns"))
    product = f"arn:aws:securityhub:{REGION}:{ACCOUNT}:product/{ACCOUNT}/default"
    yield from [
        ("s3:ListBucket", trail, {}, True),
        ("s3:GetObject", log_file, {}, True),
        ("s3:GetObject", f"{trail}/other", {}, False),
        ("s3:PutObject", log_file, {}, False),
        ("s3:DeleteObject", log_file, {}, False),
        ("s3:ListBucket", lake, {}, True),
        ("s3:GetObject", f"{lake}/lake/events/x", {}, True),
        ("s3:PutObject", f"{lake}/lake/events/x", {}, True),
        ("s3:AbortMultipartUpload", f"{lake}/lake/events/x", {}, True),
        ("s3:DeleteObject", f"{lake}/lake/events/x", {}, False),
        ("s3:GetObject", f"{lake}/config/keytrail.toml", {}, True),
        ("s3:PutObject", f"{lake}/config/keytrail.toml", {}, False),
        ("s3:PutBucketPolicy", lake, {}, False),
        ("kms:Decrypt", TRAIL_KEY, s3, True),
        ("kms:Decrypt", TRAIL_KEY, {}, False),
        ("kms:GenerateDataKey", TRAIL_KEY, s3, False),
        ("kms:Decrypt", LAKE_KEY, s3, True),
        ("kms:GenerateDataKey", LAKE_KEY, s3, True),
        ("kms:GenerateDataKey", ALERT_KEY, sns, True),
        ("kms:Decrypt", ALERT_KEY, s3, False),
        ("sns:Publish", topic, {}, True),
        ("sns:Publish", topic + "x", {}, False),
        ("sns:Subscribe", topic, {}, False),
        ("sqs:ReceiveMessage", queue, {}, True),
        ("sqs:DeleteMessage", queue, {}, True),
        ("sqs:SendMessage", queue, {}, False),
        ("sqs:ReceiveMessage", dead_letters, {}, False),
        ("securityhub:BatchImportFindings", product, {}, True),
        ("securityhub:BatchUpdateFindings", product, {}, False),
        ("iam:PassRole", outputs["FunctionRoleArn"], {}, False),
    ]


def wiring(outputs):
    """Complaints about how the parts are connected."""
    function = boto3.client("lambda").get_function_configuration(FunctionName=outputs["FunctionName"])
    variables = function["Environment"]["Variables"]
    if variables["KEYTRAIL_LAKE"] != outputs["Lake"] or "KEYTRAIL_INGEST_FROM" in variables:
        yield f"the function's environment is {variables}"
    if outputs["AlertTopicArn"] not in variables["KEYTRAIL_CONFIG_TEXT"]:
        yield "the configuration does not name the topic"
    events, arn = boto3.client("events"), function["FunctionArn"]
    names = [rule["Name"] for rule in events.list_rules()["Rules"]]
    for rule, target in [
        ("ScheduledRun", arn), ("KeyCalls", arn), ("AccessCalls", arn),
        ("NewObjects", outputs["NotificationsArn"]),
    ]:
        (name,) = [one for one in names if f"-{rule}-" in one]
        targets = [one["Arn"] for one in events.list_targets_by_rule(Rule=name)["Targets"]]
        if targets != [target]:
            yield f"{rule} goes to {targets}, not to {target}"
    queues = boto3.client("sqs")
    url = queues.get_queue_url(QueueName=outputs["NotificationsArn"].split(":")[-1])["QueueUrl"]
    attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    if json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] != 5:
        yield f"redrive policy {attributes['RedrivePolicy']}"
    if int(attributes["VisibilityTimeout"]) != 6 * function["Timeout"]:
        yield f"visibility timeout {attributes['VisibilityTimeout']}"


def package():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="packages", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="packages", Key="keytrail.zip", Body=b"")
    return "s3://packages/keytrail.zip"


def rehearse_defaults():
    outputs = create(package(), {"TrailBucket": "my-trail"})
    if "CentralBusArn" in outputs:
        yield "there is a bus that nobody asked for"


def rehearse_everything():
    iam = boto3.client("iam")
    outputs = create(package(), {"TrailBucket": "my-trail"} | EVERYTHING)
    yield from wiring(outputs)

    role = outputs["FunctionRoleArn"].split("/")[-1]
    policy = iam.get_role_policy(RoleName=role, PolicyName="keytrail")["PolicyDocument"]
    # It comes as Python writes it, with a hole where a condition took a statement out.
    policy = ast.literal_eval(policy) if isinstance(policy, str) else policy
    policy["Statement"] = [statement for statement in policy["Statement"] if statement]
    for action, resource, context, must in uses(outputs):
        if allows(policy, action, resource, context) != must:
            yield f"the function {'needs' if must else 'must not have'} {action} on {resource} with {context}"


def main():
    # It says for each of these that it has none.
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    # The transformation looks for the Region in a session of its own.
    os.environ["AWS_DEFAULT_REGION"] = REGION
    boto3.setup_default_session(
        aws_access_key_id="rehearsal", aws_secret_access_key="rehearsal", region_name=REGION
    )
    found = []
    for rehearse in (rehearse_defaults, rehearse_everything):
        # Each in an account of its own.
        with mock_aws():
            found.extend(rehearse())
    for complaint in found:
        print(complaint, file=sys.stderr)
    print(f"the stack in an imitation of AWS: {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
