// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Whether this page has a session that the homeserver accepts, and whose.
 *
 * Owns: what follows from the answer of `/account/whoami`. Must not know: what is collected, who asks.
 */

probe(async () => {
  keepWhatTheFormIsAnswered();
  const session = await findSession();
  if (session.why !== undefined) return { signed_in: null };
  if (session.token === undefined) return { signed_in: false };
  const answer = await fetch(`${session.base}/_matrix/client/v3/account/whoami`, {
    headers: { Authorization: `Bearer ${session.token}` },
    credentials: "omit",
    cache: "no-store",
  });
  if (answer.status === 401) return { signed_in: false };
  if (!answer.ok) return { signed_in: null };
  const { user_id: id } = await answer.json();
  return { signed_in: true, account: { id, label: id }, workspaces: [] };
});
