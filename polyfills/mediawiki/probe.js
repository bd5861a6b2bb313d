// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Whether this browser is signed in to the wiki, and as whom: the wiki says so itself.
 *
 * Owns: how its answer is read. Must not know: what is collected, who asks.
 */

probe(async () => {
  const api = apiAddress();
  if (api === null) return { signed_in: null };
  const query = new URLSearchParams({ action: "query", meta: "userinfo", format: "json", formatversion: "2" });
  const answer = await fetch(`${api}?${query}`, { credentials: "include", cache: "no-store" });
  if (!answer.ok) return { signed_in: null };
  const told = await answer.json();
  if (told.error) return { signed_in: told.error.code === "readapidenied" ? false : null };
  const user = told.query?.userinfo;
  if (!Number.isSafeInteger(user?.id)) return { signed_in: null };
  if (user.id === 0 || user.anon || user.temp) return { signed_in: false };
  return { signed_in: true, account: { id: String(user.id), label: String(user.name) }, workspaces: [] };
});
