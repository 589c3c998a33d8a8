/* What is decided of conversations: done, snoozed, unread, assigned, tagged. It shows at once, and can be taken back. */
(() => {
  "use strict";
  const desk = window.holdfast, { actions, byId, close, focusedRow, forget, idOf, keep, later, linkOf, list, nothing, put, rowOf, rows, say, show, threads, title, token, told, tone } = desk;
  const past = []; // what can be taken back, newest last
  const words = { done: "Done", snooze: "Snoozed", unread: "Unread", assign: "Assigned" };
  // What of a conversation was seen: what its pane shows, which may be older than what its row says by now.
  const seenOf = (id) => [id, (id === desk.shown && byId("triage")?.elements.lead.value) || rowOf(id)?.querySelector("input")?.value];

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
      desk.refresh(); // they come back
    };
    step.cancel = later(triage, body, "toasts", done, failed);
    for (const [id] of seen) if (id !== desk.shown) forget(id);
    return step;
  }
  function act(what, ids, fields) {
    const seen = ids.map(seenOf).filter(([, value]) => value);
    if (!seen.length) return false;
    const known = seen.map(([id]) => rowOf(id)).filter(Boolean);
    const back = { known: known.map((row) => [row, row.nextElementSibling?.id, row.matches(".unread")]), shown: desk.shown, opened: desk.opened };
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
    if (kind === "unread" && desk.opened) close();
    else if (seen.some(([id]) => id === desk.shown) && (leaves || kind === "done" || kind === "snooze")) {
      if (next) show(idOf(next), { open: desk.opened });
      else if (leaves) {
        desk.shown = "";
        if (desk.opened) close({ push: true });
        nothing();
      }
    }
    if (held && next) linkOf(next).focus();
    const step = decide(what, seen, (found) => {
      drop(back);
      restore(back);
      say(told(found).at(-1) || `That did not work. ${name} is as it was.`);
      desk.refresh();
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
    if (last.shown && (last.opened || !desk.opened)) show(last.shown, { open: last.opened });
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
    if (desk.shown !== id || !desk.opened) show(id, { open: true });
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
      if (element?.dataset.lead !== id) return say("It could not be taken back."), desk.again();
      told(found).forEach((text) => say(text));
      keep(id, document.adoptNode(element));
      if (desk.shown !== id) return;
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
    return row.length ? row.map(idOf) : desk.shown ? [desk.shown] : [];
  };

  const pressed = actions.undo;
  Object.assign(actions, {
    done: () => act("done", targets()),
    unread: () => act("unread", targets()),
    undo: () => undo() || pressed(),
  });

  Object.assign(desk, { act, decide, drop, following, past, seenOf, takeBack, targets, undo });
})();
