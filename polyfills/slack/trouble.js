// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * Trouble while messages are read: a conversation or a thread that is broken is told from a Slack that is down.
 *
 * Owns: when Slack is asked whether it is there, what is asked, where a conversation answers again. Must not know: what is
 * left out where it does.
 */

/** Failures in a row after which Slack is asked again at the latest: each was seen to be its own, so asking gets rarer. */
const ASKED_EACH = 16;

class Trouble {
  /** @param {Host} host @param {Api} api @param {string[]} conversations Those that this run reads. */
  constructor(host, api, conversations) {
    this.host = host;
    this.api = api;
    this.conversations = conversations;
    /** Conversations that have failed in this run. @type {Set<string>} */
    this.broken = new Set();
    /** @type {WeakSet<SlackError>} */
    this.judged = new WeakSet();
    this.failures = 0;
    this.step = 1;
    this.due = 1;
  }

  /** Something was read: what failed before it was broken by itself. */
  none() {
    this.failures = 0;
    this.step = 1;
    this.due = 1;
  }

  /**
   * Something was not answered for. Returns where Slack itself answers; ends the run where it does not.
   * @param {SlackError} error @param {string} conversation
   */
  async met(error, conversation) {
    if (!error.passing || this.judged.has(error)) return;
    this.judged.add(error);
    this.broken.add(conversation);
    this.failures += 1;
    if (this.failures < this.due) return;
    this.due = this.failures + this.step;
    this.step = Math.min(2 * this.step, ASKED_EACH);
    if (error.code === "ratelimited") return this.stillGrants(conversation);
    if (await answers(this.host, this.api)) return;
    throw this.host.fail("source_unavailable", `Slack stopped answering (${error.code}).`, error.hint, true);
  }

  /** Whether Slack asks for a pause everywhere, or in this conversation alone. @param {string} conversation */
  async stillGrants(conversation) {
    const other = this.conversations.filter((id) => id !== conversation && !this.broken.has(id)).at(-1);
    const ask = () => this.api.call("conversations.history", { channel: other ?? conversation, limit: "1" }, { once: true });
    if (other !== undefined && (await this.host.isUp(ask))) return;
    const message = "Slack asks for a longer pause than this run may take.";
    throw this.host.fail("rate_limited", message, "retry_by_runtime", true);
  }
}

/** Seconds below a place that does not answer at which history is asked again, until it does. */
const STEPS_DOWN = [1, 60, 3_600, 86_400, 30 * 86_400, 365 * 86_400];

/**
 * The highest moment, to the second, below a place that does not answer, from which a conversation answers again; null
 * where it does not. @param {Api} api @param {string} channel @param {string} base @param {string | null} since
 */
async function belowBroken(api, channel, base, since) {
  const [top] = partsOf(base);
  const deepest = top - (since === null ? 0 : partsOf(since)[0]);
  let [fails, works] = [0, 0];
  for (const step of [...STEPS_DOWN.filter((step) => step < deepest), deepest]) {
    if (step < 1 || works > 0) break;
    if (await answersFrom(api, channel, top - step)) works = step;
    else fails = step;
  }
  while (works - fails > 1) {
    const middle = Math.floor((works + fails) / 2);
    if (await answersFrom(api, channel, top - middle)) works = middle;
    else fails = middle;
  }
  return works > 0 ? tsFrom(top - works, 0) : null;
}

/** @param {Api} api @param {string} channel @param {number} seconds */
async function answersFrom(api, channel, seconds) {
  const params = { channel, latest: tsFrom(seconds, 0), inclusive: "true", limit: "1" };
  try {
    await api.call("conversations.history", params, { list: "messages", once: true });
    return true;
  } catch (error) {
    if (!isPassing(error)) throw error;
    return false;
  }
}

/** Whether Slack answers anything at all. @param {Host} host @param {Api} api */
const answers = (host, api) =>
  host.isUp(
    () => api.call("api.test"),
    () => api.call("auth.test"),
    () => api.call("client.counts"),
  );
