/* Undo takes back the newest message, whether or not the server has answered its send. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextRequest, openPage, requests, until } from "./browser.js";

const paneOf = (lead, more = "") =>
  `<section id="convo" data-lead="${lead}"><h1 id="lead">Lead ${lead}</h1>
    <form method="post" id="draft" data-answer="60" action="/w/7/drafts/${lead}/">
      <textarea id="reply" name="text">Tuesday works.</textarea><button name="do" value="send-next">Send</button>
    </form>${more}</section>`;
const countdown = (lead) =>
  `<form method="post" data-undo action="/w/7/sends/${lead}/"><button>Undo</button></form>`;
const rowOf = (lead) =>
  `<li class="row" id="row-${lead}"><a href="/w/7/inbox/${lead}/"><b>Lead ${lead}</b><span class="snip"></span></a></li>`;
openPage(`
  <meta name="live" data-user="3">
  <main id="threads" data-base="/w/7/inbox/" data-title="Inbox"></main>
  <ul id="rows">${[1, 2, 3, 4].map(rowOf).join("")}</ul>
  <form><input name="csrfmiddlewaretoken" value="a"></form>
  <template id="sketch"><section id="convo" aria-busy="true"><h1 id="lead"></h1><article><p></p></article></section></template>
  <template id="none"><section id="convo" class="none"></section></template>
  <div id="shortcuts"></div>
  <div id="toasts"></div>
  ${paneOf(1)}`);
const says = (lead) => [`To Lead ${lead} in `, { undo: true, until: Date.now() + 60_000 }];
sessionStorage["counted 3"] = JSON.stringify([
  ["3", "/w/7/inbox/", "/w/7/sends/3/", says(3)],
  ["4", "/w/7/inbox/", "", says(4)],
]);
const { page } = await import("../../static/page.js");
const { undo } = await import("../../static/decisions.js");
const { panes } = await import("../../static/panes.js");
const { queue, steps } = await import("../../static/queue.js");
await import("../../static/writing.js");

/** Waits for the next request that changes something, and answers the requests for conversations before it. A message of
 * the lead `going` counts down. */
async function nextPost(going = "4") {
  for (;;) {
    const request = await nextRequest();
    if (request.options.method === "POST") return request;
    const lead = /inbox\/(\d)/.exec(request.url)[1];
    request.answer(paneOf(lead, lead === going ? countdown(lead) : ""));
  }
}
const press = () => document.querySelector("[value=send-next]").click();

test("a message whose answer had not arrived on the page before is taken back first", async () => {
  undo();
  const sent = await nextPost();
  assert.equal(sent.url.replace(/^https:\/\/[^/]*/, ""), "/w/7/sends/4/");
  sent.answer(paneOf(4));
  await until(() => !document.querySelector("[data-undo]"));
  assert.deepEqual([page.shown, steps.map(({ lead }) => lead)], ["4", ["3"]]);
  steps.length = 0;
});

/** Opens the first conversation, and sends it. Returns the request. */
function sendFirst() {
  panes.clear();
  steps.length = 0;
  document.getElementById("convo").outerHTML = paneOf(1);
  page.shown = "1";
  page.opened = true;
  press();
  return nextPost();
}
/** Opens the first conversation, and sends it and the next one. Returns the request of the first message. */
async function sendTwo() {
  const first = await sendFirst();
  panes.delete("2");
  document.getElementById("convo").outerHTML = paneOf(2);
  assert.equal(page.shown, "2");
  press();
  return first;
}

test("of two messages in quick succession the newest one is taken back before it goes out", async () => {
  const first = await sendTwo();
  undo();
  assert.deepEqual([page.shown, steps.map(({ lead }) => lead)], ["2", ["1"]]);
  first.answer(paneOf(1, countdown(1)));
  await until(() => !queue.pending);
  assert.deepEqual(
    requests.filter(({ options }) => options.method === "POST"),
    [],
  );
  steps.length = 0;
});

test("the newest of two messages is taken back once its answer is there, and the next page knows both", async () => {
  const first = await sendTwo();
  first.answer(paneOf(1, countdown(1)));
  const second = await nextPost();
  assert.equal(second.url.endsWith("/w/7/drafts/2/"), true);
  dispatchEvent(new Event("pagehide"));
  const counted = JSON.parse(sessionStorage["counted 3"]).map(([lead, , url]) => [lead, Boolean(url)]);
  undo();
  second.answer(paneOf(2, countdown(2)));
  const back = await nextPost();
  assert.deepEqual([back.url.endsWith("/w/7/sends/2/"), back.options.body.get("do")], [true, "take-back"]);
  back.answer(paneOf(2));
  await until(() => !queue.pending);
  assert.deepEqual(
    steps.map(({ lead }) => lead),
    ["1"],
  );
  assert.deepEqual(counted, [
    ["1", true],
    ["2", false],
  ]);
});

/** Sends the first conversation, and takes it back before the server has answered. Returns the request of the send. */
async function sendAndTakeBack() {
  const send = await sendFirst();
  undo();
  return send;
}

test("a message that the server took is also taken back if its answer is lost", async () => {
  const send = await sendAndTakeBack();
  assert.equal(document.activeElement.closest(".row").id, "row-1"); // the next key applies to what is shown
  send.answer("<p>Unavailable</p>", 503, true);
  const back = await nextPost("1");
  assert.deepEqual([back.url.endsWith("/w/7/sends/1/"), back.options.body.get("do")], [true, "take-back"]);
  back.answer(paneOf(1));
  await until(() => !queue.pending);
  assert.doesNotMatch(document.getElementById("toasts").textContent, /No answer/);
});

test("a message that the server did not take needs no taking back, and keeps its text", async () => {
  const send = await sendAndTakeBack();
  send.fail();
  nextPost(); // answers the requests for conversations; no other request follows
  const toasts = document.getElementById("toasts");
  await until(() => toasts.textContent.includes("No message to Lead 1 is waiting to go out."));
  assert.equal(document.getElementById("reply").value, "Tuesday works.");
});
