/* A file an owner drops: uploaded, previewed, imported on their word. Nothing is written before that. */

import { call, problemOf, tell } from "/static/app.js";
import { clean, part, touched, words } from "/static/parts.js";

const form = part(document, "[data-import]", HTMLFormElement);
const drop = part(form, "[data-drop]", HTMLElement);
const input = part(form, "[type=file]", HTMLInputElement);
const chosen = part(form, "[data-chosen]", HTMLElement);
const bar = part(form, "[data-upload]", HTMLProgressElement);
const preview = part(document, "[data-preview]", HTMLElement);
const place = part(preview, "[data-receipt-here]", HTMLElement);

/**
 * fetch tells nothing of an upload's progress; this does.
 * @param {string} path
 * @param {File} file
 * @returns {Promise<unknown>}
 */
function upload(path, file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-Polyhost", "dashboard");
    request.upload.addEventListener("progress", (event) => {
      bar.value = event.lengthComputable ? event.loaded / event.total : 0;
      if (event.loaded === event.total) chosen.textContent = `${clean(file.name)}: reading what is in it…`;
    });
    request.addEventListener("load", () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Error(problemOf(request.response) || `The server answered ${request.status}.`));
    });
    request.addEventListener("error", () => reject(new Error("The server cannot be reached.")));
    request.send(file);
  });
}

/** @param {File | undefined} file */
async function take(file) {
  if (!file || !form.reportValidity()) return;
  const given = new FormData(form);
  const [name, source] = [String(given.get("name") ?? ""), String(given.get("source") ?? "")];
  const asked = new URLSearchParams({ filename: file.name, ...(source && { source }) });
  preview.hidden = true;
  bar.hidden = false;
  bar.value = 0;
  chosen.textContent = `${clean(file.name)}: on its way…`;
  try {
    const found = await upload(`/v1/connections/${encodeURIComponent(name)}/artifacts?${asked}`, file);
    chosen.textContent = clean(file.name);
    await show(found);
  } catch (error) {
    chosen.textContent = "Drop another file, or choose one.";
    tell(words(error), "bad");
  } finally {
    bar.hidden = true;
    input.value = "";
  }
}

/**
 * The server renders a preview as it renders a receipt.
 * @param {unknown} found
 */
async function show(found) {
  const answer = await fetch("/import/preview", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Polyhost": "dashboard" },
    body: JSON.stringify(found),
  });
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  const html = new DOMParser().parseFromString(await answer.text(), "text/html");
  place.replaceChildren(...html.body.childNodes);
  preview.hidden = false;
  preview.focus();
  preview.scrollIntoView({ block: "start" });
}

/** @param {HTMLButtonElement} button */
async function commit(button) {
  button.disabled = true;
  try {
    const { run_id } = await call(`/v1/artifacts/${encodeURIComponent(button.dataset.commit ?? "")}/commit`, { body: "{}" });
    location.assign(`/runs/${encodeURIComponent(run_id)}`);
  } catch (error) {
    tell(words(error), "bad");
    button.disabled = false;
  }
}

form.addEventListener("submit", (event) => event.preventDefault());
input.addEventListener("change", () => take(input.files?.[0]));
preview.addEventListener("click", (event) => {
  const button = touched(event, "[data-commit]", HTMLButtonElement);
  if (button) commit(button);
});
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer?.files[0]);
});
