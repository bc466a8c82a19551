"""A **binary** for AWS Lambda: what it needs of the system that starts it, and
the zip that it is delivered in.

    python3 binary.py BINARY x86_64|arm64 ZIP

Ends with 1 if provided.al2023 could not start it. The same binary gives the same
zip, byte by byte. Reads ELF itself, so that nothing need be installed.
"""

import re
import struct
import sys
import zipfile
from pathlib import Path

GLIBC = (2, 34)
MACHINES = {62: "x86_64", 183: "arm64"}
# What provided.al2023 has, being parts of glibc and of GCC's run time.
LIBRARIES = re.compile(r"(libc|libm|libdl|libpthread|librt|libgcc_s|ld-linux-[\w-]+)\.so\.\d")
ZIP_BYTES_WISHED = 30 << 20
# Limits of Lambda: for a zip sent directly, and for what is in it.
ZIP_BYTES_MAX = 50 << 20
BINARY_BYTES_MAX = 250 << 20

SHT_DYNAMIC, SHT_GNU_VERNEED, DT_NEEDED = 6, 0x6FFFFFFE, 1


class NotElf(Exception):
    """The file is not a 64-bit little-endian ELF program."""


class Elf:
    """As much of an ELF file as tells what it needs."""

    def __init__(self, data):
        if data[:6] != b"\x7fELF\x02\x01":
            raise NotElf
        self.data = data
        self.machine = struct.unpack_from("<H", data, 18)[0]
        offset, = struct.unpack_from("<Q", data, 40)
        size, count = struct.unpack_from("<HH", data, 58)
        # Type, offset, size and linked section of each section.
        self.sections = [
            (fields[1], fields[4], fields[5], fields[6])
            for fields in (
                struct.unpack_from("<IIQQQQII", data, offset + index * size) for index in range(count)
            )
        ]

    def text(self, section, offset):
        start = self.sections[section][1] + offset
        return self.data[start:self.data.index(b"\0", start)].decode()

    def libraries(self):
        for type_, offset, size, link in self.sections:
            if type_ == SHT_DYNAMIC:
                for tag, value in struct.iter_unpack("<qQ", self.data[offset:offset + size]):
                    if tag == DT_NEEDED:
                        yield self.text(link, value)

    def versions(self):
        """Names such as GLIBC_2.34, of all symbols that others must have."""
        for type_, need, _, link in self.sections:
            while type_ == SHT_GNU_VERNEED:
                _, count, _, first, following = struct.unpack_from("<HHIII", self.data, need)
                entry = need + first
                for _ in range(count):
                    *_, name, next_entry = struct.unpack_from("<IHHII", self.data, entry)
                    yield self.text(link, name)
                    entry += next_entry
                if not following:
                    break
                need += following


def complaints(elf, architecture, size):
    machine = MACHINES.get(elf.machine, f"machine {elf.machine}")
    if machine != architecture:
        yield f"is for {machine}, not for {architecture}"
    for library in elf.libraries():
        if not LIBRARIES.fullmatch(library):
            yield f"needs {library}, which provided.al2023 does not have"
    newest = newest_glibc(elf)
    if newest is None:
        yield "needs no glibc: not what was meant to be built"
    elif newest > GLIBC:
        yield f"needs {dotted(newest)}, provided.al2023 has {dotted(GLIBC)}: link it with deploy/package"
    if size > BINARY_BYTES_MAX:
        yield f"has {size} bytes, Lambda takes {BINARY_BYTES_MAX}"


def newest_glibc(elf):
    found = (re.fullmatch(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?", name) for name in elf.versions())
    return max(((int(match[1]), int(match[2])) for match in found if match), default=None)


def dotted(version):
    return f"GLIBC_{version[0]}.{version[1]}"


def pack(data, zip_):
    zip_.parent.mkdir(parents=True, exist_ok=True)
    entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o100755 << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    with zipfile.ZipFile(zip_, "w") as archive:
        archive.writestr(entry, data, compresslevel=9)


def main():
    binary, architecture, zip_ = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
    data = binary.read_bytes()
    try:
        elf = Elf(data)
    except NotElf:
        print(f"{binary}: not a program for 64-bit Linux", file=sys.stderr)
        return 1
    found = list(complaints(elf, architecture, len(data)))
    for complaint in found:
        print(f"{binary}: {complaint}", file=sys.stderr)
    if found:
        return 1
    pack(data, zip_)
    zipped = zip_.stat().st_size
    print(f"binary  {len(data) / 1e6:6.1f} MB, {architecture}, newest symbol {dotted(newest_glibc(elf))}")
    print(f"zip     {zipped / 1e6:6.1f} MB, {zip_}")
    if zipped > ZIP_BYTES_MAX:
        print(f"{zip_}: Lambda takes {ZIP_BYTES_MAX} bytes; give it to S3 instead", file=sys.stderr)
        return 1
    if zipped > ZIP_BYTES_WISHED:
        print(f"{zip_}: warning: more than the {ZIP_BYTES_WISHED >> 20} MiB aimed at", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
