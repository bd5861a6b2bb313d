// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Where a page of a homeserver's origin has an access token, and how the homeserver's own sign-in form hands one over.
 *
 * Owns: the places a token was seen in, asked in order. Must not know: what it is used for.
 */

/** Under this name the answer of the sign-in form is kept, in the storage of the site's own origin. */
const KEPT = "polyhost.matrix";
/** The database of Element and of clients that are made of its code. */
const ELEMENT = { name: "matrix-react-sdk", store: "account", key: "mx_access_token" };

/** The homeserver's address without a slash at its end; a sub-path is kept. */
const siteBase = () => location.href.replace(/[?#].*$/s, "").replace(/\/_matrix\/.*$/s, "").replace(/\/+$/, "");

/** @param {unknown} value @returns {string | undefined} */
const textIn = (value) => (typeof value === "string" && value !== "" ? value : undefined);

/** @param {string} name @returns {any} What is stored as JSON; null where nothing is, or something else. */
function storedJson(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

/** @returns {Promise<Session>} `why`: there is a session, and it cannot be used. */
async function findSession() {
  const base = siteBase();
  const own = storedJson(KEPT);
  if (typeof own?.access_token === "string") return { base, token: own.access_token, user: textIn(own.user_id) };
  const plain = localStorage.getItem("mx_access_token");
  const server = localStorage.getItem("mx_hs_url")?.replace(/\/+$/, "");
  const user = textIn(localStorage.getItem("mx_user_id"));
  if (plain) return { base: server ?? base, token: plain, user };
  if (localStorage.getItem("mx_has_access_token") !== "true") return {};
  const kept = await fromDatabase(ELEMENT).catch(() => undefined);
  if (typeof kept === "string") return { base: server ?? base, token: kept, user };
  const how = kept === undefined ? "where it cannot be read" : "encrypted";
  return { why: `Element keeps its token here ${how}; sign in with the form of the homeserver instead.` };
}

/**
 * A value out of a database that is there already: none is made.
 * @param {{name: string, store: string, key: string}} place @returns {Promise<unknown>}
 */
async function fromDatabase({ name, store, key }) {
  if (!(await indexedDB.databases()).some((one) => one.name === name)) return undefined;
  const database = await finished(indexedDB.open(name));
  try {
    if (!database.objectStoreNames.contains(store)) return undefined;
    return await finished(database.transaction(store).objectStore(store).get(key));
  } finally {
    database.close();
  }
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * The form shows what it was answered to nobody but a function that an embedding page puts in (`matrixLogin.onLogin`).
 * One is put in that keeps it in the storage of this origin, where a session is sealed from.
 */
function keepWhatTheFormIsAnswered() {
  if (!/\/_matrix\/static\/client\/login\/?$/.test(location.pathname)) return;
  const script = document.createElement("script");
  script.textContent = `if (window.matrixLogin) matrixLogin.onLogin = (answer) => {
    localStorage.setItem(${JSON.stringify(KEPT)}, JSON.stringify({
      access_token: answer.access_token, user_id: answer.user_id, device_id: answer.device_id }));
    document.title = document.body.textContent = "Signed in";
  };`;
  document.documentElement.append(script);
  script.remove();
}
