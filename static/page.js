/* Helpers for all scripts: lookups, and the functions that pages override (`page`). */

/** @type {FindById} */
export const byId = (/** @type {string} */ id) => document.getElementById(id);

/** @type {(selector: string, within?: ParentNode) => any[]} */
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** Returns a new element with the tag `name`, and with `properties` such as className and textContent.
 * @type {(name: string, properties?: object) => any} */
export const create = (name, properties) => Object.assign(document.createElement(name), properties);

/** Parses `text` as HTML, and returns the document.
 * @param {string} text */
export const parse = (text) => new DOMParser().parseFromString(text, "text/html");

/** @param {Element | undefined} element */
export const isVisible = (element) => element?.checkVisibility();

/** Whether `element` accepts typed letters.
 * @param {Element} element */
export const isField = (element) =>
  element.matches("input:not([type=checkbox], [type=radio], [type=button]), textarea, select");

/** Returns the array or object stored under `key`, or `missing` if nothing of the same type is stored.
 * @type {(key: string, missing: object, storage?: Storage) => any} */
export function recall(key, missing, storage = sessionStorage) {
  try {
    const content = JSON.parse(storage.getItem(key) ?? "null");
    return content.constructor === missing.constructor ? content : missing;
  } catch {
    return missing;
  }
}

/** @returns {any} The row of the list that has the focus, or null. */
export const focusedRow = () => document.activeElement?.closest(".row");

/** Listens on the document. `handle` receives the event's target and the event.
 * @type {Listen} */
export const on = (type, handle, capture = false) =>
  document.addEventListener(type, (event) => handle(event.target, event), capture);

/** The state of the page, and functions that the inbox overrides. */
export const page = {
  shown: "", // the lead whose conversation is shown
  opened: false, // whether the page has the conversation's URL, and not that of the list beside it
  leaving: false, // whether the user is logging out, after which no typed text is stored
  reload: () => location.reload(),
  endSession: () => location.reload(),
  refreshList() {},
  hasUnsentText: () => false,
  position: () => "", // for colleagues: the open lead and whether the user is writing, or an empty text
};
