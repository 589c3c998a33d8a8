/* Writing: the check of a draft is that of its text, and Send and next goes down the list. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextRequest, openPage } from "./browser.js";

const paneOf = (lead) =>
  `<section id="convo" data-lead="${lead}"><h1 id="lead">Lead ${lead}</h1>
    <form method="post" id="draft" data-answer="0" action="/w/7/drafts/${lead}/">
      <textarea id="reply" name="text">Tuesday works.</textarea>
      <p><span data-before-edit hidden>Before your edit: </span><b>Ready:</b> The text passed its check.</p>
      <input name="at" value="tomorrow 9:00"><button name="do" value="send-next">Send and next</button>
    </form></section>`;
const rowOf = (lead) =>
  `<li class="row" id="row-${lead}"><a href="/w/7/inbox/${lead}/"><b>Lead ${lead}</b><span class="snip"></span></a></li>`;
openPage(`
  <meta name="live" data-user="3">
  <main id="threads" data-base="/w/7/inbox/" data-title="Inbox"></main>
  <ul id="rows">${[1, 2].map(rowOf).join("")}</ul>
  <form><input name="csrfmiddlewaretoken" value="a"></form>
  <template id="sketch"><section id="convo" aria-busy="true"><h1 id="lead"></h1><article><p></p></article></section></template>
  <template id="none"><section id="convo" class="none"></section></template>
  <div id="shortcuts"></div>
  <div id="toasts"></div>
  ${paneOf(2)}`);
const { page } = await import("../../static/page.js");
await import("../../static/writing.js");

/** @param {string} words */
function type(words) {
  const field = document.getElementById("reply");
  field.value = words;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

const press = () => document.querySelector("[value=send-next]").click();
const answer = async (lead) => (await nextRequest()).answer(paneOf(lead));

test("Send and next at the end of the list goes back to the list, and not up to a lead that was left out", async () => {
  page.opened = true;
  press();
  assert.deepEqual([page.shown, page.opened], ["2", false], "the lead above was skipped");
  await answer(2);
});

test("an answer without a countdown leaves nothing to take back on the next page", async () => {
  page.shown = "2";
  page.opened = true;
  press();
  const counts = '</form><form data-undo action="/w/7/sends/9/"></form>';
  (await nextRequest()).answer(paneOf(2).replace("</form>", counts));
  await new Promise((done) => setTimeout(done));
  dispatchEvent(new Event("pagehide"));
  assert.equal(sessionStorage["counted 3"], "[]");
});

test("a draft that was edited says that its check was of the text before, until it is as it was", () => {
  const isTold = () => !document.querySelector("[data-before-edit]").hidden;
  assert.equal(isTold(), false);
  type("Tuesday works for both.");
  assert.equal(isTold(), true);
  document.querySelector("[name=at]").dispatchEvent(new Event("input", { bubbles: true }));
  assert.equal(isTold(), true);
  type("Tuesday works.");
  assert.equal(isTold(), false);
});
