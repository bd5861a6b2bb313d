/* Questions that runs ask: shown when they come, answered in the page. Answers go to the server and nowhere else. */

import { call, tell } from "/static/app.js";
import { part, touched, words } from "/static/parts.js";

const EVERY = 2000; // milliseconds between two looks

/**
 * Keeps the open questions in `place` (of one run, where it is named), and the number in the menu, as they are.
 * @param {Element} place
 * @param {string} run
 */
export function watchQuestions(place, run = "") {
  const address = `/questions/open?run=${encodeURIComponent(run)}`;
  const look = async () => {
    try {
      const answer = await fetch(address, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      merge(place, await answer.text());
    } catch {
      // the server is away for a moment; the next look tells
    } finally {
      setTimeout(look, EVERY);
    }
  };
  look();
  place.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = touched(event, "form", HTMLFormElement);
    if (form) send(form, { status: "success", data: values(form) });
  });
  place.addEventListener("click", (event) => {
    const form = touched(event, "[data-decline]", HTMLButtonElement)?.form;
    if (form) send(form, { status: "cancelled" });
  });
}

/**
 * A question that is still open keeps its form, with what is typed in it.
 * @param {Element} place
 * @param {string} html
 */
function merge(place, html) {
  const found = new DOMParser().parseFromString(html, "text/html");
  const open = new Map([...forms(found)].map((form) => [form.dataset.question, form]));
  for (const shown of forms(place)) {
    if (open.has(shown.dataset.question)) open.delete(shown.dataset.question);
    else shown.remove();
  }
  if (open.size) place.querySelector(".empty")?.remove();
  place.append(...[...open.values()].map((form) => document.adoptNode(form)));
  const count = part(found, "[data-count]", HTMLElement).dataset.count ?? "0";
  for (const badge of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-questions]"))) {
    badge.hidden = count === "0";
    if (badge.firstChild) badge.firstChild.textContent = count;
  }
}

/**
 * The questions that stand there.
 * @param {ParentNode} within
 * @returns {NodeListOf<HTMLFormElement>}
 */
function forms(within) {
  return within.querySelectorAll("form[data-question]");
}

/**
 * What was typed, by its name.
 * @param {HTMLFormElement} form
 */
function values(form) {
  /** @type {Record<string, string | number | boolean>} */
  const read = {};
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("[name]"))) {
    const type = field.dataset.type;
    if (type === "boolean") read[field.name] = field.checked;
    else if (type === "integer" || type === "number") read[field.name] = field.valueAsNumber;
    else if (field.value || field.required) read[field.name] = field.value;
  }
  return read;
}

/**
 * @param {HTMLFormElement} form
 * @param {{ status: "success" | "cancelled", data?: Record<string, string | number | boolean> }} answer
 */
async function send(form, answer) {
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  try {
    await call(form.dataset.action ?? "", { body: JSON.stringify(answer) });
    form.remove();
    tell(answer.status === "success" ? "Answered; the run goes on." : "The run was told that you do not answer.");
  } catch (error) {
    tell(words(error), "bad");
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
}

for (const place of document.querySelectorAll("[data-questions-page]")) watchQuestions(place);
