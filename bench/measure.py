"""What a process costs.

Every measurement is a process of its own, and what it cost is what the system
says when it ends (`wait4`): processor seconds of user and system together, the
largest resident memory, and the wall clock.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Run:
    """What one process cost."""

    cpu_seconds: float
    wall_seconds: float
    rss_bytes: int
    output: dict


def measure(command, environment=None):
    """Runs a command that prints one JSON object, and measures it."""
    start = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        env=os.environ | (environment or {}),
    )
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"exit code {process.returncode}: {' '.join(map(str, command))}")
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(usage.ru_utime + usage.ru_stime, wall_seconds, usage.ru_maxrss * unit, json.loads(text))


def median_of(runs):
    """Medians of some runs, and the spread of the processor time."""
    cpu = [run.cpu_seconds for run in runs]
    return {
        "cpu_seconds": statistics.median(cpu),
        "cpu_seconds_min": min(cpu),
        "cpu_seconds_max": max(cpu),
        "wall_seconds": statistics.median(run.wall_seconds for run in runs),
        "rss_bytes": int(statistics.median(run.rss_bytes for run in runs)),
    }


def in_turn(rounds, **works):
    """Runs all in turn, so that a busy minute hits all; the runs of each."""
    runs = {name: [] for name in works}
    for number in range(1, rounds + 1):
        for name, work in works.items():
            say(f"  round {number} of {rounds}: {name}")
            runs[name].append(work())
    return runs


def folder_bytes(folder, pattern="*"):
    return sum(path.stat().st_size for path in folder.rglob(pattern) if path.is_file())


def machine():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def say(text):
    print(text, file=sys.stderr, flush=True)
