// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Whether this browser is signed in to Slack, as whom, and to which workspaces.
 *
 * Owns: which of Slack's signs is believed. Slack's front page says how many accounts are signed in; where it does not,
 * `auth.test` does. Who it is, only `auth.test` tells. Must not know: what is collected, who asks.
 */

probe(async ({ identity }) => {
  const host = /** @type {Host} */ (/** @type {unknown} */ ({ request, sleep, fail }));

  /** @param {string} url @param {{body?: Record<string, string>}} [options] */
  async function request(url, { body } = {}) {
    const response = await fetch(url, {
      method: body ? "POST" : "GET",
      body: body && new URLSearchParams(body),
      credentials: "include",
      cache: "no-store",
    });
    const text = await response.text();
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, ok: response.ok, headers, text, url: response.url, json: parsed(text) };
  }

  /** @param {number} ms */
  function sleep(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  /** @param {string} code @param {string} message */
  function fail(code, message) {
    return Object.assign(new Error(message), { code });
  }

  /** @param {string} text */
  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch {
      return undefined;
    }
  }

  /** The workspaces this browser knows, that of the account first. @param {string | undefined} team */
  function workspaces(team) {
    const config = storedConfig();
    const shown = team ?? teamInPath() ?? config.lastActiveTeamId;
    return Object.values({ ...config.prevTeams, ...config.teams })
      .filter((team) => typeof team?.id === "string")
      .sort((one, other) => Number(other.id === shown) - Number(one.id === shown))
      .map(({ id, name, domain }) => ({ id, label: name ?? domain ?? id, url: `${APP}/client/${id}` }));
  }

  const front = await tryRequest(host, `${APP}/`);
  const count = /num_signed_in_users\D{1,4}(\d+)/.exec(front?.text ?? "")?.[1];
  if (isSignIn(location.href) || isSignIn(front?.url ?? "") || count === "0") return { signed_in: false };
  const told = count === undefined ? null : true;
  if (told && !identity) return { signed_in: true };
  const session =
    sessionFromStorage(undefined, true) ?? sessionFromPage(undefined) ?? (await sessionFromServer(host, undefined));
  if (!session) return { signed_in: told, workspaces: workspaces(undefined) };
  try {
    const self = await slackApi(host, session).call("auth.test");
    return { signed_in: true, account: { id: self.user_id, label: self.user }, workspaces: workspaces(session.team) };
  } catch (error) {
    const refused = /** @type {any} */ (error).code === "signed_out";
    return { signed_in: refused ? false : told, workspaces: workspaces(session.team) };
  }
});
