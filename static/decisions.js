/* What is decided of conversations: done, snoozed, unread, assigned, tagged. It shows at once, and can be taken back. */
(() => {
  "use strict";
  const desk = window.holdfast, { actions, byId, close, focus, focusedRow, idOf, keep, later, list, nothing, put, roomy, rowOf, rows, say, show, threads, title, told, tone } = desk;
  const past = []; // what was done, newest last. What cannot be taken back has `stays`: why, in words.
  const words = { done: "Done", snooze: "Snoozed", unread: "Unread", assign: "Assigned" };
  // What of a conversation was seen: what its pane shows, which may be older than what its row says by now.
  const seenOf = (id) => [id, (id === desk.shown && byId("triage")?.elements.lead.value) || rowOf(id)?.querySelector("input")?.value];

  // Sends what was decided about `seen`, pairs of a conversation's id and what of it was seen.
  function decide(what, seen, failed, fields = {}) {
    const step = { token: "" };
    const body = () => {
      const data = new FormData();
      for (const [name, value] of Object.entries({ do: what, ...fields })) data.set(name, value);
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
    for (const [id] of seen) if (id !== desk.shown) desk.stale.add(id); // its pane may be wanted back at once
    return step;
  }
  // To whom, or until when, as the pressed button says it.
  function detail(kind, fields, button) {
    const said = [...(button?.childNodes ?? [])].find((node) => node.nodeType === 3 && node.data.trim())?.data.trim();
    if (!said) return "";
    if (kind === "assign") return ` to ${said.replace(/^(You|Nobody)$/, (word) => word.toLowerCase())}`;
    if (kind !== "snooze") return "";
    return fields.until ? ` until ${fields.until}` : `, ${said[0].toLowerCase()}${said.slice(1)}`.replace(", snooze", "");
  }
  function act(what, ids, fields, button) {
    const seen = ids.map(seenOf).filter(([, value]) => value);
    if (!seen.length) return false;
    const known = seen.map(([id]) => rowOf(id)).filter(Boolean);
    const back = { known: known.map((row) => [row, row.nextElementSibling?.id, row.matches(".unread")]), ids: seen.map(([id]) => id), shown: desk.shown, opened: desk.opened };
    const kind = what.split(":")[0];
    const leaves = threads().dataset.leaves.split(" ").includes(kind), goes = leaves || kind === "done" || kind === "snooze";
    const name = known.length === 1 ? known[0].querySelector("b").textContent : seen.length === 1 ? byId("lead").textContent : `${seen.length} conversations`;
    const held = known.some((row) => row.contains(document.activeElement));
    const next = following(known);
    if (held && goes) focus(next);
    for (const row of known) {
      const box = row.querySelector("input");
      if (box?.checked) box.click();
      if (kind !== "assign" && kind !== "tag") tone(row, kind === "unread");
      if (leaves) row.remove();
    }
    if (leaves) recount(-known.length);
    if (kind === "unread" && desk.opened) close();
    else if (goes && (held || back.ids.includes(desk.shown))) {
      if (next && (roomy.matches || desk.opened)) show(idOf(next));
      else if (leaves && !next) {
        desk.shown = "";
        if (desk.opened) close({ push: true });
        nothing();
      }
    }
    const step = decide(what, seen, (found) => {
      drop(back);
      restore(back);
      say(told(found).at(-1) || `That did not work. ${name} is as it was.`);
      desk.refresh();
    }, fields);
    past.push(back);
    if (kind === "tag") back.stays = `${name}: only another tag takes a tag back.`; // the server says what it did
    else back.toast = say((back.name = `${words[kind]}${detail(kind, fields, button)}: ${name}`), { undo: true });
    back.step = step;
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
    if (last.stays) return say(`Not undone. ${last.stays}`);
    if (last.back) return last.back();
    if (last.sent) return takeBack(last);
    restore(last);
    // What is undone is open and has the focus, so that the next key is about it.
    const id = last.ids.includes(last.shown) ? last.shown : last.ids.find(rowOf) ?? last.ids[0];
    const open = last.opened || desk.opened;
    rowOf(id) ? focus(rowOf(id)) : document.activeElement.blur();
    if (open || roomy.matches) show(id, { open });
    say(`Undone: ${last.name.replace(": ", ", ")}`);
    if (last.step.cancel()) return true;
    const body = () => {
      const data = new FormData();
      data.set("token", last.step.token);
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
