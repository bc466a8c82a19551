"""A proxy before an S3 server that makes requests fail as a plan says.

    s3_proxy.py HOST:PORT

Prints {"endpoint": ...}, takes commands as JSON lines on standard input, answers
each with one line, and ends when standard input closes. Requests are passed on
as they are, the Host header too, so that their signatures stay valid.

    {"plan": [RULE, ...]}       replaces the plan; requests that are held go on
    {"await": I, "fired": N}    answers once rule I has met N requests
    {"count": true}             requests so far, by method and kind, and for each
                                rule of the plan how many requests it met

A rule meets requests whose method and path with query match, and that carry
If-None-Match if it says "conditional": of those, after the first "skip", "times"
many at most, and of these a "share" drawn with "seed". The first rule that meets
a request decides; without one it is passed on. FAULT is one of

    refuse   answered with "status" and "code", not passed on
    lose     passed on and carried out; the connection is closed without answer
    fail     passed on and carried out; answered with "status" and "code"
    stall    passed on and carried out; nothing of the answer arrives, ever
    choke    half of the answer's body arrives, and then nothing, ever
    cut      half of the answer's body arrives, and the connection is closed
    hold     passed on when the plan is replaced
    delay    passed on after "ms"
"""

import asyncio
import collections
import json
import random
import re
import sys

HEAD_BYTES_MAX = 1 << 20


class Rule:
    def __init__(self, rule):
        self.fault = rule["fault"]
        self.method = rule.get("method")
        self.target = re.compile(rule.get("path", ""))
        self.conditional = rule.get("conditional")
        self.skip, self.times = rule.get("skip", 0), rule.get("times")
        self.share, self.dice = rule.get("share", 1), random.Random(rule.get("seed", 0))
        self.status, self.code = rule.get("status", 503), rule.get("code", "SlowDown")
        self.seconds = rule.get("ms", 0) / 1000
        self.fired = 0

    def meets(self, request):
        if self.method not in (None, request.method) or not self.target.search(request.target):
            return False
        if self.conditional not in (None, request.conditional):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.fired == self.times or self.dice.random() >= self.share:
            return False
        self.fired += 1
        return True


class Request:
    """Method, target and headers as they came, and the body."""

    def __init__(self, head, body):
        self.bytes = head + body
        line, _, headers = head.decode("latin-1").partition("\r\n")
        self.method, self.target, _ = line.split(" ")
        self.conditional = "\r\nif-none-match:" in "\r\n" + headers.lower()

    def kind(self):
        if "list-type=" in self.target:
            return "list"
        if "/_delta_log/" in self.target:
            return "log"
        return "data"


class Plan:
    def __init__(self):
        self.rules, self.counts = [], collections.Counter()
        self.changed = asyncio.Condition()
        self.released = asyncio.Event()

    async def replace(self, rules):
        self.rules = [Rule(rule) for rule in rules]
        self.released.set()
        self.released = asyncio.Event()

    async def rule_for(self, request):
        self.counts[f"{request.method} {request.kind()}"] += 1
        rule = next((rule for rule in self.rules if rule.meets(request)), None)
        if rule:
            async with self.changed:
                self.changed.notify_all()
        return rule

    async def carry_out(self, command):
        if "plan" in command:
            await self.replace(command["plan"])
            return {}
        if "await" in command:
            rule = self.rules[command["await"]]
            async with self.changed:
                await self.changed.wait_for(lambda: rule.fired >= command["fired"])
            return {}
        return {"requests": self.counts, "fired": [rule.fired for rule in self.rules]}


def length_of(head):
    found = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return int(found[1]) if found else 0


async def read_request(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    return Request(head, await reader.readexactly(length_of(head)))


async def read_answer(reader, method):
    """Head and body of an answer, as they came."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    if status == 100:
        return await read_answer(reader, method)
    if method == "HEAD" or status in (204, 304):
        return head, b""
    if re.search(rb"\r\ntransfer-encoding: *chunked", head, re.IGNORECASE):
        body = b""
        while True:
            size = await reader.readuntil(b"\r\n")
            chunk = await reader.readexactly(int(size.split(b";")[0], 16) + 2)
            body += size + chunk
            if chunk == b"\r\n":
                return head, body
    return head, await reader.readexactly(length_of(head))


def refusal(rule):
    body = f"<?xml version=\"1.0\"?><Error><Code>{rule.code}</Code><Message>by plan</Message></Error>"
    return (
        f"HTTP/1.1 {rule.status} By Plan\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def answer(request, upstream):
    """What the server says to a request, on a connection of its own."""
    reader, writer = await asyncio.open_connection(*upstream, limit=HEAD_BYTES_MAX)
    try:
        writer.write(request.bytes)
        await writer.drain()
        return await read_answer(reader, request.method)
    finally:
        writer.close()


async def pass_on(request, plan, upstream, reader, writer):
    """Answers one request; false when the connection is to be closed."""
    rule = await plan.rule_for(request)
    fault = rule and rule.fault
    if fault == "refuse":
        writer.write(refusal(rule))
        return True
    if fault == "hold":
        await plan.released.wait()
    if fault == "delay":
        await asyncio.sleep(rule.seconds)
    head, body = await answer(request, upstream)
    if fault == "lose":
        return False
    if fault == "fail":
        writer.write(refusal(rule))
        return True
    if fault == "stall":
        await reader.read(1)
        return False
    if fault in ("choke", "cut"):
        writer.write(head + body[: len(body) // 2])
        await writer.drain()
        if fault == "choke":
            await reader.read(1)
        return False
    writer.write(head + body)
    await writer.drain()
    return True


async def serve_connection(plan, upstream, reader, writer):
    try:
        while await pass_on(await read_request(reader), plan, upstream, reader, writer):
            pass
    except (asyncio.IncompleteReadError, OSError):
        # One of the two sides is gone.
        pass
    finally:
        writer.close()


async def main():
    host, port = sys.argv[1].rsplit(":", 1)
    upstream, plan = (host, int(port)), Plan()

    async def serve(reader, writer):
        await serve_connection(plan, upstream, reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=HEAD_BYTES_MAX, backlog=256)
    port = server.sockets[0].getsockname()[1]
    print(json.dumps({"endpoint": f"http://127.0.0.1:{port}"}), flush=True)
    commands = asyncio.StreamReader(limit=HEAD_BYTES_MAX)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        print(json.dumps(await plan.carry_out(json.loads(line))), flush=True)


asyncio.run(main())
