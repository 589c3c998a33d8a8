/* Asks whether something is new: one request for all tabs of a browser. The tab in front asks and tells the others; of
   hidden tabs one asks, seldom. A page hears of it by the event `holdfast:changed` with the ids of the leads concerned. */
(() => {
  "use strict";
  const meta = document.querySelector("meta[name=live]");
  if (!meta) return;
  const FRONT_MS = 700, HIDDEN_MS = 25000, LOST_MS = 2500, LIMIT_MS = 10000;
  const KEPT_MS = 50 * 60000; // the server keeps changes for an hour (inbox/intake/retention.py)
  const MOST = 10; // for how many workspaces the server answers at once (WORKSPACES in inbox/pages/live.py)
  const { workspace, clock } = meta.dataset;
  let { since } = meta.dataset; // how far this page knows: a snapshot of the database, taken before the page was read
  const channel = new BroadcastChannel("holdfast");
  const marks = new Map([[workspace, since]]); // how far each workspace is known that a tab of this browser shows
  let leading = null; // what ends our lead
  let heard = Date.now(); // when a tab last asked, or said that it is about to
  let known = meta.dataset.at * 1000; // when this page last knew all of its workspace: at first, when it was read
  let spoken = 0, news = new Set();

  // Hidden pages have their timers slowed down to one a minute; a worker's go on.
  const worker = clock && new Worker(clock);
  let wake = () => {};
  const pause = (ms) =>
    new Promise((resolve) => {
      wake = resolve;
      if (!document.hidden || !worker) return setTimeout(resolve, ms);
      worker.onmessage = resolve;
      worker.postMessage(ms);
    });

  // Where the tabs of this browser are that stand in front: in which conversation, and whether somebody writes there.
  const tab = String(Math.random()), places = new Map();
  const place = () => {
    const at = !document.hidden && window.holdfast.place?.();
    return at ? `${workspace}~${at}` : "";
  };
  const everywhere = () => {
    const others = [...places.values()].filter(([, said]) => Date.now() - said < LOST_MS).map(([at]) => at);
    return [...new Set([place(), ...others])].filter(Boolean).slice(0, MOST);
  };

  const older = (a, b) => (BigInt(a.split(":")[0]) < BigInt(b.split(":")[0]) ? a : b);
  function tell(changed) {
    for (const lead of changed) news.add(lead); // "*": so many that anything may have
    if (!news.size || (document.hidden && Date.now() - spoken < HIDDEN_MS)) return;
    spoken = Date.now();
    dispatchEvent(new CustomEvent("holdfast:changed", { detail: news }));
    news = new Set();
  }
  function hear(answer) {
    heard = Date.now();
    out = false; // logged in again, in another tab
    dispatchEvent(new CustomEvent("holdfast:here", { detail: answer.here }));
    const changed = answer.changed[workspace];
    if (changed === undefined) return;
    const late = heard - known > KEPT_MS; // after a sleep, or from the browser's history: older changes are deleted
    known = heard;
    since = answer.since;
    tell(late ? ["*"] : changed);
  }
  channel.onmessage = ({ data }) => {
    if (data.ended) ended();
    else if (data.answer) {
      if (!leading) for (const id of Object.keys(data.answer.changed)) marks.set(id, data.answer.since);
      hear(data.answer);
    } else if (data.tab) {
      if (data.front) heard = Date.now();
      places.set(data.tab, [data.at, Date.now()]);
    }
    else if (data.roll) channel.postMessage({ workspace, since });
    else if (data.workspace) marks.set(data.workspace, marks.has(data.workspace) ? older(marks.get(data.workspace), data.since) : data.since);
  };

  let out = false; // whether it was said that the session has ended
  function ended() {
    const { ended: leave, say, written } = window.holdfast;
    if (!written?.()) return leave();
    if (!out) say("You are logged out. Log in in another tab, or reload this one: what you wrote is kept.");
    out = true;
  }
  async function ask() {
    const asked = new Map([...marks].slice(0, MOST));
    const query = [...asked].map(([id, mark]) => `w=${id}~${mark}`).join("&") + everywhere().map((at) => `&at=${at}`).join("");
    const response = await fetch(`${meta.content}?${query}`, { cache: "no-store", signal: AbortSignal.timeout(LIMIT_MS) });
    if (response.status === 401) ended(), channel.postMessage({ ended: true });
    if (!response.ok) throw new Error(response.status);
    const answer = await response.json();
    for (const [id, mark] of asked) {
      const now = marks.get(id); // a tab that came meanwhile may know less
      marks.delete(id); // to the end, so that the others have their turn
      if (id in answer.changed) marks.set(id, now === mark ? answer.since : now);
    }
    channel.postMessage({ answer });
    hear(answer);
    dispatchEvent(new CustomEvent("holdfast:asked", { detail: answer.changed })); // in the tab that leads, of all workspaces
  }
  function lead() {
    const mine = new Promise((resolve) => (leading = resolve));
    channel.postMessage({ roll: true });
    let wait = 0;
    const own = leading;
    (async () => {
      while (leading === own) {
        await ask().then(() => (wait = 0), () => (wait = Math.min(30000, 2 * wait + 1000)));
        if (leading === own) await pause(wait + (document.hidden ? HIDDEN_MS : FRONT_MS));
      }
    })();
    return mine;
  }
  const pending = new Set(); // our requests to lead that are not granted: at most one that waits and one that takes over
  function queue(steal) {
    if (!navigator.locks) return lead(); // without a secure origin each tab asks for itself
    if (pending.has(steal)) return;
    pending.add(steal);
    let own = null;
    const granted = () => {
      pending.delete(steal);
      const mine = lead();
      own = leading;
      return mine;
    };
    navigator.locks.request("holdfast", { steal }, granted).catch(() => {
      if (!own) pending.delete(steal);
      else if (leading === own) leading = null; // a tab in front has taken over
      queue(false);
    });
  }
  if (!document.querySelector(".desk"))
    addEventListener("holdfast:changed", async () => {
      const headers = { "HX-Request": "true", "HX-Target": "folders" };
      const answer = await fetch(document.querySelector("#folders a").href, { cache: "no-store", headers });
      if (answer.ok) window.holdfast.counts(new DOMParser().parseFromString(await answer.text(), "text/html"));
    });
  queue(!document.hidden);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    tell([]);
    if (leading) wake();
    else queue(true);
  });
  // A tab in front that hears nothing asks itself: the one that leads may be hidden, or frozen. One that leads in front
  // says so, also while the server is slow or gone: so that two windows do not take the lead from each other.
  setInterval(() => {
    if (document.hidden) return;
    channel.postMessage({ tab, at: place(), front: Boolean(leading) });
    if (!leading && Date.now() - heard > LOST_MS) queue(true);
  }, 1000);
})();
