"""The **permissions** that a deployment gives: real actions, none on everything,
each one explained, and the same whether CloudFormation or Terraform gives them.
"""

import json
import re
from pathlib import Path

import cfnlint.data.AdditionalSpecs
import reading

# Statements are explained by the comment above them; JSON has no comments, so
# that iam/README.md has a row for each.
EXPLAINED_IN = reading.DEPLOY / "iam" / "README.md"
PAGES = ["docs/deploy.md", "docs/deploy-recipes.md", "deploy/iam/README.md"]
CONDITION_KEYS = {"kms:ViaService"}
SERVICES = "events|kms|lambda|logs|s3|securityhub|sns|sqs|sts|cloudtrail|secretsmanager|iam"


def known_actions():
    """Every action there is, in lower case, as cfn-lint knows them."""
    file = Path(cfnlint.data.AdditionalSpecs.__file__).parent / "Policies.json"
    return {
        f"{service}:{action}"
        for service, entry in json.loads(file.read_text()).items()
        if isinstance(entry, dict)
        for action in entry.get("Actions", {})
    }


def normal(statement):
    """A statement of any of the three kinds with CloudFormation's names."""
    if "actions" not in statement:
        return statement
    principals = {
        block["type"]: block["identifiers"] for block in statement.get("principals", [])
    }
    return {
        "Sid": statement.get("sid"),
        "Effect": statement.get("effect", "Allow"),
        "Action": statement["actions"],
        "Resource": statement.get("resources", []),
        "Principal": "*" if "*" in principals else principals,
        "Condition": statement.get("condition", {}),
    }


def complaints_about(where, statement, known):
    statement = normal(statement)
    name = f"{where}: statement {statement.get('Sid', 'without a Sid')}"
    allows = statement["Effect"] == "Allow"
    for action in reading.as_list(statement["Action"]):
        if "*" in action:
            if allows:
                yield f"{name}: allows {action}: name the actions"
        elif action.lower() not in known:
            yield f"{name}: {action} is no action of IAM"
    if allows and "*" in reading.as_list(statement.get("Resource", [])):
        yield f"{name}: allows something on every resource"
    if allows and statement.get("Principal") == "*" and not statement.get("Condition"):
        yield f"{name}: allows everybody"
    if "NotAction" in statement or "NotResource" in statement:
        yield f"{name}: says what is not meant"


def unexplained(file, opening, skipped):
    """Statements of a file that have no comment above them."""
    lines = file.read_text().splitlines()
    for number, line in enumerate(lines):
        if not re.match(opening, line):
            continue
        above = number - 1
        while re.match(skipped, lines[above]):
            above -= 1
        if not lines[above].lstrip().startswith("#"):
            yield f"{file.name}:{number + 1}: no comment says why"


def conditions(statement):
    """Test and key of each condition of a statement, from either."""
    condition = statement.get("Condition", {})
    if isinstance(condition, list):
        return sorted((block["test"], block["variable"]) for block in condition)
    return sorted((test, key) for test, keys in condition.items() for key in keys)


def gist(statement):
    """What must be the same in template and Terraform, which name resources differently."""
    statement = normal(statement)
    return (
        statement["Effect"],
        sorted(reading.as_list(statement["Action"])),
        len(reading.as_list(statement.get("Resource", []))),
        conditions(statement),
    )


def differences(tree, blocks):
    """Statements that one of the two gives and the other does not."""
    def gists(statements):
        return {
            (reading.snake(where), normal(one)["Sid"]): gist(one)
            for where, one in statements
            if normal(one).get("Sid")
        }

    ours = gists(reading.template_statements(tree))
    theirs = gists(reading.terraform_statements(blocks))
    for key in sorted(ours.keys() | theirs.keys()):
        one, two = ours.get(key), theirs.get(key)
        if one != two:
            yield f"{'.'.join(key)}: {one} in the template, {two} in Terraform"


def complaints():
    known = known_actions()
    tree, blocks = reading.template("template.yaml"), reading.terraform()
    forwarder = reading.template("forwarder.yaml")
    for where, statement in [
        *reading.template_statements(tree),
        *reading.template_statements(forwarder),
        *reading.terraform_statements(blocks),
        *reading.json_statements(),
    ]:
        yield from complaints_about(where, statement, known)
    yield from differences(tree, blocks)

    for name in ("template.yaml", "forwarder.yaml"):
        yield from unexplained(reading.DEPLOY / name, r"\s*- Sid:", r"\s*- (!If|Has\w+|Notified\w+)$")
    for file in reading.TERRAFORM:
        yield from unexplained(file, r'\s*sid\s+=', r'\s*(dynamic )?"?statement"? \{|\s*for_each|\s*content \{')
    explained = EXPLAINED_IN.read_text()
    for where, statement in reading.json_statements():
        if f"`{statement['Sid']}`" not in explained:
            yield f"{where}: {statement['Sid']} is not explained in {EXPLAINED_IN.name}"

    for page in PAGES:
        text = (reading.ROOT / page).read_text()
        for action in sorted(set(re.findall(rf"`((?:{SERVICES}):[A-Z]\w+)`", text))):
            if action.lower() not in known and action not in CONDITION_KEYS:
                yield f"{page}: {action} is no action of IAM"
