/* Shows browser notifications to a user who is not looking at Holdfast. Pages load this file only after the user has
   turned notices on. The page on which users turn notices on loads it always. */

import { recall } from "./page.js";

/** @type {any} */
const { ask, workspace, sound } = document.querySelector("script[src*=notices]").dataset;
const LOOKED_AT = "holdfast-looked-at";
const SHOWN = "holdfast-told";
const MOST_SHOWN = 200;
const LIMIT_MS = 10000;

// --- the page on which notices are turned on -----------------------------------------------------------------------
const form = document.getElementById("browser-notices");
if (form) offerNotices(form);
/** @param {any} form */
function offerNotices(form) {
  const status = form.querySelector("[role=status]");
  form.hidden = false;
  let isGranted = false;
  form.addEventListener("submit", async (/** @type {any} */ event) => {
    const { submitter } = event;
    if (isGranted || submitter.value === "off") return;
    event.preventDefault();
    const refusal = await tryNotice();
    if (refusal) {
      status.textContent = refusal;
      return;
    }
    isGranted = true;
    form.requestSubmit(submitter);
  });
}
/** Shows a first notice. Returns the reason why this browser cannot show any, or "". */
async function tryNotice() {
  try {
    if ((await Notification.requestPermission()) !== "granted")
      return "This browser is blocking notifications. Allow them for this site in its settings.";
    const body = "You’ll be notified here about replies, notes and assignments.";
    new Notification("Notifications are on", { body, silent: true });
    return "";
  } catch {
    return "This browser can’t show notifications. You’ll get emails instead.";
  }
}

// --- whether the user is looking at Holdfast: a focused tab holds a lock, which ends with the tab --------------------
let isLooking = false;
/** @type {(reason?: unknown) => void} */
let release = () => {};
function watchFocus() {
  const looks = !document.hidden && document.hasFocus();
  if (looks === isLooking) return;
  isLooking = looks;
  if (!isLooking) return release();
  const hold = () => isLooking && new Promise((resolve) => (release = resolve));
  navigator.locks.request(LOOKED_AT, { mode: "shared" }, hold);
}
const isLookedAt = async () =>
  isLooking || (await navigator.locks.query()).held?.some(({ name }) => name === LOOKED_AT);

// --- notices -------------------------------------------------------------------------------------------------------
/** Whether no tab has shown the notice with this key yet. Marks it as shown.
 * @param {string} key */
function claim(key) {
  const keys = recall(SHOWN, [], localStorage);
  if (keys.includes(key)) return false;
  localStorage.setItem(SHOWN, JSON.stringify([...keys, key].slice(-MOST_SHOWN)));
  return true;
}
/** @param {Notice} notice */
function show({ key, title, body, url }) {
  const notification = new Notification(title, { body, tag: key, silent: true });
  notification.onclick = () => {
    notification.close();
    window.focus();
    // A page with unsent text cancels this event; then the notice opens in a new tab.
    if (dispatchEvent(new Event("holdfast:leave", { cancelable: true }))) location.assign(url);
    else open(url);
  };
}
function ring() {
  const audio = new AudioContext();
  const volume = new GainNode(audio, { gain: 0.1 });
  volume.connect(audio.destination);
  [660, 880].forEach((frequency, place) => {
    const tone = new OscillatorNode(audio, { frequency });
    tone.connect(volume);
    tone.start(audio.currentTime + place * 0.15);
    tone.stop(audio.currentTime + (place + 1) * 0.15);
    if (place) tone.onended = () => audio.close();
  });
}
/** Returns the user's notices in a workspace about `leads`, or [] if the server does not answer.
 * @param {string} id @param {string[]} leads
 * @returns {Promise<Notice[]>} */
async function fetchNotices(id, leads) {
  const query = leads.includes("*") ? "" : `?${leads.map((lead) => `lead=${lead}`).join("&")}`;
  try {
    const options = { cache: /** @type {const} */ ("no-store"), signal: AbortSignal.timeout(LIMIT_MS) };
    const response = await fetch(ask.replace(workspace, id) + query, options);
    return response.ok ? (await response.json()).news : [];
  } catch {
    return [];
  }
}
/** Shows the user's notices of all workspaces. Only the leading tab does this, for all tabs (live.js).
 * @param {CustomEvent<Record<string, string[]>>} event */
async function showNotices({ detail }) {
  let count = 0;
  for (const [id, leads] of Object.entries(detail)) {
    if (!leads.length || (await isLookedAt())) continue;
    for (const notice of await fetchNotices(id, leads)) {
      if (!claim(notice.key)) continue;
      show(notice);
      count += 1;
    }
  }
  if (count && sound) ring();
}
if (ask && navigator.locks && window.Notification && Notification.permission === "granted") {
  for (const kind of ["focus", "blur"]) addEventListener(kind, watchFocus);
  document.addEventListener("visibilitychange", watchFocus);
  watchFocus();
  addEventListener("holdfast:asked", showNotices);
}
