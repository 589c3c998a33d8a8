/* Lists of the admin whose rows are fetched anew (data-poll in holdfast.js). Django's actions.js keeps the boxes that it
   found first, so it gets a list that always holds the present ones. The page also works without this file. */

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

// Links in rows have no ids, by which htmx would give them the focus back.
document.addEventListener("htmx:beforeSwap", () => {
  focusedHref = document.activeElement?.closest("#rows a")?.getAttribute("href");
});
document.addEventListener("htmx:afterSwap", () => {
  adoptBoxes();
  if (focusedHref)
    document.querySelector(`#rows a[href="${CSS.escape(focusedHref)}"]`)?.focus({ preventScroll: true });
});
document.addEventListener("DOMContentLoaded", adoptBoxes); // after actions.js, which counts the rows that it found
