/* A file an owner drops: uploaded, previewed, imported on their word. Nothing is written before that. */

import { call, problemOf, tell } from "/static/app.js";

const form = document.querySelector("[data-import]");
const drop = form.querySelector("[data-drop]");
const chosen = form.querySelector("[data-chosen]");
const bar = form.querySelector("[data-upload]");
const preview = document.querySelector("[data-preview]");
const place = preview.querySelector("[data-receipt-here]");

/* fetch tells nothing of an upload's progress; this does. */
function upload(path, file) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.responseType = "json";
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-Polyhost", "dashboard");
    request.upload.addEventListener("progress", (event) => {
      bar.value = event.lengthComputable ? event.loaded / event.total : 0;
      if (event.loaded === event.total) chosen.textContent = `${file.name}: reading what is in it…`;
    });
    request.addEventListener("load", () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Error(problemOf(request.response) || `The server answered ${request.status}.`));
    });
    request.addEventListener("error", () => reject(new Error("The server cannot be reached.")));
    request.send(file);
  });
}

async function take(file) {
  if (!file || !form.reportValidity()) return;
  const { name, source } = Object.fromEntries(new FormData(form));
  const asked = new URLSearchParams({ filename: file.name, ...(source && { source }) });
  preview.hidden = true;
  bar.hidden = false;
  bar.value = 0;
  chosen.textContent = `${file.name}: on its way…`;
  try {
    const found = await upload(`/v1/connections/${encodeURIComponent(name)}/artifacts?${asked}`, file);
    chosen.textContent = file.name;
    await show(found);
  } catch (error) {
    chosen.textContent = "Drop another file, or choose one.";
    tell(error.message, "bad");
  } finally {
    bar.hidden = true;
    form.querySelector("[type=file]").value = "";
  }
}

/* The server renders a preview as it renders a receipt. */
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

async function commit(button) {
  button.disabled = true;
  try {
    const { run_id } = await call(`/v1/artifacts/${encodeURIComponent(button.dataset.commit)}/commit`, { body: "{}" });
    location.assign(`/runs/${encodeURIComponent(run_id)}`);
  } catch (error) {
    tell(error.message, "bad");
    button.disabled = false;
  }
}

form.addEventListener("submit", (event) => event.preventDefault());
form.querySelector("[type=file]").addEventListener("change", (event) => take(event.target.files[0]));
preview.addEventListener("click", (event) => {
  if ("commit" in event.target.dataset) commit(event.target);
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
  take(event.dataTransfer.files[0]);
});
