/* Sends decisions about conversations to the server: done, snoozed, unread, assigned, tagged, read. */
import { all, byId, page } from "./page.js";
import { stale } from "./panes.js";
import { enqueue, formData } from "./queue.js";
import { inboxOf, rowOf, setUnread } from "./rows.js";
import { say } from "./toasts.js";

/** Returns three values for a decision: the lead, the version of its conversation that the user saw, and the path of
 * its inbox. The version comes from the pane if it is shown, because the pane may be older than the row.
 * @param {string} lead
 * @returns {[string, string | undefined, string]} */
export const viewOf = (lead) => [
  lead,
  (lead === page.shown && byId("triage")?.elements.lead.value) || rowOf(lead)?.querySelector("input")?.value,
  inboxOf(lead),
];

/** Sends one decision, a request for each workspace. `views` pairs each lead with the version that the user saw.
 * @param {string} decision @param {[string, string | undefined, string][]} views @param {Record<string, string>} fields
 * @param {(inbox: string, reply?: Reply) => void} onFailure
 * @returns {SentDecision[]} */
export function sendDecision(decision, views, fields, onFailure) {
  const inboxes = Map.groupBy(views, ([, , inbox]) => inbox);
  return [...inboxes].map(([inbox, part]) =>
    sendTo(inbox, decision, part, fields, (reply) => onFailure(inbox, reply)),
  );
}
/** @param {string} inbox
 * @param {string} decision @param {[string, string | undefined, string][]} views @param {Record<string, string>} fields
 * @param {(reply?: Reply) => void} onFailure
 * @returns {SentDecision} */
function sendTo(inbox, decision, views, fields, onFailure) {
  const sent = { inbox, token: "", cancel: () => false };
  const url = `${inbox}triage/`;
  const body = () => {
    const form = formData({ do: decision, ...fields });
    for (const [, state] of views) form.append("lead", state ?? "");
    return form;
  };
  /** @param {Reply} reply */
  const onSuccess = (reply) => {
    sent.token = reply.page.querySelector("[name=token]")?.value ?? "";
    if (decision === "read") return;
    const refusals = all(".toast", reply.page).filter((toast) => !toast.querySelector("form"));
    for (const toast of refusals) say(toast.textContent.trim());
    if (refusals.length) page.refreshList(); // shows the rows of refused decisions again
  };
  sent.cancel = enqueue({ url: () => url, body, target: "toasts", onSuccess, onFailure });
  for (const [lead] of views) if (lead !== page.shown) stale.add(lead); // the pane stays for an Undo
  return sent;
}

/** Marks a conversation as read, here and on the server.
 * @param {string} lead */
export function markRead(lead) {
  const row = rowOf(lead);
  if (!row?.matches(".unread")) return;
  const view = viewOf(lead);
  setUnread(row, false);
  if (view[1]) sendDecision("read", [view], {}, () => {});
}
