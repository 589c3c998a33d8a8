/* A list of the admin whose rows are fetched anew (data-poll in holdfast.js). Django's actions.js keeps the boxes that it
   found first; it is given a list that is always the present one. Comfort only: the list works without this file. */
(() => {
  "use strict";
  const boxes = document.getElementsByClassName("action-select");
  const present = {
    forEach: (visit) => [...boxes].forEach(visit),
    get length() { return boxes.length; },
    [Symbol.iterator]: () => boxes[Symbol.iterator](),
  };
  let known = false;
  let focused = null;

  function adopt() {
    if (!boxes.length || !window.Actions) return;
    if (!known) window.Actions(present);
    known = true;
    document.querySelector(".action-counter").dataset.actionsIcnt = boxes.length;
    window.dispatchEvent(new Event("pageshow")); // actions.js counts
  }

  // Links in rows have no ids, by which htmx would give them the focus back.
  document.addEventListener("htmx:beforeSwap", () => {
    focused = document.activeElement.closest("#rows a")?.getAttribute("href");
  });
  document.addEventListener("htmx:afterSwap", () => {
    adopt();
    if (focused) document.querySelector(`#rows a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  });
  document.addEventListener("DOMContentLoaded", adopt); // after actions.js, whose counting would be of the rows it found
})();
