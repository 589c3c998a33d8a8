/* Keyboard shortcuts, parts of pages that reload, and toasts. Every page also works without this file.
   The shortcuts are read from the help sheet in the page (inbox/pages/keyboard.py), so the two cannot differ. */
(() => {
  "use strict";
  const TOAST_MS = 15000, MOST_TOASTS = 3;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const visible = (element) => element && element.checkVisibility();
  const focusedRow = () => document.activeElement.closest(".row");

  function press(name) {
    const button = all(`[data-shortcut="${name}"]`).find(visible);
    button?.click();
    return Boolean(button);
  }

  // Done, snooze, unread and assigning apply to the ticked rows; without any, to the focused row; else to the open conversation.
  function decide(name) {
    const row = focusedRow(), only = row && !document.querySelector(".row :checked") && box(row);
    if (only) only.click();
    if (!press(`bulk-${name}`)) press(name);
    // What was selected for this question alone is not left selected for the next key.
    if (only) document.querySelector("dialog[open]")?.addEventListener("close", () => only.checked && only.click(), { once: true });
  }

  // Sends what is written in the open conversation, wherever in it the focus is; from its row, too. Else it is said why not.
  function send(name, value = name) {
    const { form, parentElement: row } = document.activeElement, { opened, shown, pane } = window.holdfast;
    const own = form?.matches("[data-answer]");
    if (form?.id === "note") return form.requestSubmit();
    if (!pane || (types(document.activeElement) && !own)) return false;
    if (!opened || (row?.matches(".row") && row.id !== `row-${shown}`)) return say("Not sent. Press r first.");
    const buttons = own ? [...form.querySelectorAll(`[data-shortcut=${name}], [value=${value}]`)] : all(`[data-shortcut=${name}]`);
    const button = buttons.find(visible);
    if (button) button.click();
    else say(`Not sent. ${byId("answer")?.querySelector("section p")?.innerText ?? "It is not here yet."}`);
  }

  // Several rows are chosen from the box that was ticked last to this one, by shift-click or by Shift-j and Shift-k,
  // which go back over what they have chosen.
  const box = (row) => row?.querySelector("[type=checkbox]"); // viewers have none
  const marked = () => focusedRow() ?? document.querySelector(".row:has(> [aria-current])");
  let ticked = null; // the row whose box was ticked last
  document.addEventListener("mousedown", (event) => event.shiftKey && event.target.matches(".row > input") && event.preventDefault()); // selects no text
  document.addEventListener("click", ({ target, shiftKey }) => {
    if (!target.matches(".row > input")) return;
    const list = all(".row"), ends = [list.indexOf(byId(ticked)), list.indexOf(target.parentElement)].sort((a, b) => a - b);
    if (shiftKey && ends[0] >= 0) for (const row of list.slice(ends[0], ends[1] + 1)) box(row).checked = target.checked;
    ticked = target.parentElement.id;
  });
  function extend(step) {
    const list = all(".row"), here = marked();
    const next = list[list.indexOf(here) + step];
    if (!box(here)) return false;
    const back = box(here).checked && Boolean(box(next)?.checked);
    if (box(here).checked === back) box(here).click();
    if (next && !box(next).checked) box(next).click();
    actions[step > 0 ? "next" : "previous"]();
  }

  const actions = {
    select_next: () => extend(1),
    select_previous: () => extend(-1),
    select: () => box(marked())?.click(),
    done: () => decide("done"),
    snooze: () => decide("snooze"),
    unread: () => decide("unread"),
    assign: () => decide("assign"),
    tag: () => {
      decide("tag");
      const asked = byId("tag-ticked"); // of the open conversation, if no row has the focus
      if (asked && !asked.open) asked.showModal();
    },
    reply: () => {
      const text = all("[data-shortcut=reply]").find(visible);
      text?.focus();
      if (text?.selectionEnd === text?.value.length) text?.scrollTo(0, text.scrollHeight);
    },
    note: () => {
      const noting = byId("noting");
      if (!noting) return false; // viewers write none
      noting.open = true;
      byId("note-text").focus();
    },
    send: () => send("send"),
    go_on: () => send("go_on", "send-next"),
    snippet: () => press("snippet"),
    confirm: () => press("confirm"),
    deny: () => press("deny"),
    alike: () => press("alike"),
    trace: () => press("trace"),
    undo: () => press("undo"),
    search: () => byId("q")?.select(),
    commands: () => byId("palette").showModal(),
    keys: () => byId("keys").showModal(),
  };

  const sheet = byId("shortcuts");
  const bindings = new Map(all("#shortcuts [data-keys]").map((entry) => [entry.dataset.keys, entry.dataset.action]));
  const types = (element) => element.matches("input:not([type=checkbox], [type=radio], [type=button]), textarea, select");

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.isComposing || event.repeat) return;
    const combination = (event.ctrlKey || event.metaKey ? "Control+" : "") + (event.shiftKey && event.key.length > 1 ? "Shift+" : "") + event.key;
    const action = actions[bindings.get(combination)];
    if (!action) return;
    const letter = combination.length === 1;
    if (letter && (sheet.dataset.single === "off" || types(event.target))) return;
    if (document.querySelector("dialog[open], :popover-open")) return;
    if (event.key === "Escape" && types(event.target)) return event.target.blur();
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && event.target !== document.body) return;
    if (action() !== false && (letter || event.ctrlKey || event.metaKey)) event.preventDefault();
  });

  // Enter takes what words were understood as, if that is shown. Else a form that can sends the words as they are.
  document.addEventListener("submit", (event) => {
    const { target: form } = event, { understood } = form.dataset;
    if (!understood) return;
    const shown = byId(understood).querySelector("[data-words]"), send = form.querySelector("button"), words = form.elements.words.value.trim();
    const known = shown?.dataset.words === words;
    if (!known && !send) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (known) shown.click();
    else if (words) {
      send.value = `snooze:${(send.textContent = words)}`;
      send.click();
    }
  }, true);
  // A dialog opens each time as it came.
  document.addEventListener("close", ({ target: dialog }) => {
    for (const form of dialog.querySelectorAll("form")) {
      htmx.trigger(form, "htmx:abort");
      form.reset();
    }
    for (const field of dialog.querySelectorAll("input[form]")) field.value = field.defaultValue; // of a form outside
    for (const part of dialog.querySelectorAll("details[open]")) part.open = false;
    for (const answer of dialog.querySelectorAll("[role=status]")) answer.replaceChildren();
  }, true);

  // Show how many rows are ticked; without any, what is pressed is about one.
  document.addEventListener("change", () => {
    for (const count of all("[data-ticked]")) count.textContent = `${all(".row :checked").length || 1} selected`;
  });

  // On the first focus, put the cursor at the end of a text; browsers put it at the start. A click and later visits
  // keep their place.
  const visited = new WeakSet();
  document.addEventListener("focusin", ({ target }) => {
    if (!target.matches("textarea") || visited.has(target)) return;
    visited.add(target);
    if (target.selectionEnd > 0) return; // the person has chosen a place already
    target.setSelectionRange(target.value.length, target.value.length);
  });

  let unfolded = [];
  // Whether somebody ticks or types in a part of the page that reloads by itself.
  const inUse = (element) => element.hasAttribute("data-poll") && element.querySelector(":checked, input:focus");
  // A hidden page does not poll. If a session has ended, the log-in page must not be put into a part of this page:
  // the answer then comes from another path, and the whole page is reloaded.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ((document.hidden && event.detail.elt.hasAttribute("data-poll")) || inUse(event.detail.elt)) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== new URL(requestConfig.path, location.href).pathname) {
      event.preventDefault();
      window.holdfast.ended();
    }
    if (inUse(event.detail.elt)) return event.preventDefault(); // somebody began while the answer was on its way
    const [, sent] = /^\s*<div id="(send-[^"]*)"/.exec(event.detail.serverResponse) ?? [];
    if (sent && !byId(sent)) event.detail.serverResponse = event.detail.serverResponse.replace(/^[^]*?(?=<div class="answer")/, ""); // its message stands there already
    unfolded = [...event.detail.target.querySelectorAll("details[id][open]")].map((element) => element.id);
  });
  // Details that somebody has unfolded stay open when their part of the page reloads.
  document.addEventListener("htmx:afterSwap", () => {
    unfolded.forEach((id) => byId(id)?.setAttribute("open", ""));
  });

  // Show an error for a request that a person made. A failed poll is repeated by itself and shows none.
  const failed = ({ detail }) => {
    if (detail.elt.hasAttribute("data-poll")) return;
    const { status, responseText } = detail.xhr;
    const old = status === 403 && "Refused: this page is too old, or your role changed. Reload it, then try again.";
    const said = status === 503 && responseText;
    say(old || said || "That did not work. Try again in a moment.");
  };
  document.addEventListener("htmx:responseError", failed);
  document.addEventListener("htmx:sendError", failed);

  // Copy the value of a field.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(byId(button.dataset.copy).value);
    button.lastChild.textContent = " Copied";
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) print();
  });

  // Show the minutes and seconds until a message goes out. Then a toast goes, and the page is read again, unless
  // somebody types.
  function count(timer) {
    const left = Math.round((new Date(timer.dataset.until) - Date.now()) / 1000);
    if (left < 3600) timer.textContent = `${Math.max(0, Math.floor(left / 60))}:${String(Math.max(0, left % 60)).padStart(2, "0")}`;
    const toast = timer.closest(".toast");
    if (toast) left < 0 && toast.remove();
    else if (left === -5 && !types(document.activeElement)) window.holdfast.again();
  }
  setInterval(() => all("[data-until]").forEach(count), 1000); // some come later, with another conversation

  function fade(shown) {
    const leave = () => (shown.matches(":hover, :focus-within") ? setTimeout(leave, 3000) : shown.remove());
    setTimeout(leave, TOAST_MS);
  }
  // Says something for a while. With `undo` it takes the place of what was said so before, or stands `until` a moment.
  function say(words, { undo = false, until = 0 } = {}) {
    const shown = Object.assign(document.createElement("div"), { className: "toast", textContent: words });
    if (undo) {
      shown.innerHTML = '<span></span> <form><button class="btn small" data-shortcut="undo">Undo <kbd aria-hidden="true">z</kbd></button></form>';
      shown.firstChild.textContent = words;
      if (!until) shown.dataset.act = "";
    }
    all(".toast[data-act]").forEach((before) => before.remove());
    byId("toasts")?.append(shown);
    all(".toast").slice(0, -MOST_TOASTS).forEach((old) => old.remove());
    if (!until) fade(shown);
    else {
      const timer = Object.assign(document.createElement("b"), { role: "timer" });
      timer.dataset.until = new Date(until).toISOString();
      shown.firstChild.append(timer);
      count(timer);
    }
    return shown;
  }
  // Puts the counts of the folders as `page` has them.
  function counts(page) {
    for (const came of page.querySelectorAll("#folders a")) {
      const mine = all("#folders a").find((link) => link.pathname + link.search === came.getAttribute("href"));
      mine?.querySelector(".n")?.remove();
      if (came.querySelector(".n")) mine?.append(" ", came.querySelector(".n"));
    }
  }
  all(".toast").forEach(fade);

  // What was typed does not stay in the tab of somebody who has logged out.
  document.addEventListener("submit", ({ target, submitter }) => {
    if ((submitter?.getAttribute("formaction") ?? target.getAttribute("action"))?.endsWith("/logout/")) {
      window.holdfast.left = true;
      sessionStorage.clear();
    }
  });

  window.holdfast = { actions, all, byId, counts, focusedRow, say, types, again: () => location.reload(), ended: () => location.reload() };
  document.querySelector(".row > a[aria-current]")?.scrollIntoView({ block: "nearest" });
})();
