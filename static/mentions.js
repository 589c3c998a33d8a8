/* Suggests names below the field of a note: those that begin with the letters typed after the last @. */
import { byId, on } from "./page.js";

const AT = /(?<![\w@.])@([^@\n]*)$/;

/** @param {any} text */
const textBefore = (text) => text.value.slice(0, text.selectionEnd);
/** @returns {any[]} */
const offeredNames = () =>
  [...(byId("names")?.children ?? [])].filter((name) => !name.hidden && !name.parentElement.hidden);

/** Offers the names that begin with `start`: all names for "", no names for undefined. Enter accepts the first one.
 * @param {string} [start] */
function offer(start) {
  const box = byId("names");
  box.hidden = start === undefined;
  for (const name of box.children) name.hidden = !name.dataset.name.toLowerCase().startsWith(start);
  choose(0);
}
/** @param {number} place */
function choose(place) {
  const names = offeredNames();
  const chosen = names.at(place % names.length);
  for (const name of names) name.ariaSelected = name === chosen;
  const text = byId("note-text");
  chosen?.scrollIntoView({ block: "nearest" });
  if (chosen) text.setAttribute("aria-activedescendant", chosen.id);
  else text.removeAttribute("aria-activedescendant");
}
/** @param {any} name */
function insert({ dataset, form }) {
  const { text } = form.elements;
  text.setRangeText(`@${dataset.name} `, textBefore(text).search(AT), text.selectionEnd, "end");
  offer();
  text.focus();
}
on("input", (text) => text.id === "note-text" && offer(AT.exec(textBefore(text))?.[1].toLowerCase()));
on("click", (name) => name.matches("#names > *") && insert(name));
addEventListener(
  "keydown",
  (event) => {
    /** @type {any} */
    const text = event.target;
    const names = text.id === "note-text" && !event.isComposing ? offeredNames() : [];
    if (!names.length || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const place = names.findIndex((name) => name.ariaSelected === "true");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) choose(place + step);
    else if (event.key === "Escape") offer();
    else if (event.key === "Enter" || event.key === "Tab") insert(names[place]);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
