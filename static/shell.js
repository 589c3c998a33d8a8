/* The pages of a workspace other than the inbox. */
import "./holdfast.js";
import "./palette.js";
import "./live.js";
