# SPDX-License-Identifier: MIT
"""The programs of proxies.py: gruvid, nginx and HAProxy.

Clients come over TCP, by ports that are bound here and not listened on, so that
nobody else is given them.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

BUILD, FOLDER = sys.argv[1], sys.argv[2]
PATIENCE = 60


def path(name):
    return os.path.join(FOLDER, name)


def read(name):
    with open(path(name), errors="replace") as file:
        return file.read()


def wait_for(what, condition):
    """Wait until a condition gives something true; return that."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError("waited in vain: " + what)


def reserve():
    """A port of 127.0.0.1, and the socket that keeps it."""
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    return keeper.getsockname()[1], keeper


class Program:
    """A process with a log; all are ended with the test."""
    all = []

    def run(self, name, *command):
        self.name = name
        with open(path(name + ".log"), "a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL,
                                            start_new_session=True)
        Program.all.append(self)

    def log(self):
        return read(self.name + ".log")

    def says(self, text, times=1):
        wait_for("%s: %s" % (self.name, text),
                 lambda: self.log().count(text) >= times or self.has_ended())
        assert self.log().count(text) >= times, self.log()

    def has_ended(self):
        return self.process.poll() is not None

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        status = self.process.wait(PATIENCE)
        assert status == 0, "%s: %d\n%s" % (self.name, status, self.log())


class Gruvid(Program):
    """NAME is its socket; NAME.proxied wants the PROXY protocol, and
    NAME.stranger trusts nobody."""
    starts = 0

    def __init__(self, name):
        self.name = name
        self.configure(1)
        self.start()

    def configure(self, number):
        routes = ("route = /files/{{path...}} -> static:{0}/files\n"
                  "route = /drain -> slow\n"
                  "route = /{{path...}} -> mirror\n").format(FOLDER)
        with open(path(self.name + ".conf"), "w") as file:
            file.write("[gruvid]\nhubs = 2\nlame_duck = 300ms\n"
                       "plugin_dir = {0}/plugins\ncontrol = {0}/{1}.control\n"
                       "[plugin http]\nlisten = unix:{0}/{1}\n"
                       "trusted_proxy = unix:\naccess_log = combined\n{2}"
                       "[plugin proxied]\nmodule = http\n"
                       "listen = unix:{0}/{1}.proxied\n"
                       "trusted_proxy = unix:\nproxy_protocol = yes\n{2}"
                       "[plugin health]\nmodule = http\n"
                       "listen = unix:{0}/{1}.health\n"
                       "route = GET /readyz -> metrics\n"
                       "[plugin stranger]\nmodule = http\n"
                       "listen = unix:{0}/{1}.stranger\n{2}"
                       "[plugin mirror]\nmax_body = {3}M\n"
                       "[plugin slow]\nmodule = mirror\n[plugin metrics]\n"
                       .format(FOLDER, self.name, routes, 10 + number))

    def start(self):
        self.starts += 1
        self.run(self.name, os.path.join(BUILD, ".libs/gruvid"),
                 "--trust-files", "-c", path(self.name + ".conf"))
        self.says("gruvid: ready", self.starts)

    def control(self, command, **members):
        """The answer of the control socket, whose lists may be in pieces."""
        lists = []
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(path(self.name + ".control"))
            s.sendall(json.dumps(dict(members, do=command)).encode() + b"\n")
            for line in s.makefile():
                answer = json.loads(line)
                assert answer["ok"], answer
                lists += answer.get(command, [])
                if not answer.get("more"):
                    return lists

    def count(self, plugin, what):
        return sum(p[what] for p in self.control("plugins")
                   if p["plugin"] == plugin)

    def reload(self, number):
        self.configure(number)
        self.control("reload")

    def peak(self):
        """Bytes of memory at most, since the last call."""
        with open("/proc/%d/status" % self.process.pid) as file:
            peak = int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1))
        with open("/proc/%d/clear_refs" % self.process.pid, "w") as file:
            file.write("5")
        return peak * 1024


class Nginx(Program):
    """One worker, as conf/nginx.conf.example has it."""

    def __init__(self):
        self.port, self.keeper = reserve()
        self.stranger = path("nginx.stranger")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        paths = "".join("%s_temp_path %s;" % (kind, path(kind))
                        for kind in kinds)
        with open(path("nginx.conf"), "w") as file:
            file.write(r"""
daemon off; pid {0}/nginx.pid; worker_processes 1; {4}
events {{ }}
http {{
    access_log off; {1}
    upstream gruvid {{
        server unix:{0}/a max_fails=0;
        server unix:{0}/b max_fails=0;
        keepalive 8;
    }}
    map $http_upgrade $connection_of_upstream {{ default upgrade; '' ''; }}
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto https;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_of_upstream;
    proxy_request_buffering off; proxy_buffering off; client_max_body_size 1g;
    server {{
        listen 127.0.0.1:{2};
        location / {{ proxy_pass http://gruvid; }}
    }}
    server {{
        listen unix:{3};
        location / {{ proxy_pass http://unix:{0}/a.stranger; }}
    }}
}}
""".format(FOLDER, paths, self.port, self.stranger,
           "" if os.getuid() else "user root;"))
        self.run("nginx", "nginx", "-p", FOLDER, "-e", path("nginx.log"), "-c",
                 path("nginx.conf"))
        wait_for("nginx listens", lambda: os.path.exists(self.stranger) or
                 self.has_ended())


class Haproxy(Program):
    """Frontends h1, h2, v1 and v2: how it speaks with gruvid."""

    def __init__(self, with_http2):
        self.ports, self.keepers = {}, []
        names = ("h1", "h2", "v1", "v2") if with_http2 else ("h1", "v1", "v2")
        with open(path("haproxy.conf"), "w") as file:
            file.write("""
global
    maxconn 200
    stats socket {0}/haproxy level admin
defaults
    mode http
    timeout connect 60s
    timeout client 60s
    timeout server 60s
    timeout tunnel 60s
    option http-no-delay
    http-reuse always
    retry-on conn-failure empty-response
    retries 3
    option redispatch 1
    option abortonclose
    option httpchk GET /readyz
    http-check expect status 200
    default-server inter 50ms fall 2 rise 1
""".format(FOLDER))
            for name in names:
                self.write(file, name)
        self.run("haproxy", "haproxy", "-db", "-f", path("haproxy.conf"))
        wait_for("haproxy listens",
                 lambda: os.path.exists(path("haproxy")) or self.has_ended())

    def write(self, file, name):
        more = {"h1": "check addr unix@{0}/{1}.health",
                "h2": "proto h2 check check-proto h1 "
                      "addr unix@{0}/{1}.health",
                "v1": "send-proxy track h1/{1}",
                "v2": "send-proxy-v2 track h1/{1}"}[name]
        self.ports[name], keeper = reserve()
        self.keepers.append(keeper)
        file.write("listen %s\n    bind 127.0.0.1:%d\n" %
                   (name, self.ports[name]))
        if name.startswith("v"):
            file.write("    mode tcp\n")
            server = "    server {1} unix@{0}/{1}.proxied " + more + "\n"
        else:
            file.write("    option forwardfor\n    http-request set-header "
                       "X-Forwarded-Proto https\n")
            server = "    server {1} unix@{0}/{1} " + more + "\n"
        for one in "a", "b":
            file.write(server.format(FOLDER, one))

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(path("haproxy"))
            s.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: s.recv(65536), b"")).decode()

    def is_up(self, server):
        lines = [line.split(",") for line in self.ask("show stat").split("\n")]
        states = [line[17] for line in lines if line[1:2] == [server]]
        assert len(states) == len(self.ports), lines
        return all(state.startswith("UP") or state == "no check"
                   for state in states)
