"""The **sources** of a deployment, read for the checks: templates as trees with
their functions kept, the Terraform module as blocks, policies as statements.
"""

import json
import re
from pathlib import Path

import hcl2
import yaml

DEPLOY = Path(__file__).resolve().parent.parent
ROOT = DEPLOY.parent
TERRAFORM = sorted((DEPLOY / "terraform").glob("*.tf"))
POLICIES = sorted((DEPLOY / "iam").glob("*.json"))


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short functions: `!Ref X` is {"Ref": "X"}."""


def _function(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def template(name):
    return yaml.load((DEPLOY / name).read_text(), _Loader)


def plain(value):
    """A value of python-hcl2 without its quotes and its marks."""
    if isinstance(value, str):
        return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items() if not key.startswith("__")}
    return value


def terraform():
    """All blocks of the module: kind to a list of them."""
    blocks = {}
    for file in TERRAFORM:
        for kind, found in hcl2.loads(file.read_text()).items():
            if not kind.startswith("__"):
                blocks.setdefault(kind, []).extend(plain(found))
    return blocks


def named(blocks, kind):
    """(type, name) to body of the resources or data sources."""
    return {
        (type_, name): body
        for block in blocks.get(kind, [])
        for type_, names in block.items()
        for name, body in names.items()
    }


def snake(name):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def as_list(value):
    return value if isinstance(value, list) else [value]


def branches(value):
    """All that a value may be, whichever way its conditions turn out."""
    if isinstance(value, dict) and "Fn::If" in value:
        _, yes, no = value["Fn::If"]
        return branches(yes) + branches(no)
    if value == {"Ref": "AWS::NoValue"}:
        return []
    return [value]


def template_statements(tree):
    """(resource, statement) of each policy in a template."""
    def walk(value):
        if isinstance(value, dict):
            for key, item in value.items():
                if key == "Statement":
                    for one in as_list(item):
                        yield from branches(one)
                else:
                    yield from walk(item)
        elif isinstance(value, list):
            for item in value:
                yield from walk(item)

    for name, resource in tree["Resources"].items():
        properties = resource.get("Properties", {})
        for statement in walk(properties):
            # A bus has the name of its statement beside it.
            named = {"Sid": properties["StatementId"]} if "StatementId" in properties else {}
            yield name, named | statement


def terraform_statements(blocks):
    """(policy document, statement) of each policy in the module."""
    for (type_, name), body in named(blocks, "data").items():
        if type_ != "aws_iam_policy_document":
            continue
        dynamic = [
            content
            for block in body.get("dynamic", [])
            for content in block["statement"]["content"]
        ]
        for statement in body.get("statement", []) + dynamic:
            yield name, statement


def json_statements():
    """(file, statement) of each policy for people and servers."""
    for file in POLICIES:
        for statement in json.loads(file.read_text())["Statement"]:
            yield f"iam/{file.name}", statement
