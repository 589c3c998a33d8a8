/* The pages of a workspace other than the inbox. */
import { all, on } from "./page.js";
import "./holdfast.js";
import "./palette.js";
import "./live.js";

// Buttons for selected rows work once a row is selected. Without scripts, they always work.
const arm = () => {
  for (const button of all("[data-bulk] button"))
    button.disabled = ![...button.form].some((field) => field.checked);
};
on("change", arm);
on("htmx:afterSwap", arm);
arm();
