// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * The session: which workspace the page shows, where its token is, whether anyone is signed in.
 *
 * Owns: the places a token was seen in, asked in order. Must not know: methods, records.
 */

/** The client stores its token while it boots: look this often, ask elsewhere after a while, give up after a minute. */
const TOKEN_POLL_MS = 250;
const TOKEN_FALLBACK_MS = 4_000;
const TOKEN_LIMIT_MS = 60_000;
const APP = "https://app.slack.com";

/** @param {Host} host @returns {Promise<Session>} */
async function openSession(host) {
  const remembered = /** @type {string | undefined} */ (host.start.state?.workspace?.team_id);
  let asked = false;
  for (let waited = 0; waited <= TOKEN_LIMIT_MS; waited += TOKEN_POLL_MS) {
    const late = waited >= TOKEN_FALLBACK_MS;
    const session = sessionFromStorage(remembered, late) ?? sessionFromPage(remembered);
    if (session) return session;
    if (late && !asked) {
      asked = true;
      const answered = await sessionFromServer(host, remembered);
      if (answered) return answered;
      if (await isSignedOut(host)) throw signedOut(host);
    }
    await host.sleep(TOKEN_POLL_MS);
  }
  throw host.fail(
    "token_not_found",
    "Signed in to Slack, but its web client shows no session token.",
    "manual_action_required",
  );
}

/** The workspace the page shows; the last active one may be another. */
function teamInPath() {
  return /^\/client\/([TE][A-Z0-9]+)/.exec(location.pathname)?.[1];
}

/** The client's stored configuration, whichever version of it is there. @returns {Json} */
function storedConfig() {
  for (const key of ["localConfig_v2", "localConfig_v3"]) {
    try {
      const config = JSON.parse(localStorage.getItem(key) ?? "null");
      if (config?.teams || config?.prevTeams) return config;
    } catch {
      continue;
    }
  }
  return {};
}

/**
 * What is stored of a workspace, even where its token is not.
 * @param {string | undefined} team @returns {Json | undefined}
 */
function storedTeam(team) {
  const config = storedConfig();
  return team === undefined ? undefined : (config.teams?.[team] ?? config.prevTeams?.[team]);
}

/** @param {string | undefined} remembered @param {boolean} late @returns {Session | null} */
function sessionFromStorage(remembered, late) {
  const config = storedConfig();
  const teams = Object.values(config.teams ?? {}).filter((team) => team?.token);
  const fallback = teams.length === 1 ? teams[0].id : late ? config.lastActiveTeamId : undefined;
  const wanted = remembered ?? teamInPath() ?? fallback;
  const found = teams.find((team) => team.id === wanted);
  return found ? sessionOf(found.id, found.token) : null;
}

/** Older pages carry the token in an inline script. @param {string | undefined} remembered @returns {Session | null} */
function sessionFromPage(remembered) {
  const team = remembered ?? teamInPath();
  if (!team) return null;
  for (const script of document.querySelectorAll("script:not([src])")) {
    const token = tokenIn(script.textContent ?? "");
    if (token && (script.textContent ?? "").includes(team)) return sessionOf(team, token);
  }
  return null;
}

/**
 * Newer clients keep the token in memory only; two pages of Slack's own hand it out again.
 * @param {Host} host @param {string | undefined} remembered
 */
async function sessionFromServer(host, remembered) {
  const team = remembered ?? teamInPath() ?? storedConfig().lastActiveTeamId;
  if (!team) return null;
  const query = new URLSearchParams({
    app: "client",
    response_type: "json",
    return_to: `/client/${team}`,
    teams: team,
  });
  const auth = await tryRequest(host, `${APP}/auth?${query}`);
  const granted = auth?.json?.teams?.[team]?.token;
  if (granted) return sessionOf(team, granted, auth?.json?.teams?.[team]?.url);
  const url = storedTeam(team)?.url;
  const redirect = url ? await tryRequest(host, `${url}ssb/redirect`) : null;
  const token = tokenIn(redirect?.text ?? "");
  return token ? sessionOf(team, token) : null;
}

/** @param {string} team @param {string} token @param {string} [url] @returns {Session} */
function sessionOf(team, token, url) {
  const known = storedTeam(team);
  return { team, token, url: url ?? known?.url ?? (known?.domain ? `https://${known.domain}.slack.com/` : null) };
}

/** @param {string} text */
function tokenIn(text) {
  return /"?api_token"?\s*:\s*"(xoxc-[^"]+)"/.exec(text)?.[1];
}

/** No token is not a proof of being signed out; Slack's front page says it for certain. @param {Host} host */
async function isSignedOut(host) {
  const front = await tryRequest(host, `${APP}/`);
  return front !== null && (isSignIn(front.url) || /num_signed_in_users\D{1,4}0\b/.test(front.text));
}

/** @param {string} url */
const isSignIn = (url) =>
  /^https:\/\/[^/]*slack\.com\/(workspace-)?signin|^https:\/\/[^/]*slack\.com\/get-started/.test(url);

/** @param {Host} host */
const signedOut = (host) => host.fail("signed_out", "Slack no longer accepts this session.", "refresh_credentials");

/** @param {Host} host @param {string} url @returns {Promise<Outcome | null>} */
async function tryRequest(host, url) {
  try {
    return await host.request(url);
  } catch {
    return null;
  }
}
