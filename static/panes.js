/* Panes are the conversations beside the list. The next panes are prefetched, and panes with unsent text are kept. */
import { byId, on, page } from "./page.js";
import { fetchPart } from "./queue.js";
import { addressOf, idOf, linkOf, rowOf } from "./rows.js";
import { hasText, restoreTexts, storeTexts } from "./typed.js";

const MOST_PANES = 12;
const AHEAD = 2;

export const pane = () => byId("convo");
/** Maps a lead to the element of its pane, or to a promise of this element.
 * @type {Map<string, Element | Promise<Element>>} */
export const panes = new Map();
/** Leads whose conversations have changed since their panes were fetched.
 * @type {Set<string>} */
export const stale = new Set();

/** Whether a pane must be kept, because a text in it is unsent, refused or being sent.
 * @param {any} element */
const isHeld = (element) =>
  hasText(element) || (element instanceof Element && element.querySelector("form[aria-busy]"));
/** Stores a pane as the newest one, and drops the oldest if there are too many.
 * @param {string} lead @param {Element | Promise<Element>} element */
export function keepPane(lead, element) {
  panes.delete(lead);
  panes.set(lead, element);
  for (const oldest of panes.keys()) {
    if (panes.size <= MOST_PANES) break;
    if (oldest !== page.shown && !isHeld(panes.get(oldest))) panes.delete(oldest);
  }
}
/** Drops the pane of a changed conversation, or marks it as stale if it must be kept.
 * @param {string} lead */
export function expirePane(lead) {
  if (lead === page.shown) return;
  if (isHeld(panes.get(lead)) || stale.has(lead)) stale.add(lead);
  else panes.delete(lead);
}
/** Returns the pane of a conversation, or a promise of it.
 * @param {string} lead */
export function fetchPane(lead) {
  const entry = panes.get(lead);
  if (entry) return entry;
  const promise = fetchPart(addressOf(lead), "convo").then(({ page: answer }) => {
    const element = answer.getElementById("convo");
    if (element?.dataset.lead !== lead) throw new Error("no such conversation");
    if (panes.get(lead) === promise) keepPane(lead, document.adoptNode(element));
    return element;
  });
  promise.catch(() => panes.get(lead) === promise && panes.delete(lead));
  keepPane(lead, promise);
  return promise;
}
/** Prefetches the panes of the next rows. */
export function fetchAhead() {
  let row = rowOf(page.shown)?.nextElementSibling;
  for (let more = AHEAD; row && more; more -= 1) {
    Promise.resolve(fetchPane(idOf(row))).catch(() => {});
    row = row.nextElementSibling;
  }
}

/** Replaces `old` with `element`. Responses to requests of `old` are dropped, because they refer to parts that are no
 * longer on the page.
 * @param {Element} element @param {Element} old */
export function replace(element, old) {
  if (old.querySelector("[data-poll]"))
    old.addEventListener("htmx:beforeOnLoad", (event) => event.preventDefault());
  old.replaceWith(element);
}
/** Returns a sketch with the row's details, which the page shows until the pane arrives.
 * @param {any} row */
export function sketch(row) {
  const element = copyOf("sketch");
  element.querySelector("h1").textContent = row?.querySelector("b").textContent ?? "";
  element.querySelector("article p").textContent = row?.querySelector(".snip").textContent ?? "";
  return element;
}
/** Returns a copy of the content of the template `id`.
 * @param {"sketch" | "none"} id @returns {any} */
export const copyOf = (id) => byId(id).content.firstElementChild?.cloneNode(true);

/** Shows a pane, and stores the text typed in the previous one.
 * @param {any} element */
export function putPane(element) {
  const old = pane();
  if (old === element) return;
  const hadFocus = old.contains(document.activeElement);
  storePanes();
  if (old.querySelector("[data-poll]") || old.ariaBusy) panes.delete(old.dataset.lead ?? "");
  replace(element, old);
  if (!element.ariaBusy) htmx.process(element);
  restoreTexts(element);
  dispatchEvent(new Event("holdfast:pane"));
  if (hadFocus) linkOf(rowOf(page.shown))?.focus({ preventScroll: true });
}

/** Stores the text typed in the panes. */
export const storePanes = () => storeTexts([...panes.values(), pane()]);
addEventListener("pagehide", storePanes);
on("htmx:beforeSwap", storePanes);
on("htmx:afterSwap", () => restoreTexts(pane()));
page.hasUnsentText = () => [...panes.values(), pane()].some(hasText);
addEventListener("holdfast:leave", (event) => page.hasUnsentText() && event.preventDefault());
