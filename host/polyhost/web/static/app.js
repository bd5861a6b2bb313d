/* What every page does: buttons that post, copying, the count of open questions. No page depends on it to be read. */

/** A request to the owner API, as this page's owner. Rejects with the problem's sentences. */
export async function call(path, options = {}) {
  const headers = { Accept: "application/json", "X-Polyhost": "dashboard", ...options.headers };
  if (typeof options.body === "string") headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method: "POST", ...options, headers });
  const isJson = (answer.headers.get("Content-Type") ?? "").includes("json");
  const value = isJson ? await answer.json() : null;
  if (!answer.ok) throw new Error(problemOf(value) || `The server answered ${answer.status}.`);
  return value;
}

/** What went wrong, in the server's own sentences. */
export function problemOf(value) {
  if (!value) return "";
  const parts = [value.detail ?? value.title, value.instruction].filter(Boolean);
  const sentences = parts.map((text) => (/[.!?]$/.test(text) ? text : `${text}.`));
  return sentences.map((text) => text[0].toUpperCase() + text.slice(1)).join(" ");
}

/** Says something where the owner and a screen reader notice it. */
export function tell(text, tone = "note") {
  const place = document.getElementById("told");
  const note = document.createElement("p");
  note.className = `note tone-${tone}`;
  note.textContent = text;
  place.replaceChildren(note);
  place.scrollIntoView({ block: "nearest" });
}

async function post(button) {
  const { post: path, confirm: question, said, bodyFrom } = button.dataset;
  const body = bodyFrom ? document.getElementById(bodyFrom).value : button.dataset.body;
  if (question && !window.confirm(question)) return;
  button.disabled = true;
  try {
    const value = await call(path, { method: button.dataset.method ?? "POST", body: body ?? "{}" });
    if (said) tell(said);
    if (value?.run_id && !("stay" in button.dataset)) location.assign(`/runs/${encodeURIComponent(value.run_id)}`);
    else if (!("stay" in button.dataset)) location.reload();
  } catch (error) {
    tell(error.message, "bad");
    button.disabled = false;
  }
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    tell("Copied.");
  } catch {
    tell("The browser did not let this page copy; select the command instead.", "warn");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.post) post(button);
  else if (button && "copy" in button.dataset) copy(button);
});

document.addEventListener("change", (event) => {
  if ("submits" in event.target.dataset) event.target.form.requestSubmit();
});
