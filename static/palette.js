/* The palette (Ctrl K) offers actions, pages, and leads whose names match. Actions and pages are read from the page
   when the palette opens. Leads are requested from the server at most once for each pause in typing. Without scripts, the
   dialog is a search box. */
import { actions } from "./holdfast.js";
import { all, byId, create, isVisible } from "./page.js";

const dialog = byId("palette");
const input = byId("command");
const list = byId("commands");
const PAUSE_MS = 150;
const MOST = 6;
const IN_LIST = "In the list";
const TICKED = "For the selected";
const ONLY_BY_WORDS = ["People", "Account"];
/** @type {Entry[]} what the page offers */
let offers = [];
/** @type {Entry[]} */
let leads = [];
/** @type {Entry[]} the shown entries, in the order of their options */
let shown = [];
let place = 0; // the index of the selected option
/** @type {any} */
let timer = 0;
/** @type {AbortController | undefined} */
let search;

/** @param {any} element @returns {string} */
const textOf = (element) => element?.textContent.replace(/\s+/g, " ").trim() ?? "";
/** @param {any} element */
const iconOf = (element) => element?.querySelector(".icon")?.cloneNode(true);
/** Returns an entry of a group. `run` is called when the user chooses the entry.
 * @param {string} group @param {string} label @param {() => unknown} run @param {Partial<Entry>} [more]
 * @returns {Entry} */
const entry = (group, label, run, more) => ({ group, label, run, meta: "", keys: [], most: MOST, ...more });

// --- the entries of the page -----------------------------------------------------------------------------------------
/** Returns an entry for each shortcut whose button is visible, or that needs no button.
 * @returns {Entry[]} */
function actionEntries() {
  const lead = all("#lead").find(isVisible);
  return all("#shortcuts [data-action]").flatMap((line) => {
    const { action, about } = line.dataset;
    const button = all(`[data-shortcut="${action}"], [data-shortcut="bulk-${action}"]`).find(isVisible);
    /** @type {Record<string, unknown>} */
    const needsNoButton = {
      page: ["search", "keys", "undo"].includes(action),
      list: document.querySelector(".row"),
      lead: lead && action === "tag" && byId("tag-ticked"),
    };
    if (!button && !needsNoButton[about]) return [];
    const needsField = action === "send" || action === "go_on";
    const run = () => (actions[action] && !needsField ? actions[action]() : button.click());
    const keys = all("kbd", line);
    return entry(groupOf(about, button, lead), textOf(line.querySelector("dt")), run, {
      icon: iconOf(button),
      keys,
      most: 99,
    });
  });
}
/** @param {string} about @param {any} button @param {any} lead */
function groupOf(about, button, lead) {
  if (about === "list") return IN_LIST;
  if (about === "page") return "Here";
  if (button?.dataset.shortcut.startsWith("bulk-")) return TICKED;
  return lead ? `For ${textOf(lead)}` : "Here";
}
/** Returns an entry for each button of the dialogs that ask for a time, a person, a tag or a label. */
const dialogEntries = () =>
  all("#snooze, #assign, #snooze-ticked, #assign-ticked, #tag-ticked, #labels, #labels-ticked").flatMap(
    (question) => {
      const concernsTicked = question.id.endsWith("-ticked");
      if (concernsTicked !== Boolean(document.querySelector(".row :checked"))) return [];
      const group = concernsTicked ? TICKED : `For ${textOf(byId("lead"))}`;
      const heading = textOf(question.querySelector("h2"));
      return all("button[name=do][value*=':']:not(details *)", question).map((button) =>
        entry(group, `${heading}: ${textOf(button)}`, () => button.click()),
      );
    },
  );
/** @param {any} link */
const follow = (link) => () => location.assign(link.href);
/** @param {string} selector @param {ParentNode} [root] */
const linkEntries = (selector, root) =>
  all(selector, root).map((link) => {
    const label = textOf(link.querySelector(".clip") ?? link);
    return entry("Go to", label, follow(link), {
      icon: iconOf(link),
      meta: textOf(link.querySelector(".n")),
    });
  });
const peopleEntries = () =>
  all("a", byId("people").content).map((link) =>
    entry("People", textOf(link), follow(link), { meta: "their conversations" }),
  );
/** Returns the entries of the user's menu: the theme, the density of rows, and the pages of the account. */
const accountEntries = () =>
  all("#me button, #me a").map((element) =>
    entry("Account", element.dataset.command ?? textOf(element), () => element.click()),
  );
function readPage() {
  offers = [
    ...actionEntries(),
    ...dialogEntries(),
    ...linkEntries("#folders a"),
    ...linkEntries("a", byId("pages").content),
    ...linkEntries("#ws a"),
    ...accountEntries(),
    ...peopleEntries(),
  ].sort((a, b) => Number(a.group === IN_LIST) - Number(b.group === IN_LIST));
}

// --- matching the words ---------------------------------------------------------------------------------------------
const wordsTyped = () => input.value.toLowerCase().split(/\s+/).filter(Boolean);
/** Returns the index of the first word in `label` that begins with `word`, or -1. Both must be in lower case.
 * @param {string} label @param {string} word */
function startOf(label, word) {
  let start = label.indexOf(word);
  while (start > 0 && /[\p{L}\p{N}]/u.test(label[start - 1])) start = label.indexOf(word, start + 1);
  return start;
}
/** Whether two words differ by at most one typo: a letter is missing, added or replaced, or two letters are swapped.
 * @param {string} one @param {string} other */
export function isNear(one, other) {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const [rest, otherRest] = [one.slice(at), other.slice(at)];
  return (
    rest.slice(1) === otherRest.slice(1) ||
    rest.slice(1) === otherRest ||
    rest === otherRest.slice(1) ||
    (rest[0] === otherRest[1] && rest[1] === otherRest[0] && rest.slice(2) === otherRest.slice(2))
  );
}
const MIN_FORGIVEN = 4;
/** Returns the index and length of the beginning of a word in `label` that is near to `word` (`isNear`), or [-1, 0].
 * @param {string} label @param {string} word
 * @returns {[number, number]} */
function nearestIn(label, word) {
  if (word.length >= MIN_FORGIVEN)
    for (const { 0: whole, index } of label.matchAll(/[\p{L}\p{N}]+/gu))
      for (const length of [word.length, word.length + 1, word.length - 1])
        if (length <= whole.length && isNear(word, whole.slice(0, length))) return [index, length];
  return [-1, 0];
}
/** Returns the index and length of each of `words` in the label, or null if a word is missing. With `typos`, a word of
 * four or more letters may have one typo.
 * @param {string} label @param {string[]} words
 * @returns {[number, number][] | null} */
export function matchesIn(label, words, typos = false) {
  const text = label.toLowerCase();
  const matches = words.map((word) => {
    const start = startOf(text, word);
    return start < 0 && typos
      ? nearestIn(text, word)
      : /** @type {[number, number]} */ ([start, word.length]);
  });
  return matches.every(([start]) => start >= 0) ? matches : null;
}
/** Returns the matching entries by group, with the groups of leads and of the search.
 * @param {string[]} words */
function matchingGroups(words) {
  /** @type {Map<string, Entry[]>} */
  const groups = new Map();
  const typos = !offers.some((offer) => matchesIn(offer.label, words));
  for (const offer of offers) {
    if (!matchesIn(offer.label, words, typos) || (!words.length && ONLY_BY_WORDS.includes(offer.group)))
      continue;
    const group = groups.get(offer.group) ?? [];
    if (group.length < offer.most) group.push(offer);
    groups.set(offer.group, group);
  }
  if (leads.length) groups.set("Leads", leads);
  const label = `Search for “${input.value.trim()}”`;
  if (words.length) groups.set("Search", [entry("Search", label, () => input.form?.requestSubmit())]);
  return groups;
}

// --- the options ----------------------------------------------------------------------------------------------------
/** Returns an element with the label, in which the typed words are bold.
 * @param {string} label */
function highlight(label) {
  const name = create("span", { className: "clip" });
  const matches = matchesIn(label, wordsTyped(), true) ?? [];
  let end = 0;
  for (const [start, length] of matches.sort(([a], [b]) => a - b)) {
    if (start < end) continue;
    name.append(label.slice(end, start), create("b", { textContent: label.slice(start, start + length) }));
    end = start + length;
  }
  name.append(label.slice(end));
  return name;
}
/** @param {Entry} entry @param {number} number */
function optionOf({ label, icon, meta, keys }, number) {
  const option = create("div", { id: `command-${number}`, role: "option" });
  option.append(icon?.cloneNode(true) ?? create("span", { className: "icon" }), " ", highlight(label));
  if (meta) option.append(" ", create("span", { className: "meta clip", textContent: meta }));
  if (keys.length) {
    const caps = create("span", { className: "push", ariaHidden: "true" });
    caps.append(...keys.map((key) => key.cloneNode(true)));
    option.append(" ", caps);
  }
  return option;
}
function showOptions() {
  const groups = [...matchingGroups(wordsTyped())];
  shown = groups.flatMap(([, entries]) => entries);
  let count = 0;
  list.replaceChildren(
    ...groups.map(([name, entries], number) => {
      const group = create("div", { role: "group" });
      const heading = create("h3", { id: `commands-${number}`, textContent: name, role: "presentation" });
      group.setAttribute("aria-labelledby", heading.id);
      group.append(heading, ...entries.map((offer) => optionOf(offer, count++)));
      return group;
    }),
  );
  select(0);
}
const options = () => all("[role=option]", list);
/** @param {number} number */
function select(number) {
  const every = options();
  place = (number + every.length) % every.length || 0;
  for (const [at, option] of every.entries()) option.setAttribute("aria-selected", String(at === place));
  every[place]?.scrollIntoView({ block: "nearest" });
  if (every.length) input.setAttribute("aria-activedescendant", `command-${place}`);
  else input.removeAttribute("aria-activedescendant");
}
/** @param {Entry | undefined} chosen */
function choose(chosen) {
  if (!chosen) return;
  dialog.close(); // restores the focus, because an entry may apply to the focused row
  chosen.run();
}

// --- leads, from the server -----------------------------------------------------------------------------------------
async function findLeads() {
  search?.abort();
  search = new AbortController();
  const query = input.value.trim();
  try {
    const response = await fetch(`${dialog.dataset.leads}?q=${encodeURIComponent(query)}`, {
      signal: search.signal,
    });
    if (!response.ok || query !== input.value.trim()) return;
    const icon = byId("people").content.querySelector(".icon");
    /** @type {LeadFound[]} */
    const answer = (await response.json()).leads;
    leads = answer.map(({ name, about, url }) =>
      entry("Leads", name, () => location.assign(url), { meta: about, icon }),
    );
    const selected = place;
    showOptions();
    select(selected < shown.length ? selected : 0);
  } catch {} // newer input sends another request
}
input.addEventListener("input", () => {
  leads = [];
  clearTimeout(timer);
  if (input.value.trim().length > 1) timer = setTimeout(findLeads, PAUSE_MS);
  showOptions();
});
input.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) select(place + step);
  else if (event.key === "Enter" && !event.isComposing) choose(shown[place]);
  else return;
  event.preventDefault();
});
/** @param {any} target */
const optionAt = ({ target }) => target.closest("[role=option]");
list.addEventListener("pointermove", (event) => {
  const option = optionAt(event);
  if (option && option.ariaSelected !== "true") select(options().indexOf(option));
});
list.addEventListener("click", (event) => {
  const option = optionAt(event);
  if (option) choose(shown[options().indexOf(option)]);
});

/** Reads the entries from the page. Repeats this until the open conversation has loaded with its buttons. */
function begin() {
  if (!dialog.open) return;
  readPage();
  showOptions();
  if (document.querySelector("#convo[aria-busy=true]")) setTimeout(begin, PAUSE_MS);
}
input.addEventListener("focus", () => !list.childElementCount && begin());
dialog.addEventListener("close", () => {
  if (dialog.open) return begin(); // the palette was opened again before this event
  clearTimeout(timer);
  search?.abort();
  leads = [];
  input.value = "";
  list.replaceChildren();
});
