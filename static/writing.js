/* What is written in a conversation: answers, notes, snippets. */
(() => {
  "use strict";
  const desk = window.holdfast, { act, actions, byId, close, drop, focusedRow, following, forget, idOf, keep, later, linkOf, pane, panes, past, put, rowOf, rows, say, show, takeBack, targets, threads, title, told, types, undo } = desk;
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (form.matches("#triage, #bulk")) {
      const fields = submitter.value === "snooze" ? { until: new FormData(form).get("until") } : {};
      act(submitter.value, form.id === "bulk" ? targets() : [desk.shown], fields);
      submitter.closest("details")?.removeAttribute("open"); // it asks each time
      submitter.closest("dialog")?.close();
    } else if (form.id === "note") note(form);
    else if (form.closest(".toasts")) {
      const toast = form.closest(".toast");
      if (!undo(past.find((step) => step.toast === toast))) return;
      toast.remove();
    } else if (form.matches("[data-undo]")) {
      const step = past.find((one) => one.sent === desk.shown);
      drop(step);
      takeBack(step ?? { sent: desk.shown, link: () => form.action, cancel: () => false });
    } else if (form.closest("#convo") && form.method === "post") send(form, submitter);
    else return;
    event.preventDefault();
  });
  // Sends a form of the conversation. The answer is the conversation as it is then. What counts down can be taken back.
  function send(form, button) {
    const id = desk.shown, body = new FormData(form, button), action = button?.getAttribute("formaction") ?? form.action;
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
      if (desk.shown === id || !answer.ok) keep(id, fresh);
      if (desk.shown === id) {
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
    const id = desk.shown, body = new FormData(form), { text } = form.elements;
    form.reset();
    form.parentElement.open = false;
    linkOf(rowOf(id))?.focus({ preventScroll: true });
    const kept = ({ page }) => {
      told({ page }).forEach((said) => say(said));
      if (id === desk.shown) desk.renewPane().catch(() => {});
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
      const by_row = ["snooze", "assign"].includes(name) && (focusedRow() || threads().querySelector(".row :checked"));
      if (!pane().ariaBusy || by_row) return plain[name]();
      early = [];
      first_of = plain[name];
    };
  // Somebody who writes in a conversation that only stands beside the list has opened it.
  document.addEventListener("focusin", ({ target }) => {
    if (!desk.opened && types(target) && target.closest("#convo")) show(desk.shown, { open: true, push: true });
  });

  Object.assign(desk, { unwanted, wanted });
})();
