/* Keeps keys that are typed before a conversation has loaded, and replays them when it appears. Only the requested
   conversation receives them. */

/** @type {KeyboardEvent[] | null} */
let keys = null;
/** @type {(() => unknown) | null} the action of the first key */
let firstAction = null;
let opensField = false; // whether the action opens a field for letters

/** Starts to keep keys. `action` is the action of the first key.
 * @param {() => unknown} action @param {boolean} isReply whether the action opens the reply's field */
export function keepKeys(action, isReply) {
  keys = [];
  firstAction = action;
  opensField = isReply;
}
export function dropKeys() {
  keys = firstAction = null;
}
/** Replays the keys once the conversation has loaded. */
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
