/* The page of a sequence: Alt with an arrow key moves the step that has the focus. */
import { on } from "./page.js";
import "./shell.js";

on("keydown", (element, event) => {
  const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  const button = event.altKey && way && element.closest("[data-step]")?.querySelector(`[data-move=${way}]`);
  if (!button) return;
  event.preventDefault();
  button.click();
});

// Once a form is submitted, its preview sends no more requests, because the new page would abort them.
on("submit", (form) =>
  form.addEventListener("htmx:beforeRequest", (/** @type {Event} */ event) => event.preventDefault()),
);
