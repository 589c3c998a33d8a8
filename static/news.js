/* What others do: rows, counts and messages follow it, and nothing moves under a reader. */
(() => {
  "use strict";
  const desk = window.holdfast, { addressOf, bare, byId, counts, first, forget, idOf, linkOf, list, listAddress, mark, pane, panes, part, read, rows, stale, threads, title, typed } = desk;
  const IDLE_MS = 30000, SOON_MS = 1500;
  const fresh = new Set(); // rows with something new that nobody has looked at
  const behind = new Set(); // those that wait for the list to be arranged
  const knew = new Map(); // by the id of a row: the newest reply that this page has had of it
  const touched = new Set(); // conversations that have changed since the page came
  let held = null; // a list that waits until nobody reads this one, or asks for it
  let used = Date.now();
  for (const kind of ["keydown", "pointermove", "wheel"]) addEventListener(kind, () => {
    used = Date.now();
    if (held || !fresh.size) return;
    fresh.clear();
    title();
  }, { passive: true });
  const watched = () => !document.hidden && document.hasFocus() && Date.now() - used < IDLE_MS;
  const reading = () =>
    watched() && (threads().matches(":hover") || threads().contains(document.activeElement) || threads().scrollTop > 0 || threads().querySelector(":checked"));

  let asking = false, again = false, asked = 0;
  async function refresh() {
    if (desk.busy) return; // what is not sent yet would come back; the queue asks again
    asked = Date.now();
    if (asking) return (again = true);
    asking = true;
    const before = desk.acts; // an answer that was read before something was decided here is out of date
    try {
      let { answer, page } = await part(bare(location.href), "threads");
      if (!answer.ok) ({ answer, page } = await part(listAddress(), "threads")); // the open conversation is gone
      if (answer.ok && !desk.busy && desk.acts === before) follow(page);
    } catch {
      // The next change, or the next look, asks again.
    }
    asking = false;
    if (again) again = false, refresh();
  }
  const soon = () => Date.now() - asked > SOON_MS && refresh();
  function follow(page) {
    const came = page.getElementById("threads");
    if (!came || came.dataset.base !== threads().dataset.base) return;
    swap(byId("count"), page.getElementById("count"));
    counts(page);
    const old = list();
    if (!old || !came.querySelector("#rows")) {
      threads().replaceWith(document.adoptNode(came));
      mark(desk.shown);
      return first(), title();
    }
    held = [...came.querySelector("#rows").children].map((row) => document.adoptNode(row));
    const mine = new Map(rows().map((row) => [row.id, row]));
    learn();
    const last = held.findLastIndex((row) => mine.has(row.id)); // those below come in place: they have moved up, mostly
    held.forEach((row, at) => {
      const known = mine.get(row.id);
      if (knew.has(row.id) ? knew.get(row.id) !== news(row) : at < last || touched.has(idOf(row))) {
        if (at < last || known) behind.add(row.id);
        if (idOf(row) !== desk.shown || document.hidden) fresh.add(row.id);
      }
      knew.set(row.id, news(row));
      if (known) renew(known, row);
      else if (at > last) old.append(row);
    });
    const order = rows().map((row) => row.id).join();
    if (held.map((row) => row.id).join() === order) {
      held = null;
      behind.clear();
    }
    else if (reading()) pill();
    else arrange(false);
    title();
  }
  const learn = () => rows().forEach((row) => knew.has(row.id) || knew.set(row.id, news(row)));
  const news = (row) => row.querySelector("input")?.value ?? row.querySelector("time")?.dateTime;
  const swap = (old, came) => old && came && old.innerHTML !== came.innerHTML && (old.innerHTML = came.innerHTML);
  function renew(row, came) {
    const open = idOf(row) === desk.shown && desk.opened;
    row.classList.toggle("unread", came.matches(".unread") && !open);
    row.removeAttribute("data-gone");
    const [box, other] = [row.querySelector("input"), came.querySelector("input")];
    if (box && other) box.value = other.value;
    swap(linkOf(row), linkOf(came));
  }
  function pill() {
    const coming = new Set(held.map((row) => row.id));
    for (const row of rows()) {
      if (row.toggleAttribute("data-gone", !coming.has(row.id))) row.querySelector(".tags")?.remove(); // nobody tells any more what they say
    }
    byId("new").hidden = !behind.size;
    byId("new").textContent = `${behind.size} new`;
  }
  // Puts the rows into the order of the newest list. `seen`: a person asked for it.
  function arrange(seen) {
    if (held) {
      const active = document.activeElement, mine = new Map(rows().map((row) => [row.id, row]));
      list().replaceChildren(...held.map((row) => mine.get(row.id) ?? row));
      held = null;
      if (active.isConnected) active.focus({ preventScroll: true });
      mark(desk.shown);
    }
    behind.clear();
    byId("new").hidden = true;
    if (seen) fresh.clear();
    first();
    if (seen) {
      const row = desk.opened || desk.roomy.matches ? desk.rowOf(desk.shown) : rows()[0]; // keys stay with what is shown
      linkOf(row)?.focus({ preventScroll: true });
      requestAnimationFrame(() => threads().scrollTo(0, 0));
    }
    title();
  }

  // Brings the open conversation up to date. What somebody types, selects or has unfolded stays as it is.
  async function renewPane() {
    const id = desk.shown;
    if (!id) return;
    stale.add(id);
    if (pane().ariaBusy) return; // it is renewed once it is here
    const { page } = await part(desk.opened ? bare(location.href) : addressOf(id), "convo");
    const came = page.getElementById("convo");
    if (desk.shown !== id || came?.dataset.lead !== id || pane().ariaBusy || pane().querySelector("form[aria-busy]")) return;
    stale.delete(id);
    desk.keepTyped();
    const log = pane().querySelector(".log"), stays = log.querySelector("[role=log] > :nth-last-child(1 of article)");
    const top = stays?.getBoundingClientRect().top;
    grow(byId("messages"), came.querySelector("#messages"));
    if (stays?.isConnected) log.scrollTop += stays.getBoundingClientRect().top - top;
    for (const selector of [".convo-head", "#answer", ".rail"]) {
      const old = pane().querySelector(selector), next = came.querySelector(selector);
      if (!old || !next || same(old, next) || used_by(old)) continue;
      desk.replace(document.adoptNode(next), old);
      htmx.process(next);
    }
    if (!came.querySelector("#going")) pane().querySelector("#going:not([data-poll])")?.remove(); // what was refused stands below it
    desk.putTyped(pane());
    met();
    if (desk.opened && watched()) read(id);
  }
  const sameness = /(<span id="here".*?<\/span>|name="(csrfmiddlewaretoken|client_token)" value="[^"]*"|<time.*?<\/time>)/g; // these differ in each answer
  const same = (a, b) => a.innerHTML.replace(sameness, "") === b.innerHTML.replace(sameness, "");
  const used_by = (element) =>
    element.contains(document.activeElement) || typed(element) || element.querySelector(":popover-open, dialog[open]") || getSelection().containsNode(element, true) && !getSelection().isCollapsed;
  function grow(old, came) {
    const key = (node) => node.id || node.textContent;
    const mine = new Map([...old.children].map((node) => [key(node), node]));
    let at = null;
    for (const node of [...came.children]) {
      const known = mine.get(key(node));
      if (!known) at ? at.after(node) : old.prepend(node);
      else if (!same(known, node) && !used_by(known)) known.replaceWith(node);
      at = known?.isConnected ? known : node;
      mine.delete(key(node));
    }
    for (const node of mine.values()) if (!node.id.startsWith("message-") && !node.ariaBusy && !used_by(node)) node.remove();
  }

  learn();
  desk.written = () => [...panes.values(), pane()].some(typed);
  desk.again = () => renewPane().catch(() => {});
  addEventListener("holdfast:changed", ({ detail: leads }) => {
    const changed = (id) => leads.has(id) || leads.has("*");
    for (const id of leads) touched.add(id);
    for (const id of [...panes.keys()]) if (changed(id)) forget(id);
    refresh();
    if (changed(desk.shown)) renewPane().catch(() => {});
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) title();
  });

  // --- who else is here ------------------------------------------------------------------------------------------
  const writes = () => [...pane().querySelectorAll("textarea")].some((text) => text === document.activeElement && text.value !== text.defaultValue);
  desk.place = () => (desk.opened && desk.shown ? `${desk.shown}~${writes() ? 1 : 0}` : "");
  let company = {};
  function met() {
    const line = byId("here"), others = company[desk.shown] ?? [];
    const said = others.map(([name, writing]) => `${name} is ${writing ? "writing" : "looking"}`).join(", ");
    if (line && line.textContent !== said) line.textContent = said;
  }
  addEventListener("holdfast:here", ({ detail }) => {
    company = detail ?? {};
    met();
  });

  Object.assign(desk, { arrange, fresh, met, refresh, renewPane, soon });
})();
