#!/usr/bin/env python3
"""A **rehearsal**: the stack is created in ministack, an imitation of AWS on this
machine, its parts are looked at, and the function's role is asked what it may do.

    rehearsal.py MINISTACK             creates and looks
    rehearsal.py MINISTACK ZIP         and runs the function in it: by schedule, and by
                                       a new log file through the queue

It shows that the template can be created and that its parts refer to each other.
Whether AWS takes every property is cfn-lint's part. The one type that is not in
the imitation is the policy of an event bus; encryption and lifecycle of a bucket
are taken and forgotten.
"""

import fnmatch
import gzip
import io
import json
import logging
import os
import sys
import zipfile
from pathlib import Path

import reading
import yaml
from imitation import ACCOUNT, REGION, Imitation, wait_until
from samtranslator.translator.transform import transform

TRAIL = "my-trail"
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
    "ReservedConcurrency": "5",
}
LOG_FILE = (
    "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/"
    "111122223333_CloudTrail_eu-west-1_20260102T0305Z_{}.json.gz"
)


class NoManagedPolicies:
    """The template names no policy of AWS's by its name."""

    def load(self):
        return {}


def create(aws, stack, parameters):
    """Creates the stack and returns its outputs."""
    tree = reading.template("template.yaml")
    tree["Resources"]["Function"]["Properties"]["CodeUri"] = "s3://packages/keytrail.zip"
    values = {name: str(body["Default"]) for name, body in tree["Parameters"].items() if "Default" in body}
    values |= {"TrailBucket": TRAIL} | parameters
    plain = json.loads(json.dumps(transform(tree, values, NoManagedPolicies())))
    # What the imitation does not have.
    plain["Resources"].pop("CentralBusPolicy", None)
    function = plain["Resources"]["Function"]["Properties"]
    function["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = aws.url
    stacks = aws.client("cloudformation")
    stacks.create_stack(
        StackName=stack,
        TemplateBody=yaml.safe_dump(plain),
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        Capabilities=["CAPABILITY_IAM"],
    )

    def ended():
        (found,) = stacks.describe_stacks(StackName=stack)["Stacks"]
        return None if found["StackStatus"].endswith("IN_PROGRESS") else found

    found = wait_until(ended, "the stack is created")
    if found["StackStatus"] != "CREATE_COMPLETE":
        sys.exit(f"{stack}: {found['StackStatus']}: {found.get('StackStatusReason')}")
    return {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}


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
    dead_letters = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{outputs['DeadLettersUrl'].split('/')[-1]}"
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
        ("sqs:SendMessage", dead_letters, {}, True),
        ("sqs:ReceiveMessage", dead_letters, {}, False),
        ("securityhub:BatchImportFindings", product, {}, True),
        ("securityhub:BatchUpdateFindings", product, {}, False),
        ("iam:PassRole", outputs["FunctionRoleArn"], {}, False),
    ]


def wiring(aws, outputs):
    """Complaints about how the parts are connected."""
    function = aws.client("lambda").get_function_configuration(FunctionName=outputs["FunctionName"])
    variables = function["Environment"]["Variables"]
    if variables["KEYTRAIL_LAKE"] != outputs["Lake"] or "KEYTRAIL_INGEST_FROM" in variables:
        yield f"the function's environment is {variables}"
    if outputs["AlertTopicArn"] not in variables["KEYTRAIL_CONFIG_TEXT"]:
        yield "the configuration does not name the topic"
    events, arn = aws.client("events"), function["FunctionArn"]
    names = [rule["Name"] for rule in events.list_rules()["Rules"]]
    for rule, target in [
        ("ScheduledRun", arn), ("KeyCalls", arn), ("AccessCalls", arn),
        ("NewObjects", outputs["NotificationsArn"]),
    ]:
        (name,) = [one for one in names if one.startswith(f"everything-{rule}-")]
        targets = [one["Arn"] for one in events.list_targets_by_rule(Rule=name)["Targets"]]
        if targets != [target]:
            yield f"{rule} goes to {targets}, not to {target}"
    attributes = aws.queue(outputs["NotificationsArn"])
    if json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] != 5:
        yield f"redrive policy {attributes['RedrivePolicy']}"
    if int(attributes["VisibilityTimeout"]) != 6 * function["Timeout"]:
        yield f"visibility timeout {attributes['VisibilityTimeout']}"
    (sender,) = json.loads(attributes["Policy"])["Statement"]
    if sender["Principal"] != {"Service": "events.amazonaws.com"}:
        yield f"the queue takes messages of {sender['Principal']}"
    alarms = [
        alarm for alarm in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        if alarm["AlarmActions"] == [outputs["AlertTopicArn"]]
    ]
    if len(alarms) != 7:
        yield f"{len(alarms)} alarms go to the topic"


def patterns(aws):
    """Complaints about calls that wake the function and should not, or the reverse."""
    rules = reading.template("template.yaml")["Resources"]
    for rule, source, name, is_read, must in [
        ("KeyCalls", "aws.kms", "DisableKey", False, True),
        ("KeyCalls", "aws.kms", "PutKeyPolicy", False, True),
        ("KeyCalls", "aws.kms", "RetireGrant", False, False),
        ("KeyCalls", "aws.kms", "Decrypt", True, False),
        ("KeyCalls", "aws.iam", "PutRolePolicy", False, False),
        ("AccessCalls", "aws.cloudtrail", "StopLogging", False, True),
        ("AccessCalls", "aws.s3", "PutBucketPolicy", False, True),
        ("AccessCalls", "aws.s3", "PutObject", False, False),
        ("AccessCalls", "aws.kms", "DisableKey", False, False),
        ("ForwardedCalls", "aws.kms", "DisableKey", False, True),
        ("ForwardedCalls", "somebody.kms", "DisableKey", False, False),
    ]:
        event = {
            "id": "1", "account": ACCOUNT, "source": source, "region": REGION, "resources": [],
            "time": "2026-01-02T03:04:05Z", "detail-type": "AWS API Call via CloudTrail",
            "detail": {"eventName": name, "readOnly": is_read},
        }
        pattern = json.dumps(rules[rule]["Properties"]["EventPattern"])
        answer = aws.client("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(event))
        if answer["Result"] != must:
            yield f"{rule} {'lacks' if must else 'takes'} {name} of {source}"


def lake_bucket(aws, outputs):
    """Complaints about the bucket, which outlives everything else."""
    s3, bucket = aws.client("s3"), outputs["LakeBucket"]
    (refusal,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    if refusal["Effect"] != "Deny" or f"arn:aws:s3:::{bucket}/*" not in refusal["Resource"]:
        yield f"the policy of the lake says {refusal}"
    access = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    if not all(access.values()):
        yield f"public access to the lake: {access}"
    if s3.get_bucket_versioning(Bucket=bucket).get("Status") != "Enabled":
        yield "the lake has no versions"


def rehearse(aws):
    outputs = create(aws, "defaults", {})
    if "CentralBusArn" in outputs:
        yield "there is a bus that nobody asked for"

    outputs = create(aws, "everything", EVERYTHING)
    yield from wiring(aws, outputs)
    yield from lake_bucket(aws, outputs)
    yield from patterns(aws)
    role = outputs["FunctionRoleArn"].split("/")[-1]
    policy = aws.client("iam").get_role_policy(RoleName=role, PolicyName="keytrail")["PolicyDocument"]
    for action, resource, context, must in uses(outputs):
        if allows(policy, action, resource, context) != must:
            yield f"the function {'needs' if must else 'must not have'} {action} on {resource} with {context}"


def log_file(number):
    record = {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": "drill",
                         "arn": "arn:aws:iam::111122223333:user/drill", "principalId": "AIDAEXAMPLE"},
        "eventTime": f"2026-01-02T03:0{number}:00Z",
        "eventSource": "kms.amazonaws.com", "eventName": "DisableKey", "awsRegion": "eu-west-1",
        "sourceIPAddress": "192.0.2.7", "userAgent": "aws-cli", "eventType": "AwsApiCall",
        "requestParameters": {"keyId": f"drill-{number}"}, "responseElements": None, "readOnly": False,
        "requestID": f"request-{number}", "eventID": f"00000000-0000-4000-8000-{number:012}",
        "managementEvent": True, "recipientAccountId": "111122223333",
    }
    return gzip.compress(json.dumps({"Records": [record]}).encode())


def run(aws):
    """The function itself, by its schedule and by a new log file."""
    outputs = create(aws, "running", {"NotifyBy": "bucket"})
    s3, bucket = aws.client("s3"), outputs["LakeBucket"]

    def objects_known():
        """Files of the table `objects`: each run that read something adds one."""
        found = s3.list_objects_v2(Bucket=bucket, Prefix="lake/objects/").get("Contents", [])
        return [one["Key"] for one in found if one["Key"].endswith(".parquet")]

    s3.put_object(Bucket=TRAIL, Key=LOG_FILE.format("a" * 16), Body=log_file(1))
    tick = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}
    answer = aws.client("lambda").invoke(FunctionName=outputs["FunctionName"], Payload=json.dumps(tick))
    said = answer["Payload"].read().decode()
    print(f"by schedule: {said[:400]}")
    if "FunctionError" in answer or not objects_known():
        yield "a run by schedule read nothing"
        return
    s3.put_bucket_notification_configuration(
        Bucket=TRAIL,
        NotificationConfiguration={"QueueConfigurations": [
            {"QueueArn": outputs["NotificationsArn"], "Events": ["s3:ObjectCreated:*"]}
        ]},
    )
    before = len(objects_known())
    s3.put_object(Bucket=TRAIL, Key=LOG_FILE.format("b" * 16), Body=log_file(2))
    wait_until(lambda: len(objects_known()) > before or None, "the log file is read", seconds=120)
    print("by a notification through the queue: read")


def main():
    package = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    # It says that nobody publishes its metrics.
    logging.disable(logging.WARNING)
    # The transformation looks for the Region in a session of its own.
    os.environ["AWS_DEFAULT_REGION"] = REGION
    with Imitation(sys.argv[1]) as aws:
        for bucket in (TRAIL, "packages"):
            aws.client("s3").create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
            )
        aws.client("s3").put_object(Bucket="packages", Key="keytrail.zip", Body=package_of(package))
        found = [*rehearse(aws), *(run(aws) if package else [])]
    for complaint in found:
        print(complaint, file=sys.stderr)
    print(f"the stack in an imitation of AWS: {len(found)} complaints")
    return 1 if found else 0


def package_of(package):
    """The zip given, or one that is never run."""
    if package:
        return package.read_bytes()
    stand_in = io.BytesIO()
    with zipfile.ZipFile(stand_in, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    return stand_in.getvalue()


if __name__ == "__main__":
    sys.exit(main())
