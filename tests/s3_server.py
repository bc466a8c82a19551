"""A real S3 server for the tests: SeaweedFS on free ports of 127.0.0.1.

Prints {"endpoint": ...} when it answers, takes commands as JSON lines on standard
input, and ends with everything it started when standard input closes, so that not
even a killed test leaves a server behind.

    {"bucket": B}                               makes a bucket, if it is not there
    {"bucket": B, "put": FOLDER, "prefix": P}   uploads a folder
    {"bucket": B, "delete": KEY}                deletes an object
    {"bucket": B, "keys": PREFIX}               lists the keys below a prefix
    {"bucket": B, "rows": TABLE}                says how many rows a Delta table had
                                                at each version, by its log
    {"bucket": B, "contend": N, "rounds": R}    N threads put a key if it is absent;
                                                says how many won in each round
    {"server": "kill"}                          kills the server
    {"server": "start"}                         starts it again: same data, same ports
"""

import concurrent.futures
import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

import boto3
import botocore.config
import botocore.exceptions

ACCESS_KEY, SECRET_KEY = "keytrail", "keytrail-secret"
STARTUP_SECONDS_MAX = 60
ATTEMPTS_MAX = 3


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


SERVICES = ["master", "volume", "filer", "s3"]


def start(folder, ports):
    """Starts the server with two ports for each service; returns its process."""
    identities = {
        "identities": [
            {
                "name": "tests",
                "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
                "actions": ["Admin", "Read", "Write", "List", "Tagging"],
            }
        ]
    }
    config = folder / "s3.json"
    config.write_text(json.dumps(identities))
    (folder / "data").mkdir(exist_ok=True)
    options = []
    for number, service in enumerate(SERVICES):
        options += [
            f"-{service}.port={ports[2 * number]}",
            f"-{service}.port.grpc={ports[2 * number + 1]}",
        ]
    log = open(folder / "weed.log", "ab")
    weed = pathlib.Path(sys.executable).parent / "weed"
    return subprocess.Popen(
        [weed, "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
        + ["-s3", f"-s3.config={config}", "-s3.iam=false", "-master.telemetry=false"]
        # Further services would take ports that somebody else may have.
        + ["-s3.port.iceberg=0", "-s3.port.lance=0"]
        + ["-master.volumeSizeLimitMB=64", "-volume.max=120"]
        + options,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )


def stop(process, ports):
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for port in ports:
        for left_over in pathlib.Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
            left_over.unlink(missing_ok=True)


def connect(endpoint):
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=botocore.config.Config(
            s3={"addressing_style": "path"}, retries={"max_attempts": 2}, max_pool_connections=16
        ),
    )


def make_bucket(client, bucket):
    try:
        client.create_bucket(Bucket=bucket)
    except (client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
        pass


def answers(client, process):
    """Whether it stores: the S3 port answers before a volume can be written."""
    deadline = time.monotonic() + STARTUP_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        try:
            make_bucket(client, "startup")
            client.put_object(Bucket="startup", Key="probe", Body=b"x")
            return True
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError):
            time.sleep(0.1)
    return False


def carry_out(client, command):
    bucket = command["bucket"]
    if "put" in command:
        root = pathlib.Path(command["put"])
        files = [path for path in sorted(root.rglob("*")) if path.is_file()]

        def put(path):
            key = f"{command['prefix']}{path.relative_to(root).as_posix()}"
            client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(put, files))
        return {"objects": len(files)}
    if "delete" in command:
        client.delete_object(Bucket=bucket, Key=command["delete"])
        return {}
    if "keys" in command:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=command["keys"])
        return {"keys": [entry["Key"] for page in pages for entry in page.get("Contents", [])]}
    if "rows" in command:
        return {"rows": list(rows(client, bucket, f"{command['rows']}/_delta_log/"))}
    if "contend" in command:
        return {"winners": [contend(client, bucket, command["contend"]) for _ in range(command["rounds"])]}
    make_bucket(client, bucket)
    return {}


def rows(client, bucket, log):
    """Rows of the table whose log this is, version by version."""
    total, files = 0, {}
    for entry in client.list_objects_v2(Bucket=bucket, Prefix=log).get("Contents", []):
        if not entry["Key"].endswith(".json"):
            continue
        body = client.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
        for action in map(json.loads, body.splitlines()):
            if "add" in action:
                number = json.loads(action["add"]["stats"])["numRecords"]
                files[action["add"]["path"]] = number
                total += number
            if "remove" in action:
                total -= files.pop(action["remove"]["path"])
        yield total


def contend(client, bucket, threads):
    """How many of these threads can make one and the same object."""
    key = f"contended-{time.monotonic_ns()}"
    together = threading.Barrier(threads)

    def put(number):
        together.wait()
        try:
            client.put_object(Bucket=bucket, Key=key, Body=str(number).encode(), IfNoneMatch="*")
            return 1
        except botocore.exceptions.ClientError:
            return 0

    with concurrent.futures.ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(put, range(threads)))


def serve(folder):
    """Answers commands, if the server starts."""
    ports = free_ports(2 * len(SERVICES))
    process = start(folder, ports)
    try:
        endpoint = f"http://127.0.0.1:{ports[2 * SERVICES.index('s3')]}"
        client = connect(endpoint)
        if not answers(client, process):
            return False
        print(json.dumps({"endpoint": endpoint, "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}), flush=True)
        for line in sys.stdin:
            command = json.loads(line)
            if command.get("server") == "kill":
                process.kill()
                process.wait()
                answer = {}
            elif command.get("server") == "start":
                process = start(folder, ports)
                answer = {"answers": answers(client, process)}
            else:
                answer = carry_out(client, command)
            print(json.dumps(answer), flush=True)
        return True
    finally:
        stop(process, ports)


def main():
    for _ in range(ATTEMPTS_MAX):
        with tempfile.TemporaryDirectory(prefix="keytrail-s3-") as name:
            folder = pathlib.Path(name)
            # A port that was free may be taken a moment later.
            if serve(folder):
                return
            log = (folder / "weed.log").read_text()
    sys.exit("SeaweedFS did not start:\n" + log[-3000:])


main()
