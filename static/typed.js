/* Keeps the text that a user has typed in a tab, until it is sent or discarded, or the user logs out. */
import { all, page, recall } from "./page.js";
import { steps } from "./queue.js";
import { say } from "./toasts.js";

const USER = document.querySelector("meta[name=live]")?.dataset.user;
const STORED = `typed ${USER}`;
for (const name of Object.keys(sessionStorage))
  if (/^(typed|counted) /.test(name) && !name.endsWith(` ${USER}`)) sessionStorage.removeItem(name);
/** The typed texts, by lead and by the field's id.
 * @type {Record<string, Record<string, Typed> | undefined>} */
const texts = recall(STORED, {});
/** @type {WeakSet<Element>} the panes whose text was restored */
const restored = new WeakSet();

/** @param {any} form */
const channelOf = (form) => form.elements.channel?.value ?? form.querySelector("[data-way]")?.dataset.way;

/** Whether a pane contains a typed text or a refused message.
 * @param {any} pane */
export const hasText = (pane) =>
  pane instanceof Element &&
  (pane.querySelector("#answer-e") ||
    all("textarea", pane).some(({ value, defaultValue }) => value !== defaultValue));

/** @param {any} pane */
function textsIn(pane) {
  /** @type {Record<string, Typed>} */
  const fields = {};
  for (const { id, value, defaultValue, form } of all("form[method=post] textarea[id]", pane))
    if (value && !form.ariaBusy && (value !== defaultValue || form.querySelector("#answer-e")))
      fields[id] = [value, defaultValue, channelOf(form)];
  const earlier = texts[pane.dataset.lead] ?? {}; // may have texts of fields that the pane does not have now
  for (const id in earlier) if (!pane.querySelector(`form:not([aria-busy]) #${id}`)) fields[id] = earlier[id];
  return Object.keys(fields).length ? fields : undefined;
}
/** Stores the texts that were typed in `panes`.
 * @param {any[]} panes */
export function storeTexts(panes) {
  for (const pane of panes) if (restored.has(pane)) texts[pane.dataset.lead] = textsIn(pane);
  const json = JSON.stringify(texts);
  if (!page.leaving && json !== (sessionStorage[STORED] ?? "{}")) sessionStorage[STORED] = json;
}
/** Forgets the stored texts of a form, because the form is being sent.
 * @param {string} lead @param {any} form */
export function forgetTexts(lead, form) {
  for (const { id } of form.elements) delete texts[lead]?.[id];
}

/** Puts the stored texts of a pane back in its fields.
 * @param {any} pane */
export function restoreTexts(pane) {
  if (!pane.dataset.lead || pane.ariaBusy) return;
  restored.add(pane);
  for (const [id, typed] of Object.entries(texts[pane.dataset.lead] ?? {})) {
    const text = pane.querySelector(`form #${id}`);
    if (text && text.value === text.defaultValue && text.value !== typed[0]) restoreText(text, typed);
  }
}
/** @param {any} text @param {Typed} typed */
function restoreText(text, [words, draft, channel]) {
  const { form } = text;
  text.value = words;
  const choice = channel && form.querySelector(`[name=channel][value="${channel}"]`);
  if (choice) choice.checked = true;
  form.closest("details")?.setAttribute("open", "");
  // The input event stops the countdown of a draft that would be sent automatically.
  setTimeout(() => text.dispatchEvent(new Event("input", { bubbles: true })));
  if (text.defaultValue && text.defaultValue !== draft)
    offerDraft(text, channel && channelOf(form) !== channel ? " It was for another channel." : "");
}
/** Offers an Undo that replaces a restored text with the newer draft.
 * @param {any} text @param {string} remark */
function offerDraft(text, remark) {
  const { lead } = text.closest("#convo").dataset;
  const toast = say(`Your text replaced a newer draft.${remark}`, { undo: true });
  steps.push({ lead, text, value: text.value, toast });
}
