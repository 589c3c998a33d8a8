/* Opens conversations beside their list. The page shows a user's action at once, and its request waits in the queue.
   Without scripts, every link and form loads a page from the same URL. */
import { dropKeys, replayKeys } from "./early_keys.js";
import { actions } from "./holdfast.js";
import { all, byId, focusedRow, on, page, recall } from "./page.js";
import {
  copyOf,
  fetchAhead,
  fetchPane,
  keepPane,
  pane,
  panes,
  putPane,
  sketch,
  stale,
  storePanes,
} from "./panes.js";
import { afterPaint } from "./queue.js";
import { tryRenewPane } from "./renewal.js";
import {
  addressOf,
  focusRow,
  idOf,
  linkOf,
  listAddress,
  markCurrent,
  rowOf,
  rows,
  showTitle,
  threads,
} from "./rows.js";
import { markRead } from "./triage.js";
import { restoreTexts } from "./typed.js";

const roomy = matchMedia("(width >= 48rem)");
/** Whether the conversation is shown beside its list. */
export const isOpenOrRoomy = () => page.opened || roomy.matches;

page.shown = pane().dataset.lead ?? "";
page.opened = Boolean(page.shown);

/** Shows a conversation. With `open`, the page takes the conversation's URL, and the conversation counts as read.
 * @param {string} lead */
export function show(lead, { open = page.opened, push = false, address = addressOf(lead) } = {}) {
  if (lead !== page.shown) dropKeys();
  page.shown = lead;
  page.opened = open;
  markCurrent(lead);
  const element = panes.get(lead);
  if (element instanceof Element) putPane(element);
  else {
    putPane(sketch(rowOf(lead)));
    awaitPane(lead, pane());
  }
  if (open) {
    history[push ? "pushState" : "replaceState"]({ lead }, "", address);
    if (!stale.has(lead)) markRead(lead); // renewPane does this for a stale pane
  }
  if (stale.has(lead)) tryRenewPane();
  showTitle();
  afterPaint().then(fetchAhead);
}
/** Shows a conversation's pane in place of its sketch, once the pane arrives. If the request fails, loads the whole
 * page of an open conversation, or else shows no conversation. Does nothing if the user has left or closed the
 * conversation.
 * @param {string} lead @param {Element} placeholder the sketch */
async function awaitPane(lead, placeholder) {
  try {
    const element = await fetchPane(lead);
    if (pane() !== placeholder || panes.get(lead) !== element) return;
    putPane(element);
    showTitle();
    replayKeys();
    if (stale.has(lead)) tryRenewPane();
  } catch {
    if (pane() === placeholder) page.opened ? location.assign(addressOf(lead)) : showNone();
  }
}

/** Shows a conversation as the server has it now. Texts that the user has typed in it stay.
 * @param {string} lead */
export function showNewest(lead) {
  storePanes();
  panes.delete(lead);
  show(lead, { open: true });
}
/** Goes back to the list. On a wide screen, the conversation stays beside the list. */
export function close({ push = true } = {}) {
  dropKeys();
  page.opened = false;
  if (push) history.pushState({}, "", listAddress());
  if (!roomy.matches || !rowOf(page.shown)) showNone();
  showTitle();
  (linkOf(rowOf(page.shown)) ?? threads().querySelector("a"))?.focus();
}
export function showNone() {
  dropKeys();
  const none = copyOf("none");
  const { lead } = pane().dataset;
  if (lead) keepPane(lead, pane());
  putPane(none);
}
/** On a wide screen, shows the first conversation beside the list. The page keeps the list's URL, and the conversation
 * stays unread. */
export function showFirst() {
  if (page.opened || !roomy.matches) return;
  const row = rowOf(page.shown) ?? rows()[0];
  if (row) show(idOf(row), { open: false });
  else if (pane().dataset.lead) showNone();
}

/** Whether a click on a link opens it in this tab.
 * @param {MouseEvent} event */
export const isPlain = (event) =>
  !(
    event.defaultPrevented ||
    event.button ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  );
on("click", (element, event) => {
  const link = element.closest("a");
  if (!link || !isPlain(event)) return;
  if (link.matches(".row > a")) show(idOf(link.parentElement), { open: true, push: true });
  else if (link.matches(".back")) close();
  else return;
  event.preventDefault();
});
addEventListener("popstate", () => {
  const [, lead] = /^\/w\/[^/]+\/inbox\/([^/]+)/.exec(location.pathname) ?? [];
  if (lead) show(lead, { open: true, address: location.href });
  else close({ push: false });
});

// --- keys ------------------------------------------------------------------------------------------------------
/** @param {number} step */
function move(step) {
  const every = rows();
  const at = every.indexOf(focusedRow() ?? rowOf(page.shown)) + step;
  const row = every[Math.max(0, Math.min(every.length - 1, at))];
  if (!row) return;
  focusRow(row);
  if (isOpenOrRoomy() && idOf(row) !== page.shown) show(idOf(row));
}
function openCurrent() {
  const lead = idOf(focusedRow() ?? rowOf(page.shown));
  return lead ? show(lead, { open: true, push: !page.opened }) : false;
}
function goBack() {
  const ticked = all(".row :checked");
  if (!ticked.length) return page.opened ? close() : false;
  for (const box of ticked) box.click();
}
Object.assign(actions, { next: () => move(1), previous: () => move(-1), open: openCurrent, back: goBack });

// --- the user's place when they left the page ---------------------------------------------------------------
addEventListener("pagehide", () => {
  const focusedId = document.activeElement?.id || focusedRow()?.id;
  sessionStorage.place = JSON.stringify([location.href, focusedId, threads().scrollTop, page.shown]);
});
on("DOMContentLoaded", () => {
  const [address, focusedId, scrollTop, shown] = recall("place", []);
  const returns = address === location.href;
  if (page.shown) keepPane(page.shown, pane());
  restoreTexts(pane());
  if (returns && roomy.matches) page.shown ||= shown;
  showFirst();
  if (returns) {
    threads().scrollTop = scrollTop;
    const element = byId(focusedId);
    (element?.matches(".row") ? linkOf(element) : element)?.focus({ preventScroll: true });
  }
  showTitle();
  setTimeout(fetchAhead);
});
