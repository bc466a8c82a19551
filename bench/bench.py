"""A bench: the binary that is measured, and the trails it is measured on.

A trail is simulated once for each shape, with a fixed seed and a fixed end, so
that everybody measures the same bytes.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from measure import measure, median_of, say

SEED = 1
# Fixed, so that the same arguments give the same tree, byte for byte.
END = "2026-11-01T00:00:00Z"
KMS_SHARE = 0.4
STARTUP_RUNS = 9


@dataclass
class Bench:
    """What to measure, where, and how often."""

    keytrail: Path
    # Folder with the programs of `crates/`.
    programs: Path
    work: Path
    events: int
    runs: int
    growth_events: int
    # Also what takes long.
    long: bool

    def trail(self, events, kms_share=KMS_SHARE, days=30, accounts=3):
        """The simulated trail of such a shape; made once."""
        name = f"trail-{events}"
        name += f"-kms-{kms_share * 100:.0f}" if kms_share != KMS_SHARE else ""
        name += f"-days-{days}" if days != 30 else ""
        name += f"-accounts-{accounts}" if accounts != 3 else ""
        command = ["simulate", self.work / f"{name}.unfinished", "--events", events, "--kms-share", kms_share]
        command += ["--days", days, "--accounts", accounts, "--seed", SEED, "--end", END, "--format", "json"]

        def simulate(_):
            command_line = [str(part) for part in [self.keytrail, *command]]
            subprocess.run(command_line, check=True, stdout=subprocess.DEVNULL)

        return self.made_once(name, simulate)

    def made_once(self, name, make):
        """A folder that `make` fills; half of one is never taken for one."""
        folder = self.work / name
        if not folder.exists():
            say(f"making {name}")
            unfinished = self.work / f"{name}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder)
        return folder

    def fresh(self, name):
        """The path of a folder that is not there."""
        folder = self.work / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    def ingest(self, sources, lake, *options, environment=None):
        """One measured ingest."""
        command = [self.keytrail, "ingest", *sources, "--lake", lake, "--format", "json", *options]
        return measure(command, environment)

    def ingest_once(self, *sources, options=(), environment=None):
        """One measured ingest into a lake that is not there yet, and is gone afterwards."""
        lake = self.fresh("lake")
        run = self.ingest(sources, lake, *options, environment=environment)
        shutil.rmtree(lake)
        return run

    def program(self, *arguments):
        """The command line of one of the programs of `crates/`."""
        return [self.programs / "keytrail-bench", *arguments]

    def startup(self):
        """What ingest costs when there is nothing to do: an empty folder, a new lake."""
        empty = self.fresh("empty")
        empty.mkdir()
        return median_of([self.ingest_once(empty) for _ in range(STARTUP_RUNS)])


def log_files(tree):
    """A pattern that has the log files of a trail and nothing else."""
    # Digest files lie beside `CloudTrail` and hold no records.
    return tree / "AWSLogs" / "*" / "CloudTrail" / "**" / "*.json.gz"


def warm_up(tree):
    """Reads every file once, so that all runs find them in memory."""
    pattern = log_files(tree).relative_to(tree)
    return sum(len(path.read_bytes()) for path in tree.glob(str(pattern)))
