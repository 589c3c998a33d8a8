/* Keys, live parts and toasts. Comfort only: every page works without this file.
   The key table is the help sheet itself (inbox/keyboard.py renders it), so the two cannot disagree. */
(() => {
  "use strict";
  const TOAST_MS = 15000;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const visible = (element) => element && element.checkVisibility();
  const rows = () => all(".row > a").filter(visible);
  const focusedRow = () => document.activeElement.closest(".row");

  function move(step) {
    const list = rows();
    const here = list.indexOf(document.activeElement);
    const from = here >= 0 ? here : list.findIndex((row) => row.hasAttribute("aria-current"));
    const target = list[Math.max(0, Math.min(list.length - 1, from + step))];
    target?.focus();
  }

  function press(name) {
    const button = all(`[data-shortcut="${name}"]`).find(visible);
    button?.click();
    return Boolean(button);
  }

  // Done, snooze and unread mean the ticked rows, else the row with the focus, else the open conversation.
  function decide(name) {
    const row = focusedRow();
    if (row && !document.querySelector(".row :checked")) row.querySelector("[type=checkbox]").click();
    if (!press(`bulk-${name}`)) press(name);
  }

  const actions = {
    next: () => move(1),
    previous: () => move(-1),
    open: () => (focusedRow() ? false : all(".row > a[aria-current]").find(visible)?.click()),
    back: () => {
      const back = document.querySelector("a[data-shortcut=back]");
      if (back) location.assign(back.href);
    },
    select: () => focusedRow()?.querySelector("[type=checkbox]").click(),
    done: () => decide("done"),
    snooze: () => decide("snooze"),
    unread: () => decide("unread"),
    reply: () => {
      const text = all("[data-shortcut=reply]").find(visible);
      text?.focus();
      if (text?.selectionEnd === text?.value.length) text?.scrollTo(0, text.scrollHeight);
    },
    send: () => document.activeElement.form?.matches("[data-answer]") && press("send"),
    confirm: () => press("confirm"),
    deny: () => press("deny"),
    alike: () => press("alike"),
    undo: () => press("undo"),
    search: () => document.getElementById("q")?.select(),
    keys: () => document.getElementById("keys").showModal(),
  };

  const sheet = document.getElementById("shortcuts");
  const bindings = new Map(all("#shortcuts [data-keys]").map((entry) => [entry.dataset.keys, entry.dataset.action]));
  const types = (element) => element.matches("input:not([type=checkbox], [type=radio], [type=button]), textarea, select");

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.isComposing || event.repeat) return;
    const combination = (event.ctrlKey || event.metaKey ? "Control+" : "") + event.key;
    const action = actions[bindings.get(combination)];
    if (!action) return;
    const letter = combination.length === 1;
    if (letter && (sheet.dataset.single === "off" || types(event.target))) return;
    if (document.querySelector("dialog[open], :popover-open")) return;
    if (event.key === "Escape" && types(event.target)) return event.target.blur();
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target !== document.body) return;
    if (action() !== false && (letter || event.ctrlKey || event.metaKey)) event.preventDefault();
  });

  // Ticked rows: say how many.
  document.addEventListener("change", () => {
    const count = document.querySelector("[data-ticked]");
    if (count) count.textContent = `${document.querySelectorAll(".row :checked").length} selected`;
  });

  // Who comes to a text goes on where it ends: a browser begins before it. A click and a later visit keep their place.
  const visited = new WeakSet();
  document.addEventListener("focusin", ({ target }) => {
    if (!target.matches("textarea") || visited.has(target)) return;
    visited.add(target);
    if (target.selectionEnd > 0) return; // somebody has chosen a place already
    target.setSelectionRange(target.value.length, target.value.length);
  });

  let unfolded = [];
  // A part that is fetched by itself, while somebody chooses or types in it.
  const inUse = (element) => element.hasAttribute("data-poll") && element.querySelector(":checked, input:focus");
  // A page that nobody looks at asks for nothing; a session that ended is not pasted into the page.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ((document.hidden && event.detail.elt.hasAttribute("data-poll")) || inUse(event.detail.elt)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(requestConfig.path, location.href).pathname) {
      event.preventDefault();
      location.reload();
    }
    if (inUse(event.detail.elt)) return event.preventDefault(); // begun while the answer was on its way
    unfolded = [...event.detail.target.querySelectorAll("details[id][open]")].map((element) => element.id);
  });
  // What somebody has unfolded stays open when its part of the page is fetched anew.
  document.addEventListener("htmx:afterSwap", () => {
    unfolded.forEach((id) => document.getElementById(id)?.setAttribute("open", ""));
  });

  // What somebody asked for and did not get; what is fetched by itself is asked for again by itself.
  const failed = ({ detail }) => {
    if (detail.elt.hasAttribute("data-poll")) return;
    const said = detail.xhr.status === 503 && detail.xhr.responseText;
    toast(said || "That did not work. Try again in a moment.");
  };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);

  // Copy what a field holds.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
    button.lastChild.textContent = " Copied";
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) print();
  });

  // Minutes and seconds until a draft goes out by itself; then a look at what became of it, unless somebody types.
  const tick = setInterval(() => {
    const timer = document.querySelector("[data-until]");
    if (!timer) return clearInterval(tick);
    const left = Math.round((new Date(timer.dataset.until) - Date.now()) / 1000);
    if (left < 3600) timer.textContent = `${Math.max(0, Math.floor(left / 60))}:${String(Math.max(0, left % 60)).padStart(2, "0")}`;
    if (left === -5 && !types(document.activeElement)) location.reload();
  }, 1000);

  function fade(shown) {
    const leave = () => (shown.matches(":hover, :focus-within") ? setTimeout(leave, 3000) : shown.remove());
    setTimeout(leave, TOAST_MS);
  }
  function toast(words) {
    const shown = Object.assign(document.createElement("div"), { className: "toast", textContent: words });
    document.querySelector(".toasts")?.append(shown);
    fade(shown);
  }
  all(".toast").forEach(fade);

  document.querySelector(".row > a[aria-current]")?.scrollIntoView({ block: "nearest" });
})();
