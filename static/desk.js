/* The desk: opens conversations beside their list, in place. What a person does shows at once; what it does to the
   server goes through one queue, in order. Without this file every link and form loads a page, by the same addresses.
   A request with `HX-Target: <id>` is answered by the part of the page with that id (inbox/pages/parts.py). Decisions,
   writing and news have files of their own; what these need of each other is in `window.holdfast`. */
(() => {
  "use strict";
  const desk = window.holdfast, { actions, all, byId, focusedRow } = desk;
  const KEPT_PANES = 12, AHEAD = 2, LATE_MS = 100, SOON_MS = 1500;
  const roomy = matchMedia("(width >= 48rem)");
  const threads = () => byId("threads"), pane = () => byId("convo"), list = () => byId("rows");
  const rows = () => (list() ? [...list().children] : []);
  const idOf = (row) => row?.id.slice(4) ?? "";
  const rowOf = (id) => byId(`row-${id}`);
  const linkOf = (row) => row?.querySelector("a");
  // The query string of the list, without what is said of one conversation.
  function query() {
    const found = new URLSearchParams(location.search);
    for (const name of ["all", "decided"]) found.delete(name);
    return found.size ? `?${found}` : "";
  }
  const addressOf = (id) => `${threads().dataset.base}${id}/${query()}`;
  const listAddress = () => `${threads().dataset.base}${query()}`;
  const bare = (url) => url.split("#")[0];
  const html = (text) => new DOMParser().parseFromString(text, "text/html");

  // --- asking the server ---------------------------------------------------------------------------------------
  async function part(url, target, options = {}) {
    const headers = { "HX-Request": "true", "HX-Target": target };
    const answer = await fetch(url, { cache: "no-store", ...options, headers });
    if (!answer.redirected || new URL(answer.url).pathname.startsWith("/w/")) return { answer, page: html(await answer.text()) };
    desk.ended();
    throw new Error("the session is over");
  }
  // The session is over: what was not sent stands in its fields again, and the page asks for a log-in.
  desk.ended = () => {
    for (const act of unsent) act.failed();
    unsent.clear();
    tail.finally(() => location.reload());
  };
  const TOKEN = "[name=csrfmiddlewaretoken]", user = (page) => page.querySelector("meta[name=live]")?.dataset.user;
  // A log-in in another tab ends the token of every form. Takes the new one, if the same person has logged in.
  async function renewed() {
    const { page } = await part(listAddress(), "");
    if (user(page) !== user(document)) return desk.say("Somebody else is logged in now.");
    for (const field of all(TOKEN)) field.value = page.querySelector(TOKEN).value;
    return true;
  }

  // Until what a key has changed is painted. A hidden page paints nothing.
  const painted = () =>
    new Promise((go) => {
      requestAnimationFrame(() => setTimeout(go));
      setTimeout(go, LATE_MS);
    });
  // One thing at a time, in order, so that a later act finds what an earlier one did. `unsent` are those not begun.
  let tail = Promise.resolve();
  function signed(body) {
    body.set("csrfmiddlewaretoken", document.querySelector(TOKEN).value);
    return body;
  }
  const unsent = new Set();
  desk.busy = desk.acts = 0;
  function later(url, body, target, done, failed) {
    const act = { url: typeof url === "function" ? url : () => url, body: () => signed(body()), failed };
    unsent.add(act);
    desk.busy += 1;
    desk.acts += 1;
    tail = tail.then(painted).then(async () => {
      if (!unsent.delete(act) || !act.url()) return; // it went out as the page was left, or what it undoes was refused
      try {
        const post = () => part(act.url(), target, { method: "POST", body: act.body(), keepalive: true });
        let found = await post();
        if (found.answer.status === 403 && (await renewed()) === true) found = await post();
        (found.answer.ok ? done : failed)(found);
      } catch {
        failed();
      }
    }).finally(() => {
      desk.busy -= 1;
      setTimeout(desk.soon, SOON_MS); // usually the change is heard of sooner
    });
    return () => unsent.delete(act); // takes it back, if it has not begun
  }
  addEventListener("pagehide", () => {
    for (const act of unsent) if (act.url()) fetch(act.url(), { method: "POST", body: act.body(), keepalive: true });
    unsent.clear();
  });
  const told = (found) => [...(found?.page.querySelectorAll(".toast") ?? [])].map((toast) => toast.textContent.trim().split("\n")[0]);

  // --- panes: fetched before they are asked for, kept with what was typed ------------------------------------------
  const panes = new Map(); // by the id of the conversation: its element, or the promise of one
  desk.shown = pane().dataset.lead ?? "";
  desk.opened = Boolean(desk.shown); // whether the address is that of the conversation: else it only stands beside the list

  function keep(id, element) {
    panes.delete(id);
    panes.set(id, element);
    for (const old of panes.keys()) {
      if (panes.size <= KEPT_PANES) break;
      if (old !== desk.shown && !holds(panes.get(old))) panes.delete(old);
    }
  }
  function fetched(id) {
    const known = panes.get(id);
    if (known) return known;
    const promise = part(addressOf(id), "convo").then(({ page }) => {
      const element = page.getElementById("convo");
      if (element?.dataset.lead !== id) throw new Error("no such conversation");
      if (panes.get(id) === promise) keep(id, document.adoptNode(element));
      return element;
    });
    promise.catch(() => panes.get(id) === promise && panes.delete(id));
    keep(id, promise);
    return promise;
  }
  // A conversation that must not be thrown away: somebody writes in it, was refused with what they wrote, or sends it.
  const holds = (element) => typed(element) || (element instanceof Element && element.querySelector("form[aria-busy]"));
  const typed = (element) =>
    element instanceof Element &&
    (element.querySelector("#answer-e") || [...element.querySelectorAll("textarea")].some((text) => text.value !== text.defaultValue));
  const stale = new Set(); // conversations that have changed since their panes were read
  const forget = (id) => id !== desk.shown && (holds(panes.get(id)) || stale.has(id) ? stale.add(id) : panes.delete(id));
  function ahead() {
    const row = rowOf(desk.shown);
    let next = row?.nextElementSibling;
    for (let left = AHEAD; next && left > 0; next = next.nextElementSibling, left -= 1) fetched(idOf(next)).catch?.(() => {});
  }

  // The name of a conversation is the page's first heading only while its address is the page's.
  function level(heading, number) {
    if (!heading || heading.localName === `h${number}`) return;
    const other = document.createElement(`h${number}`);
    for (const { name, value } of [...heading.attributes]) other.setAttribute(name, value);
    other.append(...heading.childNodes);
    heading.replaceWith(other);
  }
  function title() {
    const name = desk.opened && byId("lead")?.textContent;
    document.title = `${desk.fresh.size ? `(${desk.fresh.size}) ` : ""}${name ? `${name}, ` : ""}${threads().dataset.title}`;
    level(byId("list-h"), desk.opened ? 2 : 1);
    level(byId("lead"), desk.opened ? 1 : 2);
  }
  function sketch(row) {
    const element = byId("sketch").content.firstElementChild.cloneNode(true);
    element.querySelector("h1").textContent = row?.querySelector("b").textContent ?? "";
    element.querySelector("article p").textContent = row?.querySelector(".snip").textContent ?? "";
    return element;
  }
  // An answer to what has gone is dropped: it names parts of the page that went with it.
  function replace(element, old) {
    if (old.querySelector("[data-poll]")) old.addEventListener("htmx:beforeOnLoad", (event) => event.preventDefault());
    old.replaceWith(element);
  }
  function put(element) {
    const old = pane();
    if (old === element) return;
    const lost = old.contains(document.activeElement);
    desk.keepTyped();
    if (old.querySelector("[data-poll]") || old.ariaBusy) panes.delete(old.dataset.lead);
    replace(element, old);
    if (!element.ariaBusy) htmx.process(element);
    desk.putTyped(element);
    desk.met();
    if (lost) linkOf(rowOf(desk.shown))?.focus({ preventScroll: true });
  }
  function mark(id) {
    for (const link of all(".row > a[aria-current]")) if (idOf(link.parentElement) !== id) link.removeAttribute("aria-current");
    linkOf(rowOf(id))?.setAttribute("aria-current", "true");
    reveal(rowOf(id));
  }
  // The page is laid out once for a key, when it is about to be painted: so the focus goes before anything changes, and
  // does not scroll. What is not seen comes after the paint.
  const reveal = (row) => requestAnimationFrame(() => row?.scrollIntoView({ block: "nearest" }));
  function focus(row) {
    linkOf(row)?.focus({ preventScroll: true });
    reveal(row);
  }

  // Shows a conversation. `open`: its address becomes the page's, and it counts as read.
  function show(id, { open = desk.opened, push = false, address = addressOf(id) } = {}) {
    if (!desk.met) return open && location.assign(address); // the last file is not here yet
    if (id !== desk.shown) desk.unwanted();
    desk.shown = id;
    desk.opened = open;
    mark(id);
    const element = panes.get(id);
    if (element instanceof Element) put(element);
    else {
      put(sketch(rowOf(id)));
      fetched(id).then((came) => desk.shown === id && panes.get(id) === came && (put(came), title(), desk.wanted(), stale.has(id) && desk.renewPane())).catch(() => desk.shown === id && (desk.opened ? location.assign(addressOf(id)) : nothing()));
    }
    if (open) {
      history[push ? "pushState" : "replaceState"]({ id }, "", address);
      if (!stale.has(id)) read(id); // else once the pane shows what is new
    }
    if (stale.has(id)) desk.renewPane().catch(() => {});
    title();
    painted().then(ahead);
  }
  function read(id) {
    const row = rowOf(id);
    if (!row?.matches(".unread")) return;
    const [, seen] = desk.seenOf(id);
    tone(row, false);
    if (seen) desk.decide("read", [[id, seen]], () => {});
  }
  const tone = (row, unread) => row?.classList.toggle("unread", unread);

  // Leaves the conversation for the list. Where there is room it stays beside it.
  function close({ push = true } = {}) {
    if (!desk.met) return location.assign(listAddress());
    desk.unwanted();
    desk.opened = false;
    if (push) history.pushState({}, "", listAddress());
    if (!roomy.matches || !rowOf(desk.shown)) nothing();
    title();
    (linkOf(rowOf(desk.shown)) ?? threads().querySelector("a"))?.focus();
  }
  function nothing() {
    desk.unwanted();
    const none = byId("none").content.firstElementChild.cloneNode(true);
    if (pane().dataset.lead) keep(pane().dataset.lead, pane());
    put(none);
  }
  // Without a conversation of the address, the first one stands open where there is room. It stays unread.
  function first() {
    if (desk.opened || !roomy.matches) return;
    const row = rowOf(desk.shown) ?? rows()[0];
    if (row) show(idOf(row), { open: false });
    else nothing();
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.matches(".row > a")) show(idOf(link.parentElement), { open: true, push: true });
    else if (link.matches(".back")) close();
    else if (link.id === "new") desk.arrange(true);
    else return;
    event.preventDefault();
  });
  addEventListener("popstate", () => {
    const id = location.pathname.slice(threads().dataset.base.length).split("/")[0];
    if (id) show(id, { open: true, address: location.href });
    else close({ push: false });
  });

  // --- keys ------------------------------------------------------------------------------------------------------
  function move(step) {
    const every = rows();
    const from = every.indexOf(focusedRow() ?? rowOf(desk.shown));
    const row = every[Math.max(0, Math.min(every.length - 1, from + step))];
    if (!row) return;
    focus(row);
    if ((roomy.matches || desk.opened) && idOf(row) !== desk.shown) show(idOf(row));
  }
  Object.assign(actions, {
    next: () => move(1),
    previous: () => move(-1),
    open: () => {
      const id = idOf(focusedRow() ?? rowOf(desk.shown));
      return id ? show(id, { open: true, push: !desk.opened }) : false;
    },
    back: () => {
      const ticked = all(".row :checked");
      if (!ticked.length) return desk.opened ? close() : false;
      for (const box of ticked) box.click();
    },
  });

  // --- where one was ----------------------------------------------------------------------------------------------
  addEventListener("pagehide", () => {
    sessionStorage.place = JSON.stringify([location.href, document.activeElement?.id || linkOf(focusedRow())?.parentElement.id, threads().scrollTop, desk.shown]);
  });
  document.addEventListener("DOMContentLoaded", () => {
    const [where, focus, scrolled, stood] = JSON.parse(sessionStorage.place ?? "[]");
    if (desk.shown) keep(desk.shown, pane());
    desk.putTyped(pane());
    if (where === location.href && roomy.matches) desk.shown ||= stood; // what stood beside the list stands there again
    first();
    if (where === location.href) {
      threads().scrollTop = scrolled;
      const element = byId(focus);
      (element?.matches(".row") ? linkOf(element) : element)?.focus({ preventScroll: true });
    }
    title();
    setTimeout(ahead);
  });

  Object.assign(desk, { addressOf, bare, close, first, focus, forget, idOf, keep, later, linkOf, list, listAddress, mark, nothing, pane, panes, part, put, read, replace, roomy, rowOf, rows, show, stale, threads, title, told, tone, typed });
})();
