"""An **imitation** of AWS, ministack, as a process of one's own: on the loopback
only, on a free port, with nothing kept.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time

import boto3

REGION = "eu-west-1"
ACCOUNT = "000000000000"


def wait_until(condition, what, seconds=60):
    """What the condition gives once it is not None."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found is not None:
            return found
        time.sleep(0.3)
    sys.exit(f"waited {seconds} s in vain: {what}")


class Imitation:
    """A running ministack."""

    def __init__(self, program):
        self.program = program

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(os.path.join(self.folder.name, "log"), "w+b")
        # By default it listens to everybody.
        environment = os.environ | {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port)}
        self.process = subprocess.Popen(
            [os.path.abspath(self.program)], cwd=self.folder.name, env=environment,
            stdout=self.log, stderr=subprocess.STDOUT,
        )
        wait_until(self.answers, "ministack answers")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
        self.folder.cleanup()

    def answers(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            sys.exit(f"ministack ended: {self.log.read()[-2000:].decode(errors='replace')}")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return None
        return True

    def client(self, service):
        return boto3.client(
            service, endpoint_url=self.url, region_name=REGION,
            aws_access_key_id="rehearsal", aws_secret_access_key="rehearsal",
        )

    def queue(self, arn):
        """Attributes of a queue."""
        queues = self.client("sqs")
        url = queues.get_queue_url(QueueName=arn.split(":")[-1])["QueueUrl"]
        return queues.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
