/* One run while it goes on: what the server says of it, as it says it. The stream resumes by itself after a break, and
   when the run has ended the page shows what came of it. */

import { call, tell } from "/static/app.js";
import { clean, part, words } from "/static/parts.js";
import { watchQuestions } from "/static/questions.js";

const MOST_ROWS = 60;

/**
 * @typedef {{ new?: number, updated?: number, unchanged?: number, deleted?: number }} Counts
 * @typedef {{ stream: string, partition: string, label: string | null, records: number, finished: boolean }} Advanced
 * @typedef {{ requests: number, rate_limited: number, waited_seconds: number }} Requests
 */

/* One button that pauses and resumes: what it says is what it does. It stays the same element, so that whoever pressed
   it by keyboard is still on it; while the run has not said that it did so, pressing it again does nothing. */
class PauseButton {
  /** @param {HTMLButtonElement} button */
  constructor(button) {
    this.button = button;
    this.paused = button.dataset.paused === "true";
    button.addEventListener("click", () => this.press());
  }

  async press() {
    if (this.button.ariaDisabled === "true") return;
    const asked = !this.paused;
    this.wait(asked ? "Pausing…" : "Resuming…");
    const run = encodeURIComponent(this.button.dataset.run ?? "");
    try {
      await call(`/v1/runs/${run}/${asked ? "pause" : "resume"}`, { body: "{}" });
    } catch (error) {
      tell(words(error), "bad");
      this.show(this.paused);
    }
  }

  /** @param {string} text */
  wait(text) {
    this.button.textContent = text;
    this.button.ariaDisabled = "true";
  }

  /** @param {boolean} paused */
  show(paused) {
    this.paused = paused;
    this.button.textContent = paused ? "Resume" : "Pause";
    this.button.dataset.paused = String(paused);
    this.button.ariaDisabled = "false";
  }

  over() {
    this.button.disabled = true;
  }
}

class Live {
  /**
   * @param {HTMLElement} place
   * @param {PauseButton} button
   */
  constructor(place, button) {
    this.place = place;
    this.button = button;
    /** @type {Map<string, HTMLTableRowElement>} */
    this.rows = new Map();
    /** @type {Set<string>} */
    this.finished = new Set();
    /** @type {Map<string, number>} */
    this.inventory = new Map();
    this.restarts = 0;
    this.moving = part(place, "[data-moving]", HTMLTableSectionElement);
    this.source = new EventSource(place.dataset.events ?? "");
    for (const [name, heard] of Object.entries(this.heard)) {
      this.source.addEventListener(name, (event) => heard(JSON.parse(event.data)));
    }
    this.source.addEventListener("error", () => {
      if (this.source.readyState === EventSource.CLOSED) this.over();
    });
  }

  heard = {
    run_started: () => this.doing("Starting"),
    browser_started: () => this.doing("Asking what there is"),
    run_paused: (/** @type {{ until: string }} */ event) => {
      if (!this.button.paused) tell("The run is paused.");
      this.button.show(true);
      const until = new Date(event.until).toLocaleTimeString("en-GB", { timeZone: "UTC", hour: "2-digit", minute: "2-digit" });
      this.say("doing", `Paused; nothing is asked of the site. Ends by itself at ${until}`);
    },
    run_resumed: () => {
      if (this.button.paused) tell("The run goes on.");
      this.button.show(false);
      this.doing("Going on");
    },
    inventory_taken: (/** @type {{ stream: string, partitions: number }} */ event) => {
      this.inventory.set(event.stream, event.partitions);
      this.count();
    },
    records_written: (/** @type {{ streams: Record<string, Counts> }} */ event) => {
      this.doing("Collecting");
      const streams = Object.values(event.streams);
      for (const name of /** @type {const} */ (["new", "updated", "unchanged", "deleted"])) {
        this.say(name, streams.reduce((sum, counts) => sum + (counts[name] ?? 0), 0).toLocaleString("en"));
      }
    },
    partition_advanced: (/** @type {Advanced} */ event) => this.advance(event),
    progress_reported: (/** @type {{ message: string }} */ event) => this.doing(event.message),
    requests_counted: (/** @type {Requests} */ event) => {
      this.say("requests", event.requests.toLocaleString("en"));
      this.say("limited", event.rate_limited.toLocaleString("en"));
      this.say("waited", `${Math.round(event.waited_seconds)} s`);
    },
    connector_restarted: (/** @type {{ reason: string }} */ event) => {
      this.restarts += 1;
      this.say("restarts", this.restarts);
      this.doing(`The page was lost (${event.reason}); going on`);
    },
    owner_asked: () => this.doing("Waiting for your answer"),
    run_finished: () => this.over(),
  };

  /**
   * What it does now. That it is paused outweighs the last of what was under way.
   * @param {string} text
   */
  doing(text) {
    if (!this.button.paused) this.say("doing", text);
  }

  /**
   * @param {string} name
   * @param {string | number} text
   */
  say(name, text) {
    part(this.place, `[data-${name}]`, HTMLElement).textContent = String(text);
  }

  /** @param {Advanced} event */
  advance(event) {
    const key = JSON.stringify([event.stream, event.partition]);
    const row = this.rows.get(key) ?? this.makeRow(event);
    this.rows.set(key, row);
    row.cells[2].textContent = event.records.toLocaleString("en");
    row.cells[3].textContent = event.finished ? "✓ no hole is left" : "reading";
    this.moving.prepend(row);
    while (this.moving.rows.length > MOST_ROWS) {
      const last = this.moving.rows[this.moving.rows.length - 1];
      last.remove();
      this.rows.delete(last.dataset.key ?? "");
    }
    if (event.finished) this.finished.add(key);
    this.count();
  }

  /** @param {Advanced} event */
  makeRow(event) {
    const row = document.createElement("tr");
    row.dataset.key = JSON.stringify([event.stream, event.partition]);
    const name = document.createElement("th");
    name.scope = "row";
    name.textContent = clean(event.label ?? event.partition);
    row.append(name, ...[event.stream, "", ""].map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    row.cells[2].className = "number";
    return row;
  }

  count() {
    const total = [...this.inventory.values()].reduce((sum, one) => sum + one, 0);
    if (!total) return;
    const progress = part(this.place, "[data-progress]", HTMLProgressElement);
    progress.max = total;
    progress.value = Math.min(total, this.finished.size);
    this.say("partitions", `${this.finished.size.toLocaleString("en")} of ${total.toLocaleString("en")} partitions are whole`);
  }

  over() {
    this.source.close();
    this.button.over();
    location.reload();
  }
}

for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-live]"))) {
  new Live(place, new PauseButton(part(document, "[data-pause]", HTMLButtonElement)));
  watchQuestions(part(place, "[data-questions-here]", HTMLElement), place.dataset.run);
}
