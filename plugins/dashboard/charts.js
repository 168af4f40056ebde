// SPDX-License-Identifier: MIT
// Charts in SVG: lines over the last five minutes, all with one axis of time.
"use strict";

const Charts = (function () {
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 300, HEIGHT = 72;
  const F = self.Figures;
  const SPAN = F.SPAN;

  function make(name, className, parent) {
    const element = document.createElement(name);

    if (className) element.className = className;
    if (parent) parent.append(element);
    return element;
  }

  function draw(name, className, parent, attributes) {
    const element = document.createElementNS(SVG, name);

    element.setAttribute("class", className);
    for (const [key, value] of Object.entries(attributes || {}))
      element.setAttribute(key, value);
    parent.append(element);
    return element;
  }

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function putPair(element, pair) {
    put(element.firstChild, pair[0]);
    put(element.lastChild, pair[1]);
  }

  // The lines of a chart within an element.
  class Plot {
    constructor(parent, series, height, least, bytes) {
      this.series = series;
      this.height = height || HEIGHT;
      this.least = least;
      this.bytes = bytes;
      this.box = make("div", "plot", parent);
      const svg = draw("svg", "", this.box, { role: "img",
        viewBox: "0 0 " + WIDTH + " " + this.height,
        preserveAspectRatio: "none" });
      this.svg = svg;
      if (this.height === HEIGHT)
        for (const part of [0.25, 0.5, 0.75])
          draw("line", "rule", svg, { x1: part * WIDTH, x2: part * WIDTH,
            y1: 0, y2: this.height });
      draw("line", "base", svg, { x1: 0, x2: WIDTH, y1: this.height,
        y2: this.height });
      this.area = draw("path", "area", svg);
      this.lines = series.map((s, i) =>
        draw("path", i === series.length - 1 ? "first" : "second", svg));
      this.mark = draw("line", "cursor", svg, { y1: 0, y2: this.height });
      this.mark.style.display = "none";
    }

    // Returns the highest value and the end of the axis.
    show(frames, to) {
      const from = to - SPAN;
      const lists = this.series.map((value) => frames.map((f) => ({
        time: f.time, gap: f.gap, value: value(f) })));
      const values = lists.flat().filter((p) =>
        p.value !== null && p.value !== undefined && p.time >= from)
        .map((p) => p.value);
      const highest = Math.max(0, ...values);
      const top = F.niceTop(highest, this.least, this.bytes);
      const box = { from, to, top, width: WIDTH, height: this.height };

      lists.forEach((points, i) => {
        for (const p of points) if (p.value === undefined) p.value = null;
        this.lines[i].setAttribute("d", F.linePath(points, box));
      });
      this.area.setAttribute("d", F.areaPath(lists[lists.length - 1], box));
      return { highest, top, lowest: values.length ? Math.min(...values) : 0,
        n: values.length };
    }

    cursor(time, to) {
      const x = time === null ? null : (time - to + SPAN) / SPAN * WIDTH;

      this.mark.style.display = x === null || x < 0 ? "none" : "";
      if (x !== null) {
        this.mark.setAttribute("x1", x.toFixed(1));
        this.mark.setAttribute("x2", x.toFixed(1));
      }
    }

    label(text) {
      this.svg.setAttribute("aria-label", text);
    }
  }

  // A chart with its name, the value now, and its axes.
  class Chart {
    constructor(parent, about) {
      this.about = about;
      const figure = make("figure", "", parent);
      figure.tabIndex = 0;
      this.figure = figure;
      const caption = make("figcaption", "", figure);
      put(make("span", "name", caption), about.name);
      this.note = make("span", "note", caption);
      this.now = make("div", "now", figure);
      this.now.append(document.createTextNode("–"), make("small"));
      this.plot = new Plot(figure, about.series, HEIGHT, about.least,
        about.bytes);
      this.top = make("span", "top", this.plot.box);
      const axis = make("div", "axis", figure);
      axis.setAttribute("aria-hidden", "true");
      put(make("span", "", axis), "−5 min");
      put(make("span", "", axis), "now");
    }

    show(frames, to, at) {
      const about = this.about;
      const value = about.series[about.series.length - 1];
      const frame = at || frames[frames.length - 1];
      const range = this.plot.show(frames, to);
      const now = about.format(frame ? value(frame) : null);

      putPair(this.now, now);
      put(this.top, F.text(about.format(range.top)));
      put(this.note, about.note && frame ? about.note(frame) : "");
      this.plot.cursor(at ? at.time : null, to);
      this.plot.label(about.name + ": " + (range.n === 0 ? "no values yet"
        : F.text(now) + (at ? "" : " now") + "; in five minutes from " +
          F.text(about.format(range.lowest)) + " to " +
          F.text(about.format(range.highest))));
    }
  }

  return { Plot, Chart, make, put, putPair, SPAN };
})();
