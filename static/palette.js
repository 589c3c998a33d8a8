/* The palette (Ctrl K): what can be done here, where one can go, and whom one looks for. All but the leads is read from
   the page itself, when it opens; leads are asked for, at most once for each pause in typing. Without this file the
   dialog is a search box. */
(() => {
  "use strict";
  const { actions, all, byId } = window.holdfast;
  const dialog = byId("palette"), input = byId("command"), list = byId("commands");
  const PAUSE_MS = 150, MOST = 6, LIST = "In the list", TICKED = "For those that are ticked";
  let known = [], leads = [], shown = [], at = 0, timer = 0, asking = null;

  const visible = (element) => element.checkVisibility();
  const text = (element) => element?.textContent.replace(/\s+/g, " ").trim() ?? "";
  const icon = (element) => element?.querySelector(".icon")?.cloneNode(true);
  const follow = (link) => () => location.assign(link.href);
  const entry = (group, label, run, more = {}) => ({ group, label, run, meta: "", keys: [], most: MOST, ...more });

  function ofActions() {
    const lead = all("#lead").find(visible), row = document.querySelector(".row");
    return all("#shortcuts [data-action]").flatMap((line) => {
      const { action, about } = line.dataset;
      const button = all(`[data-shortcut="${action}"], [data-shortcut="bulk-${action}"]`).find(visible);
      const here = { page: ["search", "keys", "undo"].includes(action), list: row, lead: lead && action === "tag" && byId("tag-ticked") }[about];
      if (!button && !here) return [];
      const group = about === "list" ? LIST : about === "page" ? "Here" : button?.dataset.shortcut.startsWith("bulk-") ? TICKED : lead ? `For ${text(lead)}` : "Here";
      const run = () => (actions[action] && !/^(send|go_on)$/.test(action) ? actions[action]() : button.click()); // those need their field
      return entry(group, text(line.querySelector("dt")), run, { icon: icon(button), keys: [...line.querySelectorAll("kbd")], most: 99 });
    });
  }
  // The buttons of the dialogs that ask until when, and to whom.
  const ofDialogs = () =>
    all("#snooze, #assign, #snooze-ticked, #assign-ticked, #tag-ticked").flatMap((asked) => {
      const ticked = asked.id.endsWith("-ticked");
      if (ticked !== Boolean(document.querySelector(".row :checked"))) return [];
      const group = ticked ? TICKED : `For ${text(byId("lead"))}`;
      return [...asked.querySelectorAll("button[name=do][value*=':']:not(details *)")].map((button) => entry(group, `${text(asked.querySelector("h2"))}: ${text(button)}`, () => button.click()));
    });
  const ofLinks = (selector, group) =>
    all(selector).map((link) => entry(group, text(link.querySelector(".clip") ?? link), follow(link), { icon: icon(link), meta: text(link.querySelector(".n")) }));
  const ofPeople = () =>
    [...byId("people").content.querySelectorAll("a")].map((link) => entry("People", text(link), follow(link), { meta: "who they answer" }));

  function read() {
    known = [
      ...ofActions(),
      ...ofDialogs(),
      ...ofLinks("#folders a", "Go to"),
      ...ofLinks("[aria-labelledby=side-ws] a, #ws a", "Go to"),
      ...ofPeople(),
    ].sort((a, b) => (a.group === LIST) - (b.group === LIST));
  }
  const words = () => input.value.toLowerCase().split(/\s+/).filter(Boolean);
  // Where a word of the label begins with `word`; -1 if none does.
  function begin(low, word) {
    let start = low.indexOf(word);
    while (start > 0 && /[\p{L}\p{N}]/u.test(low[start - 1])) start = low.indexOf(word, start + 1);
    return start;
  }
  // For each wanted word its place in the label; null if one of them is missing.
  function hits(label, wanted) {
    const low = label.toLowerCase();
    const found = wanted.map((word) => [begin(low, word), word.length]);
    return found.every(([start]) => start >= 0) ? found : null;
  }
  function marked(label, found) {
    const name = document.createElement("span");
    name.className = "clip";
    let end = 0;
    for (const [start, length] of found.sort(([a], [b]) => a - b)) {
      if (start < end) continue;
      name.append(label.slice(end, start), Object.assign(document.createElement("b"), { textContent: label.slice(start, start + length) }));
      end = start + length;
    }
    name.append(label.slice(end));
    return name;
  }
  function option({ label, icon: mark, meta, keys }, number) {
    const element = Object.assign(document.createElement("div"), { id: `command-${number}` });
    element.setAttribute("role", "option");
    const blank = Object.assign(document.createElement("span"), { className: "icon" });
    element.append(mark?.cloneNode(true) ?? blank, " ", marked(label, hits(label, words()) ?? []));
    if (meta) element.append(" ", Object.assign(document.createElement("span"), { className: "meta clip", textContent: meta }));
    if (keys.length) {
      const caps = Object.assign(document.createElement("span"), { className: "push", ariaHidden: "true" });
      caps.append(...keys.map((key) => key.cloneNode(true)));
      element.append(" ", caps);
    }
    return element;
  }
  function show() {
    const wanted = words(), groups = new Map();
    for (const one of known) {
      if (!hits(one.label, wanted)) continue;
      const group = groups.get(one.group) ?? [];
      if (group.length < one.most && (wanted.length || one.group !== "People")) group.push(one);
      if (group.length) groups.set(one.group, group);
    }
    if (leads.length) groups.set("Leads", leads);
    if (wanted.length) groups.set("Search", [entry("Search", `Search for “${input.value.trim()}”`, () => input.form.requestSubmit())]);
    shown = [...groups.values()].flat();
    list.replaceChildren(
      ...[...groups].map(([name, entries], number) => {
        const group = document.createElement("div"), heading = document.createElement("h3");
        Object.assign(heading, { id: `commands-${number}`, textContent: name, role: "presentation" });
        group.setAttribute("role", "group");
        group.setAttribute("aria-labelledby", heading.id);
        group.append(heading, ...entries.map((one) => option(one, shown.indexOf(one))));
        return group;
      }),
    );
    select(0);
  }
  function select(number) {
    const options = list.querySelectorAll("[role=option]");
    at = (number + options.length) % options.length || 0;
    options.forEach((element, place) => element.setAttribute("aria-selected", String(place === at)));
    options[at]?.scrollIntoView({ block: "nearest" });
    if (options.length) input.setAttribute("aria-activedescendant", `command-${at}`);
    else input.removeAttribute("aria-activedescendant");
  }
  function run(one) {
    if (!one) return;
    dialog.close(); // the focus goes back to where it was: what is done is done there
    one.run();
  }
  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const asked = input.value.trim();
    try {
      const answer = await fetch(`${dialog.dataset.leads}?q=${encodeURIComponent(asked)}`, { signal: asking.signal });
      if (!answer.ok || asked !== input.value.trim()) return;
      leads = (await answer.json()).leads.map(({ name, about, url }) => entry("Leads", name, () => location.assign(url), { meta: about, icon: byId("people").content.querySelector(".icon") }));
      const kept = at;
      show();
      select(kept < shown.length ? kept : 0);
    } catch {
      // What was typed since asks again.
    }
  }
  input.addEventListener("input", () => {
    leads = [];
    clearTimeout(timer);
    if (input.value.trim().length > 1) timer = setTimeout(ask, PAUSE_MS);
    show();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) select(at + step);
    else if (event.key === "Enter" && !event.isComposing) run(shown[at]);
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointermove", ({ target }) => {
    const over = target.closest("[role=option]");
    if (over && over.ariaSelected !== "true") select([...list.querySelectorAll("[role=option]")].indexOf(over));
  });
  list.addEventListener("click", ({ target }) => {
    const over = target.closest("[role=option]");
    if (over) run(shown[Number(over.id.slice(8))]);
  });
  // However it was opened, it begins empty.
  function begin_anew() {
    if (!dialog.open) return;
    read();
    show();
    if (document.querySelector("#convo[aria-busy=true]")) setTimeout(begin_anew, PAUSE_MS); // its buttons come yet
  }
  input.addEventListener("focus", () => !list.childElementCount && begin_anew());
  dialog.addEventListener("close", () => {
    if (dialog.open) return begin_anew(); // it was opened again before this was heard
    clearTimeout(timer);
    asking?.abort();
    leads = [];
    input.value = "";
    list.replaceChildren();
  });
})();
