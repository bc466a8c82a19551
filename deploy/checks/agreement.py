#!/usr/bin/env python3
"""Holds that the SAM template, the Terraform module, the forwarder and the code
say the same: resources, parameters, environment, alarms, event patterns.

`terraform validate` needs the provider, which CI does not download; what it
would say of names and arguments, provider.py says.
"""

import json
import re
import sys
import tomllib

import permissions
import reading

# A resource of the template is one of these in Terraform, under the same name.
TYPES = {
    "AWS::CloudWatch::Alarm": "aws_cloudwatch_metric_alarm",
    "AWS::Events::EventBus": "aws_cloudwatch_event_bus",
    "AWS::Events::EventBusPolicy": "aws_cloudwatch_event_bus_policy",
    "AWS::Events::Rule": "aws_cloudwatch_event_rule",
    "AWS::IAM::Role": "aws_iam_role",
    "AWS::Lambda::EventInvokeConfig": "aws_lambda_function_event_invoke_config",
    "AWS::Lambda::EventSourceMapping": "aws_lambda_event_source_mapping",
    "AWS::Logs::LogGroup": "aws_cloudwatch_log_group",
    "AWS::S3::Bucket": "aws_s3_bucket",
    "AWS::S3::BucketPolicy": "aws_s3_bucket_policy",
    "AWS::SNS::Subscription": "aws_sns_topic_subscription",
    "AWS::SNS::Topic": "aws_sns_topic",
    "AWS::SNS::TopicPolicy": "aws_sns_topic_policy",
    "AWS::SQS::Queue": "aws_sqs_queue",
    "AWS::SQS::QueuePolicy": "aws_sqs_queue_policy",
    "AWS::Serverless::Function": "aws_lambda_function",
}
# What the template says inside one resource and Terraform in one of its own.
PARTS = {
    "aws_cloudwatch_event_target",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_lambda_permission",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "terraform_data",
}
ALARM = [
    "Namespace", "MetricName", "Statistic", "Period", "EvaluationPeriods", "DatapointsToAlarm",
    "ComparisonOperator", "Threshold", "TreatMissingData",
]
# Of Terraform only: in CloudFormation the stack has a name and tags, and `sam`
# finds the package.
VARIABLES_ONLY = {"name", "package", "tags"}
PATTERN_CHARACTERS_MAX = 2048


def resources(tree, module):
    expected = set()
    triggers = (reading.DEPLOY / "terraform/triggers.tf").read_text()
    calling_rules = triggers[triggers.index("calling_rules = "):]
    for name, resource in tree["Resources"].items():
        if resource["Type"] == "AWS::Lambda::Permission":
            rule = reading.snake(name.removesuffix("Permission"))
            if not re.search(rf"\b{rule}\b", calling_rules):
                yield f"{name}: not among calling_rules of Terraform"
            continue
        expected.add((TYPES[resource["Type"]], reading.snake(name)))
    found = {key for key in module if key[0] not in PARTS}
    for type_, name in sorted(expected - found):
        yield f"{type_}.{name}: in the template, not in Terraform"
    for type_, name in sorted(found - expected):
        yield f"{type_}.{name}: in Terraform, not in the template"


def parameters(tree, blocks):
    ours = {reading.snake(name): body for name, body in tree["Parameters"].items()}
    theirs = {name: body for block in blocks["variable"] for name, body in block.items()}
    for name in sorted(ours.keys() ^ (theirs.keys() - VARIABLES_ONLY)):
        yield f"parameter {name}: in one of template and Terraform only"
    same = {True: "yes", False: "no", -1: "", "${-1}": ""}
    for name in sorted(ours.keys() & theirs.keys()):
        one, two = ours[name].get("Default"), theirs[name].get("default")
        two = same.get(two, two) if isinstance(two, (bool, str)) or two == -1 else two
        if str(one) != str(two):
            yield f"parameter {name}: default {one!r} in the template, {two!r} in Terraform"
        if not ours[name].get("Description") or not theirs[name].get("description"):
            yield f"parameter {name}: no description"


def function_code():
    """The function's sources."""
    folder = reading.ROOT / "lambda/src"
    return "".join(file.read_text() for file in sorted(folder.rglob("*.rs")))


def environment(tree, blocks):
    ours = set(tree["Resources"]["Function"]["Properties"]["Environment"]["Variables"])
    locals_ = [block for block in blocks["locals"] if "environment" in block]
    theirs = set(locals_[0]["environment"])
    for name in sorted(ours ^ theirs):
        yield f"environment {name}: in one of template and Terraform only"
    # Settings of the function itself; the rest is named by the configuration or by the C library.
    code = function_code()
    for name in sorted(ours - {"KEYTRAIL_SLACK_URL", "KEYTRAIL_WEBHOOK_URL", "KEYTRAIL_WEBHOOK_SECRET"}):
        if name.startswith("KEYTRAIL_") and f'"{name}"' not in code:
            yield f"environment {name}: the function does not read it"


def alarms(tree, module):
    code = function_code()
    for name, resource in tree["Resources"].items():
        if resource["Type"] != "AWS::CloudWatch::Alarm":
            continue
        metric = resource["Properties"]["MetricName"]
        if resource["Properties"]["Namespace"] == "KeyTrail" and f'"{metric}"' not in code:
            yield f"alarm {name}: the function writes no metric {metric}"
        other = module[("aws_cloudwatch_metric_alarm", reading.snake(name))]
        for field in ALARM:
            one, two = resource["Properties"].get(field), other.get(reading.snake(field))
            if isinstance(one, dict):
                one = "${var." + reading.snake(one["Ref"]) + "}"
            if one != two:
                yield f"alarm {name}: {field} is {one} in the template, {two} in Terraform"


def words(value):
    """Every name and text of a pattern."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key in ("Ref", "Fn::Sub"):
                continue
            yield key
            yield from words(item)
    elif isinstance(value, list):
        for item in value:
            yield from words(item)
    else:
        yield str(value).lower() if isinstance(value, bool) else value


def kept_operations():
    """Service to the operations that ingest keeps of it."""
    source = (reading.ROOT / "ingest/src/keep.rs").read_text()
    table = source[source.index("const KEPT"):source.index("];\n\n")]
    return {
        service: set(re.findall(r'"(\w+)"', names))
        for service, names in re.findall(r'\(\s*"(\w+)",\s*&\[(.*?)\]', table, re.S)
    }


def pattern_of(resource):
    is_rule = resource["Type"] == "AWS::Events::Rule"
    return resource["Properties"].get("EventPattern") if is_rule else None


def patterns(tree, forwarder, module):
    kept = kept_operations()
    taken = set(pattern_of(tree["Resources"]["ForwardedCalls"])["source"])
    for name, resource in tree["Resources"].items():
        pattern = pattern_of(resource)
        if pattern is None:
            continue
        length = len(json.dumps(pattern, separators=(",", ":")))
        if length > PATTERN_CHARACTERS_MAX:
            yield f"{name}: a pattern of {length} characters"
        text = module[("aws_cloudwatch_event_rule", reading.snake(name))]["event_pattern"]
        theirs = set(re.findall(r'"([^"]*)"', text)) | set(re.findall(r"\w+", text))
        for word in sorted(set(words(pattern)) - theirs):
            yield f"{name}: Terraform's pattern lacks {word}"
        listed = pattern.get("detail", {}).get("eventName", [])
        operations = {one for one in listed if isinstance(one, str)}
        if operations:
            for word in sorted(set(re.findall(r'"([A-Z]\w+)"', text)) - operations):
                yield f"{name}: Terraform's pattern has also {word}"
        services = {source.removeprefix("aws.") for source in pattern["source"]}
        for operation in sorted(operations):
            if not any(operation in kept.get(service, ()) for service in services):
                yield f"{name}: ingest keeps no {operation} of {', '.join(sorted(services))}"
        if name in forwarder["Resources"]:
            if pattern_of(forwarder["Resources"][name]) != pattern:
                yield f"{name}: the forwarder has another pattern"
            if not set(pattern["source"]) <= taken:
                yield f"{name}: the central bus does not take what is forwarded"


def configuration(tree):
    """The configuration that the template makes must be one that is read."""
    def text(value):
        if isinstance(value, str):
            return value
        (name, argument), = value.items()
        if name == "Fn::Join":
            return argument[0].join(text(part) for part in argument[1])
        if name == "Fn::If":
            return text(argument[1])
        if name == "Fn::Sub":
            return argument
        raise ValueError(f"cannot read {name}")

    variables = tree["Resources"]["Function"]["Properties"]["Environment"]["Variables"]
    made = tomllib.loads(text(variables["KEYTRAIL_CONFIG_TEXT"]["Fn::If"][2]))
    source = (reading.ROOT / "analyze/src/configuration/alerting.rs").read_text()
    settings = source[source.index("struct SinkSettings"):source.index("struct Suppression")]
    fields = set(re.findall(r"^    pub (\w+):", settings, re.M))
    variants = re.findall(r"^    (\w+),$", source[source.index("enum SinkKind"):], re.M)
    kinds = {reading.snake(variant) for variant in variants}
    for sink in made["sinks"]:
        if sink["kind"] not in kinds:
            yield f"configuration: no sink is of kind {sink['kind']}"
        for field in sorted(set(sink) - fields):
            yield f"configuration: sinks have no field {field}"
    if len(made["sinks"]) != 4:
        yield "configuration: four kinds of sinks are offered"


def complaints():
    tree, forwarder = reading.template("template.yaml"), reading.template("forwarder.yaml")
    blocks = reading.terraform()
    module = reading.named(blocks, "resource")
    yield from resources(tree, module)
    yield from parameters(tree, blocks)
    yield from environment(tree, blocks)
    yield from alarms(tree, module)
    yield from patterns(tree, forwarder, module)
    yield from configuration(tree)
    outputs = {name for block in blocks["output"] for name in block}
    for name in sorted({reading.snake(name) for name in tree["Outputs"]} ^ outputs):
        yield f"output {name}: in one of template and Terraform only"


def main():
    found = [*complaints(), *permissions.complaints()]
    for complaint in found:
        print(complaint, file=sys.stderr)
    print(f"template, Terraform, forwarder and policies: {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
