"""Ingest of a trail in S3 over ingest of the same trail in a folder.

The server is SeaweedFS, as in the tests. In front of it stands a proxy that
forwards each request some time later, as a network does, and counts. The lake is
a folder, so that all requests are ingest's reading.
"""

import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from bench import warm_up
from measure import in_turn, median_of, say
from table import goal, seconds, table, times

SERVER = Path(__file__).resolve().parent.parent / "tests" / "s3_server.py"
# The sample, as a part of `--events`: each file is a request.
PART = 10
LATENCY_MILLISECONDS = 20
WALL_TARGET = 1.5
BUCKET = "trail"


@contextmanager
def talker(command):
    """A process that answers each JSON line with another, until its input closes."""
    process = subprocess.Popen(
        [str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def ask(question):
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    try:
        yield json.loads(process.stdout.readline()), ask
    finally:
        process.stdin.close()
        process.wait()


@contextmanager
def slow(bench, server, milliseconds):
    """The server behind a network: the environment for ingest, and how to ask what was counted."""
    upstream = server["endpoint"].removeprefix("http://")
    with talker(bench.program("proxy", upstream, milliseconds)) as (proxy, ask):
        environment = {
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{proxy['port']}",
            "AWS_ACCESS_KEY_ID": server["access_key"],
            "AWS_SECRET_ACCESS_KEY": server["secret_key"],
            "AWS_REGION": "us-east-1",
        }
        yield environment, lambda: ask("counts")


def from_s3(bench, network):
    """One ingest from S3 with what it asked for, and another that finds nothing new."""
    environment, counts = network
    lake = bench.fresh("lake")
    counts()
    run = bench.ingest([f"s3://{BUCKET}/AWSLogs"], lake, environment=environment)
    run.output["asked"] = counts()
    again = bench.ingest([f"s3://{BUCKET}/AWSLogs"], lake, environment=environment)
    again.output["asked"] = counts()
    run.output["again"] = again
    bench.fresh("lake")
    return run


def run(bench):
    tree = bench.trail(max(bench.events // PART, 1))
    with talker([sys.executable, SERVER]) as (server, ask):
        ask({"bucket": BUCKET})
        say("uploading")
        # Digest files too: ingest has to pass them over.
        ask({"bucket": BUCKET, "put": str(tree / "AWSLogs"), "prefix": "AWSLogs/"})
        warm_up(tree)
        with slow(bench, server, 0) as near, slow(bench, server, LATENCY_MILLISECONDS) as far:
            runs = in_turn(
                bench.runs,
                folder=lambda: bench.ingest_once(tree / "AWSLogs"),
                near=lambda: from_s3(bench, near),
                far=lambda: from_s3(bench, far),
            )
    events = {name: some[0].output["events"] for name, some in runs.items()}
    if len(set(events.values())) != 1:
        sys.exit(f"not the same events: {events}")
    result = {"events": events["folder"], "objects": runs["folder"][0].output["objects"]}
    result["rows"] = {name: median_of(some) for name, some in runs.items()}
    for name in ("near", "far"):
        last = runs[name][-1].output
        result["rows"][name]["asked"] = last["asked"]
        result["rows"][f"{name}, again"] = median_of([each.output["again"] for each in runs[name]])
        result["rows"][f"{name}, again"]["asked"] = last["again"].output["asked"]
    rows = result["rows"]
    result["wall_ratio"] = rows["far"]["wall_seconds"] / rows["folder"]["wall_seconds"]
    result["wall_ratio_near"] = rows["near"]["wall_seconds"] / rows["folder"]["wall_seconds"]
    asked = rows["far"]["asked"]
    # All requests one after the other would wait so long; side by side, a part of it.
    waited = sum(asked["requests"].values()) * LATENCY_MILLISECONDS / 1e3
    result["wall_floor_seconds"] = waited / max(asked["in_flight_most"], 1)
    return result


NAMES = {
    "folder": "folder",
    "near": "S3, no latency",
    "far": f"S3, {LATENCY_MILLISECONDS} ms a request",
    "near, again": "S3, no latency, nothing new",
    "far, again": f"S3, {LATENCY_MILLISECONDS} ms a request, nothing new",
}


def lines(result):
    def row(key):
        values = result["rows"][key]
        asked = values.get("asked", {"requests": {}, "in_flight_most": ""})
        requests = ", ".join(f"{count:,} {kind}" for kind, count in asked["requests"].items())
        return [
            NAMES[key],
            seconds(values["cpu_seconds"]),
            seconds(values["wall_seconds"]),
            requests,
            asked["in_flight_most"],
        ]

    return [
        *table(["", "CPU", "wall", "requests", "most in flight"], [row(key) for key in NAMES]),
        "",
        f"wall over a folder's: {goal(result['wall_ratio'], WALL_TARGET)}; "
        f"without latency {times(result['wall_ratio_near'])}; "
        f"waiting alone, with so many in flight, takes {result['wall_floor_seconds']:.1f} s",
        # `REQUESTS` of ingest/src/source/fetch.rs.
        "how many requests are in flight is no option of ingest, so one value is measured",
    ]
