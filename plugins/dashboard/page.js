// SPDX-License-Identifier: MIT
// The page: what comes from the source, as text and charts.  All text of gruvid
// is put in as text, never as HTML.
"use strict";

(function () {
  const F = self.Figures, C = Charts;
  const { make, put } = C;
  const id = (name) => document.getElementById(name);

  let frames = [], latest = null, state = { name: "connecting" };
  let cursor = null; // a frame that is looked at; null: the newest
  let drawn = false;

  // --- the charts ----------------------------------------------------------

  const perSecond = (n) => F.formatCount(n, "/s");
  const bytesPerSecond = (n) => F.formatBytes(n, "/s");
  const charts = [
    { name: "Requests", least: 10, format: perSecond,
      series: [(f) => f.requests] },
    { name: "Latency p99", least: 1e-5, format: F.formatSeconds,
      series: [(f) => f.p50, (f) => f.p99],
      note: (f) => "p50 " + F.text(F.formatSeconds(f.p50)) },
    { name: "Connections", least: 10, format: F.formatCount,
      series: [(f) => f.parked, (f) => f.connections],
      note: (f) => F.text(F.formatCount(f.parked)) + " parked" },
    { name: "Fibers", least: 10, format: F.formatCount,
      series: [(f) => f.fibers] },
    { name: "Loop lag, longest", least: 1e-4, format: F.formatSeconds,
      series: [(f) => f.lag] },
    { name: "Stalls", least: 5, format: F.formatCount,
      series: [(f) => f.stalls] },
    { name: "Pool wait p99", least: 1e-3, format: F.formatSeconds,
      series: [(f) => f.wait],
      note: (f) => F.text(F.formatCount(f.queued)) + " queued" },
    { name: "Sent", least: 1024, bytes: true, format: bytesPerSecond,
      series: [(f) => f.received, (f) => f.sent],
      note: (f) => F.text(bytesPerSecond(f.received)) + " received" },
  ].map((about) => new C.Chart(id("charts"), about));

  // --- tables --------------------------------------------------------------

  // Rows by their key, made once: what changes is their text.
  class Rows {
    constructor(table, columns, empty) {
      this.body = id(table).tBodies[0];
      this.columns = columns;
      this.rows = new Map();
      this.none = make("tr", "none", this.body);
      const cell = make("td", "text empty", this.none);
      cell.colSpan = columns.length;
      put(cell, empty);
    }

    make(key) {
      const row = { tr: make("tr", "", this.body), cells: [] };

      for (const column of this.columns) {
        const cell = make(column.head ? "th" : "td", column.className || "",
          row.tr);
        if (column.head) cell.scope = "row";
        if (column.series)
          row.plot = new C.Plot(cell, [column.series(key)], 24, column.least);
        if (column.bar) row.bar = make("span", "fill", cell);
        row.cells.push(cell);
      }
      this.rows.set(key, row);
      return row;
    }

    show(items, to) {
      const seen = new Set(items.map((item) => item.key));

      this.none.hidden = items.length > 0;
      for (const item of items) {
        const row = this.rows.get(item.key) || this.make(item.key);

        this.columns.forEach((column, i) => {
          if (column.text) column.text(row.cells[i], item);
        });
        if (row.plot) {
          const range = row.plot.show(frames, to);
          row.plot.label(item.chart(range));
          row.plot.cursor(cursor ? cursor.time : null, to);
        }
        if (row.bar) row.bar.style.width = item.share + "%";
        if (row.tr !== this.body.lastElementChild || items.length > 1)
          this.body.append(row.tr);
      }
      for (const [key, row] of this.rows)
        if (!seen.has(key)) {
          row.tr.remove();
          this.rows.delete(key);
        }
    }
  }

  function number(name, format) {
    return { text(cell, item) {
      const pair = format(item[name]);

      put(cell, F.text(pair));
      cell.classList.toggle("zero", !item[name]);
    } };
  }

  function alarm(name) {
    return { text(cell, item) {
      put(cell, F.text(F.formatCount(item[name])));
      cell.classList.toggle("zero", !item[name]);
      cell.classList.toggle("alarm", item[name] > 0);
    } };
  }

  const stateColumn = { className: "state", text(cell, item) {
    put(cell, item.state);
    cell.className = "state dot " + item.mood;
  } };

  const nameColumn = { head: true, text(cell, item) {
    if (!cell.firstChild)
      cell.append(document.createTextNode(""), make("small"));
    put(cell.firstChild, item.name);
    put(cell.lastChild, item.more || "");
  } };

  const plugins = new Rows("plugins", [nameColumn, stateColumn,
    { className: "spark", least: 5, series: (name) => (f) =>
      f.plugins[name] ? f.plugins[name].fibers : null },
    number("fibers", F.formatCount), number("connections", F.formatCount),
    number("parked", F.formatCount), number("requests", perSecond),
    number("p50", F.formatSeconds), number("p99", F.formatSeconds),
    alarm("failed"), alarm("stalls")], "No plugin is configured.");

  const routes = new Rows("routes", [nameColumn, number("rate", perSecond),
    number("p50", F.formatSeconds), number("p99", F.formatSeconds),
    number("open", F.formatCount), number("done", F.formatCount),
    number("wrong", F.formatCount), alarm("failed")],
  "No request has been answered yet.");

  const hubs = new Rows("hubs", [nameColumn, stateColumn,
    { className: "spark", least: 1e-4, series: (name) => (f) =>
      f.hubs[name] ? f.hubs[name].lag : null },
    number("lag", F.formatSeconds), number("fibers", F.formatCount),
    number("ready", F.formatCount), number("connections", F.formatCount),
    number("turns", perSecond), number("switches", perSecond)],
  "Nothing has come yet.");

  const pools = new Rows("pools", [nameColumn,
    { className: "spark", least: 2, series: (name) => (f) =>
      f.pools[name] ? f.pools[name].busy : null },
    number("busy", F.formatCount), number("queued", F.formatCount),
    number("work", perSecond), number("wait", F.formatSeconds)],
  "Nothing has come yet.");

  const waits = new Rows("waits", [nameColumn, { className: "bar", bar: true },
    number("count", F.formatCount), number("longest", F.formatSeconds)],
  "Nothing has come yet.");

  function rangeText(what, format) {
    return (range) => what + ", in five minutes from " +
      F.text(format(range.lowest)) + " to " + F.text(format(range.highest));
  }

  // Sums over the frames of the charts, for what seldom happens.
  function sumOf(plugin, name) {
    return frames.reduce((sum, f) =>
      sum + ((f.plugins[plugin] || {})[name] || 0), 0);
  }

  function pluginItem(name, frame) {
    const all = latest.plugins.filter((p) => p.plugin === name);
    const current = all[all.length - 1] || { state: "gone", generation: "" };
    const old = all.length - 1;

    return { ...frame.plugins[name], key: name, name,
      more: "gen " + current.generation + (old > 0
        ? ", " + old + " drain" + (old === 1 ? "s" : "") : ""),
      state: current.state,
      mood: current.state === "serving" ? "good"
        : current.state === "abandoned" ? "bad" : "wait",
      requests: frame.plugins[name].answers
        ? frame.plugins[name].requests : null,
      failed: sumOf(name, "failed"), stalls: sumOf(name, "stalls"),
      chart: rangeText("fibers of " + name, F.formatCount) };
  }

  function showTables(frame, to) {
    const names = [...new Set(latest.plugins.map((p) => p.plugin))].sort();

    plugins.show(names.filter((name) => frame.plugins[name])
      .map((name) => pluginItem(name, frame)), to);
    routes.show(latest.routes.map((r) => ({ ...r, name: r.route,
      more: "→ " + r.plugin })), to);
    hubs.show(Object.entries(frame.hubs).map(([key, h]) => ({ ...h, key,
      name: key, state: h.answers ? "answers" : "no answer",
      mood: h.answers ? "good" : "bad",
      chart: rangeText("lag of hub " + key, F.formatSeconds) })), to);
    pools.show(Object.entries(frame.pools).map(([key, p]) => ({ ...p, key,
      name: key, more: p.threads + " of " + p.max + " threads",
      chart: rangeText("busy threads of " + key, F.formatCount) })), to);
    const most = Math.max(1, ...latest.waits.map((w) => w.count));
    waits.show(latest.waits.map((w) => ({ ...w, key: w.name,
      share: (100 * w.count / most).toFixed(1) })), to);
  }

  // --- all of it -----------------------------------------------------------

  function showAbout() {
    const status = latest.status, watchers = latest.sample.watchers;

    put(id("version"), status.version || "–");
    put(id("pid"), String(status.pid || "–"));
    put(id("uptime"), F.formatUptime(status.uptime));
    put(id("stage"), status.reloading ? "reloads: " + status.reloading
      : status.stage || "–");
    put(id("watchers"), watchers + (watchers === 1 ? " browser" : " browsers") +
      " watching");
  }

  function showState() {
    const moods = { live: "good", connecting: "wait", reconnecting: "bad" };

    put(id("state"), state.name);
    id("state").className = "pill " + (moods[state.name] || "wait");
    document.title = (state.name === "live" ? "" : "(" + state.name + ") ") +
      "gruvid";
  }

  function show() {
    const newest = frames[frames.length - 1];

    drawn = false;
    if (!newest || !latest || document.hidden) return;
    if (cursor && !frames.includes(cursor)) cursor = nearest(cursor.time);
    for (const chart of charts) chart.show(frames, newest.time, cursor);
    showTables(cursor || newest, newest.time);
    showAbout();
    put(id("cursor"), cursor ? new Date(cursor.time).toLocaleTimeString()
      : "now");
  }

  function showSoon() {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(show);
  }

  function addEvent(event, fresh) {
    const item = document.createElement("li");
    const time = make("time", "", item);

    time.dateTime = new Date(event.time).toISOString();
    put(time, new Date(event.time).toLocaleTimeString());
    put(make("span", "", item), event.text);
    id("events").prepend(item);
    while (id("events").children.length > 200) id("events").lastChild.remove();
    id("no-events").hidden = true;
    if (fresh) put(id("notice"), event.text);
  }

  const takers = {
    all(m) {
      frames = m.frames.slice();
      latest = m.latest;
      state = m.state;
      id("events").replaceChildren();
      for (const event of m.events) addEvent(event, false);
      takers.interval(m);
      showState();
      showSoon();
    },
    frame(m) {
      F.keep(frames, m.frame);
      latest = m.latest;
      showSoon();
    },
    event(m) {
      addEvent(m.event, true);
      // Its log begins anew.
      if (m.event.text.startsWith("gruvid restarted")) shownLine = 0;
    },
    state(m) { state = m.state; showState(); },
    interval(m) { put(id("interval"), F.text(F.formatSeconds(m.interval / 1000))); },
  };

  function take(message) {
    takers[message.what](message);
  }

  // --- a time that is looked at --------------------------------------------

  function nearest(time) {
    return frames.reduce((best, f) => best === null ||
      Math.abs(f.time - time) < Math.abs(best.time - time) ? f : best, null);
  }

  id("charts").addEventListener("pointermove", (event) => {
    const plot = event.target.closest(".plot");
    const newest = frames[frames.length - 1];

    if (!plot || !newest) return;
    const box = plot.getBoundingClientRect();
    cursor = nearest(newest.time - C.SPAN +
      (event.clientX - box.left) / box.width * C.SPAN);
    showSoon();
  });
  id("charts").addEventListener("pointerleave", () => {
    cursor = null;
    showSoon();
  });
  id("charts").addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];

    if (event.key === "Escape") cursor = null;
    else if (!step || frames.length === 0) return;
    else {
      const i = cursor ? frames.indexOf(cursor) : frames.length - 1;
      cursor = frames[Math.max(0, i + step)] || null;
    }
    event.preventDefault();
    showSoon();
  });

  // --- log and stacks ------------------------------------------------------

  function refusal(status) {
    return { 401: "That is not the token.",
      403: "No token is configured: set the option token of this plugin." }[
      status] || "gruvid has answered " + status + ".";
  }

  async function ask(what) {
    const token = id("token").value;
    const headers = token === "" ? {} : { Authorization: "Bearer " + token };
    const answer = await fetch("?" + what, { headers, cache: "no-store" });

    if (!answer.ok) throw new Error(refusal(answer.status));
    return (await answer.text()).trim().split("\n").map((l) => JSON.parse(l));
  }

  let shownLine = 0; // the number of the last line of the log that is shown
  let follow = null; // the timer of the next look at the log

  function addLines(pre, pieces) {
    for (const line of pieces.flatMap((p) => p.lines || [])) {
      put(make("div", line.level, pre), line.time + " " +
        line.level.padEnd(7) + " " + (line.plugin || "") +
        (line.fiber ? "[" + line.fiber + "]" : "") + ": " + line.message);
      shownLine = line.number;
    }
    while (pre.children.length > 2000) pre.firstChild.remove();
  }

  function showLog(pieces) {
    const pre = document.createElement("pre");

    addLines(pre, pieces);
    return pre;
  }

  function followSoon(pre) {
    clearTimeout(follow);
    follow = setTimeout(() => followLog(pre), 2000);
  }

  // New lines go below; a view that was scrolled up stays there.  It ends when
  // something else is shown, also where that comes while it waits for gruvid.
  async function followLog(pre) {
    const box = id("inside"), ends = () => pre !== box.firstElementChild;

    if (ends()) return;
    const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 4;

    if (!document.hidden && state.name === "live") {
      try {
        const pieces = await ask("log&after=" + shownLine);

        if (ends()) return;
        addLines(pre, pieces);
        put(id("inside-error"), "");
      } catch (error) {
        if (ends()) return;
        put(id("inside-error"), error.message);
      }
      if (atEnd) box.scrollTop = box.scrollHeight;
    }
    if (!box.hidden) followSoon(pre);
  }

  function frameText(frame, modules) {
    const module = modules.get(frame.module);

    return "    " + (frame.function
      ? frame.function + "+0x" + frame.at.toString(16)
      : (module ? module.name : "?") + "+0x" + frame.offset.toString(16));
  }

  function showStacks(pieces) {
    const pre = document.createElement("pre");
    const all = (name) => pieces.flatMap((p) => p[name] || []);
    const stacks = new Map(all("stacks").map((s) => [s.stack, s]));
    const modules = new Map(all("modules").map((m) => [m.module, m]));

    for (const group of all("groups")) {
      put(make("div", "", pre), group.count + " × " + group.name +
        (group.plugin ? " of " + group.plugin + ", generation " +
          group.generation : "") + ", " + (group.waits_for
        ? "waits for " + group.waits_for : group.state));
      const stack = stacks.get(group.stack) || { frames: [] };
      for (const frame of stack.frames)
        put(make("div", "debug", pre), frameText(frame, modules));
    }
    return pre;
  }

  async function showInside(what, makeText) {
    put(id("inside-error"), "");
    clearTimeout(follow);
    try {
      const shown = makeText(await ask(what));
      id("inside").replaceChildren(shown);
      id("inside").hidden = false;
      id("inside").scrollTop = what === "log" ? id("inside").scrollHeight : 0;
      if (what === "log") followSoon(shown);
    } catch (error) {
      put(id("inside-error"), error.message);
      id("inside").hidden = true;
    }
  }

  id("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    showInside("log", showLog);
  });
  id("show-stacks").addEventListener("click", () =>
    showInside("stacks", showStacks));

  // --- the source ----------------------------------------------------------

  function useWorker() {
    const port = new SharedWorker("?source", "gruvid dashboard").port;

    port.onmessage = (event) => take(event.data);
    port.start();
    port.postMessage("enter");
    addEventListener("pagehide", () => port.postMessage("leave"));
    addEventListener("pageshow", (event) => {
      if (event.persisted) port.postMessage("enter");
    });
  }

  function useScript() {
    const script = document.createElement("script");

    script.src = "?source";
    script.addEventListener("load", () =>
      new self.Source("?events").enter(take));
    document.head.append(script);
  }

  document.addEventListener("visibilitychange", showSoon);
  showState();
  if (typeof SharedWorker === "undefined") useScript();
  else useWorker();
})();
