# SPDX-License-Identifier: MIT
"""A gruvid of the soak: begun, looked at, reloaded, killed, begun again."""
import asyncio
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

PATIENCE = 120  # seconds, for what has to happen, however slow the machine is
BUILDS = "hello", "echo"


async def wait_for(what, condition):
    """Wait until a condition gives something true; return that."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        value = condition()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        await asyncio.sleep(0.05)
    raise TimeoutError("waited in vain: " + what)


def reserve():
    """A port of 127.0.0.1 that nobody else gets while the socket is open."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held, held.getsockname()[1]


def other_build(path):
    """The bytes of a plugin with another build-id: another build of it."""
    with open(path, "rb") as file:
        data = bytearray(file.read())
    # The note: sizes of name and descriptor, type 3, the name.
    at = data.find(b"\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0")
    if at < 0:
        raise ValueError(path + " has no build-id of 20 bytes")
    data[at + 16] ^= 0xff
    return bytes(data)


class Node:
    """
    name     of the node
    build    the build folder
    folder   of its own, there
    nats     the url, or None
    """

    def __init__(self, name, build, folder, nats):
        self.name, self.build, self.nats = name, build, nats
        self.folder = os.path.join(folder, name)
        self.plugins = os.path.join(self.folder, "plugins")
        self.control = os.path.join(self.folder, "s")
        os.makedirs(self.plugins)
        self.held_http, self.http = reserve()
        self.held_echo, self.echo = reserve()
        self.held_more, self.more = reserve()
        self.builds = {}
        for plugin in ("http", "hello", "echo", "metrics", "nats"):
            self.bring(os.path.join(build, "plugins/.libs", plugin + ".so"))
        self.bring(os.path.join(build, "plugins/examples/.libs/nats_jobs.so"))
        for plugin in BUILDS:
            path = os.path.join(self.plugins, plugin + ".so")
            with open(path, "rb") as file:
                self.builds[plugin] = [file.read(), other_build(path)]
        self.process = None
        self.kills = 0       # counted before each
        self.is_down = True  # from a kill until it is ready again
        self.variant = 0
        self.log_path = os.path.join(self.folder, "log")

    def bring(self, path):
        shutil.copy(path, self.plugins)

    # --- configuration ---------------------------------------------------------

    def configure(self, variant, mistake=""):
        """Variants differ in options, timeouts, a limit and an address."""
        self.variant = variant
        text = """[gruvid]
control = {0.control}
plugin_dir = {0.plugins}
hubs = 2
drain_timeout = 60s
cancel_timeout = 60s
stall_warning = 0
[log]
level = {level}
[plugin http]
listen = tcp://127.0.0.1:{0.http}
header_timeout = 2s
keepalive_timeout = {keepalive}
route = / -> hello
route = /metrics -> metrics
{route}
[plugin hello]
[plugin metrics]
[plugin echo]
listen = tcp://127.0.0.1:{0.echo}
{listen}
max_connections = {limit}
""".format(self, level=("info", "warning")[variant % 2],
           keepalive=("60s", "30s", "20s")[variant % 3],
           route=("", "route = /more/{name} -> hello")[variant // 2 % 2],
           listen=("", "listen = tcp://127.0.0.1:%d"
                   % self.more)[variant // 2 % 2],
           limit=(0, 500)[variant // 3 % 2])
        if self.nats:
            text += """[plugin nats]
url = {0.nats}
node = {0.name}
route = hello -> hello
work = JOBS/workers -> nats_jobs
max_deliveries = 1000000
[plugin nats_jobs]
time = 20ms
""".format(self)
        new = os.path.join(self.folder, "conf.new")
        with open(new, "w", encoding="utf-8") as file:
            file.write(text + mistake)
        os.rename(new, os.path.join(self.folder, "gruvid.conf"))

    def put_build(self, plugin, which):
        """Install one of two builds of a plugin, by a rename."""
        path = os.path.join(self.plugins, plugin + ".so")
        with open(path + ".new", "wb") as file:
            file.write(self.builds[plugin][which])
        os.rename(path + ".new", path)

    # --- life --------------------------------------------------------------------

    def environment(self):
        libs = ":".join(os.path.join(self.build, folder, ".libs")
                        for folder in ("daemon", "lib"))
        return dict(os.environ, LD_LIBRARY_PATH=libs)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    async def start(self):
        self.configure(0)
        begins = os.path.getsize(self.log_path) \
            if os.path.exists(self.log_path) else 0
        with open(self.log_path, "a", encoding="utf-8") as log:
            # Ends with the soak, however that ends.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL",
                 os.path.join(self.build, ".libs/gruvid"), "--trust-files",
                 "-c", os.path.join(self.folder, "gruvid.conf")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment(), start_new_session=True)

        def is_ready():
            if self.process.poll() is not None:
                raise RuntimeError("%s has ended with %d:\n%s" % (
                    self.name, self.process.returncode, self.log()[begins:]))
            return "gruvid: ready" in self.log()[begins:]
        await wait_for(self.name + " is ready", is_ready)
        self.is_down = False

    async def kill(self):
        """kill -9, and what comes after it."""
        self.kills += 1
        self.is_down = True
        self.process.send_signal(signal.SIGKILL)
        await wait_for("its end", lambda: self.process.poll() is not None)

    async def stop(self):
        """SIGTERM; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        await wait_for("its end", lambda: self.process.poll() is not None)
        self.is_down = True
        return self.process.returncode

    # --- the control socket ------------------------------------------------------

    async def gruvictl(self, *command):
        """Returns the exit status, and what it says."""
        run = await asyncio.create_subprocess_exec(
            os.path.join(self.build, "tools/gruvictl/gruvictl"), "-s",
            self.control, *command, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=self.environment())
        said, _ = await asyncio.wait_for(run.communicate(), PATIENCE)
        return run.returncode, said.decode(errors="replace")

    async def ask(self, command):
        """The answer to a command, as an object."""
        reader, writer = await asyncio.open_unix_connection(self.control,
                                                            limit=1 << 24)
        try:
            writer.write(json.dumps({"do": command}).encode() + b"\n")
            line = await asyncio.wait_for(reader.readline(), PATIENCE)
            return json.loads(line)
        finally:
            writer.close()

    async def sample(self):
        """Figures of now; None: it is down."""
        if self.is_down:
            return None
        pid, kills = self.process.pid, self.kills
        try:
            status, hubs = await self.ask("status"), await self.ask("hubs")
            with open("/proc/%d/status" % pid, encoding="ascii") as file:
                rss = int(re.search(r"VmRSS:\s*(\d+)", file.read()).group(1))
            descriptors = len(os.listdir("/proc/%d/fd" % pid))
        except (OSError, ValueError, AttributeError, TimeoutError):
            # A kill may come in the middle; anything else may not.
            if self.kills == kills:
                raise
            return None
        return {"rss": rss * 1024, "descriptors": descriptors,
                "fibers": sum(hub["fibers"] for hub in hubs["hubs"]),
                "connections": status["connections"],
                "draining": status["draining"]}
