// SPDX-License-Identifier: MIT
// The functions of plugins/dashboard/figures.js, which need no page.
"use strict";

const assert = require("assert");
const F = require(require("path").resolve(process.argv[2]));

let passed = 0, failed = 0;

function test(name, body) {
  try {
    body();
    passed++;
  } catch (error) {
    failed++;
    console.log(name + ": " + error.message);
  }
}

const buckets = (...pairs) => {
  const all = new Array(32).fill(0);
  for (const [i, n] of pairs) all[i] = n;
  return all;
};

// A sample in which one plugin has answered requests.
function sample(time, more) {
  const plugin = Object.assign({ plugin: "hello", generation: 1,
    state: "serving", build_id: "a", fibers: 3, connections: 2, parked: 1,
    requests: 0, requests_failed: 0, failed: 0, stalls: 0, received: 0,
    sent: 0, times: buckets() }, more.plugin);
  const lines = [
    { id: "sample", ok: true, number: 1, time, watchers: 1 },
    Object.assign({ id: "status", ok: true, pid: 7, uptime: time / 1000,
      version: "1", stage: "serving" }, more.status),
    { id: "hubs", ok: true, hubs: more.hubs || [{ hub: 1, answers: true,
      lag: 0.002, fibers: 9, ready: 0, connections: 2, turns: time,
      switches: 2 * time }] },
    { id: "plugins", ok: true, more: true,
      plugins: [plugin].concat(more.plugins || []) },
    { id: "plugins", ok: true, modules: [] },
    { id: "pools", ok: true, pools: [{ name: "io", busy: 1, threads: 2, max: 20,
      queued: 4, done: time / 10, waits: buckets([3, time / 100]) }] },
  ];

  return F.readSample(lines.map((l) => JSON.stringify(l)).join("\n") + "\n");
}

test("lines of an answer are joined", () => {
  const s = F.readSample('{"id":"a","more":true,"x":[1,2]}\n' +
    '{"id":"a","x":[3],"y":5}\n{"id":"b","z":"w"}\n');
  assert.deepStrictEqual(s.a.x, [1, 2, 3]);
  assert.strictEqual(s.a.y, 5);
  assert.strictEqual(s.b.z, "w");
});

test("percentiles are within the bucket in proportion", () => {
  assert.strictEqual(F.percentile(buckets(), 0.5), null);
  assert.strictEqual(F.percentile(buckets([10, 100]), 1), 1024e-6);
  assert.strictEqual(F.percentile(buckets([10, 100]), 0.5), 768e-6);
  assert.strictEqual(F.percentile(buckets([0, 1]), 1), 1e-6);
  const p99 = F.percentile(buckets([4, 990], [20, 10]), 0.99);
  assert.strictEqual(p99, 16e-6);
  assert(F.percentile(buckets([4, 980], [20, 20]), 0.99) > 0.5);
});

test("rates are since the sample before", () => {
  const frame = F.makeFrame(sample(1000, {}), sample(3000, {
    plugin: { requests: 500, sent: 2048, times: buckets([10, 500]) } }));
  assert.strictEqual(frame.gap, false);
  assert.strictEqual(frame.requests, 250);
  assert.strictEqual(frame.sent, 1024);
  assert.strictEqual(frame.p50, 768e-6);
  assert.strictEqual(frame.hubs[1].turns, 1000);
  assert.strictEqual(frame.pools.io.work, 100);
  assert.strictEqual(frame.lag, 0.002);
});

test("a clock that is set back changes no rate", () => {
  const before = sample(10000, {});
  const now = sample(12000, { plugin: { requests: 500 } });
  now.sample.time = 4000;
  assert.strictEqual(F.makeFrame(before, now).requests, 250);
  assert.strictEqual(F.makeFrame(before, now).hubs[1].turns, 1000);
});

test("an answer that has failed is no answer with zeros", () => {
  const lost = sample(2000, {});
  lost.plugins = { ok: false, code: "ENOMEM" };
  const now = sample(3000, { plugin: { requests: 500 } });
  assert.strictEqual(F.makeFrame(lost, now).requests, null);
  assert.strictEqual(F.makeFrame(lost, now).gap, true);
  assert.deepStrictEqual(F.changes(sample(1000, {}), lost), []);
  assert.deepStrictEqual(F.changes(lost, now), []);
  const route = { plugin: "hello", route: "/", open: 0, done: 9, by: {},
    times: buckets() };
  now.requests = { ok: true, requests: [route] };
  assert.strictEqual(F.routesOf(lost, now, 1)[0].rate, null);
});

test("frames are kept that charts show, in order", () => {
  const times = (frames) => frames.map((f) => f.time);
  const frames = [];
  for (const time of [1000, 61000, 301000, 301001]) F.keep(frames, { time });
  assert.deepStrictEqual(times(frames), [61000, 301000, 301001]);
  F.keep(frames, { time: 100000 });
  assert.deepStrictEqual(times(frames), [61000, 100000]);
  F.keep(frames, { time: 50 });
  assert.deepStrictEqual(times(frames), [50]);
});

// The frames that are kept of many, one in so many milliseconds.
function keepMany(n, pause, make) {
  const frames = [];

  for (let i = 0; i < n; i++)
    F.keep(frames, Object.assign({ time: (i + 1) * pause, gap: false },
      make(i)));
  assert.ok(frames.length <= 400, frames.length + " frames");
  return frames;
}

test("five minutes are kept of frames that come often", () => {
  for (const pause of [100, 130, 300, 700, 749, 1000, 5000]) {
    const frames = keepMany(Math.ceil(400000 / pause), pause, () => ({}));
    const newest = frames[frames.length - 1].time;

    assert.ok(newest - frames[0].time >= 297000 - pause,
      "of " + pause + " ms: " + (newest - frames[0].time));
    for (let i = frames.length - (pause < 1000 ? 100 : 0);
      i < frames.length; i++)
      assert.strictEqual(frames[i].time - frames[i - 1].time, pause);
    for (let i = 1; i < frames.length; i++)
      assert.ok(frames[i].time - frames[i - 1].time <= Math.max(pause, 2250));
  }
});

test("frames that become one lose nothing that has happened", () => {
  const frames = keepMany(2900, 100, (i) => ({ stalls: i % 7 === 0 ? 1 : 0,
    lag: i === 1000 ? 0.5 : 0.001, requests: i % 2 ? 100 : 300, fibers: i,
    plugins: { hello: { failed: i % 10 === 3 ? 2 : 0, requests: null } } }));
  const sum = (get) => frames.reduce((all, f) => all + get(f), 0);

  assert.ok(frames.length < 400);
  assert.strictEqual(sum((f) => f.stalls), Math.ceil(2900 / 7));
  assert.strictEqual(sum((f) => f.plugins.hello.failed), 2 * 290);
  assert.strictEqual(frames.filter((f) => f.lag === 0.5).length, 1);
  assert.strictEqual(frames[frames.length - 1].fibers, 2899);
  assert.strictEqual(frames[5].plugins.hello.requests, null);
  // Requests of a frame are its rate by its time.
  const requests = frames.reduce((all, f, i) => all +
    (i > 0 ? f.requests * (f.time - frames[i - 1].time) / 1000 : 30), 0);
  assert.ok(Math.abs(requests - 58000) < 1, requests);
});

test("frames on two sides of a gap stay apart", () => {
  const frames = keepMany(2500, 100, (i) => ({ gap: i === 0 || i === 500 }));

  assert.deepStrictEqual(frames.filter((f) => f.gap).length, 2);
  const i = frames.findIndex((f) => f.gap && f.time > 1000);
  assert.ok(frames[i - 1].time <= 50000 && frames[i].time > 50000);
});

test("the first sample and one of another process have no rates", () => {
  for (const before of [undefined, sample(1000, { status: { pid: 8 } }),
    sample(1000, { status: { uptime: 99 } })]) {
    const frame = F.makeFrame(before, sample(3000, {
      plugin: { requests: 500 } }));
    assert.strictEqual(frame.gap, true);
    assert.strictEqual(frame.requests, null);
    assert.strictEqual(frame.fibers, 9);
  }
});

test("a generation that ends takes nothing away", () => {
  const old = { plugin: "hello", generation: 1, requests: 1000,
    times: buckets([5, 1000]) };
  const before = sample(1000, { plugin: { generation: 2, requests: 10 },
    plugins: [old] });
  const frame = F.makeFrame(before, sample(2000, {
    plugin: { generation: 2, requests: 30 } }));
  assert.strictEqual(frame.requests, 20);
});

test("a hub that does not answer has no lag", () => {
  const frame = F.makeFrame(undefined, sample(1000, { hubs: [
    { hub: 1, answers: false, fibers: 2 }] }));
  assert.strictEqual(frame.hubs[1].lag, null);
  assert.strictEqual(frame.lag, null);
});

test("missing answers are empty", () => {
  const frame = F.makeFrame(undefined, F.readSample(
    '{"id":"sample","time":1}\n{"id":"plugins","ok":false}\n'));
  assert.strictEqual(frame.fibers, 0);
  assert.deepStrictEqual(frame.plugins, {});
});

test("what has happened is said", () => {
  const a = sample(1000, {});
  const said = (more) => F.changes(a, sample(2000, more));
  assert.deepStrictEqual(said({}), []);
  assert.deepStrictEqual(F.changes(undefined, a), []);
  assert.deepStrictEqual(said({ status: { pid: 9 } }),
    ["gruvid restarted: pid 9"]);
  assert.deepStrictEqual(
    said({ status: { reload: { number: 1, worked: true } } }),
    ["configuration reloaded, reload 1"]);
  assert.deepStrictEqual(said({ status: { reload: { number: 1, worked: false,
    reasons: ["x: y"] } } }), ["reload 1 refused: x: y"]);
  assert.deepStrictEqual(said({ plugin: { generation: 2, build_id: "b" },
    plugins: [{ plugin: "hello", generation: 1, build_id: "a" }] }),
  ["hello: generation 2 takes over, with a new build"]);
  assert.deepStrictEqual(said({ plugin: { generation: 2 } }),
    ["hello: generation 2 takes over", "hello: generation 1 has ended"]);
  assert.deepStrictEqual(said({ plugin: { stalls: 1 } }),
    ["hello has kept a hub: 1 stall"]);
  assert.deepStrictEqual(said({ hubs: [{ hub: 1, answers: false }] }),
    ["hub 1 does not answer"]);
  assert.deepStrictEqual(said({ status: { stage: "stopping" } }),
    ["gruvid: stopping"]);
});

test("waits are added up, and the rest is one line", () => {
  const groups = [["read", 5, 1], ["event", 7, 3], ["read", 4, 9],
    ["timer", 1, 2], ["lock", 1, 4]].map(([waits_for, count, longest]) =>
    ({ waits_for, count, longest, state: "waits" }));
  const waits = F.waitsOf({ fibers: { groups } }, 3);
  assert.deepStrictEqual(waits, [{ name: "read", count: 9, longest: 9 },
    { name: "event", count: 7, longest: 3 },
    { name: "2 others", count: 2, longest: 4 }]);
  assert.deepStrictEqual(F.waitsOf({}, 3), []);
});

test("routes are those of two samples, the busiest first", () => {
  const routes = (done, status) => ({ requests: [
    { plugin: "a", route: "/a", open: 0, done: 1, by: {}, times: buckets() },
    { plugin: "b", route: "", open: 2, done, times: buckets([10, done]),
      by: { GET: { "2xx": done - status, "5xx": status },
        PUT: { "4xx": 7, none: 1 } } }] });
  const at = (time, answer) => Object.assign(sample(time, {}),
    { requests: answer });
  const said = F.routesOf(at(1000, routes(100, 1)), at(3000, routes(300, 2)), 9);
  assert.deepStrictEqual(said.map((r) => [r.route, r.rate, r.p50, r.wrong,
    r.failed]), [["no route", 100, 768e-6, 7, 2], ["/a", 0, null, 0, 0]]);
  assert.strictEqual(F.routesOf(undefined, at(1, routes(9, 0)), 1)[0].rate, null);
  assert.deepStrictEqual(F.routesOf(undefined, sample(1, {}), 9), []);
});

test("numbers have three digits and a unit", () => {
  const say = (pair) => F.text(pair);
  assert.strictEqual(say(F.formatCount(0)), "0");
  assert.strictEqual(say(F.formatCount(999)), "999");
  assert.strictEqual(say(F.formatCount(999.7)), "1.00 k");
  assert.strictEqual(say(F.formatCount(12345, "/s")), "12.3 k/s");
  assert.strictEqual(say(F.formatCount(null)), "–");
  assert.strictEqual(say(F.formatCount(NaN)), "–");
  assert.strictEqual(say(F.formatBytes(1536)), "1.50 KiB");
  assert.strictEqual(say(F.formatSeconds(0.000012)), "12.0 µs");
  assert.strictEqual(say(F.formatSeconds(0.25)), "250 ms");
  assert.strictEqual(say(F.formatSeconds(90)), "90.0 s");
  assert.strictEqual(say(F.formatSeconds(0)), "0 s");
  assert.strictEqual(F.formatUptime(93784), "1d 02:03:04");
});

test("axes end at 1, 2 or 5", () => {
  assert.strictEqual(F.niceTop(0, 10), 10);
  assert.strictEqual(F.niceTop(11, 10), 20);
  assert.strictEqual(F.niceTop(430, 10), 500);
  assert.strictEqual(F.niceTop(501, 10), 1000);
  assert.strictEqual(F.niceTop(0, 1024, true), 1024);
  assert.strictEqual(F.niceTop(3.4 * 1048576, 1024, true), 5 * 1048576);
  assert.strictEqual(F.niceTop(900 * 1024, 1024, true), 1000 * 1024);
  assert.strictEqual(F.niceTop(1020 * 1024, 1024, true), 1048576);
  assert(Math.abs(F.niceTop(0.0013, 0.001) - 0.002) < 1e-12);
});

test("lines break at gaps, and stay in their box", () => {
  const box = { from: 0, to: 100, top: 10, width: 100, height: 50 };
  const points = [[-5, 3], [0, 0], [50, 10], [60, null], [70, 20], [80, 5]].map(
    ([time, value]) => ({ time, value }));
  assert.strictEqual(F.linePath(points, box),
    "M0.0 50.0L50.0 0.0M70.0 0.0L80.0 25.0");
  points[2].gap = true;
  assert.strictEqual(F.linePath(points, box),
    "M0.0 50.0M50.0 0.0M70.0 0.0L80.0 25.0");
  assert.strictEqual(F.areaPath(points.slice(4), box),
    "M70.0 50L70.0 0.0L80.0 25.0L80.0 50Z");
  assert.strictEqual(F.linePath([], box), "");
});

test("the back-off grows, to some ten seconds", () => {
  assert.strictEqual(F.backOff(0, 0.5), 250);
  assert.strictEqual(F.backOff(3, 0.5), 2000);
  assert(F.backOff(1000, 1) < 12001);
});

console.log(passed + " passed, " + failed + " failed");
process.exit(failed === 0 ? 0 : 1);
