/* Buttons that copy the text of the field whose id is in `data-copy`. */
import { byId, on } from "./page.js";

on("click", async (element) => {
  const button = element.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(byId(button.dataset.copy).value);
  button.lastChild.textContent = " Copied";
});
