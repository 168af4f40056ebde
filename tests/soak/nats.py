# SPDX-License-Identifier: MIT
"""A server of NATS, and a client of it: requests, and jobs of JetStream."""
import asyncio
import json
import os
import re
import shutil
import subprocess
import time

from count import Lost
from node import PATIENCE, wait_for

# How long a request of core NATS is waited for once a node was killed: the one
# that this node had has no other answer.
KILLED_SECONDS = 5
NODES_THAT_DIE_HAVE = 2  # seconds for a job, then it is for another node


def find_server():
    return shutil.which("nats-server",
                        path=os.environ.get("PATH", "") + ":/usr/sbin")


class Server:
    def __init__(self, folder):
        self.folder, self.process, self.url, self.port = folder, None, "", 0

    async def start(self):
        ports = os.path.join(self.folder, "ports")
        os.makedirs(ports)
        with open(os.path.join(self.folder, "nats.log"), "w",
                  encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", find_server(), "-a",
                 "127.0.0.1", "-p", "-1", "-js", "-sd",
                 os.path.join(self.folder, "store"), "--ports_file_dir", ports],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

        def port():
            if self.process.poll() is not None:
                raise RuntimeError("nats-server does not start")
            for name in os.listdir(ports):
                with open(os.path.join(ports, name), encoding="ascii") as file:
                    found = re.search(r"nats://127\.0\.0\.1:(\d+)", file.read())
                if found:
                    return int(found.group(1))
            return 0
        self.port = await wait_for("nats-server", port)
        self.url = "nats://127.0.0.1:%d" % self.port

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()


class Bus:
    """A connection.  Answers come to an inbox of a number."""

    def __init__(self, nodes, count):
        self.nodes, self.count = nodes, count
        self.reader = self.writer = self.task = None
        self.waiting, self.number = {}, 0
        self.sent, self.done, self.repeated = set(), set(), 0

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", port)
        await self.reader.readline()
        self.writer.write(
            b'CONNECT {"verbose":false,"pedantic":false,"headers":true,'
            b'"no_responders":true,"lang":"py","version":"0"}\r\n'
            b"SUB soak.inbox.* 1\r\nSUB jobs.done 2\r\nPING\r\n")
        self.task = asyncio.create_task(self.read())
        for what, config in (
                ("STREAM.CREATE.JOBS",
                 {"name": "JOBS", "subjects": ["jobs.new"],
                  "retention": "workqueue"}),
                ("CONSUMER.DURABLE.CREATE.JOBS.workers",
                 {"stream_name": "JOBS", "config":
                  {"durable_name": "workers", "ack_policy": "explicit",
                   "ack_wait": NODES_THAT_DIE_HAVE * 10 ** 9}})):
            _, answer = await self.request("$JS.API." + what,
                                           json.dumps(config).encode())
            if b'"error"' in answer:
                raise RuntimeError(answer.decode())

    def close(self):
        if self.task is not None:
            self.task.cancel()
        if self.writer is not None:
            self.writer.close()

    async def read(self):
        while True:
            line = (await self.reader.readline()).split()
            if not line:
                raise ConnectionError("nats-server has gone")
            if line[0] == b"PING":
                self.writer.write(b"PONG\r\n")
            elif line[0] in (b"MSG", b"HMSG"):
                size = int(line[-1])
                heads = int(line[-2]) if line[0] == b"HMSG" else 0
                data = (await self.reader.readexactly(size + 2))[:-2]
                counts = 5 if line[0] == b"HMSG" else 4
                reply = line[3] if len(line) > counts else b""
                self.take(line[1].decode(), reply, data[:heads], data[heads:])

    def take(self, subject, reply, head, data):
        if subject == "jobs.done":
            job = int(data)
            self.repeated += job in self.done
            self.done.add(job)
            if reply:
                self.writer.write(b"PUB %s 0\r\n\r\n" % reply)
            return
        future = self.waiting.pop(subject, None)
        if future is not None and not future.done():
            future.set_result((head, data))

    async def request(self, subject, data=b""):
        """Returns head and data of the answer."""
        self.number += 1
        inbox = "soak.inbox.%d" % self.number
        future = asyncio.get_running_loop().create_future()
        self.waiting[inbox] = future
        self.writer.write(b"PUB %s %s %d\r\n%s\r\n" % (
            subject.encode(), inbox.encode(), len(data), data))
        was_killed, seconds = self.watch_for_kills(), 0
        try:
            while not future.done():
                await asyncio.wait([future], timeout=1)
                seconds += 1
                if seconds > (KILLED_SECONDS if was_killed() else PATIENCE):
                    raise TimeoutError("no answer")
            return future.result()
        finally:
            self.waiting.pop(inbox, None)

    def watch_for_kills(self):
        """A function that says whether a node was killed, or down, since."""
        was_down = any(node.is_down for node in self.nodes)
        kills = [node.kills for node in self.nodes]
        return lambda: was_down or kills != [node.kills for node in self.nodes]

    async def ask(self):
        """A request that any node may answer."""
        began, was_killed = time.monotonic(), self.watch_for_kills()
        try:
            head, data = await self.request("hello")
            if head.startswith(b"NATS/1.0 503"):
                self.count.add("nats", "refused", "no responders")
            elif b"Gruvid-Status: 200" not in head and b"Gruvid-Status" in head:
                self.count.add("nats", "refused", head.decode().split("\r\n")[1])
            elif data != b"Hello, you!\n":
                raise Lost("another answer: %r %r" % (head, data))
            else:
                self.count.answered("nats", began)
        except (Lost, TimeoutError) as error:
            if was_killed() and not isinstance(error, Lost):
                self.count.add("nats", "killed")
            else:
                self.count.add("nats", "lost", repr(error))

    async def store(self):
        """A job, which the server has once it says so."""
        job = len(self.sent)
        self.sent.add(job)
        _, answer = await self.request("jobs.new", b"%d" % job)
        if b'"seq"' not in answer:
            raise RuntimeError("not stored: %r" % answer)

    async def all_done(self):
        await wait_for("all jobs are done", lambda: self.done >= self.sent)
