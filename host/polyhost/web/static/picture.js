/* Zooming and pointing on the coverage picture. The server painted it whole; this moves what is there and makes nothing
   up: every stretch carries its moments, and the words for what it is. */

import { part, touched } from "/static/parts.js";

const LEAST_SPAN = 3_600_000; // an hour: closer than that there is nothing to see
const LEAST_WIDTH = 0.5; // percent, as the server paints it
const STEP = 1.5;
const DAY = 86_400_000;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

class Picture {
  /** @param {HTMLElement} figure */
  constructor(figure) {
    this.figure = figure;
    /** @type {[number, number]} */
    this.whole = [Number(figure.dataset.start), Number(figure.dataset.end)];
    /** @type {[number, number]} */
    this.span = [...this.whole];
    this.scale = part(figure, "[data-scale]", SVGElement);
    this.painted = [...this.scale.childNodes];
    this.detail = part(figure, "[data-detail]", HTMLElement);
    /** @type {NodeListOf<SVGRectElement>} */
    this.bars = figure.querySelectorAll("rect[data-from]");
    this.rows = /** @type {HTMLElement[]} */ ([...figure.querySelectorAll(".lanes .lane")]);
    part(figure, ".tools", HTMLElement).hidden = false;
    figure.addEventListener("click", (event) => this.pressed(touched(event, "[data-zoom]", HTMLElement)?.dataset.zoom));
    figure.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    figure.addEventListener("keydown", (event) => this.key(event));
    figure.addEventListener("pointerover", (event) => this.show(event));
    figure.addEventListener("focusin", (event) => this.show(event));
  }

  /** @param {string | undefined} what */
  pressed(what) {
    const [start, end] = this.span;
    const shift = (end - start) / 4;
    if (what === "in") this.zoom(1 / STEP);
    else if (what === "out") this.zoom(STEP);
    else if (what === "earlier") this.move(-shift);
    else if (what === "later") this.move(shift);
    else if (what === "all") this.set(...this.whole);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = this.rows.findIndex((one) => one === event.target);
    /** @type {Record<string, (() => void) | undefined>} */
    const doing = {
      "+": () => this.pressed("in"),
      "=": () => this.pressed("in"),
      "-": () => this.pressed("out"),
      0: () => this.pressed("all"),
      ArrowLeft: () => this.pressed("earlier"),
      ArrowRight: () => this.pressed("later"),
      ArrowDown: row < 0 ? undefined : () => this.rows[row + 1]?.focus(),
      ArrowUp: row < 0 ? undefined : () => this.rows[row - 1]?.focus(),
    };
    const done = doing[event.key];
    if (!done) return;
    event.preventDefault();
    done();
  }

  /**
   * Ctrl or a pinch zooms, sideways moves; turning the wheel alone scrolls the page as everywhere.
   * @param {WheelEvent} event
   */
  wheel(event) {
    const strip = touched(event, ".strip, .scale", SVGElement);
    if (!strip) return;
    const box = strip.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY / 200), (event.clientX - box.left) / box.width);
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.move((event.deltaX / box.width) * (this.span[1] - this.span[0]));
    }
  }

  /**
   * @param {number} factor
   * @param {number} at
   */
  zoom(factor, at = 0.5) {
    const [start, end] = this.span;
    const width = Math.max(LEAST_SPAN, (end - start) * factor);
    const fixed = start + (end - start) * at;
    this.set(fixed - width * at, fixed + width * (1 - at));
  }

  /** @param {number} by */
  move(by) {
    this.set(this.span[0] + by, this.span[1] + by);
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  set(start, end) {
    const width = Math.min(end - start, this.whole[1] - this.whole[0]);
    const from = Math.min(Math.max(start, this.whole[0]), this.whole[1] - width);
    this.span = [from, from + width];
    this.paint();
  }

  paint() {
    const [start, end] = this.span;
    /** @param {number} at */
    const place = (at) => (100 * (at - start)) / (end - start);
    for (const bar of this.bars) {
      const left = Math.max(0, place(Number(bar.dataset.from)));
      const right = Math.min(100, place(Number(bar.dataset.to)));
      const seen = right >= 0 && left <= 100 && right >= left;
      bar.setAttribute("visibility", seen ? "visible" : "hidden");
      if (!seen) continue;
      bar.setAttribute("x", percent(Math.min(left, 100 - LEAST_WIDTH)));
      bar.setAttribute("width", percent(Math.max(LEAST_WIDTH, right - left)));
    }
    if (start === this.whole[0] && end === this.whole[1]) this.scale.replaceChildren(...this.painted);
    else this.scale.replaceChildren(...marks(start, end).flatMap(([at, label]) => mark(place(at), label)));
  }

  /** @param {Event} event */
  show(event) {
    const row = touched(event, ".lanes .lane", HTMLElement);
    if (!row) return;
    const bar = touched(event, "rect[data-said]", SVGElement)?.dataset.said;
    const whole = part(row, ".strip", SVGElement).getAttribute("aria-label");
    this.detail.textContent = `${part(row, ".name", HTMLElement).textContent}: ${bar ?? whole}.`;
  }
}

/** @param {number} value */
const percent = (value) => `${Number(value.toFixed(3))}%`;

/**
 * Round moments between the two, few enough to read: each with what it is called.
 * @param {number} start
 * @param {number} end
 * @returns {[number, string][]}
 */
function marks(start, end) {
  const most = 7;
  const steps = [1 / 24, 1 / 4, 1, 2, 7, 14].map((days) => days * DAY);
  const step = steps.find((one) => (end - start) / one <= most);
  if (!step) return months(start, end, [1, 2, 3, 6, 12, 24, 60, 120].find((n) => (end - start) / (30 * n * DAY) <= most) ?? 240);
  /** @type {[number, string][]} */
  const found = [];
  const monday = Date.UTC(2001, 0, 1);
  for (let at = monday + Math.ceil((start - monday) / step) * step; at < end; at += step) {
    const day = new Date(at);
    const clock = step < DAY && day.getUTCHours();
    found.push([at, clock ? `${String(day.getUTCHours()).padStart(2, "0")}:00` : `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]}`]);
  }
  return found;
}

/**
 * The same in steps of months.
 * @param {number} start
 * @param {number} end
 * @param {number} count
 * @returns {[number, string][]}
 */
function months(start, end, count) {
  /** @type {[number, string][]} */
  const found = [];
  const first = new Date(start);
  let index = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth() + 1) / count) * count;
  for (; Date.UTC(Math.floor(index / 12), index % 12) < end; index += count) {
    const [year, month] = [Math.floor(index / 12), index % 12];
    const name = count >= 3 ? `${MONTHS[month]} ${year}` : MONTHS[month];
    found.push([Date.UTC(year, month), count >= 12 || month === 0 ? String(year) : name]);
  }
  return found;
}

/**
 * One mark of the scale.
 * @param {number} x
 * @param {string} label
 */
function mark(x, label) {
  /**
   * @param {string} name
   * @param {Record<string, string | number>} attributes
   */
  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    return element;
  };
  const text = make("text", { x: `${x}%`, y: 16, "text-anchor": "middle" });
  text.textContent = label;
  return [make("line", { x1: `${x}%`, x2: `${x}%`, y1: 22, y2: 28 }), text];
}

/** @type {NodeListOf<HTMLElement>} */
const figures = document.querySelectorAll("[data-picture]");
for (const figure of figures) new Picture(figure);
