/* Updates the open conversation. Parts in which the user is typing, has selected text or has opened a menu stay. */
import { byId, page } from "./page.js";
import { pane, replace, stale, storePanes } from "./panes.js";
import { fetchPart } from "./queue.js";
import { addressOf } from "./rows.js";
import { markRead } from "./triage.js";
import { hasText, restoreTexts } from "./typed.js";

const IDLE_MS = 30000;
let usedAt = Date.now();
for (const kind of ["keydown", "pointermove", "wheel"])
  addEventListener(kind, () => (usedAt = Date.now()), { capture: true, passive: true });
/** Whether the user is looking at the page: it is visible and was used a moment ago. */
export const isWatched = () => !document.hidden && document.hasFocus() && Date.now() - usedAt < IDLE_MS;

/** The page's address without its fragment. */
export const here = () => location.href.split("#")[0];

// Matches the parts that differ in each response.
const VARYING =
  /(<span id="here".*?<\/span>|name="(csrfmiddlewaretoken|client_token)" value="[^"]*"|<time.*?<\/time>)/g;
/** @param {Element} element */
const contentOf = (element) => element.innerHTML.replace(VARYING, "");
/** @param {Element} element */
function isInUse(element) {
  const selection = getSelection();
  return (
    element.contains(document.activeElement) ||
    hasText(element) ||
    element.querySelector(":popover-open, dialog[open]") ||
    (selection?.containsNode(element, true) && !selection.isCollapsed)
  );
}

/** Fetches the shown conversation again, and updates its pane. Throws if the server does not answer. */
export async function renewPane() {
  const lead = page.shown;
  if (!lead) return;
  stale.add(lead);
  if (pane().ariaBusy) return; // awaitPane calls this again
  const { page: answer } = await fetchPart(page.opened ? here() : addressOf(lead), "convo");
  const newest = answer.getElementById("convo");
  if (page.shown !== lead || newest?.dataset.lead !== lead) return;
  if (pane().ariaBusy || pane().querySelector("form[aria-busy]")) return;
  stale.delete(lead);
  storePanes();
  renewMessages(newest);
  for (const selector of [".convo-head", "#answer", ".rail", "#labels"]) renewPart(selector, newest);
  // A refused message is shown below the place where it was being sent.
  if (!newest.querySelector("#going")) pane().querySelector("#going:not([data-poll])")?.remove();
  restoreTexts(pane());
  dispatchEvent(new Event("holdfast:pane"));
  if (page.opened && isWatched()) markRead(lead);
}
/** Updates the shown pane. If the server does not answer, the next change starts another attempt. */
export const tryRenewPane = () => renewPane().catch(() => {});

/** @param {string} selector @param {Element} newest */
function renewPart(selector, newest) {
  const old = pane().querySelector(selector);
  const part = newest.querySelector(selector);
  if (!old || !part || contentOf(old) === contentOf(part) || isInUse(old)) return;
  replace(document.adoptNode(part), old);
  htmx.process(part);
}
/** Updates the messages. The newest shown message keeps its place on the screen.
 * @param {Element} newest */
function renewMessages(newest) {
  const log = pane().querySelector(".log");
  const anchor = log.querySelector("[role=log] > :nth-last-child(1 of article)");
  const top = anchor?.getBoundingClientRect().top;
  mergeChildren(byId("messages"), newest.querySelector("#messages"));
  if (anchor?.isConnected) log.scrollTop += anchor.getBoundingClientRect().top - top;
}
/** Whether `node` is a note that is still being sent and that `incoming`, the text of the stored messages, lacks.
 * @param {Element} node @param {string} incoming */
function isOnItsWay(node, incoming) {
  return node.ariaBusy && !incoming.includes(node.textContent ?? "");
}
/** @param {Element} old @param {Element} newest */
function mergeChildren(old, newest) {
  /** @param {Element} node */
  const keyOf = (node) => node.id || node.textContent;
  const unmatched = new Map([...old.children].map((node) => [keyOf(node), node]));
  const incoming = String(newest.textContent);
  /** @type {Element | undefined} */
  let previous;
  for (const node of [...newest.children]) {
    const counterpart = unmatched.get(keyOf(node));
    if (!counterpart) previous ? previous.after(node) : old.prepend(node);
    else if (contentOf(counterpart) !== contentOf(node) && !isInUse(counterpart))
      counterpart.replaceWith(node);
    previous = counterpart?.isConnected ? counterpart : node;
    unmatched.delete(keyOf(node));
  }
  for (const node of unmatched.values())
    if (!node.id.startsWith("message-") && !isOnItsWay(node, incoming) && !isInUse(node)) node.remove();
}
