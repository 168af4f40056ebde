# SPDX-License-Identifier: MIT
"""plugins/http behind nginx and HAProxy: proxies.py BUILD FOLDER.

  client --> nginx    --HTTP/1.1--> a, b        gruvids, by Unix sockets
         --> haproxy  --HTTP/1.1--> a, b
         --> haproxy  --HTTP/2----> a, b
         --> haproxy  --PROXY-----> a, b
"""

import http.client
import os
import shutil
import signal
import socket
import sys
import threading
import time

from proxies_programs import (BUILD, FOLDER, PATIENCE, Gruvid, Haproxy, Nginx,
                              Program, path, wait_for)

MUCH = 5000000
LITTLE = 2 << 20


# --- clients ----------------------------------------------------------------

class Way:
    """A way to gruvid: through a port of a proxy, or its Unix socket."""

    def __init__(self, name, where):
        self.name, self.where = name, where

    def connect(self):
        connection = http.client.HTTPConnection("gruvid.test", timeout=PATIENCE)
        if isinstance(self.where, int):
            connection.sock = socket.create_connection(
                ("127.0.0.1", self.where), PATIENCE)
        else:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(PATIENCE)
            connection.sock.connect(self.where)
        return connection

    def ask(self, method, target, body=None, headers=(), **more):
        return ask(self.connect(), method, target, body, headers, **more)

    def send(self, text):
        """Send a request as it stands here; returns the socket."""
        sock = self.connect().sock
        sock.sendall(text.replace("\n", "\r\n").encode())
        return sock


def ask(connection, method, target, body=None, headers=(), **more):
    connection.request(method, target, body, dict(headers), **more)
    response = connection.getresponse()
    response.body = response.read()
    return response


def receive(sock, text):
    """Read until there is a text."""
    data = b""
    while text not in data:
        piece = sock.recv(65536)
        assert piece, data
        data += piece
    return data


def pieces(size):
    """A body whose length is not told beforehand."""
    for i in range(0, size, 50000):
        yield bytes(50000)


# --- what is checked --------------------------------------------------------

def connections_are_kept(way, gruvids):
    before = sum(g.count("http", "accepted") for g in gruvids)
    client = way.connect()
    for i in range(30):
        answer = ask(client if i % 2 else way.connect(), "GET", "/a%d" % i)
        assert answer.body == b"GET /a%d gruvid.test\n" % i, answer.body
    more = sum(g.count("http", "accepted") for g in gruvids) - before
    assert more <= 8, "%d connections for 30 requests" % more
    protocol = "2.0" if way.name.endswith("h2") else "1.1"
    wait_for("the access log", lambda: said(
        gruvids, '"GET /a29 HTTP/%s" 200' % protocol))


def bodies_go_both_ways(way, gruvids):
    for g in gruvids:
        g.peak()
    before = [g.peak() for g in gruvids]
    for size in 0, 1, 70000, MUCH:
        text = b"%d\n" % size
        assert way.ask("PUT", "/count", bytes(size)).body == text, size
        answer = way.ask("PUT", "/count", pieces(size), encode_chunked=True)
        assert size % 50000 or answer.body == text, answer.body
    for target in "/stream?n=%d&size=50000" % (MUCH // 50000), "/files/much":
        answer = way.ask("GET", target)
        assert answer.status == 200 and len(answer.body) == MUCH, target
    grown = [g.peak() - b for g, b in zip(gruvids, before)]
    assert max(grown) <= LITTLE or os.environ.get("SANITIZER_FLAGS"), grown


def replies_without_a_body(way, gruvids):
    client = way.connect()
    answer = ask(client, "HEAD", "/large?size=70000")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.getheader("Content-Length") == "70000"
    assert ask(client, "GET", "/nothing").status == 204
    tag = ask(client, "HEAD", "/files/much").getheader("ETag")
    answer = ask(client, "GET", "/files/much", headers={"If-None-Match": tag})
    assert (answer.status, answer.body) == (304, b""), answer.status
    assert answer.getheader("ETag") == tag
    answer = ask(client, "GET", "/files/much", headers={"Range": "bytes=5-9"})
    assert (answer.status, len(answer.body)) == (206, 5), answer.status
    assert ask(client, "GET", "/b").body == b"GET /b gruvid.test\n"


def a_client_waits_for_100(way, gruvids):
    sock = way.send("PUT /count HTTP/1.1\nHost: h\nContent-Length: 70000\n"
                    "Expect: 100-continue\nConnection: close\n\n")
    assert receive(sock, b"\r\n\r\n").startswith(b"HTTP/1.1 100 ")
    sock.sendall(bytes(70000))
    assert b" 200 " in receive(sock, b"70000\n")


def said(gruvids, text):
    return sum(g.log().count(text) for g in gruvids)


def a_client_leaves(way, gruvids):
    waits, woken = said(gruvids, "mirror waits"), said(gruvids, "was woken")
    sock = way.send("GET /wait HTTP/1.1\nHost: h\n\n")
    wait_for("the handler", lambda: said(gruvids, "mirror waits") > waits)
    sock.close()
    wait_for("its end", lambda: said(gruvids, "was woken") > woken)
    failed = said(gruvids, "mirror cannot write")
    sock = way.send("GET /stream?n=1000000&size=50000 HTTP/1.1\nHost: h\n\n")
    for i in range(20):
        assert sock.recv(50000)
    sock.close()
    wait_for("the end of a reply",
             lambda: said(gruvids, "mirror cannot write") > failed)


def events_come_at_once(way, gruvids):
    sock = way.send("GET /subscribe HTTP/1.1\nHost: h\n\n")
    head = receive(sock, b"data: first\n\n")
    assert b"content-type: text/event-stream" in head.lower(), head
    sock.close()


def a_stream_takes_the_place(way, gruvids):
    sock = way.send("GET /shout HTTP/1.1\nHost: h\nConnection: upgrade\n"
                    "Upgrade: shout\n\n")
    assert receive(sock, b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
    for text in b"one", b"two":
        sock.sendall(text)
        receive(sock, text)
    sock.close()


def peer_of(way, **headers):
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    client = way.connect()
    name = client.sock.getsockname()
    answer = ask(client, "GET", "/headers", headers=headers)
    return (answer.getheader("X-Peer"), answer.getheader("X-Scheme"), name)


def clients_are_named_by_headers(way, gruvids):
    mine = ("tcp://127.0.0.1:0", "https")
    assert peer_of(way)[:2] == mine, peer_of(way)
    # What the client itself says of others is not believed.
    assert peer_of(way, X_Forwarded_For="192.0.2.1")[:2] == mine
    assert peer_of(way, Forwarded="for=192.0.2.1")[:2] == mine


def strangers_name_nobody(way, gruvids):
    peer, scheme, _ = peer_of(way, X_Forwarded_For="192.0.2.1")
    assert (peer, scheme) == ("unix:", "http"), (peer, scheme)


def clients_are_named_by_proxy(way, gruvids):
    for headers in {}, {"X_Forwarded_For": "192.0.2.1"}:
        peer, scheme, name = peer_of(way, **headers)
        assert peer == "tcp://%s:%d" % name, (peer, name)
        assert scheme == "http"


# --- load, while gruvid is exchanged ----------------------------------------

class Load(threading.Thread):
    """Asks again and again; nginx repeats no request with a body."""

    def __init__(self, way):
        super().__init__(daemon=True)
        self.way, self.ends, self.done, self.wrong = way, False, 0, []
        self.start()

    def run(self):
        while not self.ends:
            try:
                self.ask_some()
            except Exception as error:
                self.wrong.append(repr(error))

    def ask_some(self):
        client = self.way.connect()
        for i in range(10):
            if i % 5 == 4 and self.way.name != "nginx":
                answer = ask(client, "PUT", "/count", bytes(10000))
                good = answer.body == b"10000\n"
            else:
                answer = ask(client, "GET", "/load?%d" % i)
                good = answer.body == b"GET /load?%d gruvid.test\n" % i
            if not good:
                self.wrong.append((answer.status, answer.body))
            self.done += 1
            time.sleep(0.01)
        client.close()


def goes_on(loads):
    """Wait until each has got some answers more."""
    marks = [load.done + 10 for load in loads]
    wait_for("load", lambda: all(load.done >= mark
                                 for load, mark in zip(loads, marks)))


class Late(threading.Thread):
    """A request that is answered when its gruvid drains."""

    def __init__(self, way):
        super().__init__(daemon=True)
        self.way, self.answer = way, None
        self.start()

    def run(self):
        answer = self.way.ask("GET", "/drain")
        self.answer = (answer.status, answer.body)


def restart(gruvid, haproxy):
    gruvid.end()
    gruvid.start()
    if haproxy is not None:
        wait_for("%s is up" % gruvid.name, lambda: haproxy.is_up(gruvid.name))


def no_request_is_lost(ways, gruvids, haproxy):
    loads = [Load(way) for way in ways for i in range(2)]
    goes_on(loads)
    for g in gruvids:
        g.reload(2)
        goes_on(loads)
        g.control("restart", plugin="mirror")
        goes_on(loads)
        g.control("restart", plugin="http")
        goes_on(loads)
    late = [Late(way) for way in ways for i in range(2)]
    wait_for("handlers", lambda: len(late) == sum(
        g.count("slow", "requests_open") for g in gruvids))
    for g in gruvids:
        restart(g, haproxy)
        goes_on(loads)
    for load in loads:
        load.ends = True
    for load in loads:
        load.join()
        assert not load.wrong, (load.way.name, load.done, load.wrong)
    for one in late:
        one.join(PATIENCE)
        assert one.answer == (200, b"drained\n"), (one.way.name, one.answer)


# --- all of it --------------------------------------------------------------

passed = failed = 0


def check(test, way, *args):
    global passed, failed
    name = "%s: %s" % (way if isinstance(way, str) else way.name,
                       test.__name__.replace("_", " "))
    begun = time.monotonic()
    try:
        test(*args)
        passed += 1
        print("%s (%.2f s)" % (name, time.monotonic() - begun), flush=True)
    except Exception as error:
        failed += 1
        print("%s: %s: %s" % (name, type(error).__name__, error), flush=True)


def prepare():
    os.mkdir(path("plugins"))
    for name in ("plugins/.libs/http.so", "plugins/.libs/metrics.so",
                 "tests/http/plugins/.libs/mirror.so"):
        shutil.copy(os.path.join(BUILD, name), path("plugins"))
    os.mkdir(path("files"))
    with open(path("files/much"), "wb") as file:
        file.write(bytes(MUCH))
    with open(path("plugins/http.so"), "rb") as file:
        return b"nghttp2_session_mem_recv" in file.read()


def main():
    with_http2 = prepare()
    gruvids = [Gruvid("a"), Gruvid("b")]
    ways, haproxy = [], None
    if shutil.which("nginx"):
        nginx = Nginx()
        ways.append(Way("nginx", nginx.port))
        way = Way("nginx", nginx.stranger)
        check(strangers_name_nobody, way, way, gruvids)
    else:
        print("skipped: there is no nginx")
    if shutil.which("haproxy"):
        haproxy = Haproxy(with_http2)
        for name, port in haproxy.ports.items():
            way = Way("haproxy, " + name, port)
            if name.startswith("v"):
                check(clients_are_named_by_proxy, way, way, gruvids)
            else:
                ways.append(way)
    else:
        print("skipped: there is no haproxy")
    for way in ways:
        for test in (connections_are_kept, bodies_go_both_ways,
                     replies_without_a_body, a_client_waits_for_100,
                     a_client_leaves, events_come_at_once,
                     clients_are_named_by_headers):
            check(test, way, way, gruvids)
        if not way.name.endswith("h2"):
            check(a_stream_takes_the_place, way, way, gruvids)
    check(no_request_is_lost, "all", ways, gruvids, haproxy)
    for g in gruvids:
        check(g.end, g.name)
        check(is_content, g.name, g)


def is_content(gruvid):
    lines = [line for line in gruvid.log().split("\n")
             if " warning " in line or " error " in line]
    assert not lines, lines


try:
    main()
finally:
    for program in Program.all:
        if not program.has_ended():
            os.killpg(program.process.pid, signal.SIGKILL)
            program.process.wait()
print("%d passed, %d failed" % (passed, failed))
sys.exit(failed > 0)
