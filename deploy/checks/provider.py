#!/usr/bin/env python3
"""Holds that the Terraform module uses the AWS provider as its schema says: types,
arguments, blocks, what is required, and the attributes that are referred to.

Terraform learns the schema from the provider, a program of some 700 MB. The
same schema is in the classes that the CDK for Terraform generates from it, whose
wheel is the argument; it is read, not run.
"""

import ast
import functools
import re
import sys
import zipfile

import reading

PACKAGE = "cdktf_cdktf_provider_aws"
# Arguments of every resource, which Terraform itself knows.
META = {"count", "depends_on", "dynamic", "for_each", "lifecycle", "provider"}
BUILT_IN = {"terraform_data"}


class Schema:
    """The classes of the provider, one module for each type."""

    def __init__(self, wheel):
        self.archive = zipfile.ZipFile(wheel)

    @functools.cache
    def classes(self, type_):
        """Class name to (arguments, those required, readable attributes)."""
        try:
            source = self.archive.read(f"{PACKAGE}/{type_}/__init__.py").decode()
        except KeyError:
            return None
        found = {}
        for node in ast.parse(source).body:
            if not isinstance(node, ast.ClassDef):
                continue
            arguments, readable = {}, set()
            for member in node.body:
                if not isinstance(member, ast.FunctionDef):
                    continue
                if member.name == "__init__":
                    for argument, default in zip(member.args.kwonlyargs, member.args.kw_defaults):
                        arguments[argument.arg] = (ast.unparse(argument.annotation), default is None)
                else:
                    readable.add(member.name)
            found[node.name] = (arguments, readable)
        return found


def block(where, body, name, classes):
    """Complaints about one block, whose class is named."""
    arguments, _ = classes[name]
    # A dynamic block is one of its kind.
    dynamic = {
        argument: made["content"]
        for entry in body.get("dynamic", [])
        for argument, made in entry.items()
    }
    body = body | {argument: body.get(argument, []) + made for argument, made in dynamic.items()}
    for argument, value in body.items():
        if argument in META:
            continue
        if argument not in arguments:
            yield f"{where}: has no argument {argument}"
            continue
        annotation, _ = arguments[argument]
        nested = [word for word in re.findall(r"\w+", annotation) if word in classes]
        for one in value if isinstance(value, list) else []:
            if nested and isinstance(one, dict):
                yield from block(f"{where}.{argument}", one, nested[0], classes)
    for argument, (_, required) in arguments.items():
        if required and argument not in body:
            yield f"{where}: needs {argument}"


def declared(schema, blocks, kind, prefix):
    for (type_, name), body in reading.named(blocks, kind).items():
        if type_ in BUILT_IN:
            continue
        classes = schema.classes(prefix + type_.removeprefix("aws_"))
        if classes is None:
            yield f"{type_}.{name}: the provider has no such type"
            continue
        (config,) = [one for one in classes if one.endswith("Config") and one[:-6] in classes]
        yield from block(f"{type_}.{name}", body, config, classes)


def referred(schema, blocks):
    """References: to what is declared, and to attributes that there are."""
    text = "\n".join(re.sub(r"^\s*#.*$", "", file.read_text(), flags=re.M) for file in reading.TERRAFORM)
    variables = {name for entry in blocks["variable"] for name in entry}
    for name in sorted(set(re.findall(r"\bvar\.(\w+)", text)) - variables):
        yield f"var.{name}: not declared"
    for name in sorted(variables - set(re.findall(r"\bvar\.(\w+)", text))):
        yield f"var.{name}: not used"
    locals_ = {name for entry in blocks["locals"] for name in entry}
    for name in sorted(set(re.findall(r"\blocal\.(\w+)", text)) ^ locals_):
        yield f"local.{name}: declared or used, not both"
    for data, type_, name, attribute in sorted(set(re.findall(
        r"\b(data\.)?(aws_\w+)\.(\w+)(?:\[\*\]|\[0\])?(?:\.(\w+))?", text
    ))):
        if (type_, name) not in reading.named(blocks, "data" if data else "resource"):
            yield f"{data}{type_}.{name}: not declared"
            continue
        classes = schema.classes(("data_aws_" if data else "") + type_.removeprefix("aws_"))
        main = next(one[:-6] for one in classes if one.endswith("Config") and one[:-6] in classes)
        if attribute and attribute not in classes[main][1]:
            yield f"{data}{type_}.{name}: has no attribute {attribute}"


def main():
    schema, blocks = Schema(sys.argv[1]), reading.terraform()
    found = [
        *declared(schema, blocks, "resource", ""),
        *declared(schema, blocks, "data", "data_aws_"),
        *referred(schema, blocks),
    ]
    for complaint in found:
        print(complaint, file=sys.stderr)
    print(f"Terraform module, by the provider's schema: {len(found)} complaints")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
