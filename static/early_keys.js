/* Keys that are typed before a conversation is here. They are kept, and typed into it when it appears. They are for the
   conversation that was asked for: one that is shown in its place gets none of them. */

/** @type {KeyboardEvent[] | null} */
let keys = null;
/** @type {(() => unknown) | null} what the first key asked for */
let firstAction = null;
let opensField = false; // whether that opens the field into which letters go

/** Begins to keep keys. @param {() => unknown} action @param {boolean} isReply */
export function keepKeys(action, isReply) {
  keys = [];
  firstAction = action;
  opensField = isReply;
}
export function dropKeys() {
  keys = firstAction = null;
}
/** Does what the keys asked for, now that the conversation is here. */
export function replayKeys() {
  const events = keys ?? [];
  const action = firstAction;
  dropKeys();
  action?.();
  const field = action && opensField ? document.activeElement : null;
  for (const event of events) replay(event, field);
}
/** @param {KeyboardEvent} event @param {any} field */
function replay({ key, ctrlKey, metaKey, shiftKey }, field) {
  /** @type {any} */
  const focused = document.activeElement;
  if (focused === field && key.length === 1 && !ctrlKey && !metaKey) {
    field.setRangeText(key, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (key === "Enter" && focused.matches("button")) focused.click();
  else {
    const options = { key, ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true };
    focused.dispatchEvent(new KeyboardEvent("keydown", options));
  }
}
addEventListener(
  "keydown",
  (event) => {
    if (!keys || event.key === "Tab" || event.key === "Shift") return;
    keys.push(event);
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);
