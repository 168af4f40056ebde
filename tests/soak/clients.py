# SPDX-License-Identifier: MIT
"""Clients of HTTP/1, HTTP/2 and echo: quick ones, slow ones, and such that go."""
import asyncio
import random
import socket
import struct
import time

from count import Lost
from node import PATIENCE

GONE = ConnectionError, asyncio.IncompleteReadError
H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = \
    0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
REFUSED_STREAM, CANCEL = 7, 8


class Gone(Exception):
    """The connection has ended before the first byte of an answer."""


class Link:
    """A connection to a node, and whether the node was killed since."""

    def __init__(self, node, port):
        self.node, self.port, self.kills = node, port, node.kills
        self.was_down = node.is_down
        self.reader = self.writer = None

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port)
        return self

    def was_killed(self):
        return self.was_down or self.node.is_down or \
            self.kills != self.node.kills

    def close(self):
        if self.writer is not None:
            self.writer.close()

    def reset(self):
        """Go with a reset."""
        if self.writer is not None and not self.writer.is_closing():
            sock = self.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                            struct.pack("ii", 1, 0))
            self.writer.transport.abort()

    async def drain(self):
        await asyncio.wait_for(self.writer.drain(), PATIENCE)

    async def exactly(self, n):
        return await asyncio.wait_for(self.reader.readexactly(n), PATIENCE)

    async def line(self):
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n"), PATIENCE)


# --- HTTP/1 ----------------------------------------------------------------------

async def read_chunks(link):
    body = b""
    while True:
        size = int((await link.line()).split(b";")[0], 16)
        body += await link.exactly(size)
        await link.line()
        if size == 0:
            return body


async def read_reply(link, pause=0.0):
    """Returns status, body, and whether the connection goes on; slowly, with
    pauses between pieces of the body."""
    try:
        first = await link.exactly(1)
    except GONE as gone:
        raise Gone() from gone
    head = first + await asyncio.wait_for(
        link.reader.readuntil(b"\r\n\r\n"), PATIENCE)
    lines = head.decode("latin-1").split("\r\n")
    fields = {name.lower(): value.strip() for name, _, value in
              (line.partition(":") for line in lines[1:] if line)}
    if fields.get("transfer-encoding") == "chunked":
        body = await read_chunks(link)
    else:
        left, body = int(fields.get("content-length", 0)), b""
        while left > 0:
            piece = await link.exactly(min(left, 2048) if pause else left)
            body, left = body + piece, left - len(piece)
            await asyncio.sleep(pause)
    return int(lines[0].split()[1]), body, fields.get("connection") != "close"


class Clients:
    """All of them, for as long as is_on says."""

    def __init__(self, nodes, count, seed):
        self.nodes, self.count, self.is_on = nodes, count, True
        self.random = random.Random(seed)

    def judge(self, kind, link, error):
        """The end of something that has failed."""
        text = "%s: %s" % (type(error).__name__, error)
        if link.was_killed():
            self.count.add(kind, "killed")
        else:
            self.count.add(kind, "lost", "%s, %s" % (link.node.name, text))

    async def again_and_again(self, client):
        """A client, until the load is over: each round is a connection."""
        while self.is_on:
            node = self.random.choice(self.nodes)
            if node.is_down:
                self.count.add(client.__name__, "refused", "nobody listens")
                await asyncio.sleep(0.05)
                continue
            await client(node)
            await asyncio.sleep(self.random.uniform(0, 0.05))

    async def http1(self, node):
        link, asked, left = Link(node, node.http), 0, self.random.randint(1, 20)
        try:
            while left > 0:
                if link.writer is None:
                    await link.open()
                try:
                    goes_on = await self.http1_request(link, left)
                    asked, left = asked + 1, left - 1
                except Gone as gone:
                    if link.was_killed():
                        self.count.add("http1", "killed")
                        return
                    if asked == 0:
                        raise Lost("a new connection, and no answer") from gone
                    self.count.add("http1", "again")
                    goes_on = False
                if not goes_on:
                    link.close()
                    link, asked = Link(node, node.http), 0
        except (*GONE, OSError, TimeoutError, ValueError, Lost) as error:
            self.judge("http1", link, error)
        finally:
            link.close()

    async def http1_request(self, link, number):
        """Returns whether the connection goes on."""
        began, draw = time.monotonic(), self.random.random()
        want, path = b"Hello, n%d!\n" % number, "/?name=n%d" % number
        if draw < 0.05:
            want, path = None, "/metrics"
        if draw > 0.9:
            link.writer.write(
                b"POST %s HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n"
                % path.encode() + 1000 * b"x")
        else:
            link.writer.write(b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n"
                              % path.encode())
        status, body, goes_on = await read_reply(link)
        if status != 200:
            self.count.add("http1", "refused", str(status))
        elif want is not None and body != want:
            raise Lost("another answer: %r" % body[:100])
        else:
            self.count.answered("http1", began)
        return goes_on

    async def slow(self, node):
        """A head in pieces and a body that is read in pieces; or half a head,
        which is refused in its time."""
        kind, link = "slow", Link(node, node.http)
        gives_up = self.random.random() < 0.3
        began = time.monotonic()
        try:
            await link.open()
            text = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"
            for i, byte in enumerate(text[:-2] if gives_up else text):
                link.writer.write(bytes([byte]))
                if i % 4 == 0:
                    await asyncio.sleep(0.02)
            status, _, _ = await read_reply(link, 0.01)
            if status != 200:
                self.count.add(kind, "refused", str(status))
            elif gives_up:
                raise Lost("half a head was answered")
            else:
                self.count.answered(kind, began)
        except (Gone, *GONE, OSError, TimeoutError, ValueError, Lost) as error:
            self.judge(kind, link, error)
        finally:
            link.close()

    # --- HTTP/2 --------------------------------------------------------------------

    async def http2(self, node):
        left = self.random.randint(1, 40)
        while left > 0 and not node.is_down:
            link = Link(node, node.http)
            session = Http2(link, self)
            try:
                await link.open()
                left = await session.run(left)
            except (*GONE, OSError, TimeoutError, ValueError, Lost) as error:
                session.ended(error)
                return
            finally:
                link.close()

    # --- echo ----------------------------------------------------------------------

    async def echo(self, node):
        link = Link(node, node.echo)
        try:
            await link.open()
            for _ in range(self.random.randint(1, 10)):
                began = time.monotonic()
                sent = self.random.randbytes(self.random.choice((1, 100, 50000)))
                link.writer.write(sent)
                if await link.exactly(len(sent)) != sent:
                    raise Lost("another answer")
                self.count.answered("echo", began)
                await asyncio.sleep(self.random.uniform(0, 0.2))
        except (*GONE, OSError, TimeoutError, Lost) as error:
            self.judge("echo", link, error)
        finally:
            link.close()

    # --- those that go -------------------------------------------------------------

    async def leaves(self, node):
        """Goes with a reset, in the middle of anything."""
        is_echo = self.random.random() < 0.3
        link = Link(node, node.echo if is_echo else node.http)
        whole = b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"
        try:
            await link.open()
            if is_echo:
                link.writer.write(bytes(200000))
                await asyncio.sleep(self.random.uniform(0, 0.02))
            elif self.random.random() < 0.3:
                link.writer.write(H2_PREFACE + frame(SETTINGS, 0, 0, b""))
                for i in range(10):
                    link.writer.write(request_frame(2 * i + 1, "/metrics"))
                    link.writer.write(frame(RST_STREAM, 0, 2 * i + 1,
                                            struct.pack(">I", CANCEL)))
                await link.drain()
            else:
                link.writer.write(whole[:self.random.randint(0, len(whole))])
                await asyncio.sleep(self.random.uniform(0, 0.02))
            self.count.add("leaves", "left")
        except (ConnectionError, OSError):
            if link.was_killed() or link.writer is not None:
                self.count.add("leaves", "left")
            else:
                self.count.add("leaves", "lost", node.name + ": no connection")
        finally:
            link.reset()


# --- frames of HTTP/2 ------------------------------------------------------------------

def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + \
        struct.pack(">BBI", kind, flags, stream) + payload


def request_frame(stream, path):
    """GET, without the table of HPACK that changes."""
    block = b"\x82\x86\x04" + bytes([len(path)]) + path.encode() + b"\x01\x01h"
    return frame(HEADERS, END_STREAM | END_HEADERS, stream, block)


class Http2:
    """A connection with several requests at a time."""

    STATUS = {0x88: 200, 0x8d: 404, 0x8e: 500}

    def __init__(self, link, clients):
        self.link, self.count = link, clients.count
        self.random = clients.random
        self.open = {}   # stream: [when it began, path, status, body]
        self.last = None  # stream that counts, as GOAWAY says
        self.n_again = 0

    def ended(self, error):
        """What was open has no answer."""
        for stream in self.open or ["no"]:
            if self.link.was_killed():
                self.count.add("http2", "killed")
            else:
                self.count.add("http2", "lost", "%s, stream %s: %s %s" % (
                    self.link.node.name, stream, type(error).__name__, error))

    async def run(self, left):
        """Returns how many requests are left for another connection."""
        self.link.writer.write(H2_PREFACE + frame(SETTINGS, 0, 0, b""))
        stream = 1
        while self.open or (left > 0 and self.last is None):
            while left > 0 and len(self.open) < 5 and self.last is None:
                path = "/?name=s%d" % stream
                self.link.writer.write(request_frame(stream, path))
                self.open[stream] = [time.monotonic(), path, None, b""]
                stream, left = stream + 2, left - 1
            await self.read_frame()
            # What the server has not begun is asked again.
            for later in [s for s in self.open if self.last is not None and s > self.last]:
                del self.open[later]
                self.again()
            left, self.n_again = left + self.n_again, 0
        if self.last is None:
            self.link.writer.write(frame(GOAWAY, 0, 0, bytes(8)))
            await self.link.drain()
        return left

    def again(self):
        self.n_again += 1
        self.count.add("http2", "again")

    async def read_frame(self):
        head = await self.link.exactly(9)
        size = int.from_bytes(head[:3], "big")
        kind, flags = head[3], head[4]
        stream = int.from_bytes(head[5:], "big") & 0x7fffffff
        payload = await self.link.exactly(size)
        if kind == SETTINGS and not flags & ACK:
            self.link.writer.write(frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            self.link.writer.write(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            self.last = int.from_bytes(payload[:4], "big") & 0x7fffffff
        elif stream in self.open:
            self.read_of_stream(kind, flags, stream, payload)

    def read_of_stream(self, kind, flags, stream, payload):
        asked = self.open[stream]
        if kind == RST_STREAM:
            del self.open[stream]
            code = int.from_bytes(payload, "big")
            if code == REFUSED_STREAM:
                self.again()
            else:
                self.count.add("http2", "refused", "reset %d" % code)
            return
        if kind == HEADERS and asked[2] is None:
            while payload and 0x20 <= payload[0] < 0x40:
                payload = payload[1:]  # the size of a table
            asked[2] = self.STATUS.get(payload[0], 0)
        elif kind == DATA:
            asked[3] += payload
            if payload:
                self.link.writer.write(
                    frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))))
        if flags & END_STREAM and kind in (HEADERS, DATA):
            del self.open[stream]
            if asked[2] != 200:
                self.count.add("http2", "refused", "status %s" % (asked[2] or
                                                                  "other"))
            elif asked[3] != b"Hello, %s!\n" % asked[1][7:].encode():
                raise Lost("another answer: %r" % asked[3][:100])
            else:
                self.count.answered("http2", asked[0])
