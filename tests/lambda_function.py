"""The function under a Lambda runtime API: cargo-lambda's emulator on a free port of
127.0.0.1, and the real binary.

    lambda_function.py BINARY VARIABLES

VARIABLES is a JSON object: the function's environment. Prints {"address": ...} when the
function takes events, takes commands as JSON lines on standard input, answers each with
one line, and ends with everything it started when standard input closes.

    {"invoke": PAYLOAD}   invokes the function with this text; its status and body
    {"log": true}         all lines that the function has written
    {"restart": true}     kills the function and starts it again
"""

import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time

STARTUP_SECONDS_MAX = 60
ANSWER_SECONDS_MAX = 120
ATTEMPTS_MAX = 3
MANIFEST = '[package]\nname = "function"\nversion = "0.1.0"\nedition = "2024"\n[workspace]\n'


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def listens(port, process):
    deadline = time.monotonic() + STARTUP_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            time.sleep(0.05)
    return False


def start_emulator(folder, port):
    """The emulator wants to be in a package, although it builds none."""
    (folder / "Cargo.toml").write_text(MANIFEST)
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src/main.rs").write_text("fn main() {}\n")
    emulator = pathlib.Path(sys.executable).parent / "cargo-lambda"
    return subprocess.Popen(
        [emulator, "lambda", "watch", "--only-lambda-apis"]
        + ["--invoke-address", "127.0.0.1", "--invoke-port", str(port)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=open(folder / "emulator.log", "ab"),
        stderr=subprocess.STDOUT,
        env={name: text for name, text in os.environ.items() if not name.startswith("CARGO_PKG")},
    )


def start_function(folder, port, binary, variables):
    return subprocess.Popen(
        [binary],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=open(folder / "function.log", "ab"),
        stderr=subprocess.STDOUT,
        env={
            "PATH": "/usr/bin:/bin",
            "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{port}/.rt",
            "AWS_LAMBDA_FUNCTION_NAME": "_",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": "us-east-1",
            **variables,
        },
    )


class Function:
    """The binary, which must not end by itself: nobody would answer any more."""

    def __init__(self, start, emulator, log):
        self.start, self.emulator, self.log = start, emulator, log
        self.begin()

    def begin(self):
        self.is_wanted = True
        self.process = self.start()
        threading.Thread(target=self.watch, args=[self.process], daemon=True).start()

    def watch(self, process):
        process.wait()
        if self.is_wanted and process is self.process:
            sys.stderr.write("the function ended:\n" + self.log.read_text()[-3000:])
            self.emulator.kill()

    def stop(self):
        self.is_wanted = False
        stop(self.process)


def invoke(port, payload):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS_MAX)
    connection.request("POST", "/2015-03-31/functions/_/invocations", payload.encode())
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return {"status": answer.status, "body": body}


def stop(process):
    process.kill()
    process.wait()


def serve(folder, binary, variables):
    """Answers commands, if the emulator starts."""
    port = free_port()
    emulator = start_emulator(folder, port)
    function = None
    try:
        if not listens(port, emulator):
            return False
        log = folder / "function.log"
        start = lambda: start_function(folder, port, binary, variables)
        function = Function(start, emulator, log)
        print(json.dumps({"address": f"127.0.0.1:{port}"}), flush=True)
        for line in sys.stdin:
            command = json.loads(line)
            if "invoke" in command:
                answer = invoke(port, command["invoke"])
            elif "restart" in command:
                function.stop()
                function.begin()
                answer = {}
            else:
                answer = {"lines": log.read_text().splitlines()}
            print(json.dumps(answer), flush=True)
        return True
    finally:
        if function is not None:
            function.stop()
        stop(emulator)


def main():
    binary, variables = sys.argv[1], json.loads(sys.argv[2])
    for _ in range(ATTEMPTS_MAX):
        with tempfile.TemporaryDirectory(prefix="keytrail-function-") as name:
            folder = pathlib.Path(name)
            # A port that was free may be taken a moment later.
            if serve(folder, binary, variables):
                return
            log = (folder / "emulator.log").read_text()
    sys.exit("cargo-lambda did not start:\n" + log[-3000:])


main()
