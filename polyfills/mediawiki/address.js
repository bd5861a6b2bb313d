// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Where this wiki is asked: its api.php, as its own pages name it.
 *
 * Owns: the places that name it, asked in order. Must not know: what is asked there, who asks.
 */

/**
 * The address of api.php, in the page's own origin: a wiki may name itself by another host than the one its owner uses, and
 * of that one no answer could be read. null: this is no page of a wiki, or of one without an API.
 */
function apiAddress() {
  const named = document.querySelector('link[rel="EditURI"]')?.getAttribute("href");
  const loads = document.querySelector('link[href*="/load.php"], script[src*="/load.php"]');
  const beside = loads?.getAttribute("href") ?? loads?.getAttribute("src");
  const path = named ? pathOf(named) : beside ? pathOf(beside)?.replace(/load\.php$/, "api.php") : undefined;
  return path?.endsWith("/api.php") ? `${location.origin}${path}` : null;
}

/** @param {string} address */
const pathOf = (address) => (URL.canParse(address, location.href) ? new URL(address, location.href).pathname : undefined);
