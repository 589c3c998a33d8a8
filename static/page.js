/* What every script needs of the page: lookups, and what a page does in its own way (`page`). */

/** @type {FindById} */
export const byId = (/** @type {string} */ id) => document.getElementById(id);

/** @type {(selector: string, within?: ParentNode) => any[]} */
export const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** A new element of the tag `name`, with `properties` such as className and textContent.
 * @type {(name: string, properties?: object) => any} */
export const create = (name, properties) => Object.assign(document.createElement(name), properties);

/** The document that `text` describes.
 * @param {string} text */
export const parse = (text) => new DOMParser().parseFromString(text, "text/html");

/** @param {Element | undefined} element */
export const isVisible = (element) => element?.checkVisibility();

/** Whether letters that are typed go into `element`.
 * @param {Element} element */
export const isField = (element) =>
  element.matches("input:not([type=checkbox], [type=radio], [type=button]), textarea, select");

/** What a tab or a browser stores under `key`; `missing` where it stores nothing that can be read as such an array or object.
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

/** Listens on the document. `handle` gets the element that the event is about, then the event.
 * @type {Listen} */
export const on = (type, handle, capture = false) =>
  document.addEventListener(type, (event) => handle(event.target, event), capture);

/** What the page shows, and what it does in its own way. The inbox puts its own functions in place. */
export const page = {
  shown: "", // the lead whose conversation is shown
  opened: false, // whether the address is that of the conversation; else it only stands beside the list
  leaving: false, // whether the person logs out: nothing that was typed is stored any more
  reload: () => location.reload(),
  endSession: () => location.reload(),
  refreshList() {},
  hasUnsentText: () => false,
  position: () => "", // what colleagues see of where this person is: a lead and whether they write, or ""
};
