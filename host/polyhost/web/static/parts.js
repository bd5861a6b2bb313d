/* Finding what a page is made of. A script that looks for a part its page does not have says which one. */

/**
 * The part of the page there, of this kind.
 * @template {Element} E
 * @param {ParentNode} within
 * @param {string} selector
 * @param {new () => E} kind
 * @returns {E}
 */
export function part(within, selector, kind) {
  const found = within.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`This page has no ${selector}.`);
  return found;
}

/**
 * The nearest part of this kind that something happened to.
 * @template {Element} E
 * @param {Event} event
 * @param {string} selector
 * @param {new () => E} kind
 * @returns {E | null}
 */
export function touched(event, selector, kind) {
  const found = event.target instanceof Element ? event.target.closest(selector) : null;
  return found instanceof kind ? found : null;
}

/**
 * Foreign text without what turns the direction of others or cannot be seen.
 * @param {string} text
 */
export function clean(text) {
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, " ");
}

/**
 * What was thrown, in words.
 * @param {unknown} error
 */
export function words(error) {
  return error instanceof Error ? error.message : String(error);
}
