/* The queue: one request at a time, in order; what was not sent can be taken back, and nothing is lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextRequest, openPage, requests, until } from "./browser.js";

openPage(`
  <meta name="live" data-user="3">
  <main id="threads" data-base="/w/7/inbox/" data-title="Inbox"></main>
  <form><input name="csrfmiddlewaretoken" value="old"></form>
  <div id="toasts"></div>`);
const { enqueue, formData, queue, steps, forgetStep } = await import("../../static/queue.js");

/** @param {string} url */
function request(url) {
  const outcomes = [];
  const cancel = enqueue({
    url: () => url,
    body: () => formData({ do: url }),
    target: "toasts",
    onSuccess: () => outcomes.push("success"),
    onFailure: (reply) => outcomes.push(reply ? reply.response.status : "lost"),
  });
  return { cancel, outcomes };
}
const toasts = () => [...document.querySelectorAll(".toast")].map(({ textContent }) => textContent);

test("requests go out one by one, in order", async () => {
  const first = request("/a/");
  const second = request("/b/");
  const sent = await nextRequest();
  assert.equal(sent.url, "/a/");
  assert.equal(sent.options.body.get("do"), "/a/");
  assert.equal(sent.options.headers["HX-Target"], "toasts");
  await new Promise((resolve) => setTimeout(resolve, 150));
  assert.equal(requests.length, 0);
  sent.answer("<p></p>");
  (await nextRequest()).answer("<p></p>");
  await until(() => second.outcomes.length);
  assert.deepEqual([first.outcomes, second.outcomes], [["success"], ["success"]]);
  await until(() => !queue.pending);
});

test("a request that has not begun is taken back, one that has is not", async () => {
  const first = request("/a/");
  const second = request("/b/");
  const sent = await nextRequest();
  assert.equal(first.cancel(), false);
  assert.equal(second.cancel(), true);
  sent.answer("<p></p>");
  await until(() => !queue.pending);
  assert.deepEqual([requests.length, second.outcomes], [0, []]);
});

test("a lost connection and a refusal fail, and the next request goes out", async () => {
  const [lost, refused, good] = ["/a/", "/b/", "/c/"].map(request);
  (await nextRequest()).fail();
  (await nextRequest()).answer("<p></p>", 409);
  (await nextRequest()).answer("<p></p>");
  await until(() => !queue.pending);
  assert.deepEqual([lost.outcomes, refused.outcomes, good.outcomes], [["lost"], [409], ["success"]]);
});

test("after a login by the same person in another tab a request goes out again with the new token", async () => {
  const again = request("/a/");
  const refused = await nextRequest();
  assert.equal(refused.options.body.get("csrfmiddlewaretoken"), "old");
  refused.answer("", 403);
  (await nextRequest()).answer(
    '<meta name="live" data-user="3"><input name="csrfmiddlewaretoken" value="new">',
  );
  const repeated = await nextRequest();
  assert.equal(repeated.options.body.get("csrfmiddlewaretoken"), "new");
  repeated.answer("<p></p>");
  await until(() => again.outcomes.length);
  assert.deepEqual(again.outcomes, ["success"]);
});

test("after a login by another person nothing goes out in their name", async () => {
  const mine = request("/a/");
  (await nextRequest()).answer("", 403);
  (await nextRequest()).answer(
    '<meta name="live" data-user="4"><input name="csrfmiddlewaretoken" value="theirs">',
  );
  await until(() => mine.outcomes.length);
  assert.deepEqual([mine.outcomes, requests.length], [[403], 0]);
  assert.ok(toasts().includes("Someone else has logged in."));
});

test("what waits goes out when the page is left", async () => {
  request("/a/");
  const second = request("/b/");
  const sent = await nextRequest();
  dispatchEvent(new Event("pagehide"));
  const left = await nextRequest();
  assert.deepEqual([left.url, left.options.keepalive], ["/b/", true]);
  sent.answer("<p></p>");
  await until(() => !queue.pending);
  assert.deepEqual([requests.length, second.cancel()], [0, false]);
});

test("a step leaves the history once", () => {
  const [older, newer] = [{ stays: "a" }, { stays: "b" }];
  steps.push(older, newer);
  forgetStep(older);
  forgetStep(older);
  assert.deepEqual(steps, [newer]);
});
