/* Updates rows, counts and messages when they change elsewhere. Rows do not move while the user reads. */
import { isOpenOrRoomy, isPlain, showFirst } from "./desk.js";
import { showFolderCounts } from "./holdfast.js";
import { all, byId, on, page } from "./page.js";
import { expirePane, pane, panes } from "./panes.js";
import { fetchPart, queue } from "./queue.js";
import { here, isWatched, tryRenewPane } from "./renewal.js";
import {
  fresh,
  idOf,
  linkOf,
  list,
  listAddress,
  markCurrent,
  rowOf,
  rows,
  setAnswered,
  showTitle,
  threads,
} from "./rows.js";

const SOON_MS = 1500;
/** @type {Set<string>} ids of new and changed rows that `arrange` has not sorted in yet */
const waiting = new Set();
/** @type {Map<string, string | undefined>} maps a row's id to the newest reply that this page has shown for it */
const newest = new Map();
/** @type {Set<string>} leads that have changed since the page was loaded */
const touched = new Set();
/** @type {any[] | null} the rows of a newer list, until the user stops reading or presses the button “… new” */
let nextRows = null;
let isAwaited = false; // whether the user has asked for a list that is still to be fetched

for (const kind of ["keydown", "pointermove", "wheel"])
  addEventListener(
    kind,
    () => {
      if (nextRows || !fresh.size) return;
      fresh.clear();
      showTitle();
    },
    { passive: true },
  );
/** Whether the user is reading the list, and so would see rows move. */
const isRead = () =>
  isWatched() &&
  (threads().matches(":hover") ||
    threads().contains(document.activeElement) ||
    threads().scrollTop > 0 ||
    threads().querySelector(":checked"));

// --- the list --------------------------------------------------------------------------------------------------------
let isAsking = false;
let asksAgain = false;
let readAt = 0; // the number of requests that had been queued when the newest list was requested
const NEAR = 10;
/** Whether at most NEAR rows are left from the row of the shown conversation on. */
const isNearEnd = () => rows().length - rows().indexOf(rowOf(page.shown)) <= NEAR;
/** Fetches the list again. After a failure, the next change starts another attempt. */
async function refresh() {
  if (queue.pending && !isNearEnd()) return; // the queue refreshes the list later
  if (isAsking) {
    asksAgain = true;
    return;
  }
  isAsking = true;
  const total = queue.pending ? -1 : queue.total; // a list from before the latest decision here is out of date
  try {
    let { response, page: answer } = await fetchPart(here(), "threads");
    // The open conversation may no longer exist.
    if (!response.ok) ({ response, page: answer } = await fetchPart(listAddress(), "threads"));
    if (response.ok) {
      const isCurrent = queue.total === total;
      if (isCurrent) readAt = total;
      (isCurrent ? follow : extend)(answer);
      dispatchEvent(new CustomEvent("holdfast:rows", { detail: isCurrent }));
    }
  } catch {}
  isAsking = false;
  if (!asksAgain) return;
  asksAgain = false;
  refresh();
}
page.refreshList = refresh;
// Usually, a change event refreshes the list sooner.
addEventListener("holdfast:sent", () => setTimeout(() => readAt !== queue.total && refresh(), SOON_MS));

/** Returns the list in a response, or null if it belongs to other workspaces than the shown list.
 * @param {Document} answer */
function partOf(answer) {
  const part = answer.getElementById("threads");
  return part?.dataset.base === threads().dataset.base ? part : null;
}
/** Adds the rows below the shown ones while decisions are being sent, so that the list does not run out of rows. Rows
 * that the page has shown before are not added, because a decision may have removed them.
 * @param {Document} answer */
function extend(answer) {
  const rowsPart = partOf(answer)?.querySelector("#rows");
  if (!rowsPart || !list()) return;
  rememberRows();
  const coming = [...rowsPart.children];
  const below = coming.slice(coming.findLastIndex(({ id }) => byId(id)) + 1);
  list().append(...below.filter(({ id }) => !newest.has(id)).map((row) => document.adoptNode(row)));
}
/** Shows the newest list.
 * @param {Document} answer */
function follow(answer) {
  const part = partOf(answer);
  if (!part) return;
  for (const id of ["count", "tabs"]) putContent(byId(id), answer.getElementById(id));
  showFolderCounts(answer);
  const rowsPart = part.querySelector("#rows");
  if (!list() || !rowsPart) {
    threads().replaceWith(document.adoptNode(part));
    markCurrent(page.shown);
    showFirst();
    return showTitle();
  }
  nextRows = [...rowsPart.children].map((row) => document.adoptNode(row));
  takeOver(nextRows);
  if (idsOf(nextRows) === idsOf(rows())) {
    waiting.clear();
    showPill(nextRows);
    nextRows = null;
  } else if (isRead() && !isAwaited) showPill(nextRows);
  else arrange();
  isAwaited = false;
  showTitle();
}
/** @param {any[]} sequence */
const idsOf = (sequence) => sequence.map(({ id }) => id).join();
/** Updates the rows that the page shows, in their places. New rows below the last of them are added at once, because
 * most of these have only moved up from the next page of the list.
 * @param {any[]} coming */
function takeOver(coming) {
  const shownRows = new Map(rows().map((row) => [row.id, row]));
  rememberRows();
  const last = coming.findLastIndex(({ id }) => shownRows.has(id));
  coming.forEach((row, at) => {
    const { id } = row;
    const rowHere = shownRows.get(id);
    const isNew = newest.has(id) ? newest.get(id) !== newestIn(row) : at < last || touched.has(idOf(row));
    if (isNew && (at < last || rowHere)) waiting.add(id);
    if (isNew && (idOf(row) !== page.shown || document.hidden)) fresh.add(id);
    newest.set(id, newestIn(row));
    if (rowHere) renewRow(rowHere, row);
    else if (at > last) list().append(row);
  });
}
function rememberRows() {
  for (const row of rows()) if (!newest.has(row.id)) newest.set(row.id, newestIn(row));
}
/** @param {any} row */
const newestIn = (row) => row.querySelector("input")?.value ?? row.querySelector("time")?.dateTime;
/** @param {Element | null} old @param {Element | null} part */
function putContent(old, part) {
  if (old && part && old.innerHTML !== part.innerHTML) old.innerHTML = part.innerHTML;
}
/** @param {any} row @param {any} coming */
function renewRow(row, coming) {
  const isOpen = idOf(row) === page.shown && page.opened;
  // The open row stays unread until its pane shows the newest message (renewPane).
  if (!isOpen) row.classList.toggle("unread", coming.matches(".unread"));
  row.removeAttribute("data-gone");
  const box = row.querySelector("input");
  const other = coming.querySelector("input");
  if (box && other && box.value !== other.value) {
    box.value = other.value;
    setAnswered(idOf(row), false);
  }
  putContent(linkOf(row), linkOf(coming));
}
/** Shows how many new and changed rows wait, and dims the rows that the newer list lacks.
 * @param {any[]} coming */
function showPill(coming) {
  const ids = new Set(coming.map(({ id }) => id));
  // The tags of a leaving row are out of date.
  for (const row of rows())
    if (row.toggleAttribute("data-gone", !ids.has(row.id))) row.querySelector(".tags")?.remove();
  byId("new").hidden = !waiting.size;
  byId("new").textContent = `${waiting.size} new`;
}
/** Sorts the rows in the order of the newest list. */
function arrange() {
  if (nextRows) {
    /** @type {any} */
    const focused = document.activeElement;
    const shownRows = new Map(rows().map((row) => [row.id, row]));
    list().replaceChildren(...nextRows.map((row) => shownRows.get(row.id) ?? row));
    nextRows = null;
    if (focused.isConnected) focused.focus({ preventScroll: true });
    markCurrent(page.shown);
  }
  waiting.clear();
  byId("new").hidden = true;
  showFirst();
  showTitle();
}
on("click", (element, event) => {
  if (!element.closest("#new") || !isPlain(event)) return;
  event.preventDefault();
  fresh.clear();
  isAwaited = readAt !== queue.total; // the waiting list was fetched before the latest decision here
  isAwaited ? refresh() : arrange();
  const row = isOpenOrRoomy() ? rowOf(page.shown) : rows()[0]; // keys still apply to the shown conversation
  linkOf(row)?.focus({ preventScroll: true });
  requestAnimationFrame(() => threads().scrollTo(0, 0));
});

rememberRows();
page.reload = tryRenewPane;
addEventListener("holdfast:changed", ({ detail: leads }) => {
  const hasChanged = (/** @type {string} */ lead) => leads.has(lead) || leads.has("*");
  for (const lead of leads) touched.add(lead);
  for (const lead of [...panes.keys()]) if (hasChanged(lead)) expirePane(lead);
  refresh();
  if (hasChanged(page.shown)) tryRenewPane();
});
on("visibilitychange", () => !document.hidden && showTitle());

// --- who else is here ------------------------------------------------------------------------------------------------
/** @type {Record<string, [string, boolean][]>} maps a lead to the names of colleagues, and whether each is writing */
let colleagues = {};
const writes = () =>
  all("textarea", pane()).some((text) => text === document.activeElement && text.value !== text.defaultValue);
page.position = () => (page.opened && page.shown ? `${page.shown}~${writes() ? 1 : 0}` : "");
function showColleagues() {
  const line = byId("here");
  const present = (colleagues[page.shown] ?? []).map(
    ([name, isWriting]) => `${name} is ${isWriting ? "writing" : "viewing"}`,
  );
  if (line && line.textContent !== present.join(", ")) line.textContent = present.join(", ");
}
addEventListener("holdfast:pane", showColleagues);
addEventListener("holdfast:here", ({ detail }) => {
  colleagues = detail ?? {};
  showColleagues();
});
