/* Polls the server for changes, with one request for all tabs of a browser. The visible tab polls and notifies the
   others; if all are hidden, one of them polls rarely. The event `holdfast:changed` passes on the ids of changed leads. */
import { showFolderCounts } from "./holdfast.js";
import { on, page, parse } from "./page.js";
import { say } from "./toasts.js";

const FRONT_MS = 700;
const HIDDEN_MS = 25000;
const LOST_MS = 2500;
const LIMIT_MS = 10000;
const KEPT_MS = 50 * 60000; // the server keeps changes for an hour (inbox/intake/retention.py)
const MOST = 20; // workspaces that the server answers for at once (WORKSPACES in inbox/pages/changes.py)

/** @type {any} describes the page to this script; a page without a workspace lacks it and does not poll */
const meta = document.querySelector("meta[name=live]");
const { clock, at } = meta?.dataset ?? {};
/** @type {Map<string, string>} maps each workspace of this page to its last snapshot, at first that of the page */
const own = new Map(
  meta?.dataset.workspace.split(" ").map((/** @type {string} */ id) => [id, meta.dataset.since]),
);
/** @type {BroadcastChannel} to the other tabs of this browser; `start` opens it */
let channel;
/** @type {Map<string, string>} maps each workspace that a tab of this browser shows to its last known snapshot */
const marks = new Map(own);
/** @type {((reason?: unknown) => void) | null} new for each turn of this tab as the leading tab; null in other tabs */
let endLead = null;
let answerAt = Date.now(); // when the leading tab last had a response, or announced itself
let currentAt = at * 1000; // when this page last had all changes of its workspaces; at first, when it was rendered

// Browsers slow the timers of hidden pages down to one a minute, but not those of workers.
const worker = clock && new Worker(clock);
/** @type {(reason?: unknown) => void} */
let wake = () => {};
/** @param {number} ms */
const pause = (ms) =>
  new Promise((resolve) => {
    wake = resolve;
    if (!document.hidden || !worker) return setTimeout(resolve, ms);
    worker.onmessage = resolve;
    worker.postMessage(ms);
  });

// --- positions of this browser's visible tabs: the conversation, and whether the user is writing in it ---------------
const tab = String(Math.random());
/** @type {Map<string, [string, number]>} */
const positions = new Map();
function position() {
  const place = !document.hidden && page.position();
  return place ? `${location.pathname.split("/")[2]}~${place}` : "";
}
function everyPosition() {
  const others = [...positions.values()]
    .filter(([, at]) => Date.now() - at < LOST_MS)
    .map(([place]) => place);
  return [...new Set([position(), ...others])].filter(Boolean).slice(0, MOST);
}

// --- messages to the page --------------------------------------------------------------------------------------------
let eventAt = 0;
/** @type {Set<string>} changed leads that the page does not know yet; "*": any lead may have changed */
let changes = new Set();
/** @param {string[]} leads */
function tellPage(leads) {
  for (const lead of leads) changes.add(lead);
  if (!changes.size || (document.hidden && Date.now() - eventAt < HIDDEN_MS)) return;
  eventAt = Date.now();
  dispatchEvent(new CustomEvent("holdfast:changed", { detail: changes }));
  changes = new Set();
}
/** @param {LiveAnswer} answer */
function hear(answer) {
  answerAt = Date.now();
  isOut = false; // logged in again, in another tab
  dispatchEvent(new CustomEvent("holdfast:here", { detail: answer.here }));
  const answered = [...own.keys()].filter((id) => id in answer.changed);
  if (!answered.length) return;
  const isLate = answerAt - currentAt > KEPT_MS; // after sleep: the server has deleted older changes
  currentAt = answerAt;
  for (const id of answered) own.set(id, answer.since);
  tellPage(isLate ? ["*"] : answered.flatMap((id) => answer.changed[id]));
}
/** Returns the older one of two snapshots.
 * @param {string} a @param {string} b */
const older = (a, b) => (BigInt(a.split(":")[0]) < BigInt(b.split(":")[0]) ? a : b);
/** Tells a new leading tab the last snapshot that this page knows of each of its workspaces. */
function announce() {
  for (const [workspace, since] of own) channel.postMessage({ workspace, since });
}
/** @param {MessageEvent} event */
function onMessage({ data: message }) {
  const { answer } = message;
  if (message.ended) endSession();
  else if (answer) {
    if (!endLead) for (const id of Object.keys(answer.changed)) marks.set(id, answer.since);
    hear(answer);
  } else if (message.tab) {
    if (message.front) answerAt = Date.now();
    positions.set(message.tab, [message.position, Date.now()]);
  } else if (message.roll) announce();
  else if (message.workspace) {
    const mark = marks.get(message.workspace);
    marks.set(message.workspace, mark ? older(mark, message.since) : message.since);
  }
}

let isOut = false; // whether the page shows that the session has ended
function endSession() {
  if (!page.hasUnsentText()) return page.endSession();
  if (!isOut)
    say(
      "You’re logged out. Log in again in another tab, or reload this one. You won’t lose what you’ve written.",
    );
  isOut = true;
}

// --- the leading tab polls -----------------------------------------------------------------------------------------
async function ask() {
  const batch = [...marks].slice(0, MOST);
  const parameters = [
    ...batch.map(([id, mark]) => `w=${id}~${mark}`),
    ...everyPosition().map((at) => `at=${at}`),
  ];
  const address = `${meta.content}?${parameters.join("&")}`;
  const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(LIMIT_MS) });
  if (response.status === 401) {
    endSession();
    channel.postMessage({ ended: true });
  }
  if (!response.ok) throw new Error(String(response.status));
  /** @type {LiveAnswer} */
  const answer = await response.json();
  for (const [id, mark] of batch) {
    const latest = /** @type {string} */ (marks.get(id)); // a new tab may have set an older one
    marks.delete(id); // moves the workspace to the end, so that others get their turn
    if (id in answer.changed) marks.set(id, latest === mark ? answer.since : latest);
  }
  channel.postMessage({ answer });
  hear(answer);
  dispatchEvent(new CustomEvent("holdfast:asked", { detail: answer.changed })); // only in the leading tab
}
/** Makes this tab the leading tab. Returns a promise that never ends, so that the tab keeps its lock until it closes or
 * another tab takes over. */
function lead() {
  const lease = new Promise((resolve) => (endLead = resolve));
  channel.postMessage({ roll: true });
  askInTurn(endLead);
  return lease;
}
/** Polls until this tab is no longer the leading tab, that is, until `endLead` is not `turn`, its value when this turn
 * began. After each error, waits longer.
 * @param {typeof endLead} turn */
async function askInTurn(turn) {
  let wait = 0;
  while (endLead === turn) {
    try {
      await ask();
      wait = 0;
    } catch {
      wait = Math.min(30000, 2 * wait + 1000);
    }
    if (endLead === turn) await pause(wait + (document.hidden ? HIDDEN_MS : FRONT_MS));
  }
}
/** @type {Set<boolean>} this tab's pending requests to be the leading tab: at most one waits and one steals */
const requests = new Set();
/** Asks to be the leading tab: once other tabs are done or, with `steal`, at once, in place of the leading tab.
 * @param {boolean} steal */
function requestLead(steal) {
  if (!navigator.locks) return lead(); // without a secure origin, each tab polls for itself
  if (requests.has(steal)) return;
  requests.add(steal);
  /** @type {typeof endLead} */
  let turn = null;
  const onGranted = () => {
    requests.delete(steal);
    const lease = lead();
    turn = endLead;
    return lease;
  };
  navigator.locks.request("holdfast", { steal }, onGranted).catch(() => {
    if (!turn) requests.delete(steal);
    else if (endLead === turn) endLead = null; // a visible tab has taken over
    requestLead(false);
  });
}

function start() {
  channel = new BroadcastChannel("holdfast");
  channel.onmessage = onMessage;
  requestLead(!document.hidden);
  on("visibilitychange", () => {
    if (document.hidden) return;
    tellPage([]);
    if (endLead) wake();
    else requestLead(true);
  });
  // A visible tab that receives nothing becomes the leading tab, because the leading tab may be hidden or frozen. A
  // visible leading tab announces itself even while the server is down, so that two windows do not replace each other.
  setInterval(() => {
    if (document.hidden) return;
    channel.postMessage({ tab, position: position(), front: Boolean(endLead) });
    if (!endLead && Date.now() - answerAt > LOST_MS) requestLead(true);
  }, 1000);
}
/** Updates the folders' counts on pages other than the inbox. The inbox reads the counts together with its list. */
async function renewFolderCounts() {
  const headers = { "HX-Request": "true", "HX-Target": "folders" };
  const response = await fetch(document.querySelector("#folders a").href, { cache: "no-store", headers });
  if (response.ok) showFolderCounts(parse(await response.text()));
}
if (meta) {
  if (!document.querySelector(".desk")) addEventListener("holdfast:changed", renewFolderCounts);
  start();
}
