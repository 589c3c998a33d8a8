/* Keyboard shortcuts, dialogs, and parts of pages that reload. Every page also works without this file. The page's help
   sheet (inbox/pages/palette.py) defines the shortcuts. */
import { all, byId, focusedRow, isField, isVisible, on, page } from "./page.js";
import "./copy.js";
import { say } from "./toasts.js";

/** @param {string} name */
const buttonFor = (name) => all(`[data-shortcut="${name}"]`).find(isVisible);
/** @param {string} name */
function press(name) {
  const button = buttonFor(name);
  button?.click();
  return Boolean(button);
}

/** Presses the button `name` for the ticked rows, or else for the focused row, or else for the open conversation.
 * @param {string} name */
function pressForSelection(name) {
  const row = focusedRow();
  const box = row && !document.querySelector(".row :checked") && boxOf(row);
  if (box) box.click();
  if (!press(`bulk-${name}`)) press(name);
  // A row that was ticked only for this dialog does not stay ticked for the next key.
  const untick = () => box.checked && box.click();
  if (box) document.querySelector("dialog[open]")?.addEventListener("close", untick, { once: true });
}

/** Sends the text of the open conversation, or shows why it cannot be sent. The focus may be anywhere in the
 * conversation, or on its row.
 * @param {string} shortcut @param {string} [value] */
function send(shortcut, value = shortcut) {
  /** @type {any} */
  const field = document.activeElement;
  const { form, parentElement: row } = field;
  const answers = form?.matches("[data-answer]");
  if (form?.id === "note") return form.requestSubmit();
  if (!byId("convo") || (isField(field) && !answers)) return false;
  if (!page.shown || !isVisible(byId("convo")) || (row?.matches(".row") && row.id !== `row-${page.shown}`))
    return say("Not sent. Press r first.");
  const button = answers
    ? all(`[data-shortcut=${shortcut}], [value=${value}]`, form).find(isVisible)
    : buttonFor(shortcut);
  if (button) button.click();
  else {
    const reason = byId("answer")?.querySelector("section p");
    // biome-ignore lint/performance/useDomNodeTextContent: hidden text must be left out.
    say(`Not sent. ${reason?.innerText ?? "The draft hasn’t loaded yet."}`);
  }
}

// --- ticking a range of rows from the last ticked one: shift-click, Shift-j, Shift-k --------------------------------
const BOX = ".row > input";
/** @param {any} row @returns {any} The checkbox of the row. Rows of viewers have no checkbox. */
const boxOf = (row) => row?.querySelector("[type=checkbox]");
const currentRow = () => focusedRow() ?? document.querySelector(".row:has(> [aria-current])");
let tickedId = ""; // the id of the last ticked row
on("mousedown", (box, event) => event.shiftKey && box.matches(BOX) && event.preventDefault()); // selects no text
on("click", (box, { shiftKey }) => {
  if (!box.matches(BOX)) return;
  const rows = all(".row");
  const [from, to] = [rows.indexOf(byId(tickedId)), rows.indexOf(box.parentElement)].sort((a, b) => a - b);
  if (shiftKey && from >= 0) for (const row of rows.slice(from, to + 1)) boxOf(row).checked = box.checked;
  tickedId = box.parentElement.id;
});
/** Extends the ticked range to the next row, or unticks the current row when the direction is reversed.
 * @param {number} step */
function extendTo(step) {
  const rows = all(".row");
  const box = boxOf(currentRow());
  const next = rows[rows.indexOf(currentRow()) + step];
  if (!box) return false;
  const returns = box.checked && Boolean(boxOf(next)?.checked);
  if (box.checked === returns) box.click();
  if (next && !boxOf(next).checked) boxOf(next).click();
  actions[step > 0 ? "next" : "previous"]();
}

function askForTag() {
  pressForSelection("tag");
  const dialog = byId("tag-ticked"); // for the open conversation, if no row has the focus
  if (dialog && !dialog.open) dialog.showModal();
}
function focusReply() {
  const text = buttonFor("reply");
  text?.focus();
  if (text?.selectionEnd === text?.value.length) text?.scrollTo(0, text.scrollHeight);
}
function startNote() {
  const details = byId("noting");
  if (!details) return false; // viewers cannot write notes
  details.open = true;
  byId("note-text").focus();
}

/** The functions of shortcuts, by action. The inbox adds its own. If a function returns false, the browser handles the
 * key.
 * @type {Record<string, () => unknown>} */
export const actions = {
  select_next: () => extendTo(1),
  select_previous: () => extendTo(-1),
  select: () => boxOf(currentRow())?.click(),
  tag: askForTag,
  reply: focusReply,
  note: startNote,
  send: () => send("send"),
  go_on: () => send("go_on", "send-next"),
  search: () => byId("q")?.select(),
  commands: () => {
    byId("command").value = "";
    byId("palette").showModal();
  },
  keys: () => byId("keys").showModal(),
};
for (const name of ["done", "snooze", "unread", "assign", "label"])
  actions[name] = () => pressForSelection(name);
for (const name of [
  "snippet",
  "confirm",
  "deny",
  "accept",
  "decline",
  "alike",
  "trace",
  "undo",
  "tab1",
  "tab2",
  "tab3",
  "tab4",
  "tab5",
])
  actions[name] = () => press(name);

const sheet = byId("shortcuts");
const bindings = new Map(all("#shortcuts [data-keys]").map(({ dataset }) => [dataset.keys, dataset.action]));

/** Returns the key combination of a keyboard event, in the notation of the help sheet.
 * @param {KeyboardEvent} event */
function combinationOf({ key, ctrlKey, metaKey, shiftKey }) {
  return (ctrlKey || metaKey ? "Control+" : "") + (shiftKey && key.length > 1 ? "Shift+" : "") + key;
}
on("keydown", (field, event) => {
  if (event.altKey || event.isComposing || event.repeat) return;
  const keys = combinationOf(event);
  const action = actions[bindings.get(keys)];
  const isLetter = keys.length === 1;
  if (!action || (isLetter && (sheet.dataset.single === "off" || isField(field)))) return;
  if (document.querySelector("dialog[open], :popover-open")) return;
  if (event.key === "Escape" && isField(field)) return field.blur();
  const control = event.ctrlKey || event.metaKey;
  if (event.key === "Enter" && !control && field !== document.body) return;
  if (action() !== false && (isLetter || control)) event.preventDefault();
});

// Enter accepts the time that the server has parsed from the words, if the page already shows it. Otherwise a form with
// a button sends the words.
on(
  "submit",
  (form, event) => {
    const { understood } = form.dataset;
    if (!understood) return;
    const reading = byId(understood).querySelector("[data-words]");
    const button = form.querySelector("button");
    const words = form.elements.words.value.trim();
    const isRead = reading?.dataset.words === words;
    if (!isRead && !button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (isRead) reading.click();
    else if (words) {
      button.textContent = words;
      button.value = `snooze:${words}`;
      button.click();
    }
  },
  true,
);
// A dialog always opens in its initial state. If a dialog was opened again before this event, it keeps the text that
// the user has typed since then.
on(
  "close",
  (dialog) => {
    if (dialog.open) return;
    for (const form of all("form", dialog)) {
      htmx.trigger(form, "htmx:abort");
      form.reset();
    }
    for (const field of all("input[form]", dialog)) field.value = field.defaultValue; // of a form outside the dialog
    for (const details of all("details[open]", dialog)) details.open = false;
    for (const status of all("[role=status]", dialog)) status.replaceChildren();
  },
  true,
);

// Shows the number of rows that a button applies to: the number of ticked rows, or else 1.
on("change", () => {
  for (const count of all("[data-ticked]"))
    count.textContent = `${all(".row :checked").length || 1} selected`;
});

// On the first focus of a text field, the cursor moves to the end, if the browser has put it at the start. Later visits
// do not move it.
const visited = new WeakSet();
on("focusin", (text) => {
  if (text.name === "at") text.select(); // typing replaces the suggested time
  if (!text.matches("textarea") || visited.has(text)) return;
  visited.add(text);
  if (!text.selectionEnd) text.setSelectionRange(text.value.length, text.value.length);
});

// --- parts of the page that reload ---------------------------------------------------------------------------------
/** @type {string[]} */
let unfoldedIds = [];
/** Whether the user is ticking or typing in a part that reloads.
 * @param {Element} part */
const isInUse = (part) => part.hasAttribute("data-poll") && part.querySelector(":checked, input:focus");
on("htmx:beforeRequest", (_, event) => {
  const part = event.detail.elt; // hidden pages do not poll
  if ((document.hidden && part.hasAttribute("data-poll")) || isInUse(part)) event.preventDefault();
});
// The server sends this event (HX-Trigger) with a part that does not poll. After HX-Refresh, htmx would keep the old
// part, and each of its polls would start the reload again.
on("holdfast:reload", () => location.reload());
on("htmx:beforeSwap", (_, event) => {
  const { detail } = event;
  const { xhr, requestConfig } = detail;
  // If the session has ended, the response is the login page, which must not be swapped into a part of this page.
  if (
    xhr.responseURL &&
    new URL(xhr.responseURL).pathname !== new URL(requestConfig.path, location.href).pathname
  ) {
    event.preventDefault();
    page.endSession();
  }
  if (isInUse(detail.elt)) return event.preventDefault(); // the user began while the response was on its way
  // A message that was sent meanwhile is already shown, so only the form below it is swapped in.
  const [, sentId] = /^\s*<div id="(send-[^"]*)"/.exec(detail.serverResponse) ?? [];
  if (sentId && !byId(sentId))
    detail.serverResponse = detail.serverResponse.replace(/^.*?(?=<div class="answer")/s, "");
  unfoldedIds = all("details[id][open]", detail.target).map(({ id }) => id);
});
// Unfolded details stay open when their part reloads.
on("htmx:afterSwap", () => {
  for (const id of unfoldedIds) byId(id)?.setAttribute("open", "");
});

/** Shows an error for a user's request. A failed poll repeats without an error.
 * @param {unknown} _ @param {HtmxEvent} event */
function showFailure(_, { detail }) {
  if (detail.elt.hasAttribute("data-poll")) return;
  const { status, responseText } = detail.xhr;
  if (status === 403) say("That didn’t work. This page is out of date, or your role changed. Reload it.");
  else say((status === 503 && responseText) || "That didn’t work. Try again in a moment.");
}
on("htmx:responseError", showFailure);
on("htmx:sendError", showFailure);

on("click", (element) => {
  if (element.closest("[data-print]")) print();
});

/** Copies the folders' counts from another page.
 * @param {ParentNode} other */
export function showFolderCounts(other) {
  for (const link of all("#folders a", other)) {
    const folder = all("#folders a").find(
      ({ pathname, search }) => pathname + search === link.getAttribute("href"),
    );
    const count = link.querySelector(".n");
    folder?.querySelector(".n")?.remove();
    if (count) folder?.append(" ", count);
  }
  const clients = other.querySelector("#ws ul");
  if (clients) document.querySelector("#ws ul")?.replaceWith(clients);
}

// Typed text is cleared from the tab when a user logs out.
on("submit", (form, { submitter }) => {
  if ((submitter?.getAttribute("formaction") ?? form.getAttribute("action"))?.endsWith("/logout/")) {
    page.leaving = true;
    sessionStorage.clear();
  }
});

document.querySelector(".row > a[aria-current]")?.scrollIntoView({ block: "nearest" });
