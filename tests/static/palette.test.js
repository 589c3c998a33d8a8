/* The palette: which entries fit the words, in which order, and what Enter chooses. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { nextRequest, openPage, requests, until } from "./browser.js";

const line = (action, about, label) =>
  `<div data-action="${action}" data-about="${about}"><dt>${label}</dt></div>`;
openPage(`
  <div class="row"><input type="checkbox"></div>
  <nav id="folders"><a href="#replies"><span class="clip">Needs reply</span> <span class="n">4</span></a></nav>
  <dl id="shortcuts" data-single="on">
    ${line("next", "list", "Next conversation")}${line("done", "lead", "Done")}${line("send", "lead", "Send")}${line("keys", "page", "Keyboard shortcuts")}
  </dl>
  <button data-shortcut="done">Done</button>
  <dialog id="palette" data-leads="/w/7/leads/"><form><input id="command"></form><div id="commands"></div></dialog>
  <template id="pages"></template>
  <template id="people"><a href="#ana">Ana Lindqvist</a></template>
  <form id="me"><button data-command="Density: compact rows">Compact rows</button></form>
  <div id="toasts"></div>`);
const { actions } = await import("../../static/holdfast.js");
const { isNear, matchesIn } = await import("../../static/palette.js");

const dialog = document.getElementById("palette");
const input = document.getElementById("command");
const labels = () =>
  [...document.querySelectorAll("[role=option] > .clip:not(.meta)")].map((name) => name.textContent);
function type(words) {
  input.value = words;
  input.dispatchEvent(new Event("input"));
}
const press = (key) => input.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
beforeEach(() => {
  requests.length = 0;
  dialog.open = true;
  document.getElementById("commands").replaceChildren();
  input.value = "";
  input.dispatchEvent(new Event("focus"));
});

test("a word fits where a word of the label begins so", () => {
  assert.deepEqual(matchesIn("Needs reply", ["rep", "needs"]), [
    [6, 3],
    [0, 5],
  ]);
  assert.equal(matchesIn("Needs reply", ["eeds"]), null);
  assert.equal(matchesIn("Ålesund", ["lesund"]), null);
  assert.deepEqual(matchesIn("Reply", []), []);
});

test("words are near if one letter is more, less, other or swapped", () => {
  for (const typo of ["health", "healh", "heallth", "heelth", "haelth", "ealth", "healthy", "ehalth"])
    assert.ok(isNear(typo, "health") && isNear("health", typo), typo);
  for (const word of ["heat", "hlaeth", "heelht", "wealthy", "", "ehlath"])
    assert.ok(!isNear(word, "health") && !isNear("health", word), word);
  assert.deepEqual(matchesIn("Account health", ["heelt"], true), [[8, 5]]);
  assert.deepEqual(matchesIn("Needs reply", ["repyl", "need"], true), [
    [6, 5],
    [0, 4],
  ]);
  assert.equal(matchesIn("Health", ["hel"], true), null);
  assert.equal(matchesIn("Health", ["healh"]), null);
});

test("a typo is forgiven where nothing is spelled as typed", () => {
  type("keybaord");
  assert.deepEqual(labels(), ["Keyboard shortcuts", "Search for “keybaord”"]);
  assert.equal(document.querySelector("[role=option] b").textContent, "Keyboard");
  type("reply");
  assert.deepEqual(labels(), ["Needs reply", "Search for “reply”"]);
});

test("theme and density are commands of the account", () => {
  type("dens");
  assert.deepEqual(labels(), ["Density: compact rows", "Search for “dens”"]);
  const pressed = [];
  document.querySelector("#me button").click = () => pressed.push("density");
  press("Enter");
  assert.deepEqual(pressed, ["density"]);
});

test("without words it offers what can be done here, and no people", () => {
  assert.deepEqual(labels(), ["Done", "Keyboard shortcuts", "Needs reply", "Next conversation"]);
});

test("words narrow it down, find people, and end with a search", () => {
  type("ana");
  assert.deepEqual(labels(), ["Ana Lindqvist", "Search for “ana”"]);
  type("n");
  assert.deepEqual(labels(), ["Needs reply", "Next conversation", "Search for “n”"]);
});

test("arrows go round, and Enter chooses what is selected", () => {
  const done = [];
  actions.next = () => done.push("next");
  type("n");
  press("ArrowUp");
  press("ArrowDown");
  press("ArrowDown");
  assert.equal(input.getAttribute("aria-activedescendant"), "command-1");
  press("Enter");
  assert.deepEqual([done, dialog.open], [["next"], false]);
});

test("leads come from the server for the words that are typed now", async () => {
  type("da");
  const request = await nextRequest();
  assert.equal(request.url, "/w/7/leads/?q=da");
  request.answer(JSON.stringify({ leads: [{ name: "Dana Reyes", about: "Acme", url: "#dana" }] }));
  await until(() => labels().includes("Dana Reyes"));
  type("dan");
  assert.ok(!labels().includes("Dana Reyes"));
});
