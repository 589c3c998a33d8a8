/* Decisions about conversations: done, snoozed, unread, assigned, tagged, labelled. The page shows them at once, and Undo reverts
   them. */
import { close, isOpenOrRoomy, show, showNewest, showNone } from "./desk.js";
import { keepKeys } from "./early_keys.js";
import { actions } from "./holdfast.js";
import { byId, focusedRow, isField, page } from "./page.js";
import { keepPane, pane, panes, putPane } from "./panes.js";
import { enqueue, forgetStep, formData, steps, wordsOf } from "./queue.js";
import {
  focusRow,
  idOf,
  inboxOf,
  list,
  rowOf,
  rows,
  setAnswered,
  setUnread,
  showTitle,
  threads,
} from "./rows.js";
import { say } from "./toasts.js";
import { sendDecision, viewOf } from "./triage.js";

/** @type {Record<string, string>} */
const WORDS = { done: "Done", snooze: "Snoozed", unread: "Unread", assign: "Assigned" };

/** Decisions that Undo does not take back, each with what the user can do instead. @type {Record<string, string>} */
const STAYS = {
  tag: "choose another tag to change it",
  label: "remove the label instead",
  unlabel: "add the label back",
};

/** Returns the assignee or the time of a decision, in the words of the pressed button.
 * @param {string} kind @param {Record<string, string>} fields @param {any} button */
function detailOf(kind, fields, button) {
  const label = [...(button?.childNodes ?? [])]
    .find(({ nodeType, data }) => nodeType === 3 && data.trim())
    ?.data.trim();
  if (!label) return "";
  if (kind === "assign")
    return ` to ${label.replace(/^(You|Nobody)$/, (/** @type {string} */ word) => word.toLowerCase())}`;
  if (kind !== "snooze") return "";
  if (fields.until) return ` until ${fields.until}`;
  return `, ${label[0].toLowerCase()}${label.slice(1)}`.replace(", snooze", "");
}
/** @param {Partial<Part>} part @param {string} open the name in the open conversation */
function nameOf({ ids = [], places = [] }, open) {
  if (ids.length > 1) return `${ids.length} conversations`;
  return places[0]?.row.querySelector("b").textContent ?? open;
}
/** Takes the conversations of one inbox out of a step (an action that Undo can revert), and returns them.
 * @param {Step} step @param {string} inbox @returns {Part} */
function takeOut(step, inbox) {
  const { ids = [], places = [] } = step;
  /** @param {string} id */
  const isOut = (id) => inboxOf(id) === inbox;
  step.ids = ids.filter((id) => !isOut(id));
  step.places = places.filter(({ row }) => !isOut(idOf(row)));
  step.sent = step.sent?.filter((request) => request.inbox !== inbox);
  return { ids: ids.filter(isOut), places: places.filter(({ row }) => isOut(idOf(row))) };
}
/** Decides about the conversations of `leads`. Returns false if the page has none of them.
 * @param {string} decision @param {string[]} leads @param {Record<string, string>} [fields] @param {any} [button] */
export function decide(decision, leads, fields = {}, button = null) {
  const views = leads.map(viewOf).filter(([, state]) => state);
  if (!views.length) return false;
  const kind = decision.split(":")[0];
  const ids = views.map(([lead]) => lead);
  const listed = ids.map(rowOf).filter(Boolean);
  /** @type {Step} */
  const step = { ids, places: listed.map(placeOf), shown: page.shown, opened: page.opened };
  const words = `${WORDS[kind]}${detailOf(kind, fields, button)}`;
  const open = byId("lead")?.textContent;
  const describe = () => {
    if (STAYS[kind]) step.stays = `${nameOf(step, open)}: ${STAYS[kind]}.`;
    else step.name = `${words}: ${nameOf(step, open)}`;
  };
  describe();
  leave(kind, listed, ids);
  // If the requests of several workspaces fail, one toast reports all of them.
  const refusals = new Set();
  /** @type {Part} */
  let lost = { ids: [], places: [] };
  step.sent = sendDecision(decision, views, fields, (inbox, reply) => {
    const failed = takeOut(step, inbox);
    restore(failed);
    step.sent?.length ? describe() : forgetStep(step);
    const refusal = wordsOf(reply).at(-1);
    if (refusal) refusals.add(refusal);
    else lost = { ids: [...lost.ids, ...failed.ids], places: [...lost.places, ...failed.places] };
    const loss = lost.ids.length ? `Not changed: ${nameOf(lost, open)}.` : "";
    step.toast?.remove();
    const undo = Boolean(steps.includes(step) && step.name);
    const first = undo ? `${step.name}.` : loss && "That didn’t work.";
    step.toast = say([first, ...refusals, loss].join(" ").trim(), { undo });
    page.refreshList();
  });
  steps.push(step);
  if (step.name) step.toast = say(step.name, { undo: true }); // otherwise the server reports what it did
  return true;
}
/** Updates the rows before the server does, and opens the next conversation if the decision closes the open one.
 * @param {string} kind @param {any[]} listed @param {string[]} ids */
function leave(kind, listed, ids) {
  const leavesList = threads().dataset.leaves?.split(" ").includes(kind) ?? false;
  const ends = leavesList || kind === "done" || kind === "snooze";
  const hasFocus = listed.some((row) => row.contains(document.activeElement));
  const next = rowAfter(listed);
  if (hasFocus && ends) focusRow(next);
  for (const row of listed) changeRow(row, kind, leavesList);
  if (leavesList) addToCount(-listed.length);
  if (kind === "unread" && page.opened) close();
  else if (ends && (hasFocus || ids.includes(page.shown))) goOn(next, leavesList);
}
/** Shows the next conversation, or none if the list is empty.
 * @param {any} next @param {boolean} leavesList */
function goOn(next, leavesList) {
  if (next && isOpenOrRoomy()) show(idOf(next));
  else if (leavesList && !next) {
    page.shown = "";
    if (page.opened) close();
    showNone();
  }
}
/** @param {any} row @param {string} kind @param {boolean} leavesList */
function changeRow(row, kind, leavesList) {
  const box = row.querySelector("input");
  if (box?.checked) box.click();
  if (kind !== "assign" && !STAYS[kind]) setUnread(row, kind === "unread");
  if (leavesList) row.remove();
}
/** Returns the row below the leaving rows, or else the row above them.
 * @param {any[]} leaving */
function rowAfter(leaving) {
  let row = leaving.at(-1);
  while (leaving.includes(row)) row = row?.nextElementSibling;
  if (row || !leaving.length) return row;
  for (row = leaving[0]; leaving.includes(row); ) row = row.previousElementSibling;
  return row;
}
/** @param {any} row @returns {Place} */
const placeOf = (row) => ({ row, nextId: row.nextElementSibling?.id, unread: row.matches(".unread") });
/** Puts the rows that a step took out of the list back in their places.
 * @param {Step} step */
function restore({ places = [] }) {
  for (const { row, nextId, unread } of [...places].reverse()) {
    if (list() && !byId(row.id)) {
      list().insertBefore(row, nextId && byId(nextId));
      addToCount(1);
    }
    setUnread(byId(row.id), unread);
  }
}
/** @param {number} change */
function addToCount(change) {
  const count = byId("count");
  if (/^\d+$/.test(count?.textContent)) count.textContent = Math.max(0, Number(count.textContent) + change);
}

/** Undoes a step of the user, by default the last one. Returns false if there is no step. */
export function undo(step = steps.at(-1)) {
  if (!step) return false;
  forgetStep(step);
  if (step.stays) return say(`Not undone. ${step.stays}`);
  if (step.text) return restoreDraft(step);
  if (step.lead) return takeBack(step);
  return undoDecision(step);
}
/** Focuses the row of the conversation that Undo shows, so that the next key applies to it.
 * @param {string} lead */
function focusUndone(lead) {
  /** @type {any} */
  const focused = document.activeElement;
  if (rowOf(lead)) focusRow(rowOf(lead));
  else focused.blur();
}
/** @param {Step} step */
function undoDecision(step) {
  restore(step);
  const { ids = [], shown = "", sent, name = "" } = step;
  const lead = ids.includes(shown) ? shown : (ids.find(rowOf) ?? ids[0]);
  const open = step.opened || page.opened;
  focusUndone(lead);
  if (open || isOpenOrRoomy()) show(lead, { open });
  say(`Undone: ${name.replace(": ", ", ")}`);
  const onFailure = (/** @type {Reply | undefined} */ reply) =>
    say(wordsOf(reply).at(-1) || "Couldn’t undo that.");
  for (const request of sent ?? []) {
    const url = () => `${request.inbox}undo/`;
    const body = () => formData({ token: request.token });
    if (!request.cancel()) enqueue({ url, body, target: "toasts", onSuccess() {}, onFailure });
  }
  return true;
}
/** Replaces a text that was restored in the form with the newer draft, unless the user has edited the text since.
 * @param {Step} step */
function restoreDraft({ lead = "", text, value, toast }) {
  toast.remove();
  if (page.shown !== lead) show(lead);
  if (!byId("convo").contains(text) || text.value !== value)
    return say("Not undone. Your text has changed since.");
  text.value = text.defaultValue;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  return true;
}
/** Cancels a message whose countdown is still running. Its conversation reopens with the text.
 * @param {Step} step */
export function takeBack(step) {
  const { lead = "", cancel, release, toast } = step;
  toast?.remove();
  setAnswered(lead, false);
  focusUndone(lead);
  if (page.shown !== lead || !page.opened) show(lead, { open: true });
  if (cancel?.()) {
    release?.();
    focusText();
    return true;
  }
  if (!cancel && !step.undoUrl) {
    pressUndo(lead); // the page was left before the server had answered
    return true;
  }
  const body = () => formData({ do: "take-back" });
  const onAnswer = (/** @type {Reply | undefined} */ reply) => showTakenBack(lead, reply);
  enqueue({
    url: () => {
      if (step.isLost && page.shown === lead && !isField(document.activeElement ?? document.body)) {
        showNewest(lead);
        pressUndo(lead);
      }
      return step.undoUrl;
    },
    body,
    target: "convo",
    onSuccess: onAnswer,
    onFailure: onAnswer,
  });
  return true;
}
/** Presses Undo in the conversation, which has the address that the page lacks.
 * @param {string} lead */
function pressUndo(lead) {
  const press = () => {
    const button = pane().querySelector("[data-undo] button");
    if (button) return button.click();
    say(`No message to ${byId("lead").textContent} is waiting to go out.`);
  };
  panes.get(lead) instanceof Element ? press() : keepKeys(press, false);
}
/** Focuses the text that was taken back, unless the key of Undo can still take back another message. */
function focusText() {
  if (!document.querySelector(".toast [data-until]")) byId("reply")?.focus();
}
/** @param {string} lead @param {Reply | undefined} reply */
function showTakenBack(lead, reply) {
  const element = reply?.page.getElementById("convo");
  if (element?.dataset.lead !== lead) {
    say("Couldn’t take the message back.");
    return page.reload();
  }
  for (const words of wordsOf(reply)) say(words);
  keepPane(lead, document.adoptNode(element));
  if (page.shown !== lead) return;
  putPane(element);
  showTitle();
  if (document.activeElement === document.body || focusedRow()) focusText();
}

/** Returns the leads that a key applies to: those of the ticked rows, or else the lead of the focused row, or else the
 * lead of the shown conversation. */
export function selectedLeads() {
  const ticked = rows().filter((row) => row.querySelector(":checked"));
  if (ticked.length) return ticked.map(idOf);
  if (focusedRow()) return [idOf(focusedRow())];
  return page.shown ? [page.shown] : [];
}

const pressButton = actions.undo;
Object.assign(actions, {
  done: () => decide("done", selectedLeads()),
  unread: () => decide("unread", selectedLeads()),
  undo: () => undo() || pressButton(),
});
