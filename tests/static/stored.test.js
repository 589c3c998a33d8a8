/* What a tab has stored and cannot be read stops no script. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./browser.js";

openPage(`
  <meta name="live" data-user="3">
  <main id="threads" data-base="/w/7/inbox/" data-title="Inbox"></main>
  <ul id="rows"><li class="row" id="row-1"><a href="#">Lead 1</a></li></ul>
  <div id="toasts"></div>
  <div id="convo" data-lead="1"><form method="post"><textarea id="reply"></textarea></form></div>`);
sessionStorage["typed 3"] = '{"1":';
sessionStorage.place = "7";
for (const name of ["typed 4", "counted 4", "counted 33", "counted 3"]) sessionStorage[name] = "[]";
const { page, recall } = await import("../../static/page.js");
const { storePanes } = await import("../../static/panes.js");
await import("../../static/desk.js");

test("the inbox opens although what the tab has stored is broken, and stores what is typed now", () => {
  document.dispatchEvent(new Event("DOMContentLoaded"));
  assert.equal(document.title, "Inbox");
  document.getElementById("reply").value = "typed";
  storePanes();
  assert.deepEqual(JSON.parse(sessionStorage["typed 3"]), { [page.shown]: { reply: ["typed", "", null] } });
});

test("what another user has typed and sent in this tab is forgotten", () => {
  const names = Object.keys(sessionStorage).filter((name) => /^(typed|counted)/.test(name));
  assert.deepEqual(names.sort(), ["counted 3", "typed 3"]);
});

test("what is stored is read if it is of the kind that is asked for", () => {
  sessionStorage.good = "[1,2]";
  for (const broken of ["", "{", "null", "7", '{"a":1}']) {
    sessionStorage.broken = broken;
    assert.deepEqual(recall("broken", []), []);
  }
  assert.deepEqual([recall("good", []), recall("missing", {})], [[1, 2], {}]);
});
