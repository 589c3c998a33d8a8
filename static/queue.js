/* Requests to the server. Requests that change something are sent one after the other, so that a later step sees the
   effect of an earlier one. The response to `HX-Target: <id>` is the part of the page with that id
   (inbox/pages/parts.py). */
import { all, page, parse } from "./page.js";
import { listAddress } from "./rows.js";
import { say } from "./toasts.js";

const LATE_MS = 100;
const TOKEN = "[name=csrfmiddlewaretoken]";

/** Fetches a part of a page. Throws if the session has ended.
 * @param {string} url @param {string} target the part's id @param {RequestInit} [options]
 * @returns {Promise<Reply>} */
export async function fetchPart(url, target, options) {
  const headers = { "HX-Request": "true", "HX-Target": target };
  const response = await fetch(url, { cache: "no-store", ...options, headers });
  if (!response.redirected || new URL(response.url).pathname.match(/^\/(w|desk)\//))
    return { response, page: parse(await response.text()) };
  page.endSession();
  throw new Error("the session is over");
}

/** Puts the text of waiting requests back in its fields, and then reloads the page, which asks for a login. */
page.endSession = () => {
  for (const request of waiting) request.onFailure();
  waiting.clear();
  last.finally(() => location.reload());
};

/** @param {Document} shown */
const userOf = (shown) => shown.querySelector("meta[name=live]")?.dataset.user;
/** Replaces the CSRF tokens of the forms, which are invalid after the user has logged in again in another tab. Returns
 * false if another user has logged in.
 * @returns {Promise<boolean>} */
async function renewToken() {
  const { page: list } = await fetchPart(listAddress(), "");
  if (userOf(list) !== userOf(document)) {
    say("Someone else has logged in.");
    return false;
  }
  for (const field of all(TOKEN)) field.value = list.querySelector(TOKEN).value;
  return true;
}

/** @type {Set<QueuedRequest>} requests that have not begun */
const waiting = new Set();
let last = Promise.resolve();
export const queue = { pending: 0, total: 0 };

/** Resolves once the page has painted the effect of a key. A hidden page paints nothing. */
export const afterPaint = () =>
  /** @type {Promise<void>} */
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, LATE_MS);
  });

/** @param {QueuedRequest} request @returns {RequestInit} */
function post(request) {
  const body = request.body();
  body.set("csrfmiddlewaretoken", document.querySelector(TOKEN).value);
  return { method: "POST", body, keepalive: true };
}
/** @param {QueuedRequest} request */
async function perform(request) {
  if (!waiting.delete(request)) return; // already sent as the user left the page
  const url = request.url();
  if (!url) return; // nothing to undo
  try {
    let reply = await fetchPart(url, request.target, post(request));
    if (reply.response.status === 403 && (await renewToken()))
      reply = await fetchPart(url, request.target, post(request));
    if (reply.response.ok) request.onSuccess(reply);
    else request.onFailure(reply);
  } catch {
    request.onFailure();
  }
}

/** Queues a request. `url` and `body` are called when it is sent. Without a response, `onFailure` gets no argument.
 * @param {QueuedRequest} request
 * @returns {() => boolean} A function that takes the request back. It returns false if the request has begun. */
export function enqueue(request) {
  waiting.add(request);
  queue.pending += 1;
  queue.total += 1;
  last = last
    .then(afterPaint)
    .then(() => perform(request))
    .finally(() => {
      queue.pending -= 1;
      dispatchEvent(new Event("holdfast:sent"));
    });
  return () => waiting.delete(request);
}
addEventListener("pagehide", () => {
  for (const request of waiting) {
    const url = request.url();
    if (url) fetch(url, post(request));
  }
  waiting.clear();
});

/** Returns the FormData of a request with `fields`.
 * @param {Record<string, string>} fields */
export function formData(fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return body;
}
/** Returns the texts of the toasts in a response.
 * @param {Reply | undefined} reply @returns {string[]} */
export const wordsOf = (reply) =>
  reply ? all(".toast", reply.page).map(({ textContent }) => textContent.trim().split("\n")[0]) : [];

// --- steps that can be undone ---------------------------------------------------------------------------------------
/** The user's last actions ("steps"), newest last, for Undo. `stays` is the reason why a step cannot be undone.
 * @type {Step[]} */
export const steps = [];
/** @param {Step | undefined} step */
export const forgetStep = (step) => step && steps.splice(steps.indexOf(step) >>> 0, 1);
