/* The list of conversations: its rows, their addresses, and the page's title. A row's id is `row-<lead>`. */
import { all, byId, create, page } from "./page.js";

export const threads = () => byId("threads");
export const list = () => byId("rows");
/** @returns {any[]} */
export const rows = () => [...(list()?.children ?? [])];
/** @param {Element | undefined} row */
export const idOf = (row) => row?.id.slice(4) ?? "";
/** @param {string} id */
export const rowOf = (id) => byId(`row-${id}`);
/** @param {Element | null | undefined} row @returns {any} */
export const linkOf = (row) => row?.querySelector("a");

/** The ids of rows with news that the user has not looked at. The title counts them.
 * @type {Set<string>} */
export const fresh = new Set();

/** Returns the query string of the list, without the parameters of one conversation. */
function listQuery() {
  const query = new URLSearchParams(location.search);
  for (const name of ["all", "decided"]) query.delete(name);
  if ("overAll" in threads().dataset) query.set("desk", "1");
  return query.size ? `?${query}` : "";
}
/** Maps a lead to the path of its conversation. The list over all workspaces shows leads of several workspaces.
 * @type {Map<string, string>} */
export const paths = new Map();
/** @param {string} id @returns {string} */
function pathOf(id) {
  const here = location.pathname.includes(id) ? location.pathname : undefined;
  const path = linkOf(rowOf(id))?.pathname ?? paths.get(id) ?? here ?? `${threads().dataset.base}${id}/`;
  paths.set(id, path);
  return path;
}
/** Returns the path of the inbox of a lead's workspace.
 * @param {string} id */
export const inboxOf = (id) => pathOf(id).split(id)[0];
/** @param {string} id */
export const addressOf = (id) => `${pathOf(id)}${listQuery()}`;
export const listAddress = () => `${threads().dataset.base}${listQuery()}`;

// The focus moves first and without scrolling, so that the browser computes the layout only once for each key. The row
// is scrolled into view before the next paint.
/** @param {Element} row */
const reveal = (row) => requestAnimationFrame(() => row?.scrollIntoView({ block: "nearest" }));
/** @param {Element} row */
export function focusRow(row) {
  linkOf(row)?.focus({ preventScroll: true });
  reveal(row);
}
/** Marks the row of the shown conversation.
 * @param {string} id */
export function markCurrent(id) {
  for (const link of all(".row > a[aria-current]"))
    if (idOf(link.parentElement) !== id) link.removeAttribute("aria-current");
  linkOf(rowOf(id))?.setAttribute("aria-current", "true");
  reveal(rowOf(id));
}
/** @param {Element} row @param {boolean} unread */
export const setUnread = (row, unread) => row?.classList.toggle("unread", unread);
/** Marks whether a row's lead has been sent an answer here, and has not written again. A row without a mark was left out.
 * @param {string} id @param {boolean} answered */
export const setAnswered = (id, answered) => rowOf(id)?.setAttribute("data-answered", answered);

/** @param {any} heading @param {number} level */
function setLevel(heading, level) {
  if (!heading || heading.localName === `h${level}`) return;
  const other = create(`h${level}`);
  for (const { name, value } of [...heading.attributes]) other.setAttribute(name, value);
  other.append(...heading.childNodes);
  heading.replaceWith(other);
}
/** Puts the open conversation's name into the title, and makes it the page's first heading. */
export function showTitle() {
  const name = page.opened && byId("lead")?.textContent;
  document.title = `${fresh.size ? `(${fresh.size}) ` : ""}${name ? `${name}, ` : ""}${threads().dataset.title}`;
  setLevel(byId("list-h"), page.opened ? 2 : 1);
  setLevel(byId("lead"), page.opened ? 1 : 2);
}
