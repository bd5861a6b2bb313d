/* Questions that runs ask: shown when they come, answered in the page. Answers go to the server and nowhere else. */

import { call, tell } from "/static/app.js";

const EVERY = 2000; // milliseconds between two looks

/** Keeps the open questions in `place` (of one run, where it is named), and the number in the menu, as they are. */
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
    send(event.target, { status: "success", data: values(event.target) });
  });
  place.addEventListener("click", (event) => {
    if ("decline" in event.target.dataset) send(event.target.form, { status: "cancelled" });
  });
}

/* A question that is still open keeps its form, with what is typed in it. */
function merge(place, html) {
  const found = new DOMParser().parseFromString(html, "text/html");
  const open = new Map([...found.querySelectorAll("[data-question]")].map((form) => [form.dataset.question, form]));
  for (const shown of place.querySelectorAll("[data-question]")) {
    if (open.has(shown.dataset.question)) open.delete(shown.dataset.question);
    else shown.remove();
  }
  if (open.size) place.querySelector(".empty")?.remove();
  place.append(...[...open.values()].map((form) => document.adoptNode(form)));
  const count = found.querySelector("[data-count]").dataset.count;
  for (const badge of document.querySelectorAll("[data-questions]")) {
    badge.hidden = count === "0";
    badge.firstChild.textContent = count;
  }
}

function values(form) {
  const read = {};
  for (const field of form.querySelectorAll("[name]")) {
    const type = field.dataset.type;
    if (type === "boolean") read[field.name] = field.checked;
    else if (type === "integer" || type === "number") read[field.name] = field.valueAsNumber;
    else if (field.value || field.required) read[field.name] = field.value;
  }
  return read;
}

async function send(form, answer) {
  for (const button of form.querySelectorAll("button")) button.disabled = true;
  try {
    await call(form.dataset.action, { body: JSON.stringify(answer) });
    form.remove();
    tell(answer.status === "success" ? "Answered; the run goes on." : "The run was told that you do not answer.");
  } catch (error) {
    tell(error.message, "bad");
    for (const button of form.querySelectorAll("button")) button.disabled = false;
  }
}

for (const place of document.querySelectorAll("[data-questions-page]")) watchQuestions(place);
