/* Trying out a notification: what came of each way, in the server's words. */

import { call, tell } from "/static/app.js";
import { words } from "/static/parts.js";

/** @typedef {{ way: string, problem: { reason: string, instruction: string } | null }} Tried */

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-notify]"))) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      /** @type {{ ways: Tried[] }} */
      const { ways } = await call("/v1/notifications/test", { body: "{}" });
      const failed = ways.filter((one) => one.problem);
      tell(ways.map(said).join(" "), failed.length ? "bad" : "note");
    } catch (error) {
      tell(words(error), "warn");
    } finally {
      button.disabled = false;
    }
  });
}

/** @param {Tried} tried */
function said({ way, problem }) {
  return problem ? `By ${way}: ${problem.reason}. ${problem.instruction}` : `By ${way}: it was taken; does it show?`;
}
