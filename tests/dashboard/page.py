# SPDX-License-Identifier: MIT
"""The page of plugins/dashboard in Chromium: page.py BUILD FOLDER."""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time

BUILD, FOLDER = sys.argv[1], sys.argv[2]
PATIENCE = 120
SKIP = 77


def wait_for(what, condition):
    """Wait until a condition gives something true; return that."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError("waited in vain: " + what)


class Gruvid:
    """gruvid with the plugins that the page shows."""

    def __init__(self):
        self.port = 0
        self.plugins = os.path.join(FOLDER, "plugins")
        os.mkdir(self.plugins)
        for name in ("http", "hello", "dashboard"):
            shutil.copy(os.path.join(BUILD, "plugins/.libs", name + ".so"),
                        self.plugins)
        self.start()

    def configure(self, more=""):
        with open(os.path.join(FOLDER, "gruvid.conf"), "w") as file:
            file.write("[gruvid]\nhubs = 2\ncontrol = {0}/control\n"
                       "plugin_dir = {1}\n"
                       "[plugin http]\nlisten = tcp://127.0.0.1:{2}\n"
                       "route = /hello -> hello\nroute = /d -> dashboard\n"
                       "[plugin hello]\n{3}"
                       "[plugin dashboard]\ntoken = sesame\n"
                       "interval = 200ms\n".format(FOLDER, self.plugins,
                                                   self.port, more))

    def log(self):
        with open(os.path.join(FOLDER, "log")) as file:
            return file.read()

    def start(self):
        self.configure()
        with open(os.path.join(FOLDER, "log"), "w") as log:
            self.process = subprocess.Popen(
                [os.path.join(BUILD, ".libs/gruvid"), "--trust-files", "-c",
                 os.path.join(FOLDER, "gruvid.conf")], stderr=log)
        wait_for("gruvid is ready", lambda: "ready" in self.log() or
                 self.process.poll() is not None)
        assert self.process.poll() is None, self.log()
        self.port = int(re.search(r"listening on tcp://127.0.0.1:(\d+)",
                                  self.log()).group(1))

    def stop(self):
        self.process.terminate()
        status = self.process.wait(PATIENCE)
        assert status == 0, "gruvid has ended with %d" % status

    def control(self, *command):
        subprocess.run([os.path.join(BUILD, "tools/gruvictl/gruvictl"), "-s",
                        os.path.join(FOLDER, "control"), *command],
                       check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)


class Load:
    """A client that asks until it is told to end."""

    def __init__(self, port):
        self.port, self.ended = port, False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port)
        while not self.ended:
            client.request("GET", "/hello?name=Ann")
            assert client.getresponse().read() == b"Hello, Ann!\n"
        client.close()

    def end(self):
        self.ended = True
        self.thread.join()


class Browser:
    """Chromium, by the protocol WebDriver."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=%d" % self.port],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.session = ""
        wait_for("ChromeDriver", self.answers)
        options = {"args": [
            "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-background-networking", "--window-size=1280,900",
            "--user-data-dir=" + os.path.join(FOLDER, "chromium")]}
        capabilities = {"browserName": "chrome", "goog:chromeOptions": options,
                        "goog:loggingPrefs": {"browser": "ALL"}}
        try:
            made = self.ask("POST", "/session", {
                "capabilities": {"alwaysMatch": capabilities}})
        except (AssertionError, OSError) as error:
            self.driver.kill()
            print("Chromium does not begin here: %s" % str(error)[:300])
            sys.exit(SKIP)
        self.session = "/session/" + made["sessionId"]

    def answers(self):
        try:
            return self.ask("GET", "/status")["ready"]
        except OSError:
            return False

    def ask(self, method, path, body=None):
        client = http.client.HTTPConnection("127.0.0.1", self.port,
                                            timeout=PATIENCE)
        client.request(method, path, None if body is None
                       else json.dumps(body),
                       {"Content-Type": "application/json"})
        answer = client.getresponse()
        value = json.loads(answer.read())["value"]
        client.close()
        assert answer.status == 200, value
        return value

    def do(self, method, path, body=None):
        return self.ask(method, self.session + path, body)

    def open(self, url):
        self.do("POST", "/url", {"url": url})

    def run(self, script):
        return self.do("POST", "/execute/sync", {"script": script, "args": []})

    def text(self, name):
        return self.run("return document.getElementById('%s').textContent"
                        % name)

    def emulate(self, command, **parameters):
        self.do("POST", "/goog/cdp/execute",
                {"cmd": "Emulation." + command, "params": parameters})

    def press(self, *keys):
        actions = []
        for key in keys:
            actions += [{"type": "keyDown", "value": key},
                        {"type": "keyUp", "value": key}]
        self.do("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": actions}]})

    def console(self):
        return self.do("POST", "/se/log", {"type": "browser"})

    def end(self):
        try:
            if self.session:
                self.do("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()


TAB, ENTER, LEFT, ESCAPE = "\ue004", "\ue007", "\ue012", "\ue00c"


class Tests:
    def __init__(self):
        self.gruvid = Gruvid()
        self.browser = Browser()
        self.url = "http://127.0.0.1:%d/d" % self.gruvid.port

    def is_live(self):
        b = self.browser
        wait_for("the page is live", lambda: b.text("state") == "live")

    def happened(self, pattern):
        wait_for("the page says: " + pattern, lambda: re.search(
            pattern, self.browser.text("events")))

    def test_it_is_live_under_load(self):
        b = self.browser
        b.open(self.url)
        self.is_live()
        load = Load(self.gruvid.port)
        try:
            wait_for("requests are counted", lambda: b.run(
                "return document.querySelector('#charts .now').textContent")
                not in ("–", "0/s", "0.00/s"))
            wait_for("hello has a latency", lambda: re.search(
                r"hello.*[µm]s", b.text("plugins")))
        finally:
            load.end()
        assert b.text("pid") == str(self.gruvid.process.pid)

    def test_axe_finds_nothing(self):
        """axe-core of npm, where AXE names its axe.min.js."""
        if "AXE" not in os.environ:
            print("left out: axe-core, AXE does not name its axe.min.js")
            return
        b = self.browser
        with open(os.environ["AXE"]) as file:
            axe = file.read()
        for scheme in ("light", "dark"):
            b.emulate("setEmulatedMedia", features=[
                {"name": "prefers-color-scheme", "value": scheme}])
            b.run(axe)
            found = b.do("POST", "/execute/async", {"args": [], "script":
                         "axe.run().then(r => arguments[0](r.violations.map("
                         "v => v.id + ': ' + v.nodes[0].html)))"})
            assert not found, found
        b.emulate("setEmulatedMedia", features=[])

    def test_nothing_is_inline_or_from_elsewhere(self):
        found = self.browser.run(
            "return [...document.querySelectorAll('[src],link[href]')].map("
            "e => e.src || e.href)")
        assert found and all(u.startswith(self.url) for u in found), found
        assert self.browser.run(
            "return performance.getEntriesByType('resource').every("
            "e => e.name.startsWith(location.href))")

    def test_charts_have_text_for_those_who_do_not_see_them(self):
        labels = self.browser.run(
            "return [...document.querySelectorAll('svg')].map("
            "s => s.getAttribute('aria-label'))")
        assert len(labels) > 10 and all(labels), labels
        assert any(re.match(r"Fibers: \d+ now; in five", l) for l in labels)

    def test_phone_and_dark(self):
        b = self.browser
        light = b.run("return getComputedStyle(document.body).backgroundColor")
        for width in (320, 360, 412, 768, 1280):
            b.emulate("setDeviceMetricsOverride", width=width, height=800,
                      deviceScaleFactor=2, mobile=width < 700)
            assert b.run("return document.documentElement.scrollWidth") \
                <= width, width
        b.emulate("clearDeviceMetricsOverride")
        b.emulate("setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark"}])
        dark = b.run("return getComputedStyle(document.body).backgroundColor")
        assert light != dark, dark
        b.emulate("setEmulatedMedia", features=[])

    def test_a_keyboard_is_enough(self):
        b = self.browser
        focus = "return document.activeElement"
        b.press(TAB)
        assert b.run(focus + ".className") == "skip"
        b.press(ENTER, TAB)
        assert b.run(focus + ".tagName") == "FIGURE"
        b.press(LEFT, LEFT)
        wait_for("an earlier time is shown",
                 lambda: b.text("cursor") != "now")
        b.press(ESCAPE)
        wait_for("now is shown", lambda: b.text("cursor") == "now")
        for _ in range(40):
            if b.run(focus + ".id") == "token":
                break
            b.press(TAB)
        b.press(*"wrong", ENTER)
        wait_for("a wrong token is refused", lambda: b.text(
            "inside-error") == "That is not the token.")
        b.run("document.getElementById('token').value = ''")
        b.press(*"sesame", ENTER)
        wait_for("the log is shown", lambda: "ready" in b.text("inside"))
        b.press(TAB, TAB, ENTER)
        wait_for("stacks are shown", lambda: "waits for" in b.text("inside"))

    def test_six_tabs_share_one_stream(self):
        b = self.browser
        first = b.do("GET", "/window")
        tabs = []
        for _ in range(5):
            tabs.append(b.do("POST", "/window/new", {"type": "tab"})["handle"])
            b.do("POST", "/window", {"handle": tabs[-1]})
            b.open(self.url)
        for tab in [first] + tabs:
            b.do("POST", "/window", {"handle": tab})
            self.is_live()
            wait_for("one stream for all", lambda: b.text("watchers") ==
                     "1 browser watching")
        for tab in tabs:
            b.do("POST", "/window", {"handle": tab})
            b.do("DELETE", "/window")
        b.do("POST", "/window", {"handle": first})
        self.is_live()

    def test_it_goes_on_through_a_reload(self):
        self.gruvid.configure("max_fibers = 1000\n")
        self.gruvid.control("reload")
        self.happened("configuration reloaded, reload 1")

    def test_it_goes_on_through_a_hot_swap(self):
        self.gruvid.control("restart", "hello")
        self.happened("hello: generation 2 takes over")
        self.gruvid.control("restart", "dashboard")
        self.happened("the dashboard's generation drains")
        self.happened("connected again")
        self.is_live()

    def test_lines_of_the_log_come_once(self):
        b = self.browser
        lines = ("return Array.from(document.querySelectorAll('#inside div'),"
                 " (line) => line.textContent)")
        b.run("for (let i = 0; i < 3; i++)"
              " document.getElementById('show-log').click()")
        wait_for("the log is shown",
                 lambda: "listening on" in b.text("inside"))
        for _ in range(3):
            before = len(b.run(lines))
            self.gruvid.control("reload")
            wait_for("new lines are shown",
                     lambda: len(b.run(lines)) > before)
        shown = b.run(lines)
        assert len(shown) == len(set(shown)), "\n".join(shown)

    def test_there_is_nothing_in_the_console(self):
        lines = self.browser.console()
        # The wrong token.
        lines = [l for l in lines if "401 (Unauthorized)" not in l["message"]]
        assert not lines, lines

    def test_it_goes_on_through_a_restart(self):
        self.gruvid.stop()
        wait_for("the page has noticed", lambda: self.browser.text(
            "state") == "reconnecting")
        self.gruvid.start()
        self.is_live()
        self.happened("gruvid restarted: pid %d" % self.gruvid.process.pid)
        wait_for("the pid is the new one", lambda: self.browser.text(
            "pid") == str(self.gruvid.process.pid))

    def run(self):
        names = [n for n in vars(Tests) if n.startswith("test_")]
        failed = 0
        for name in names:
            try:
                getattr(self, name)()
            except (AssertionError, OSError, subprocess.SubprocessError) as e:
                print("%s: %s" % (name, str(e)[:2000]))
                failed += 1
        print("%d passed, %d failed" % (len(names) - failed, failed))
        return failed


tests = Tests()
try:
    FAILED = tests.run()
finally:
    tests.browser.end()
    if tests.gruvid.process.poll() is None:
        tests.gruvid.process.kill()
        tests.gruvid.process.wait()
sys.exit(1 if FAILED else 0)
