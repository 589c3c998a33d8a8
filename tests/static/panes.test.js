/* Panes: fetched once, kept while they hold text, and shown with what was typed in them. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { nextRequest, openPage, requests } from "./browser.js";

const paneOf = (lead, text = "") =>
  `<div id="convo" data-lead="${lead}"><form method="post"><textarea id="reply">${text}</textarea></form></div>`;
openPage(`
  <meta name="live" data-user="3">
  <main id="threads" data-base="/w/7/inbox/" data-title="Inbox"></main>
  <ul id="rows">${[1, 2, 3, 4].map((lead) => `<li class="row" id="row-${lead}"><a href="/w/7/inbox/${lead}/">Lead ${lead}</a></li>`).join("")}</ul>
  <div id="toasts"></div>
  ${paneOf(1)}`);
const { page } = await import("../../static/page.js");
const panes = await import("../../static/panes.js");
const { steps } = await import("../../static/queue.js");

/** @param {string} html */
function element(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}
const reply = () => document.getElementById("reply");

beforeEach(() => {
  panes.panes.clear();
  panes.stale.clear();
  sessionStorage.clear();
  requests.length = 0;
  steps.length = 0;
  page.shown = "1";
});

test("a pane that is asked for twice is fetched once", async () => {
  const first = panes.fetchPane("2");
  assert.equal(panes.fetchPane("2"), first);
  const request = await nextRequest();
  assert.equal(request.url, "/w/7/inbox/2/");
  request.answer(paneOf(2));
  assert.equal((await first).dataset.lead, "2");
  assert.equal(panes.panes.get("2"), await first);
  assert.equal(requests.length, 0);
});

test("a pane that could not be fetched is asked for again", async () => {
  const first = panes.fetchPane("2");
  (await nextRequest()).answer(paneOf(9)); // of another conversation
  await assert.rejects(first);
  assert.notEqual(panes.fetchPane("2"), first);
  assert.equal((await nextRequest()).url, "/w/7/inbox/2/");
});

test("the panes of the next two rows are fetched ahead", async () => {
  panes.fetchAhead();
  const urls = [(await nextRequest()).url, (await nextRequest()).url];
  assert.deepEqual([urls, requests.length], [["/w/7/inbox/2/", "/w/7/inbox/3/"], 0]);
});

test("of too many panes the oldest goes, but none that holds text", () => {
  const written = element(paneOf(100, "before"));
  written.querySelector("textarea").value = "written";
  panes.keepPane("100", written);
  for (let lead = 101; lead < 120; lead += 1) panes.keepPane(String(lead), element(paneOf(lead)));
  assert.ok(panes.panes.has("100") && panes.panes.has("119"));
  assert.ok(!panes.panes.has("101"));
  assert.equal(panes.panes.size, 12);
});

test("the pane of a conversation that has changed is dropped, but one that holds text becomes stale", () => {
  const written = element(paneOf(3));
  written.querySelector("textarea").value = "written";
  panes.keepPane("2", element(paneOf(2)));
  panes.keepPane("3", written);
  panes.expirePane("2");
  panes.expirePane("3");
  assert.deepEqual([panes.panes.has("2"), panes.panes.has("3"), panes.stale.has("3")], [false, true, true]);
});

test("what is typed returns with its conversation, and Undo offers a newer draft", () => {
  panes.putPane(element(paneOf(2, "a draft")));
  reply().value = "typed";
  panes.putPane(element(paneOf(3)));
  assert.equal(reply().value, "");
  assert.match(JSON.stringify({ ...sessionStorage }), /typed/);
  panes.putPane(element(paneOf(2, "a newer draft")));
  assert.equal(reply().value, "typed");
  assert.match(document.querySelector(".toast").textContent, /replaced a newer draft/);
  assert.equal(steps.length, 1);
});

test("nothing that was typed is stored once the person logs out", () => {
  panes.putPane(element(paneOf(4)));
  reply().value = "a secret";
  page.leaving = true;
  panes.storePanes();
  page.leaving = false;
  assert.ok(!JSON.stringify({ ...sessionStorage }).includes("a secret"));
});
