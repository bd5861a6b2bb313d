/* What every page does: buttons that post, copying, the count of open questions. No page depends on it to be read. */

import { part, touched, words } from "/static/parts.js";

/**
 * A request to the owner API, as this page's owner. Rejects with the problem's sentences.
 * @param {string} path
 * @param {{ method?: string, body?: string, headers?: Record<string, string> }} options
 * @returns {Promise<any>}
 */
export async function call(path, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "X-Polyhost": "dashboard", ...options.headers };
  if (typeof options.body === "string") headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method: "POST", ...options, headers });
  const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
  const value = isJson ? await answer.json() : null;
  if (!answer.ok) throw new Error(problemOf(value) || `The server answered ${answer.status}.`);
  return value;
}

/**
 * What went wrong, in the server's own sentences.
 * @param {{ detail?: string, title?: string, instruction?: string } | null} value
 */
export function problemOf(value) {
  if (!value) return "";
  const parts = [value.detail ?? value.title ?? "", value.instruction ?? ""].filter(Boolean);
  const sentences = parts.map((text) => (/[.!?]$/.test(text) ? text : `${text}.`));
  return sentences.map((text) => text[0].toUpperCase() + text.slice(1)).join(" ");
}

/**
 * Says something where the owner and a screen reader notice it.
 * @param {string} text
 * @param {"note" | "warn" | "bad"} tone
 */
export function tell(text, tone = "note") {
  const place = part(document, "#told", HTMLElement);
  const note = document.createElement("p");
  note.className = `note tone-${tone}`;
  note.textContent = text;
  place.replaceChildren(note);
  place.scrollIntoView({ block: "nearest" });
}

/** @param {HTMLButtonElement} button */
async function post(button) {
  const { post: path, confirm: question, said, bodyFrom } = button.dataset;
  const body = bodyFrom ? part(document, `#${bodyFrom}`, HTMLSelectElement).value : button.dataset.body;
  if (!path) return;
  if (question && !window.confirm(question)) return;
  button.disabled = true;
  try {
    const value = await call(path, { method: button.dataset.method ?? "POST", body: body ?? "{}" });
    if (said) tell(said);
    if (value?.run_id && !("stay" in button.dataset)) location.assign(`/runs/${encodeURIComponent(value.run_id)}`);
    else if (!("stay" in button.dataset)) location.reload();
  } catch (error) {
    tell(words(error), "bad");
    button.disabled = false;
  }
}

/** @param {HTMLButtonElement} button */
async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? "");
    tell("Copied.");
  } catch {
    tell("The browser did not let this page copy; select the command instead.", "warn");
  }
}

document.addEventListener("click", (event) => {
  const button = touched(event, "button", HTMLButtonElement);
  if (button?.dataset.post) post(button);
  else if (button && "copy" in button.dataset) copy(button);
});

document.addEventListener("change", (event) => {
  touched(event, "[data-submits]", HTMLInputElement)?.form?.requestSubmit();
});

/* A picture whose bytes are not there any more, or are none: its place says so, in a listener that hears of each. */
document.addEventListener(
  "error",
  (event) => {
    const picture = event.target;
    if (!(picture instanceof HTMLImageElement) || !("picture" in picture.dataset)) return;
    const told = document.createElement("span");
    told.className = "quiet small pad";
    told.textContent = `${picture.alt}: this picture cannot be shown.`;
    picture.replaceWith(told);
  },
  true,
);
