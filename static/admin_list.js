/* Admin lists that reload their rows (data-poll in holdfast.js). Django's actions.js keeps the checkboxes of the
   first rows, so this file gives it a list of the current ones. The page also works without this file. */

/** @type {HTMLCollectionOf<any>} */
const boxes = document.getElementsByClassName("action-select");
const presentBoxes = {
  forEach: (/** @type {(box: Element) => void} */ visit) => [...boxes].forEach(visit),
  get length() {
    return boxes.length;
  },
  [Symbol.iterator]: () => boxes[Symbol.iterator](),
};
let isAdopted = false;
/** @type {string | undefined} the address of the link in a row that has the focus */
let focusedHref;

function adoptBoxes() {
  if (!boxes.length || !window.Actions) return;
  if (!isAdopted) window.Actions(presentBoxes);
  isAdopted = true;
  document.querySelector(".action-counter").dataset.actionsIcnt = boxes.length;
  window.dispatchEvent(new Event("pageshow")); // actions.js then counts the ticked boxes
}

// htmx restores the focus by id, and the links in rows have no id.
document.addEventListener("htmx:beforeSwap", () => {
  focusedHref = document.activeElement?.closest("#rows a")?.getAttribute("href");
});
document.addEventListener("htmx:afterSwap", () => {
  adoptBoxes();
  if (focusedHref)
    document.querySelector(`#rows a[href="${CSS.escape(focusedHref)}"]`)?.focus({ preventScroll: true });
});
document.addEventListener("DOMContentLoaded", adoptBoxes); // after actions.js, which counts the rows
