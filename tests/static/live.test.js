/* Live updates: a page without a workspace follows nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./browser.js";

openPage('<div id="toasts"></div>');
const channels = [];
globalThis.BroadcastChannel = class {
  constructor(name) {
    channels.push(name);
  }
};
await import("../../static/live.js");

test("a page without a workspace opens no channel to the other tabs", () => {
  assert.deepEqual(channels, []);
});
