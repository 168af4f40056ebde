// SPDX-License-Identifier: MIT
// The one source of events of all tabs of a browser: a shared worker.  A browser
// that has none runs it in each tab.
//
// A browser opens six connections to an origin over HTTP/1.1, and a stream of
// events takes one for good; with one for all tabs there are enough.
//
// It keeps what the charts show, so a new tab begins with the past.
"use strict";

(function (root) {
  const SILENCE = 15000; // milliseconds, and some intervals, without an event

  class Source {
    constructor(url) {
      this.url = url;
      this.tabs = new Set(); // functions that take a message
      this.frames = [];
      this.events = [];
      this.state = { name: "connecting", since: Date.now() };
      this.attempt = 0;
      this.interval = 1000;
    }

    // A tab comes: it gets all that there is.
    enter(tab) {
      this.tabs.add(tab);
      tab({ what: "all", frames: this.frames, events: this.events,
        state: this.state, latest: this.latest || null,
        interval: this.interval });
      if (!this.stream && !this.timer) this.open();
    }

    leave(tab) {
      this.tabs.delete(tab);
      if (this.tabs.size > 0) return;
      clearTimeout(this.timer);
      this.timer = null;
      this.close();
      this.frames.length = 0;
      this.latest = null;
    }

    tell(message) {
      for (const tab of this.tabs) tab(message);
    }

    say(text) {
      const event = { time: Date.now(), text };

      this.events.push(event);
      if (this.events.length > 200) this.events.shift();
      this.tell({ what: "event", event });
    }

    become(name) {
      if (this.state.name === name) return;
      this.state = { name, since: Date.now() };
      this.tell({ what: "state", state: this.state });
    }

    close() {
      clearTimeout(this.silence);
      if (this.stream) this.stream.close();
      this.stream = null;
    }

    open() {
      const stream = new EventSource(this.url);
      const on = (name, fn) => stream.addEventListener(name, (event) => {
        if (this.stream !== stream) return;
        this.listen();
        fn(event.data);
      });

      this.timer = null;
      this.stream = stream;
      this.listen();
      on("hello", (data) => this.hello(JSON.parse(data)));
      on("sample", (data) => this.sample(data));
      on("end", () => {
        this.say("the dashboard's generation drains");
        this.lose("reconnecting", 200);
      });
      stream.onerror = () => {
        if (this.stream === stream) this.lose("reconnecting", null);
      };
    }

    // A connection may die without a word.
    listen() {
      clearTimeout(this.silence);
      this.silence = setTimeout(() => this.lose("reconnecting", null),
        SILENCE + 3 * this.interval);
    }

    // Whatever the reason is, a new one is made: a stream that was answered
    // with an error is closed for good, others come back in their own time.
    lose(name, pause) {
      this.close();
      if (this.state.name === "live" && pause === null)
        this.say("the connection to gruvid was lost");
      this.become(name);
      if (pause === null)
        pause = root.Figures.backOff(this.attempt++, Math.random());
      this.timer = setTimeout(() => this.open(), pause);
    }

    hello(about) {
      this.attempt = 0;
      this.interval = about.interval;
      if (this.state.name === "reconnecting") this.say("connected again");
      this.become("live");
      this.tell({ what: "interval", interval: this.interval });
    }

    sample(text) {
      const now = root.Figures.readSample(text);

      for (const sentence of root.Figures.changes(this.before, now))
        this.say(sentence);
      const frame = root.Figures.makeFrame(this.before, now);
      const routes = root.Figures.routesOf(this.before, now, 20);
      this.before = now;
      root.Figures.keep(this.frames, frame);
      this.latest = { sample: now.sample, status: now.status || {},
        plugins: root.Figures.listOf(now, "plugins").map((p) => ({
          plugin: p.plugin, generation: p.generation, state: p.state })),
        waits: root.Figures.waitsOf(now, 8), routes };
      this.tell({ what: "frame", frame, latest: this.latest });
    }
  }

  root.Source = Source;
  if (typeof SharedWorkerGlobalScope === "undefined") return;
  root.importScripts("?figures");
  const source = new Source("?events");
  root.onconnect = (event) => {
    const port = event.ports[0];
    const tab = (message) => port.postMessage(message);

    port.onmessage = (sent) => {
      if (sent.data === "enter") source.enter(tab);
      else if (sent.data === "leave") source.leave(tab);
    };
  };
})(self);
