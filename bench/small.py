"""Ingest of small files over opening, reading and inflating them.

Quiet accounts have log files of a few records each. `simulate` cannot be asked
for a number of files, so the documents of a simulated trail are split into files
of 1 to 20 records.
"""

import gzip
import json
import random

import floor
from bench import SEED, log_files
from table import goal

FILES = 50_000
RECORDS_MAX = 20
TARGET = 3.0


def split(source, tree, files):
    """Writes so many files with the records of another trail, in its folders."""
    dice = random.Random(SEED)
    written = 0
    pattern = log_files(source).relative_to(source)
    paths = sorted(source.glob(str(pattern)))
    # All accounts, Regions and days, whatever the number of files.
    dice.shuffle(paths)
    for path in paths:
        records = json.loads(gzip.decompress(path.read_bytes()))["Records"]
        folder = tree / path.parent.relative_to(source)
        folder.mkdir(parents=True, exist_ok=True)
        stem = path.name.rsplit("_", 1)[0]
        while records and written < files:
            count = dice.randint(1, RECORDS_MAX)
            some, records = records[:count], records[count:]
            document = json.dumps({"Records": some}, separators=(",", ":"), ensure_ascii=False).encode()
            name = f"{stem}_{written:016}.json.gz"
            (folder / name).write_bytes(gzip.compress(document, 6, mtime=0))
            written += 1
        if written == files:
            return
    raise SystemExit(f"{source.name} has records for {written} small files only")


def run(bench):
    files = max(min(FILES, bench.events // 40), 1)
    # Busy files, so that most parts are cut by the dice and not by a file's end.
    source = bench.trail(files * RECORDS_MAX, days=10)
    return floor.beside_floor(bench, bench.made_once(f"small-{files}", lambda tree: split(source, tree, files)))


def lines(result):
    each = result["records"] / result["files"]
    row = floor.row(f"1 to {RECORDS_MAX} records a file, {each:.1f} on average", result)
    row.append(goal(result["over_reading_and_inflating"], TARGET))
    return floor.table(floor.HEAD + ["ingest over the whole floor"], [row])
