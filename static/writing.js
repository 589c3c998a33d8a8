/* What is written in a conversation: answers, notes, snippets. */
(() => {
  "use strict";
  const desk = window.holdfast, { act, actions, byId, close, drop, focus, focusedRow, following, forget, idOf, keep, later, linkOf, pane, panes, past, put, rowOf, rows, say, show, takeBack, targets, threads, title, told, types, undo } = desk;
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (form.matches("#triage, #bulk")) {
      const fields = submitter.value === "snooze" ? { until: new FormData(form).get("until") } : {};
      act(submitter.value, form.id === "bulk" ? targets() : [desk.shown], fields, submitter);
      submitter.closest("details")?.removeAttribute("open"); // it asks each time
      submitter.closest("dialog")?.close();
    } else if (form.id === "note") note(form);
    else if (form.closest(".toasts")) {
      const toast = form.closest(".toast");
      const step = past.find((one) => one.toast === toast);
      if (step) undo(step);
      else if (form.method === "post") return; // the page came with it
      toast.remove();
    } else if (form.matches("[data-undo]")) {
      const step = past.findLast((one) => one.url?.split("?")[0] === form.action.split("?")[0]);
      drop(step);
      takeBack(step ?? { sent: desk.shown, link: () => form.action, cancel: () => false });
    } else if (form.closest("#convo") && form.method === "post") send(form, submitter);
    else return;
    event.preventDefault();
  });
  // Sends a form of the conversation. The answer is the conversation as it is then. What counts down can be taken back.
  function send(form, button) {
    const id = desk.shown, body = new FormData(form, button), action = button?.getAttribute("formaction") ?? form.action;
    const name = byId("lead").textContent, sends = button?.value.startsWith("send"), seconds = sends ? Number(form.dataset.answer) : 0;
    const gone = `The message to ${name} has gone out.`;
    const free = (on = false) => {
      form.ariaBusy = on || null;
      form.querySelectorAll("button").forEach((one) => (one.disabled = on));
    };
    for (const field of form.elements) delete texts[id]?.[field.id];
    const step = { free, link: () => step.url };
    past.push(step);
    if (seconds) {
      step.sent = id;
      step.toast = say(`To ${name} in `, { undo: true, until: Date.now() + 1000 * seconds });
    } else step.stays = sends ? gone : `Nothing takes back “${button?.textContent.trim()}” for ${name}.`;
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
      if (!answer.ok) kept();
      else if (seconds && !step.url) {
        step.toast.remove();
        step.stays = gone;
      }
      if (desk.shown === id || !answer.ok) keep(id, fresh);
      if (desk.shown === id) {
        put(fresh);
        title();
        if (fresh.querySelector("#answer-e") && focusedRow()) byId("reply")?.focus(); // refused: one writes on
      } else if (!answer.ok) putTyped(fresh), say(`Not sent to ${name}: ${fresh.querySelector("#answer-e")?.textContent.trim()}`);
      told({ page }).forEach((text) => say(text));
    };
    step.cancel = later(action, () => body, "convo", came, (found) => (found ? came(found) : failed()));
    if (button?.value === "send-next") goOn(id);
  }
  function goOn(id) {
    const row = rowOf(id), next = row ? following([row]) : rows()[0];
    if (!next) return close();
    focus(next);
    show(idOf(next), { open: true });
  }
  // Keeps a note. The conversation around it stays as it is, with what is being written there.
  function note(form) {
    const id = desk.shown, body = new FormData(form), { text } = form.elements;
    const step = { stays: `The note about ${byId("lead").textContent} is kept.` };
    past.push(step);
    form.reset();
    form.parentElement.open = false;
    linkOf(rowOf(id))?.focus({ preventScroll: true });
    const copy = Object.assign(document.createElement("article"), { className: "msg note", ariaBusy: "true", innerText: body.get("text") });
    byId("messages").append(copy);
    copy.scrollIntoView({ block: "nearest" });
    const kept = ({ page }) => {
      told({ page }).forEach((said) => say(said));
      if (id === desk.shown) desk.renewPane().catch(() => {}).finally(() => copy.remove());
      else copy.remove(), forget(id);
    };
    const failed = (found) => {
      copy.remove();
      drop(step);
      text.value = text.value || body.get("text");
      form.parentElement.open = true;
      say(told(found).at(-1) || "The note was not kept. Its text is still here: try again in a moment.");
    };
    later(form.action, () => body, "convo", kept, failed);
  }
  // --- what is typed stays with its tab, until it is sent or discarded, or its person logs out ----------------------
  const KEPT = `typed ${document.querySelector("meta[name=live]")?.dataset.user}`;
  for (const name of Object.keys(sessionStorage)) if (name.startsWith("typed ") && name !== KEPT) sessionStorage.removeItem(name);
  const texts = JSON.parse(sessionStorage[KEPT] ?? "{}"); // by conversation, by field: what is typed, over what, for which channel
  const had = new WeakSet(); // the panes that got what was typed
  const channel = (form) => form.elements.channel?.value ?? form.querySelector("[data-way]")?.dataset.way;
  function keepTyped() {
    for (const element of new Set([...panes.values(), pane()])) {
      if (!had.has(element)) continue;
      const found = {};
      for (const { id, value, defaultValue, form } of element.querySelectorAll("form[method=post] textarea[id]"))
        if (value && !form.ariaBusy && (value !== defaultValue || form.querySelector("#answer-e"))) found[id] = [value, defaultValue, channel(form)];
      for (const id in texts[element.dataset.lead]) if (!element.querySelector(`form:not([aria-busy]) #${id}`)) found[id] = texts[element.dataset.lead][id];
      texts[element.dataset.lead] = Object.keys(found).length ? found : undefined;
    }
    const now = JSON.stringify(texts);
    if (!desk.left && now !== (sessionStorage[KEPT] ?? "{}")) sessionStorage[KEPT] = now;
  }
  addEventListener("pagehide", keepTyped);
  document.addEventListener("htmx:beforeSwap", keepTyped);
  document.addEventListener("htmx:afterSwap", () => putTyped(pane()));
  function putTyped(element) {
    if (!element.dataset.lead || element.ariaBusy) return;
    had.add(element);
    for (const [id, [value, over, by]] of Object.entries(texts[element.dataset.lead] ?? {})) {
      const text = element.querySelector(`form #${id}`);
      if (!text || text.value !== text.defaultValue || text.value === value) continue;
      text.value = value;
      const { form } = text, way = by && form.querySelector(`[name=channel][value="${by}"]`);
      if (way) way.checked = true;
      form.closest("details")?.setAttribute("open", "");
      setTimeout(() => text.dispatchEvent(new Event("input", { bubbles: true }))); // holds a draft that would go out
      if (text.defaultValue !== over && text.defaultValue) back(text, by && channel(form) !== by ? " It was for another channel." : "");
    }
  }
  // What came back in place of a newer draft goes for it, as long as nothing is written on.
  function back(text, lost) {
    const { value } = text, id = text.closest("#convo").dataset.lead;
    const step = {
      back() {
        step.toast.remove();
        if (desk.shown !== id) show(id);
        if (!pane().contains(text) || text.value !== value) return say("Not undone. Your text has changed since.");
        text.value = text.defaultValue;
        return true;
      },
    };
    past.push(step);
    step.toast = say(`Your text is back, in place of a newer draft.${lost}`, { undo: true });
  }

  // The names below a note are those that fit what is typed after its last @.
  const AT = /(?<![\w@.])@([^@\n]*)$/;
  const before = (text) => text.value.slice(0, text.selectionEnd);
  const offered = () => [...(byId("names")?.children ?? [])].filter((name) => !name.hidden && !name.parentElement.hidden);
  // Offers the names that begin so, all for "", none for undefined. Of these the one that Enter takes is marked.
  function offer(begun) {
    const box = byId("names");
    box.hidden = begun === undefined;
    for (const name of box.children) name.hidden = !name.dataset.name.toLowerCase().startsWith(begun);
    choose(0);
  }
  function choose(at) {
    const names = offered(), chosen = names.at(at % names.length);
    for (const name of names) name.ariaSelected = name === chosen;
    const text = byId("note-text");
    chosen?.scrollIntoView({ block: "nearest" });
    chosen ? text.setAttribute("aria-activedescendant", chosen.id) : text.removeAttribute("aria-activedescendant");
  }
  function take({ dataset: { name }, form }) {
    const { text } = form.elements;
    text.setRangeText(`@${name} `, before(text).search(AT), text.selectionEnd, "end");
    offer();
    text.focus();
  }
  document.addEventListener("input", ({ target }) => target.id === "note-text" && offer(AT.exec(before(target))?.[1].toLowerCase()));
  document.addEventListener("click", ({ target }) => target.matches("#names > *") && take(target));
  addEventListener("keydown", (event) => {
    const names = event.target.id === "note-text" && !event.isComposing ? offered() : [];
    if (!names.length || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = names.findIndex((name) => name.ariaSelected === "true"), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) choose(at + step);
    else if (event.key === "Escape") offer();
    else if (event.key === "Enter" || event.key === "Tab") take(names[at]);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
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

  // --- keys ------------------------------------------------------------------------------------------------------
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
      if (name === "reply" && desk.shown && !desk.opened) show(desk.shown, { open: true, push: true });
      const row = focusedRow(), by_row = ["snooze", "assign"].includes(name) && (row || threads().querySelector(".row :checked"));
      if (row && !by_row && idOf(row) !== desk.shown) show(idOf(row), name === "reply" ? { open: true, push: !desk.opened } : {}); // one came to it by Tab
      if (!pane().ariaBusy || by_row) return plain[name]();
      early = [];
      first_of = plain[name];
    };
  // Somebody who writes in a conversation that only stands beside the list has opened it.
  document.addEventListener("focusin", ({ target }) => {
    if (!desk.opened && types(target) && target.closest("#convo")) show(desk.shown, { open: true, push: true });
  });

  Object.assign(desk, { keepTyped, putTyped, unwanted, wanted });
})();
