// @ts-check
/// <reference path="../sdk/polyfill.d.ts" />
/**
 * What a wiki says of an edit, a revision, a file, as records.
 *
 * Owns: their shapes, what is kept of what a wiki hides. Must not know: where they were read.
 */

/** @param {any} value */
const number = (value) => (Number.isSafeInteger(value) && value > 0 ? value : undefined);
/** @param {any} value */
const change = (value) => (Number.isSafeInteger(value) ? value : undefined);
/** @param {any} value */
const hidden = (value) => value === true || value === "";

/** What edits and revisions have in common. @type {import("../sdk/polyfill").Shape} */
const EDIT = {
  rev_id: { is: number, from: "revid", needed: true },
  parent_id: { is: (/** @type {any} */ value) => number(value) ?? null, from: "parentid" },
  edited_at: { is: "text", from: "timestamp", needed: true },
  comment: "text",
  size: "count",
  is_minor: { is: hidden, from: "minor", or: false },
  tags: ["text"],
  text_hidden: { is: hidden, from: "texthidden", or: false },
  comment_hidden: { is: hidden, from: "commenthidden", or: false },
  suppressed: { is: hidden, or: false },
};

/** @type {import("../sdk/polyfill").Shape} */
const CONTRIBUTION = {
  ...EDIT,
  page_id: { is: number, from: "pageid", needed: true },
  namespace: { is: change, from: "ns", needed: true },
  title: "text!",
  size_change: { is: change, from: "sizediff" },
  is_new: { is: hidden, from: "new", or: false },
};

/** @type {import("../sdk/polyfill").Shape} */
const REVISION = {
  ...EDIT,
  user: "text",
  user_id: { is: (/** @type {any} */ value) => number(value) ?? null, from: "userid" },
  user_hidden: { is: hidden, from: "userhidden", or: false },
  sha1: "text",
  content_model: { is: "text", from: "slots.main.contentmodel" },
  text: { is: "text", from: "slots.main.content" },
  text_hidden: { is: hidden, from: "slots.main.texthidden", or: false },
};

/** @type {import("../sdk/polyfill").Shape} */
const UPLOAD = {
  title: "text!",
  name: "text!",
  uploaded_at: { is: "text", from: "timestamp", needed: true },
  comment: "text",
  mime: "text",
  size: "count",
  sha1: "text!",
  url: "text!",
  page_url: { is: "text", from: "descriptionurl" },
};

/** @type {import("../sdk/polyfill").Shape} */
const WATCHED = { title: "text!", namespace: { is: change, from: "ns", needed: true } };

/** @param {Host} host @param {Json} item @param {import("../sdk/polyfill").Shape} shape @param {Json} place */
function editRecord(host, item, shape, place) {
  const { data, mended } = host.fields(item, shape);
  const { rev_id, ...rest } = data;
  const key = String(rev_id);
  return { key, data: { rev_id: key, position: placeIn(item), ...place, ...rest, ...idsOf(rest) }, mended };
}

/** Ids are text: they name, and nobody counts with them. @param {Json} data */
function idsOf(data) {
  const names = ["page_id", "parent_id", "user_id"].filter((name) => Number.isInteger(data[name]));
  return Object.fromEntries(names.map((name) => [name, String(data[name])]));
}

/** A version of a file is a file of its own: its name and its content. @param {Host} host @param {Json} item */
function uploadRecord(host, item) {
  const { data, mended } = host.fields(item, UPLOAD);
  return { key: data.title, data: { ...data, file_id: `${data.name}/${data.sha1}` }, mended };
}

/** @param {Host} host @param {Json} item */
function watchedRecord(host, item) {
  const { data, mended } = host.fields(item, WATCHED);
  return { key: data.title, data, mended };
}
