"""The pages with the lists of follow-ups, the actions on follow-ups, and the approval of a step."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from inbox.followups import by_hand, lists, step_job
from inbox.models import FollowUpInstance, FollowUpTask
from inbox.pages.access import FORM, MEMBER, POST, WorkspaceRequest, workspace_view
from inbox.pages.forms import PostedText, accepts, form_page, redirect_to
from inbox.pages.pagination import page_of
from inbox.replying import limits
from inbox.replying.send_claims import Refused
from jobs.display import tile


class ApprovalForm(forms.Form):
    """The text of a follow-up's step on `channel`, which a person edits and approves."""

    text = PostedText(
        label="Message",
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "Write a message first, or skip the step."},
    )

    def __init__(self, *args: Any, channel: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.channel = channel

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        if problem := limits.problem(self.channel, text):
            raise forms.ValidationError(problem)
        return text


NOTES = {
    "due": "sent within a minute",
    "in-hand": "being written or sent",
    "approval": "awaiting your decision",
    "waiting": "not due yet",
    "paused": "see the reasons below",
    "excluded": "due, but a setting stops them",
    "skipped": "in 30 days",
    "failed": "in 30 days",
}
EMPTY = {
    "due": "Add leads from a sequence.",
    "in-hand": "Steps appear here while they’re being written or sent.",
    "approval": "Messages that need approval appear here.",
    "waiting": "Add leads from a sequence.",
    "paused": "Follow-ups appear here after the lead replies or while the account is down.",
    "excluded": "Due steps appear here when a setting stops them from being sent.",
    "skipped": "Skipped steps appear here with the reason.",
    "failed": "Steps that failed to send appear here with the provider’s error.",
}
"""The texts that the lists show while they are empty."""
TIMES = {"due_at": "Due", "claimed_at": "Started", "finished_at": "Ended"}
BUTTONS = {
    "due": ("pause", "skip", "cancel"),
    "in-hand": (),
    "approval": ("approve", "skip", "cancel"),
    "waiting": ("pause", "skip", "cancel"),
    "paused": ("resume", "skip", "cancel"),
    "excluded": ("skip", "cancel"),
    "skipped": (),
    "failed": ("resume", "skip", "cancel"),
}
LABELS = {"resume": "Resume", "skip": "Skip step", "cancel": "Stop", "pause": "Pause", "approve": "Approve"}


@workspace_view()
def follow_ups(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/followups/?view=…&reason=…`: shows a list of follow-ups, by default the first that has rows."""
    counts = lists.counts(request.workspace)
    wanted = request.GET.get("view") or next(filter(counts.get, lists.VIEWS), "due")
    view = lists.VIEWS.get(wanted, lists.VIEWS["due"])
    reason = request.GET.get("reason", "")
    related = (
        ("lead", "step__sequence", "instance", "send") if view.of_tasks else ("lead", "sequence", "next_step")
    )
    rows = lists.because(view, request.workspace.pk, reason).select_related(*related)
    page = page_of(request, rows, view.order)
    context = {
        "tiles": [
            tile(tab.label, counts[tab.key], NOTES[tab.key], tab.tone if counts[tab.key] else "")
            | {"key": tab.key}
            for tab in lists.VIEWS.values()
        ],
        "time_words": TIMES[view.order],
        "next": EMPTY[view.key],
        "view": view,
        "rows": [_row(view, row) for row in page.rows],
        "page": page,
        "reasons": lists.reasons(request.workspace, view),
        "reason": reason,
        "fell_through": lists.fell_through(request.workspace)[:20],
        "buttons": [(name, LABELS[name]) for name in BUTTONS[view.key]]
        if request.membership.at_least(MEMBER)
        else [],
    }
    return render(request, "followups/list.html", context)


def list_of(request: WorkspaceRequest, view: str, **words: str) -> HttpResponse:
    """Redirects to the list `view`, a key of lists.VIEWS; "" means the first list that has rows. The next page shows
    `words`, as for `redirect_to`.
    """
    response = redirect_to(request, "inbox:followups", **words)
    response["Location"] += f"?view={view}" if view else ""
    return response


def _row(view: lists.View, row: Any) -> dict[str, object]:
    step = row.step if view.of_tasks else row.next_step
    instance = row.instance if view.of_tasks else row
    why = row.reason if view.of_tasks else row.waits_for
    if not view.of_tasks and row.status == FollowUpInstance.Status.PAUSED:
        why = row.get_paused_for_display()
    return {
        "instance": instance,
        "lead": row.lead,
        "sequence": step.sequence if view.of_tasks else row.sequence,
        "step": step,
        "task": row if view.of_tasks else None,
        "why": why,
        "at": getattr(row, view.order),
        "gone_on": view.of_tasks and not row.waits_here,
    }


@workspace_view(methods=POST)
def act(request: WorkspaceRequest) -> HttpResponse:
    """Carries out the action `do` (a key of by_hand.ACTIONS) on the selected follow-ups.

    With `all`, it concerns all follow-ups of the list `view` with the reason `reason`, at most 1,000. An action that
    the list does not offer changes nothing.
    """
    name, view = request.POST.get("do", ""), lists.VIEWS.get(request.POST.get("view", ""))
    if view is None or name not in BUTTONS[view.key]:
        return list_of(request, view.key if view else "", error="Choose an action.")
    if not (ids := _chosen(request, view)):
        return list_of(request, view.key, error="Select at least one follow-up.")
    _act(request, name, ids)
    return list_of(request, view.key)


def _act(request: WorkspaceRequest, name: str, ids: list[uuid.UUID]) -> None:
    outcome = by_hand.act(request.workspace, name, ids, user=request.user)
    if outcome.done:
        many = "1 follow-up" if outcome.done == 1 else f"{outcome.done} follow-ups"
        messages.success(request, f"{by_hand.WORDS[name]} {many}.")
    if outcome.refusals:
        messages.warning(request, f"{len(outcome.refusals)} unchanged: {outcome.refusals[0]}")


def _chosen(request: WorkspaceRequest, view: lists.View) -> list[uuid.UUID]:
    if request.POST.get("all"):
        rows = lists.because(view, request.workspace.pk, request.POST.get("reason", ""))
        ids = (
            rows.filter(waits_here=True).values_list("instance_id")
            if view.of_tasks
            else rows.values_list("pk")
        )
        return [pk for (pk,) in ids[:1_000]]
    try:
        return [uuid.UUID(key) for key in request.POST.getlist("instance")[:1_000]]
    except ValueError:
        return []


@workspace_view(MEMBER, FORM)
def task(request: WorkspaceRequest, task_id: uuid.UUID) -> HttpResponse:
    """Shows a step that waits for approval. A person edits and approves it, or skips it, as `do` says."""
    waiting = FollowUpTask.objects.select_related("lead", "instance", "step__sequence")
    step_task = get_object_or_404(waiting, pk=task_id, workspace=request.workspace)
    form = ApprovalForm(request.POST or None, channel=step_task.channel, initial={"text": step_task.text})
    if request.POST.get("do") == "skip":
        _act(request, "skip", [step_task.instance_id])
        return list_of(request, "approval")

    def approve() -> None:
        step_job.approve(step_task, user=request.user, text=form.cleaned_data["text"])

    if accepts(form, None, approve, Refused):
        return list_of(request, "approval", success="Approved. It’s on its way.")
    return form_page(request, "followups/task.html", form, task=step_task, lead=step_task.lead)
