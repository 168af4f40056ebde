// SPDX-License-Identifier: MIT
// What the page computes, without a page: for tabs, for the worker that they
// share, and for tests.
"use strict";

(function (root) {
  // --- samples -------------------------------------------------------------

  // Lines of JSON, several of an answer: an object of answers by their id, in
  // which the arrays of all lines are joined.
  function readSample(text) {
    const answers = {};

    for (const line of text.split("\n")) {
      if (line === "") continue;
      const piece = JSON.parse(line);
      const answer = answers[piece.id] || (answers[piece.id] = {});
      for (const [name, value] of Object.entries(piece))
        answer[name] = Array.isArray(value)
          ? (answer[name] || []).concat(value) : value;
    }
    return answers;
  }

  function listOf(answers, id, name) {
    const answer = answers && answers[id];
    const list = answer && answer[name || id];

    return Array.isArray(list) ? list : [];
  }

  function byKey(list, key) {
    return new Map(list.map((item) => [key(item), item]));
  }

  // Whether two samples are of one process.
  function sameProcess(before, now) {
    const a = before && before.status, b = now.status;

    return Boolean(a && b && a.pid === b.pid && b.uptime >= a.uptime);
  }

  // Whether an answer with counters is in two samples of one process: one that
  // has failed is not an answer with zeros.
  function areComparable(before, now, id) {
    const has = (answers) => Boolean(answers[id] && answers[id][id]);

    return sameProcess(before, now) && has(before) && has(now);
  }

  // Seconds between two samples, by a clock that nobody sets.
  function secondsBetween(before, now) {
    return Math.max(0.001, now.status.uptime - before.status.uptime);
  }

  // --- histograms ----------------------------------------------------------

  // Bucket i has what took less than 2^i microseconds, and at least half of
  // that.  Returns seconds under which a share was, within the bucket in
  // proportion; null: nothing was counted.
  function percentile(buckets, share) {
    const all = buckets.reduce((sum, n) => sum + n, 0);
    let below = 0;

    if (all <= 0) return null;
    for (let i = 0; i < buckets.length; i++) {
      if (below + buckets[i] >= share * all && buckets[i] > 0) {
        const low = i === 0 ? 0 : 2 ** (i - 1), high = 2 ** i;
        const part = (share * all - below) / buckets[i];
        return (low + (high - low) * Math.max(0, part)) / 1e6;
      }
      below += buckets[i];
    }
    return 2 ** (buckets.length - 1) / 1e6;
  }

  function differences(before, now) {
    return (now || []).map((n, i) => Math.max(0, n - ((before || [])[i] || 0)));
  }

  function addTo(sum, more) {
    more.forEach((n, i) => { sum[i] = (sum[i] || 0) + n; });
    return sum;
  }

  // --- frames --------------------------------------------------------------

  function emptyPlugin() {
    return { fibers: 0, connections: 0, parked: 0, requests: 0, answered: 0,
      failed: 0, stalls: 0, received: 0, sent: 0, calls: 0, times: [] };
  }

  // The counters of all generations of each section, as growth since before: a
  // generation that has ended does not make them go down.
  function pluginsOf(before, now, known) {
    const key = (p) => p.plugin + "\n" + p.generation;
    const old = byKey(listOf(before, "plugins"), key);
    const sums = new Map();

    for (const p of listOf(now, "plugins")) {
      const was = old.get(key(p)) || {};
      const sum = sums.get(p.plugin) || emptyPlugin();
      const grown = (name) => Math.max(0, (p[name] || 0) - (was[name] || 0));

      sums.set(p.plugin, sum);
      for (const name of ["fibers", "connections", "parked"])
        sum[name] += p[name] || 0;
      sum.answered += p.requests || 0;
      if (!known) continue;
      for (const name of ["requests", "stalls", "received", "sent"])
        sum[name] += grown(name);
      sum.failed += grown("failed") + grown("requests_failed");
      addTo(sum.times, differences(was.times, p.times));
    }
    return sums;
  }

  function hubsOf(before, now, seconds) {
    const old = byKey(listOf(before, "hubs"), (h) => h.hub);

    return Object.fromEntries(listOf(now, "hubs").map((h) => {
      const was = old.get(h.hub);
      const rate = (name) => was && seconds
        ? Math.max(0, h[name] - was[name]) / seconds : null;

      return [h.hub, { answers: h.answers, lag: h.answers ? h.lag : null,
        fibers: h.fibers, ready: h.ready, connections: h.connections,
        turns: rate("turns"), switches: rate("switches") }];
    }));
  }

  function poolsOf(before, now, seconds) {
    const old = byKey(listOf(before, "pools"), (p) => p.name);

    return Object.fromEntries(listOf(now, "pools").map((p) => {
      const was = old.get(p.name);

      return [p.name, { busy: p.busy, threads: p.threads, max: p.max,
        queued: p.queued,
        work: was && seconds ? Math.max(0, p.done - was.done) / seconds : null,
        wait: was ? percentile(differences(was.waits, p.waits), 0.99) : null }];
    }));
  }

  function total(items, name) {
    return items.reduce((sum, item) => sum + (item[name] || 0), 0);
  }

  function highest(items, name) {
    const known = items.map((item) => item[name]).filter((n) => n !== null);

    return known.length === 0 ? null : Math.max(...known);
  }

  // What a sample says, with rates since the one before; null: not known.
  function makeFrame(before, now) {
    const known = areComparable(before, now, "plugins");
    const seconds = known ? secondsBetween(before, now) : 0;
    const sums = pluginsOf(known ? before : null, now, known);
    const frame = { time: now.sample.time, gap: !known, plugins: {} };
    const times = [];

    for (const [name, sum] of sums) {
      if (sum.answered > 0) addTo(times, sum.times);
      frame.plugins[name] = { fibers: sum.fibers,
        connections: sum.connections, parked: sum.parked,
        answers: sum.answered > 0,
        requests: known ? sum.requests / seconds : null,
        failed: known ? sum.failed : null, stalls: known ? sum.stalls : null,
        p50: percentile(sum.times, 0.5), p99: percentile(sum.times, 0.99) };
    }
    const all = [...sums.values()];
    frame.hubs = hubsOf(known ? before : null, now, seconds);
    frame.pools = poolsOf(known ? before : null, now, seconds);
    frame.requests = known ? total(all, "requests") / seconds : null;
    frame.p50 = percentile(times, 0.5);
    frame.p99 = percentile(times, 0.99);
    frame.connections = total(all, "connections");
    frame.parked = total(all, "parked");
    frame.fibers = total(Object.values(frame.hubs), "fibers");
    frame.lag = highest(Object.values(frame.hubs), "lag");
    frame.stalls = known ? total(all, "stalls") : null;
    frame.sent = known ? total(all, "sent") / seconds : null;
    frame.received = known ? total(all, "received") / seconds : null;
    frame.wait = highest(Object.values(frame.pools), "wait");
    frame.queued = total(Object.values(frame.pools), "queued");
    return frame;
  }

  // --- the frames of five minutes ------------------------------------------

  const SPAN = 300000; // milliseconds that charts show
  const KEPT = 400;    // frames
  const NEWEST = 100;  // of them as they came
  const LONG = 3 * SPAN / KEPT; // milliseconds of a frame made of others

  const SUMS = new Set(["failed", "stalls"]);
  const RATES = new Set(["requests", "sent", "received", "work", "turns",
    "switches"]);
  const PEAKS = new Set(["lag", "wait", "queued", "p50", "p99"]);

  function joinValues(name, a, b, share) {
    if (a === null || a === undefined) return b;
    if (b === null || b === undefined) return a;
    if (SUMS.has(name)) return a + b;
    if (RATES.has(name)) return a * share + b * (1 - share);
    return PEAKS.has(name) ? Math.max(a, b) : b;
  }

  // Two frames as one: what has happened in both, the highest of what peaks, and
  // the newer of all else.  share: the part of the time that the older has.
  function join(a, b, share) {
    const joined = {};

    for (const [name, value] of Object.entries(b))
      joined[name] = value !== null && typeof value === "object"
        ? join(a[name] || {}, value, share)
        : joinValues(name, a[name], value, share);
    return joined;
  }

  // Neighbours become one where they are short, and not parted by a gap.
  function thin(frames) {
    for (let i = 1; i < frames.length - NEWEST; i++) {
      const a = frames[i], b = frames[i + 1];
      const begun = frames[i - 1].time;

      if (b.gap || b.time - begun > LONG) continue;
      const joined = join(a, b, (a.time - begun) / (b.time - begun));
      frames.splice(i, 2, Object.assign(joined, { gap: a.gap }));
    }
  }

  // Add a frame, and drop what charts do not show: what is too old, and what a
  // clock that was set back has left in the future.
  function keep(frames, frame) {
    while (frames.length > 0 && frames[frames.length - 1].time >= frame.time)
      frames.pop();
    frames.push(frame);
    while (frames[0].time < frame.time - SPAN) frames.shift();
    if (frames.length > KEPT) thin(frames);
    while (frames.length > KEPT) frames.shift();
  }

  // Fibers by what they wait for, the most first; what is left in one line.
  function waitsOf(answers, most) {
    const sums = new Map();

    for (const g of listOf(answers, "fibers", "groups")) {
      const name = g.waits_for || (g.state === "waits" ? "?" : g.state);
      const sum = sums.get(name) || { name, count: 0, longest: 0 };

      sum.count += g.count;
      sum.longest = Math.max(sum.longest, g.longest || 0);
      sums.set(name, sum);
    }
    const all = [...sums.values()].sort((a, b) =>
      b.count - a.count || (a.name < b.name ? -1 : 1));
    if (all.length <= most) return all;
    const rest = all.slice(most - 1);
    return all.slice(0, most - 1).concat({ name: rest.length + " others",
      count: total(rest, "count"), longest: highest(rest, "longest") });
  }

  // Of all methods, those with a class of status.
  function countClass(route, name) {
    return Object.values(route.by || {}).reduce((sum, classes) =>
      sum + (classes[name] || 0), 0);
  }

  // Routes with what they did since the sample before, the busiest since the
  // start first.
  function routesOf(before, now, most) {
    const known = areComparable(before, now, "requests");
    const seconds = known ? secondsBetween(before, now) : 0;
    const key = (r) => r.plugin + "\n" + r.route;
    const old = known ? byKey(listOf(before, "requests"), key) : new Map();

    return listOf(now, "requests").sort((a, b) => b.done - a.done)
      .slice(0, most).map((r) => {
        const was = old.get(key(r)) || {};
        const times = known ? differences(was.times, r.times) : [];

        return { key: key(r), plugin: r.plugin, route: r.route || "no route",
          open: r.open, rate: known
            ? Math.max(0, r.done - (was.done || 0)) / seconds : null,
          p50: percentile(times, 0.5), p99: percentile(times, 0.99),
          done: r.done, wrong: countClass(r, "4xx"),
          failed: countClass(r, "5xx") };
      });
  }

  // --- what has changed, in words ------------------------------------------

  function changesOfReload(before, now) {
    const old = before.status.reload, reload = now.status.reload;

    if (!reload || (old && old.number === reload.number)) return [];
    if (!reload.worked)
      return ["reload " + reload.number + " refused: " +
        ((reload.reasons || [])[0] || "see the log")];
    return ["configuration reloaded, reload " + reload.number];
  }

  function changesOfPlugins(before, now) {
    if (!areComparable(before, now, "plugins")) return [];
    const key = (p) => p.plugin + "\n" + p.generation;
    const old = byKey(listOf(before, "plugins"), key);
    const next = byKey(listOf(now, "plugins"), key);
    const names = new Set(listOf(before, "plugins").map((p) => p.plugin));
    const said = [];

    for (const [k, p] of next) {
      const was = old.get(k);
      const twins = listOf(before, "plugins").filter((q) =>
        q.plugin === p.plugin);

      if (!was && !names.has(p.plugin))
        said.push(p.plugin + " started, generation " + p.generation);
      else if (!was)
        said.push(p.plugin + ": generation " + p.generation + " takes over" +
          (twins.some((q) => q.build_id === p.build_id)
            ? "" : ", with a new build"));
      else if (p.stalls > was.stalls)
        said.push(p.plugin + " has kept a hub: " + (p.stalls - was.stalls) +
          (p.stalls - was.stalls === 1 ? " stall" : " stalls"));
    }
    for (const [k, p] of old)
      if (!next.has(k))
        said.push(p.plugin + ": generation " + p.generation + " has ended");
    return said;
  }

  function changesOfHubs(before, now) {
    const old = byKey(listOf(before, "hubs"), (h) => h.hub);

    return listOf(now, "hubs").filter((h) =>
      old.has(h.hub) && old.get(h.hub).answers !== h.answers).map((h) =>
      "hub " + h.hub + (h.answers ? " answers again" : " does not answer"));
  }

  // Sentences about what has happened between two samples.
  function changes(before, now) {
    const said = [];

    if (!before || !before.status || !now.status) return said;
    if (!sameProcess(before, now)) {
      said.push("gruvid restarted: pid " + now.status.pid);
      if (before.status.version !== now.status.version)
        said.push("gruvid is " + now.status.version + " now, was " +
          before.status.version);
      return said;
    }
    if (before.status.stage !== now.status.stage)
      said.push("gruvid: " + now.status.stage);
    return said.concat(changesOfReload(before, now),
      changesOfPlugins(before, now), changesOfHubs(before, now));
  }

  // --- numbers as text -----------------------------------------------------

  function digits(n) {
    const size = Math.abs(n);

    return size >= 100 || n === 0 ? n.toFixed(0)
      : size >= 10 ? n.toFixed(1) : n.toFixed(2);
  }

  // A number and its unit: [ "1.20", "k/s" ].
  function scaled(n, unit, steps, factor) {
    let i = 0;

    if (n === null || n === undefined || !Number.isFinite(n))
      return ["–", ""];
    while (Math.abs(n) >= factor * 0.9995 && i + 1 < steps.length) {
      n /= factor;
      i++;
    }
    return [i === 0 && Number.isInteger(n) ? String(n) : digits(n),
      steps[i] + unit];
  }

  function formatCount(n, unit) {
    return scaled(n, unit || "", ["", "k", "M", "G"], 1000);
  }

  function formatBytes(n, unit) {
    return scaled(n, unit || "", ["B", "KiB", "MiB", "GiB", "TiB"], 1024);
  }

  function formatSeconds(s) {
    if (s === null || s === undefined || !Number.isFinite(s)) return ["–", ""];
    if (s === 0) return ["0", "s"];
    if (s < 0.9995e-3) return [digits(s * 1e6), "µs"];
    if (s < 0.9995) return [digits(s * 1e3), "ms"];
    if (s < 120) return [digits(s), "s"];
    if (s < 7200) return [digits(s / 60), "min"];
    return [digits(s / 3600), "h"];
  }

  function formatUptime(s) {
    const pad = (n) => String(n).padStart(2, "0");

    if (!Number.isFinite(s)) return "–";
    const days = Math.floor(s / 86400), rest = Math.floor(s % 86400);
    return (days > 0 ? days + "d " : "") + pad(Math.floor(rest / 3600)) + ":" +
      pad(Math.floor(rest / 60) % 60) + ":" + pad(rest % 60);
  }

  function text(pair) {
    return pair[1] === "" ? pair[0] : pair[0] + " " + pair[1];
  }

  // --- charts --------------------------------------------------------------

  // The end of an axis: 1, 2 or 5 times a power of ten, at least as high as the
  // highest value, and never below least; of bytes likewise in their unit.
  function niceTop(highestValue, least, bytes) {
    const most = Math.max(highestValue, least);
    const unit = bytes ? 1024 ** Math.floor(Math.log2(most) / 10) : 1;

    return unit === 1 ? niceNumber(most)
      : Math.min(1024, niceNumber(most / unit)) * unit;
  }

  function niceNumber(most) {
    const power = 10 ** Math.floor(Math.log10(most));

    for (const step of [1, 2, 5, 10])
      if (most <= step * power * 1.0000001) return step * power;
    return 10 * power;
  }

  // The d of a line through points in a box: x from 0 to width in time, y from
  // 0 at the bottom.  It breaks where a value is null or a frame has a gap.
  function linePath(points, box) {
    let d = "", pen = false;

    for (const p of points) {
      if (p.value === null || p.time < box.from) { pen = false; continue; }
      if (p.gap) pen = false;
      const x = (p.time - box.from) / (box.to - box.from) * box.width;
      const y = box.height - Math.min(p.value / box.top, 1) * box.height;
      d += (pen ? "L" : "M") + x.toFixed(1) + " " + y.toFixed(1);
      pen = true;
    }
    return d;
  }

  // The same as an area down to the bottom.
  function areaPath(points, box) {
    return linePath(points, box).split("M").slice(1).map((run) => {
      const ends = run.split("L").map((at) => at.split(" ")[0]);

      return "M" + ends[0] + " " + box.height + "L" + run.replace(/^/, "") +
        "L" + ends[ends.length - 1] + " " + box.height + "Z";
    }).join("");
  }

  // Milliseconds before the next attempt to connect.
  function backOff(attempt, random) {
    return Math.min(10000, 250 * 2 ** Math.min(attempt, 10)) *
      (0.8 + 0.4 * random);
  }

  const Figures = { SPAN, readSample, listOf, sameProcess, percentile,
    makeFrame, keep, waitsOf, routesOf, changes, formatCount, formatBytes,
    formatSeconds, formatUptime, text, niceTop, linePath, areaPath, backOff };

  root.Figures = Figures;
  if (typeof module !== "undefined") module.exports = Figures;
})(typeof self !== "undefined" ? self : globalThis);
