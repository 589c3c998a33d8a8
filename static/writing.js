/* The forms of a conversation: answers, notes and snippets. */
import { decide, selectedLeads, takeBack, undo } from "./decisions.js";
import { close, show, showNewest } from "./desk.js";
import { keepKeys } from "./early_keys.js";
import { actions } from "./holdfast.js";
import { all, byId, create, focusedRow, isField, on, page, recall } from "./page.js";
import { expirePane, keepPane, pane, panes, putPane } from "./panes.js";
import { enqueue, forgetStep, steps, wordsOf } from "./queue.js";
import { isWatched, renewPane } from "./renewal.js";
import {
  focusRow,
  idOf,
  inboxOf,
  linkOf,
  list,
  paths,
  rowOf,
  rows,
  setAnswered,
  showTitle,
  threads,
} from "./rows.js";
import { say } from "./toasts.js";
import { forgetTexts, restoreTexts } from "./typed.js";

on("submit", (form, event) => {
  /** @type {any} */
  const button = event.submitter;
  if (form.matches("#triage, #bulk")) submitDecision(form, button);
  else if (form.id === "note") keepNote(form);
  else if (form.closest(".toasts")) {
    if (!submitToast(form)) return;
  } else if (form.matches("[data-undo]")) takeBackFrom(form);
  else if (form.closest("#convo") && form.method === "post") send(form, button);
  else return;
  event.preventDefault();
});
/** @param {any} form @param {any} button */
function submitDecision(form, button) {
  /** @type {any} */
  const until = new FormData(form).get("until");
  const fields = button.value === "snooze" ? { until } : undefined;
  decide(button.value, form.id === "bulk" ? selectedLeads() : [page.shown], fields, button);
  button.closest("details")?.removeAttribute("open"); // it stays closed until the user opens it again
  button.closest("dialog")?.close();
}
/** Undoes the step of a toast. Returns false if the toast came from the server; then its form loads a page.
 * @param {any} form */
function submitToast(form) {
  const toast = form.closest(".toast");
  const step = steps.find((candidate) => candidate.toast === toast);
  if (step) undo(step);
  else if (form.method === "post") return false;
  toast.remove();
  return true;
}
/** Takes back the message whose countdown the conversation shows.
 * @param {any} form */
function takeBackFrom({ action }) {
  /** @param {string | undefined} url */
  const path = (url) => url?.split("?")[0];
  const step = steps.findLast((candidate) => path(candidate.undoUrl) === path(action));
  forgetStep(step);
  takeBack(step ?? { lead: page.shown, undoUrl: action });
}

// --- an answer, or another form of the conversation; the server answers with the conversation as it is then ----------
/** @param {any} form @param {any} button */
function send(form, button) {
  const lead = page.shown;
  const name = byId("lead").textContent;
  const body = new FormData(form, button);
  const url = button?.getAttribute("formaction") ?? form.action;
  const step = stepOf(form, button, name);
  forgetTexts(lead, form);
  steps.push(step);
  setBusy(form, true);
  if (form.contains(document.activeElement)) linkOf(rowOf(lead))?.focus({ preventScroll: true });
  /** @param {Reply} [reply] */
  const onLoss = (reply) => {
    setBusy(form, false);
    step.isLost = true;
    if (reply?.response.redirected) {
      form.reset(); // the server has the text, and only the conversation has not loaded
      if (page.shown === lead) return showNewest(lead);
      return panes.delete(lead);
    }
    retract(step, lead);
    if ([0, 500, 502, 504].includes(reply?.response.status ?? 0))
      say(`No answer. Reload to see whether your message to ${name} goes out.`);
    else say(`That didn’t work. Your text to ${name} is still here. Try again in a moment.`);
  };
  /** @param {Reply} reply */
  const onAnswer = (reply) => {
    const element = reply.page.getElementById("convo");
    if (element?.dataset.lead === lead) showAnswer(document.adoptNode(element), reply, step, name);
    else if (reply.response.ok) location.assign(reply.response.url);
    else onLoss(reply);
  };
  step.cancel = enqueue({
    url: () => url,
    body: () => body,
    target: "convo",
    onSuccess: onAnswer,
    onFailure: (reply) => (reply ? onAnswer(reply) : onLoss()),
  });
  if (button?.value !== "send-next") return;
  setAnswered(lead, true);
  openNext(lead);
}
/** Returns the step of a submitted form, which tells Undo what the user did. For some seconds, Undo takes a message
 * back. Other forms cannot be undone.
 * @param {any} form @param {any} button @param {string} name
 * @returns {Step} */
function stepOf(form, button, name) {
  /** @type {Step} */
  const step = { release: () => setBusy(form, false) };
  const sends = button?.value.startsWith("send");
  const seconds = sends ? Number(form.dataset.answer) : 0;
  if (seconds) {
    step.lead = page.shown;
    step.says = [`To ${name} in `, { undo: true, until: Date.now() + 1000 * seconds }];
    step.toast = say(...step.says);
  } else step.stays = sends ? sentWords(name) : `You can’t undo “${button?.textContent.trim()}” for ${name}.`;
  return step;
}
/** @param {string} name */
const sentWords = (name) => `The message to ${name} has gone out.`;
/** @param {Step} step @param {string} lead */
function retract(step, lead) {
  setAnswered(lead, false);
  forgetStep(step);
  step.toast?.remove();
}
/** Shows the pane `element` of the response, or keeps it for later if the page shows another conversation by now.
 * @param {any} element @param {Reply} reply @param {Step} step @param {string} name */
function showAnswer(element, reply, step, name) {
  const { lead } = element.dataset;
  const { ok } = reply.response;
  const error = element.querySelector("#answer-e");
  if (step.lead) step.undoUrl = element.querySelector("form[data-undo]")?.action;
  if (!ok) retract(step, lead);
  else if (step.lead && !step.undoUrl) {
    step.toast.remove();
    step.stays = sentWords(name);
  }
  panes.delete(lead);
  if (page.shown === lead || !ok) keepPane(lead, element);
  if (page.shown === lead) {
    putPane(element);
    showTitle();
    if (error && focusedRow()) byId("reply")?.focus(); // the user can correct the text
    element.querySelector("[data-refused]")?.showModal(); // or the time
  } else if (!ok) {
    restoreTexts(element);
    say(`Not sent to ${name}: ${error?.textContent.trim()}`);
  }
  for (const words of wordsOf(reply)) say(words);
}
// A message whose countdown runs can be taken back on the next page as well, such as another tab of the list.
const COUNTED = `counted ${document.querySelector("meta[name=live]")?.dataset.user}`;
addEventListener("pagehide", () => {
  const counting = steps.filter(({ says, stays }) => says && !stays); // also sends that the server has not answered
  if (!page.leaving)
    sessionStorage[COUNTED] = JSON.stringify(
      counting.map(({ lead = "", undoUrl = "", says }) => [lead, inboxOf(lead), undoUrl, says]),
    );
});
/** @type {[string, string, string, [string, any]][]} */
const counted = recall(COUNTED, []);
for (const [lead, inbox, undoUrl, says] of counted) {
  paths.set(lead, `${inbox}${lead}/`);
  if (says[1].until > Date.now()) steps.push({ lead, undoUrl, says, toast: say(...says) });
}

/** @param {any} form @param {boolean} busy */
function setBusy(form, busy) {
  form.ariaBusy = busy || null;
  for (const button of all("button", form)) button.disabled = busy;
}
let waitsForRow = false;
for (const kind of ["keydown", "pointerdown"]) addEventListener(kind, () => (waitsForRow = false), true);
addEventListener("holdfast:rows", ({ detail: isCurrent }) => {
  waitsForRow &&= isWatched(); // an opened conversation counts as read
  if (waitsForRow) openNext("");
  waitsForRow &&= !isCurrent; // a current list without a next row has ended
});
/** @param {Element} row */
const isUnanswered = (row) => !row.matches("[data-answered=true]");
/** Opens the conversation below that of `lead`. At the end of the list, opens one whose answer was taken back or whose
 * lead wrote again. If the list has no unanswered row, waits for one and opens it when it comes, unless the user presses
 * a key first.
 * @param {string} lead */
function openNext(lead) {
  const row = rowOf(lead);
  const first = rows().find(isUnanswered);
  const next = row ? (row.nextElementSibling ?? list().querySelector("[data-answered=false]")) : first;
  waitsForRow = !next && !first;
  if (!next) return lead ? close() : undefined;
  focusRow(next);
  show(idOf(next), { open: true, push: !page.opened });
}

/** Saves a note. The rest of the conversation stays as it is, with the text that the user is typing there.
 * @param {any} form */
function keepNote(form) {
  const lead = page.shown;
  const { text } = form.elements;
  const body = new FormData(form);
  const words = text.value;
  /** @type {Step} */
  const step = { stays: `Your note about ${byId("lead").textContent} was kept.` };
  steps.push(step);
  form.reset();
  form.parentElement.open = false;
  linkOf(rowOf(lead))?.focus({ preventScroll: true });
  const note = create("article", { className: "msg note", ariaBusy: "true", innerText: words });
  byId("messages").append(note);
  note.scrollIntoView({ block: "nearest" });
  /** @param {Reply} reply */
  const onSuccess = (reply) => {
    for (const line of wordsOf(reply)) say(line);
    const remove = () => note.remove();
    if (lead === page.shown) return renewPane().then(remove, remove);
    note.remove();
    expirePane(lead);
  };
  /** @param {Reply} [reply] */
  const onFailure = (reply) => {
    note.remove();
    forgetStep(step);
    text.value ||= words;
    form.parentElement.open = true;
    say(wordsOf(reply).at(-1) || "The note wasn’t saved. Your text is still here. Try again in a moment.");
  };
  enqueue({ url: () => form.action, body: () => body, target: "convo", onSuccess, onFailure });
}

on("click", (element) => {
  if (element.closest("[data-done-shown]")) decide("done", rows().map(idOf));
});

// In the open conversation, Enter sends a ready draft that the user has not changed, and opens the next conversation.
// Enter does not send a draft that has just appeared, because the user may have pressed the key for something else.
// A workspace may require two Enters: the first arms the draft, and any other key disarms it.
const READING_MS = 500;
const readyForm = () => pane().querySelector("form[data-ready]:not([aria-busy])");
/** @type {any} the draft that Enter sends */
let readable = null;
/** @type {any} the draft that waits for its second Enter */
let armed = null;
let timer = 0;
/** @param {any} form */
function arm(form) {
  const words = (form ?? armed)?.querySelector("[data-again]");
  if (words) words.textContent = form ? words.dataset.again : "";
  armed = form;
}
function awaitReading() {
  arm(null);
  readable = null;
  pane().removeAttribute("data-enter-sends");
  clearTimeout(timer);
  timer = setTimeout(() => {
    readable = readyForm();
    pane().toggleAttribute("data-enter-sends", Boolean(readable));
  }, READING_MS);
}
for (const name of ["holdfast:pane", "htmx:afterSwap"])
  addEventListener(name, () => readyForm() !== readable && awaitReading());
awaitReading();
on(
  "keydown",
  (_field, event) => {
    if (!armed || event.key === "Enter") return;
    arm(null);
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);
on(
  "keydown",
  (field, event) => {
    const { key, ctrlKey, metaKey, shiftKey, altKey, repeat } = event;
    if (key !== "Enter" || ctrlKey || metaKey || shiftKey || altKey || repeat) return;
    const form = armed ?? readable;
    const isSecond = Boolean(armed);
    awaitReading();
    if (!form || form !== readyForm() || !page.opened) return;
    if (field !== document.body && field !== linkOf(rowOf(page.shown))) return;
    if (document.querySelector("dialog[open], :popover-open")) return;
    if (form.elements.text.value !== form.elements.text.defaultValue) return;
    event.preventDefault();
    event.stopPropagation();
    if (form.dataset.ready === "twice" && !isSecond) arm(form);
    else form.querySelector("[value=send-next]").click();
  },
  true,
);

// The checks of a draft are those of its text before the user edited it.
on("input", ({ form }) => {
  const words = form?.querySelector("[data-before-edit]");
  const text = form?.elements.text;
  if (words) words.hidden = text.value === text.defaultValue;
});

// A snippet is inserted at the cursor. Its first placeholder, such as {name}, is selected.
on("click", (element, event) => {
  const button = element.closest("button[name=insert]");
  if (!button) return;
  event.preventDefault();
  const { text } = button.form.elements;
  button.closest("dialog").close();
  text.focus();
  const space = /\S$/.test(text.value.slice(0, text.selectionStart)) ? " " : "";
  const gap = /\{\w+\}/.exec(button.value);
  const start = text.selectionStart + space.length;
  text.setRangeText(space + button.value, text.selectionStart, text.selectionEnd, "end");
  if (gap) text.setSelectionRange(start + gap.index, start + gap.index + gap[0].length);
  text.dispatchEvent(new Event("input", { bubbles: true }));
});

// --- keys ----------------------------------------------------------------------------------------------------------
const plainActions = { ...actions };
for (const name of [
  "reply",
  "note",
  "snippet",
  "snooze",
  "assign",
  "label",
  "confirm",
  "deny",
  "accept",
  "decline",
  "alike",
  "trace",
])
  actions[name] = () => actInPane(name);
/** Runs the action of a key for the conversation of the focused row, as soon as its pane has loaded.
 * @param {string} name */
function actInPane(name) {
  const isReply = name === "reply";
  if (isReply && page.shown && !page.opened) show(page.shown, { open: true, push: true });
  const row = focusedRow();
  const concernsRows =
    ["snooze", "assign", "label"].includes(name) && (row || threads().querySelector(".row :checked"));
  // The user has moved the focus to another row with Tab.
  if (row && !concernsRows && idOf(row) !== page.shown)
    show(idOf(row), isReply ? { open: true, push: !page.opened } : {});
  if (!pane().ariaBusy || concernsRows) return plainActions[name]();
  keepKeys(plainActions[name], isReply);
}
// A conversation that is shown beside the list opens when the user begins to write in it.
on("focusin", (field) => {
  if (!page.opened && isField(field) && field.closest("#convo")) show(page.shown, { open: true, push: true });
});
