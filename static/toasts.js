/* Toasts are short-lived messages of the page, with Undo if the step can be undone. */
import { all, byId, create, isField, page } from "./page.js";

const TOAST_MS = 15000;
const MOST_TOASTS = 3;
const UNDO =
  '<span></span> <form><button class="btn small" data-shortcut="undo">Undo <kbd aria-hidden="true">z</kbd></button></form>';

/** Removes a toast after its time, unless it has the pointer or the focus.
 * @param {Element} toast */
function expire(toast) {
  const leave = () => (toast.matches(":hover, :focus-within") ? setTimeout(leave, 3000) : toast.remove());
  setTimeout(leave, TOAST_MS);
}

/** Shows the minutes and seconds until a message is sent. After that, the toast around the timer disappears. A timer
 * without a toast reloads the page, unless the user is typing.
 * @param {any} timer */
function countDown(timer) {
  const seconds = Math.round((Date.parse(timer.dataset.until) - Date.now()) / 1000);
  const rest = Math.max(0, seconds);
  if (seconds < 3600) timer.textContent = `${Math.floor(rest / 60)}:${String(rest % 60).padStart(2, "0")}`;
  const toast = timer.closest(".toast");
  if (toast) seconds < 0 && toast.remove();
  else if (seconds === -5 && !isField(document.activeElement ?? document.body)) page.reload();
}

/** Shows a message for a while. With `undo`, it replaces the toast of the previous step. With `until` (a time in ms),
 * it counts down and stays until then.
 * @param {string} words */
export function say(words, { undo = false, until = 0 } = {}) {
  const toast = create("div", { className: "toast", textContent: words });
  if (undo) {
    toast.innerHTML = UNDO;
    toast.firstChild.textContent = words;
    if (!until) toast.dataset.act = "";
  }
  for (const earlier of all(".toast[data-act]")) earlier.remove();
  byId("toasts")?.append(toast);
  for (const oldest of all(".toast").slice(0, -MOST_TOASTS)) oldest.remove();
  if (until) {
    const timer = create("b", { role: "timer" });
    timer.dataset.until = new Date(until).toISOString();
    toast.firstChild.append(timer);
    countDown(timer);
  } else expire(toast);
  return toast;
}

all(".toast:not(:has(a))").forEach(expire); // a toast with a link stays until the next page
setInterval(() => all("[data-until]").forEach(countDown), 1000); // conversations have timers too
