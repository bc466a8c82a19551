"""AWS services for the tests: moto on a free port of 127.0.0.1, in memory.

Prints {"endpoint": ...} when it answers, takes calls as JSON lines on standard
input, and ends when standard input closes.

    {"service": S, "call": C, "arguments": {...}}   the answer of boto3's client of
                                                    S to C, as the account 123456789012
    {..., "role": ARN}                              the same as a role
    {"locked": true}                                from now on permissions count
"""

import json
import logging
import sys

import boto3
from moto.server import ThreadedMotoServer
import requests

REGION = "eu-west-1"


def client(endpoint, service, key):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=key.get("AccessKeyId", "tests"),
        aws_secret_access_key=key.get("SecretAccessKey", "tests"),
        aws_session_token=key.get("SessionToken"),
    )


def call(endpoint, command):
    key = {}
    if "role" in command:
        sts = client(endpoint, "sts", key)
        role = {"RoleArn": command["role"], "RoleSessionName": "tests"}
        key = sts.assume_role(**role)["Credentials"]
    answer = getattr(client(endpoint, command["service"], key), command["call"])(
        **command.get("arguments", {})
    )
    answer.pop("ResponseMetadata", None)
    return answer


def text(value):
    return value.read().decode() if hasattr(value, "read") else str(value)


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    print(json.dumps({"endpoint": endpoint}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        if command.get("locked"):
            requests.post(f"{endpoint}/moto-api/reset-auth", data=b"0", timeout=10)
            answer = {}
        else:
            answer = call(endpoint, command)
        print(json.dumps(answer, default=text), flush=True)
    server.stop()


if __name__ == "__main__":
    main()
