/* Admin lists that reload their rows (data-poll in holdfast.js). Django's actions.js keeps the checkboxes that it found
   at first, so this file gives it a list of the current ones. The page also works without this file. */

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
/** @type {string | undefined} of the link in a row that has the focus */
let focusedHref;

function adoptBoxes() {
  if (!boxes.length || !window.Actions) return;
  if (!isAdopted) window.Actions(presentBoxes);
  isAdopted = true;
  document.querySelector(".action-counter").dataset.actionsIcnt = boxes.length;
  window.dispatchEvent(new Event("pageshow")); // actions.js counts
}

// htmx restores the focus by id, and links in rows have none.
document.addEventListener("htmx:beforeSwap", () => {
  focusedHref = document.activeElement?.closest("#rows a")?.getAttribute("href");
});
document.addEventListener("htmx:afterSwap", () => {
  adoptBoxes();
  if (focusedHref)
    document.querySelector(`#rows a[href="${CSS.escape(focusedHref)}"]`)?.focus({ preventScroll: true });
});
document.addEventListener("DOMContentLoaded", adoptBoxes); // after actions.js, which counts the rows
