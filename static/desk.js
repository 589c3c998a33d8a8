/* The desk: opens, decides and goes back in place. What a person does shows at once; what it does to the server goes
   through one queue, in order. Without this file every link and form loads a page, by the same addresses.
   A request with `HX-Target: <id>` is answered by the part of the page with that id (inbox/pages/parts.py). */
(() => {
  "use strict";
  if (!document.querySelector(".desk")) return;
  const { actions, all, byId, counts, focusedRow, say, types } = window.holdfast;
  const KEPT_PANES = 12, AHEAD = 2, IDLE_MS = 30000, SOON_MS = 1500;
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
    const page = html(await answer.text());
    if (answer.redirected && !new URL(answer.url).pathname.startsWith("/w/")) location.reload(); // the session has ended
    return { answer, page };
  }
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

  // One thing at a time, in order, so that a later act finds what an earlier one did. `unsent` are those not begun.
  let tail = Promise.resolve();
  const unsent = new Set();
  let busy = 0, acts = 0;
  function later(url, body, target, done, failed) {
    const act = { url: typeof url === "function" ? url : () => url, body };
    unsent.add(act);
    busy += 1;
    acts += 1;
    tail = tail.then(async () => {
      if (!unsent.delete(act) || !act.url()) return; // it went out as the page was left, or what it undoes was refused
      try {
        const found = await part(act.url(), target, { method: "POST", body: act.body(), keepalive: true });
        (found.answer.ok ? done : failed)(found);
      } catch {
        failed();
      }
    }).finally(() => {
      busy -= 1;
      setTimeout(() => Date.now() - asked > SOON_MS && refresh(), SOON_MS); // usually the change is heard of sooner
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
  let shown = pane().dataset.lead ?? "";
  let opened = Boolean(shown); // whether the address is that of the conversation: else it only stands beside the list

  function keep(id, element) {
    panes.delete(id);
    panes.set(id, element);
    for (const old of panes.keys()) {
      if (panes.size <= KEPT_PANES) break;
      if (old !== shown && !holds(panes.get(old))) panes.delete(old);
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
  const forget = (id) => id !== shown && (holds(panes.get(id)) ? stale.add(id) : panes.delete(id));
  function ahead() {
    const row = rowOf(shown);
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
    const name = opened && byId("lead")?.textContent;
    document.title = `${fresh.size ? `(${fresh.size}) ` : ""}${name ? `${name}, ` : ""}${threads().dataset.title}`;
    level(byId("list-h"), opened ? 2 : 1);
    level(byId("lead"), opened ? 1 : 2);
  }
  function sketch(row) {
    const element = byId("sketch").content.firstElementChild.cloneNode(true);
    element.querySelector("h1").textContent = row?.querySelector("b").textContent ?? "";
    element.querySelector("article p").textContent = row?.querySelector(".snip").textContent ?? "";
    return element;
  }
  // An answer to what has gone is dropped: it names parts of the page that went with it.
  function place(element, old) {
    if (old.querySelector("[data-poll]")) old.addEventListener("htmx:beforeOnLoad", (event) => event.preventDefault());
    old.replaceWith(element);
  }
  function put(element) {
    const old = pane();
    if (old === element) return;
    const lost = old.contains(document.activeElement);
    if (old.querySelector("[data-poll]") || old.ariaBusy) panes.delete(old.dataset.lead);
    place(element, old);
    if (!element.ariaBusy) htmx.process(element);
    met();
    if (lost) linkOf(rowOf(shown))?.focus({ preventScroll: true });
  }
  function mark(id) {
    for (const link of all(".row > a[aria-current]")) if (idOf(link.parentElement) !== id) link.removeAttribute("aria-current");
    linkOf(rowOf(id))?.setAttribute("aria-current", "true");
    linkOf(rowOf(id))?.scrollIntoView({ block: "nearest" });
  }

  // Shows a conversation. `open`: its address becomes the page's, and it counts as read.
  function show(id, { open = opened, push = false, address = addressOf(id) } = {}) {
    if (id !== shown) unwanted();
    shown = id;
    opened = open;
    mark(id);
    const element = panes.get(id);
    if (element instanceof Element) put(element);
    else {
      put(sketch(rowOf(id)));
      fetched(id).then((came) => shown === id && panes.get(id) === came && (put(came), title(), wanted(), stale.has(id) && renewPane())).catch(() => shown === id && (opened ? location.assign(addressOf(id)) : nothing()));
    }
    if (open) {
      history[push ? "pushState" : "replaceState"]({ id }, "", address);
      if (!stale.has(id)) read(id); // else once the pane shows what is new
    }
    if (stale.has(id)) renewPane().catch(() => {});
    title();
    if (!roomy.matches && open) scrollTo(0, document.body.scrollHeight);
    setTimeout(ahead);
  }
  function read(id) {
    const row = rowOf(id);
    if (!row?.matches(".unread")) return;
    const [, seen] = seenOf(id);
    tone(row, false);
    if (seen) decide("read", [[id, seen]], () => {});
  }
  const tone = (row, unread) => row?.classList.toggle("unread", unread);

  // Leaves the conversation for the list. Where there is room it stays beside it.
  function close({ push = true } = {}) {
    unwanted();
    opened = false;
    if (push) history.pushState({}, "", listAddress());
    if (!roomy.matches || !rowOf(shown)) nothing();
    title();
    (linkOf(rowOf(shown)) ?? threads().querySelector("a"))?.focus();
  }
  function nothing() {
    unwanted();
    const none = byId("none").content.firstElementChild.cloneNode(true);
    if (pane().dataset.lead) keep(pane().dataset.lead, pane());
    put(none);
  }
  // Without a conversation of the address, the first one stands open where there is room. It stays unread.
  function first() {
    if (opened || !roomy.matches) return;
    const row = rowOf(shown) ?? rows()[0];
    if (row) show(idOf(row), { open: false });
    else nothing();
  }

  // --- done, snooze, unread, and back ----------------------------------------------------------------------------
  const past = []; // what can be taken back, newest last
  const words = { done: "Done", snooze: "Snoozed", unread: "Unread", assign: "Assigned" };
  // What of a conversation was seen: what its pane shows, which may be older than what its row says by now.
  const seenOf = (id) => [id, (id === shown && byId("triage")?.elements.lead.value) || rowOf(id)?.querySelector("input")?.value];

  // Sends what was decided about `seen`, pairs of a conversation's id and what of it was seen.
  function decide(what, seen, failed, fields = {}) {
    const step = { token: "" };
    const body = () => {
      const data = new FormData();
      for (const [name, value] of Object.entries({ do: what, ...fields, csrfmiddlewaretoken: token() })) data.set(name, value);
      for (const [, value] of seen) data.append("lead", value);
      return data;
    };
    const { triage } = threads().dataset;
    const done = ({ page }) => {
      step.token = page.querySelector("[name=token]")?.value ?? "";
      const missed = [...page.querySelectorAll(".toast")].filter((toast) => !toast.querySelector("form"));
      if (what === "read" || !missed.length) return;
      missed.forEach((toast) => say(toast.textContent.trim()));
      refresh(); // they come back
    };
    step.cancel = later(triage, body, "toasts", done, failed);
    for (const [id] of seen) if (id !== shown) forget(id);
    return step;
  }
  function act(what, ids, fields) {
    const seen = ids.map(seenOf).filter(([, value]) => value);
    if (!seen.length) return false;
    const known = seen.map(([id]) => rowOf(id)).filter(Boolean);
    const back = { known: known.map((row) => [row, row.nextElementSibling?.id, row.matches(".unread")]), shown, opened };
    const kind = what.split(":")[0];
    const leaves = threads().dataset.leaves.split(" ").includes(kind);
    const name = known.length === 1 ? known[0].querySelector("b").textContent : seen.length === 1 ? byId("lead").textContent : `${seen.length} conversations`;
    const held = known.some((row) => row.contains(document.activeElement));
    const next = following(known);
    for (const row of known) {
      const box = row.querySelector("input");
      if (box?.checked) box.click();
      if (kind !== "assign" && kind !== "tag") tone(row, kind === "unread");
      if (leaves) row.remove();
    }
    if (leaves) recount(-known.length);
    if (kind === "unread" && opened) close();
    else if (seen.some(([id]) => id === shown) && (leaves || kind === "done" || kind === "snooze")) {
      if (next) show(idOf(next), { open: opened });
      else if (leaves) {
        shown = "";
        if (opened) close({ push: true });
        nothing();
      }
    }
    if (held && next) linkOf(next).focus();
    const step = decide(what, seen, (found) => {
      drop(back);
      restore(back);
      say(told(found).at(-1) || `That did not work. ${name} is as it was.`);
      refresh();
    }, fields);
    if (kind === "tag") return true; // the server says what it did, and only another tag takes it back
    past.push(Object.assign(back, { step }));
    back.toast = say(`${words[kind]}: ${name}`, { undo: true });
    return true;
  }
  function following(gone) {
    const free = (row) => row && !gone.includes(row);
    let row = gone.at(-1);
    while (row && !free(row)) row = row.nextElementSibling;
    if (row) return row;
    for (row = gone[0]; row && !free(row); ) row = row.previousElementSibling;
    return row;
  }
  function restore({ known }) {
    for (const [row, next, unread] of [...known].reverse()) {
      if (list() && !byId(row.id)) {
        list().insertBefore(row, next && byId(next));
        recount(1);
      }
      tone(byId(row.id), unread);
    }
  }
  function recount(by) {
    const at = byId("count");
    if (/^\d+$/.test(at?.textContent)) at.textContent = Math.max(0, Number(at.textContent) + by);
  }
  const drop = (step) => past.splice(past.indexOf(step) >>> 0, 1);
  function undo(last = past.at(-1)) {
    if (!last) return false;
    drop(last);
    if (last.sent) return takeBack(last);
    restore(last);
    if (last.shown && (last.opened || !opened)) show(last.shown, { open: last.opened });
    linkOf(rowOf(idOf(last.known[0]?.[0])))?.focus();
    say("Undone.");
    if (last.step.cancel()) return true;
    const body = () => {
      const data = new FormData();
      data.set("token", last.step.token);
      data.set("csrfmiddlewaretoken", token());
      return data;
    };
    later(threads().dataset.undo, body, "toasts", () => {}, (found) => say(told(found).at(-1) || "It could not be undone."));
    return true;
  }
  // Takes back a message that counts down: its text returns into the conversation, which opens again.
  function takeBack({ sent: id, cancel, free, link, toast }) {
    toast?.remove();
    if (shown !== id || !opened) show(id, { open: true });
    if (cancel()) {
      free();
      byId("reply")?.focus();
      return true;
    }
    const body = () => {
      const data = new FormData();
      data.set("do", "take-back");
      data.set("csrfmiddlewaretoken", token());
      return data;
    };
    const came = (found) => {
      const element = found?.page.getElementById("convo");
      if (element?.dataset.lead !== id) return say("It could not be taken back."), window.holdfast.again();
      told(found).forEach((text) => say(text));
      keep(id, document.adoptNode(element));
      if (shown !== id) return;
      put(element);
      title();
      if (document.activeElement === document.body || focusedRow()) byId("reply")?.focus();
    };
    later(link, body, "convo", came, came);
    return true;
  }
  const targets = () => {
    const ticked = rows().filter((row) => row.querySelector(":checked"));
    const row = ticked.length ? ticked : focusedRow() ? [focusedRow()] : [];
    return row.length ? row.map(idOf) : shown ? [shown] : [];
  };

  // --- forms and links: the same that load pages without this file ------------------------------------------------
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (form.matches("#triage, #bulk")) {
      const fields = submitter.value === "snooze" ? { until: new FormData(form).get("until") } : {};
      act(submitter.value, form.id === "bulk" ? targets() : [shown], fields);
      submitter.closest("details")?.removeAttribute("open"); // it asks each time
      submitter.closest("dialog")?.close();
    } else if (form.id === "note") note(form);
    else if (form.closest(".toasts")) {
      const toast = form.closest(".toast");
      if (!undo(past.find((step) => step.toast === toast))) return;
      toast.remove();
    } else if (form.matches("[data-undo]")) {
      const step = past.find((one) => one.sent === shown);
      drop(step);
      takeBack(step ?? { sent: shown, link: () => form.action, cancel: () => false });
    } else if (form.closest("#convo") && form.method === "post") send(form, submitter);
    else return;
    event.preventDefault();
  });
  // Sends a form of the conversation. The answer is the conversation as it is then. What counts down can be taken back.
  function send(form, button) {
    const id = shown, body = new FormData(form, button), action = button?.getAttribute("formaction") ?? form.action;
    const name = byId("lead").textContent, seconds = button?.value.startsWith("send") ? Number(form.dataset.answer) : 0;
    const free = (on = false) => {
      form.ariaBusy = on || null;
      form.querySelectorAll("button").forEach((one) => (one.disabled = on));
    };
    const step = { sent: id, free, link: () => step.url };
    if (seconds) {
      step.toast = say(`To ${name} in `, { undo: true, until: Date.now() + 1000 * seconds });
      past.push(step);
    }
    const kept = () => {
      drop(step);
      step.toast?.remove();
    };
    free(true);
    if (form.contains(document.activeElement)) linkOf(rowOf(id))?.focus({ preventScroll: true });
    const failed = () => {
      kept();
      free();
      say(`That did not work. Your text to ${name} is still here: try again in a moment.`);
    };
    const came = ({ answer, page }) => {
      const element = page.getElementById("convo");
      if (element?.dataset.lead !== id) return answer.ok ? location.assign(answer.url) : failed();
      panes.delete(id);
      const fresh = document.adoptNode(element);
      step.url = fresh.querySelector("form[data-undo]")?.action;
      if (!step.url) kept(); // it was refused, or went out at once
      if (shown === id || !answer.ok) keep(id, fresh);
      if (shown === id) {
        put(fresh);
        title();
        if (fresh.querySelector("#answer-e") && focusedRow()) byId("reply")?.focus(); // refused: one writes on
      } else if (!answer.ok) say(`Not sent to ${name}: ${fresh.querySelector("#answer-e")?.textContent.trim()}`);
      told({ page }).forEach((text) => say(text));
    };
    step.cancel = later(action, () => body, "convo", came, (found) => (found ? came(found) : failed()));
    if (button?.value === "send-next") goOn(id);
  }
  function goOn(id) {
    const row = rowOf(id), next = row ? following([row]) : rows()[0];
    if (!next) return close();
    show(idOf(next), { open: true });
    linkOf(next).focus();
  }
  // Keeps a note. The conversation around it stays as it is, with what is being written there.
  function note(form) {
    const id = shown, body = new FormData(form), { text } = form.elements;
    form.reset();
    form.parentElement.open = false;
    linkOf(rowOf(id))?.focus({ preventScroll: true });
    const kept = ({ page }) => {
      told({ page }).forEach((said) => say(said));
      if (id === shown) renewPane().catch(() => {});
      else forget(id);
    };
    const failed = (found) => {
      text.value = text.value || body.get("text");
      form.parentElement.open = true;
      say(told(found).at(-1) || "The note was not kept. Its text is still here: try again in a moment.");
    };
    later(form.action, () => body, "convo", kept, failed);
  }
  // The names below a note are those that fit what is typed after its last @.
  const AT = /(?<![\w@.])@([^@\n]*)$/;
  const before = (text) => text.value.slice(0, text.selectionEnd);
  document.addEventListener("input", ({ target }) => {
    if (target.form?.id !== "note") return;
    const begun = AT.exec(before(target))?.[1].toLowerCase();
    byId("names").hidden = begun === undefined;
    for (const name of byId("names").children) name.hidden = !name.dataset.name.toLowerCase().startsWith(begun);
  });
  document.addEventListener("click", ({ target }) => {
    const { name } = target.dataset;
    if (!name || target.form?.id !== "note") return;
    const { text } = target.form.elements;
    text.setRangeText(`@${name} `, before(text).search(AT), text.selectionEnd, "end");
    byId("names").hidden = true;
    text.focus();
  });
  // Puts a snippet where the caret stands. What is to be filled in first is marked then.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=insert]");
    if (!button) return;
    event.preventDefault();
    const { text } = button.form.elements;
    button.closest("dialog").close();
    text.focus();
    const glue = /\S$/.test(text.value.slice(0, text.selectionStart)) ? " " : "", gap = /\{\w+\}/.exec(button.value);
    const start = text.selectionStart + glue.length;
    text.setRangeText(glue + button.value, text.selectionStart, text.selectionEnd, "end");
    if (gap) text.setSelectionRange(start + gap.index, start + gap.index + gap[0].length);
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (link.matches(".row > a")) show(idOf(link.parentElement), { open: true, push: true });
    else if (link.matches(".back")) close();
    else if (link.id === "new") arrange(true);
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
    const from = every.indexOf(focusedRow() ?? rowOf(shown));
    const row = every[Math.max(0, Math.min(every.length - 1, from + step))];
    if (!row) return;
    linkOf(row).focus();
    if ((roomy.matches || opened) && idOf(row) !== shown) show(idOf(row));
  }
  // Keys that are typed before the field is there are not lost: they go into it, and what follows is done after it.
  // They are for the conversation that was asked for: what is shown instead of it gets none of them.
  let early = null, first_of = null;
  function unwanted() {
    early = first_of = null;
  }
  function wanted() {
    const keys = early ?? [];
    early = null;
    first_of?.();
    const text = first_of === plain.reply ? document.activeElement : null;
    first_of = null;
    for (const key of keys) {
      if (key.key.length > 1 || key.ctrlKey || key.metaKey || document.activeElement !== text) {
        const { key: name, ctrlKey, metaKey, shiftKey } = key;
        if (name === "Enter" && document.activeElement.matches("button")) document.activeElement.click();
        else document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key: name, ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true }));
      } else {
        text.setRangeText(key.key, text.selectionStart, text.selectionEnd, "end");
        text.dispatchEvent(new Event("input", { bubbles: true }));
      }
    }
  }
  addEventListener("keydown", (event) => {
    if (early === null || event.key === "Tab" || event.key === "Shift") return;
    early.push(event);
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  const plain = { ...actions };
  for (const name of ["reply", "note", "snippet", "snooze", "assign", "confirm", "deny", "alike", "trace"])
    actions[name] = () => {
      if (name === "reply" && shown && !opened) show(shown, { open: true, push: true });
      const by_row = ["snooze", "assign"].includes(name) && (focusedRow() || threads().querySelector(".row :checked"));
      if (!pane().ariaBusy || by_row) return plain[name]();
      early = [];
      first_of = plain[name];
    };
  Object.assign(actions, {
    next: () => move(1),
    previous: () => move(-1),
    open: () => {
      const id = idOf(focusedRow() ?? rowOf(shown));
      return id ? show(id, { open: true, push: !opened }) : false;
    },
    back: () => (opened ? close() : false),
    done: () => act("done", targets()),
    unread: () => act("unread", targets()),
    undo: () => undo() || plain.undo(),
  });
  // Somebody who writes in a conversation that only stands beside the list has opened it.
  document.addEventListener("focusin", ({ target }) => {
    if (!opened && types(target) && target.closest("#convo")) show(shown, { open: true, push: true });
  });

  // --- what others do: rows, counts and messages follow, and nothing moves under a reader -----------------------------
  const fresh = new Set(); // rows with something new that nobody has looked at
  const behind = new Set(); // those that wait for the list to be arranged
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
    if (busy) return; // what is not sent yet would come back; the queue asks again
    asked = Date.now();
    if (asking) return (again = true);
    asking = true;
    const before = acts; // an answer that was read before something was decided here is out of date
    try {
      let { answer, page } = await part(bare(location.href), "threads");
      if (!answer.ok) ({ answer, page } = await part(listAddress(), "threads")); // the open conversation is gone
      if (answer.ok && !busy && acts === before) follow(page);
    } catch {
      // The next change, or the next look, asks again.
    }
    asking = false;
    if (again) again = false, refresh();
  }
  function follow(page) {
    const came = page.getElementById("threads");
    if (!came || came.dataset.base !== threads().dataset.base) return;
    swap(byId("count"), page.getElementById("count"));
    counts(page);
    const old = list();
    if (!old || !came.querySelector("#rows")) {
      threads().replaceWith(document.adoptNode(came));
      mark(shown);
      return first(), title();
    }
    held = [...came.querySelector("#rows").children].map((row) => document.adoptNode(row));
    const mine = new Map(rows().map((row) => [row.id, row]));
    for (const row of held) {
      const known = mine.get(row.id);
      if (!known || news(known) !== news(row)) {
        behind.add(row.id);
        if (idOf(row) !== shown || document.hidden) fresh.add(row.id);
      }
      if (known) renew(known, row);
    }
    const order = rows().map((row) => row.id).join();
    if (held.map((row) => row.id).join() === order) {
      held = null;
      behind.clear();
    }
    else if (reading()) pill();
    else arrange(false);
    title();
  }
  const news = (row) => row.querySelector("input")?.value ?? row.querySelector("time")?.dateTime;
  const swap = (old, came) => old && came && old.innerHTML !== came.innerHTML && (old.innerHTML = came.innerHTML);
  function renew(row, came) {
    const open = idOf(row) === shown && opened;
    row.classList.toggle("unread", came.matches(".unread") && !open);
    const [box, other] = [row.querySelector("input"), came.querySelector("input")];
    if (box && other) box.value = other.value;
    swap(linkOf(row), linkOf(came));
  }
  function pill() {
    const coming = new Set(held.map((row) => row.id));
    for (const row of rows()) row.toggleAttribute("data-gone", !coming.has(row.id) && idOf(row) !== shown);
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
      mark(shown);
    }
    behind.clear();
    byId("new").hidden = true;
    if (seen) {
      fresh.clear();
      threads().scrollTo(0, 0);
      rows()[0] && linkOf(rows()[0]).focus();
    }
    first();
    title();
  }

  // Brings the open conversation up to date. What somebody types, selects or has unfolded stays as it is.
  async function renewPane() {
    const id = shown;
    if (!id) return;
    stale.add(id);
    if (pane().ariaBusy) return; // it is renewed once it is here
    const { page } = await part(opened ? bare(location.href) : addressOf(id), "convo");
    const came = page.getElementById("convo");
    if (shown !== id || came?.dataset.lead !== id || pane().ariaBusy || pane().querySelector("form[aria-busy]")) return;
    stale.delete(id);
    const log = pane().querySelector(".log"), stays = log.querySelector("[role=log] > :nth-last-child(1 of article)");
    const top = stays?.getBoundingClientRect().top;
    grow(byId("messages"), came.querySelector("#messages"));
    if (stays?.isConnected) log.scrollTop += stays.getBoundingClientRect().top - top;
    for (const selector of [".convo-head", "#answer", ".rail"]) {
      const old = pane().querySelector(selector), next = came.querySelector(selector);
      if (!old || !next || same(old, next) || used_by(old)) continue;
      place(document.adoptNode(next), old);
      htmx.process(next);
    }
    met();
    if (opened && watched()) read(id);
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
    for (const node of mine.values()) if (!node.id.startsWith("message-") && !used_by(node)) node.remove();
  }

  window.holdfast.written = () => [...panes.values(), pane()].some(typed);
  window.holdfast.again = () => renewPane().catch(() => {});
  addEventListener("holdfast:changed", ({ detail: leads }) => {
    const touched = (id) => leads.has(id) || leads.has("*");
    for (const id of [...panes.keys()]) if (touched(id)) forget(id);
    refresh();
    if (touched(shown)) renewPane().catch(() => {});
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) title();
  });

  // --- who else is here ------------------------------------------------------------------------------------------
  const writes = () => [...pane().querySelectorAll("textarea")].some((text) => text === document.activeElement && text.value !== text.defaultValue);
  window.holdfast.place = () => (opened && shown ? `${shown}~${writes() ? 1 : 0}` : "");
  let company = {};
  function met() {
    const line = byId("here"), others = company[shown] ?? [];
    const said = others.map(([name, writing]) => `· ${name} is ${writing ? "writing" : "looking"}`).join(" ");
    if (line && line.textContent !== said) line.textContent = said;
  }
  addEventListener("holdfast:here", ({ detail }) => {
    company = detail ?? {};
    met();
  });

  // --- where one was ----------------------------------------------------------------------------------------------
  addEventListener("pagehide", () => {
    sessionStorage.place = JSON.stringify([location.href, document.activeElement?.id || linkOf(focusedRow())?.parentElement.id, threads().scrollTop]);
  });
  const [where, focus, scrolled] = JSON.parse(sessionStorage.place ?? "[]");
  if (shown) keep(shown, pane());
  first();
  if (where === location.href) {
    threads().scrollTop = scrolled;
    const element = byId(focus);
    (element?.matches(".row") ? linkOf(element) : element)?.focus({ preventScroll: true });
  }
  title();
  setTimeout(ahead);
})();
