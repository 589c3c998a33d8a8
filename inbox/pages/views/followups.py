"""The pages of follow-ups: what waits and why, what to do about it, and the sequences."""

import uuid
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from inbox.followups import by_hand, lists, plan, responses, step_job
from inbox.leads.folders import CappedCount
from inbox.models import (
    FollowUpInstance,
    FollowUpSequence,
    FollowUpStep,
    FollowUpTask,
    Lead,
    Membership,
    audit,
)
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.forms.followups import ApprovalForm, EnrolForm, OneLeadForm, SequenceForm, StepFormSet
from inbox.pages.pagination import keyset_page
from inbox.replying.send_claims import Refused
from inbox.replying.variables import VARIABLES

ADMIN = Membership.Role.ADMIN
NOTES = {
    "due": "taken up in a minute",
    "in-hand": "being written or sent",
    "approval": "a person decides",
    "waiting": "for their time",
    "paused": "for the reasons below",
    "excluded": "due, and held back",
    "skipped": "in 30 days",
    "failed": "in 30 days",
}
EMPTY = {
    "due": "Leads are enrolled from a sequence.",
    "in-hand": "A step stands here while it is written or sent.",
    "approval": "A step whose message a person decides about stands here.",
    "waiting": "Leads are enrolled from a sequence.",
    "paused": "A follow-up stands here when its lead has written, or its account is down.",
    "excluded": "A step that is due stands here when something speaks against it, with the reason.",
    "skipped": "A step that was left out stands here, with the reason.",
    "failed": "A step whose message did not go out stands here, with the provider’s words.",
}
"""What each view is for, where nothing is in it."""
TIMES = {"due_at": "Due", "claimed_at": "Taken up", "finished_at": "When"}
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


@require_GET
@workspace_view()
def follow_ups(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/followups/?view=<key of lists.VIEWS>&reason=<value of lists.Reason>`: lists the workspace's
    follow-ups. Without `view` it is the first list that has some.
    """
    counts = lists.counts(request.workspace)
    wanted = request.GET.get("view") or next(filter(counts.get, lists.VIEWS), "due")
    view = lists.VIEWS.get(wanted, lists.VIEWS["due"])
    reason = request.GET.get("reason", "")
    related = (
        ("lead", "step__sequence", "instance", "send") if view.of_tasks else ("lead", "sequence", "next_step")
    )
    page = keyset_page(
        lists.because(view, request.workspace.pk, reason).select_related(*related),
        view.order,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    context = {
        "tiles": [
            {
                "key": tab.key,
                "label": tab.label,
                "value": counts[tab.key],
                "note": NOTES[tab.key],
                "tone": tab.tone if counts[tab.key] else "",
            }
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
        "buttons": [(name, LABELS[name]) for name in BUTTONS[view.key]] if _writes(request) else [],
    }
    return render(request, "followups/list.html", context)


def _writes(request: WorkspaceRequest) -> bool:
    return request.membership.at_least(Membership.Role.MEMBER)


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


@require_POST
@workspace_view()
def act(request: WorkspaceRequest) -> HttpResponse:
    """Does the action `do` (a key of by_hand.ACTIONS, such as "pause") to the ticked follow-ups. With `all` it does it
    to those of the list `view`, or, if `reason` is given, to those that are there for this reason. It takes 1000 at
    most, and redirects to the list. An action that the list does not offer changes nothing.
    """
    name, view = request.POST.get("do", ""), lists.VIEWS.get(request.POST.get("view", ""))
    target = redirect("inbox:followups", request.workspace.pk)
    target["Location"] += f"?view={view.key}" if view else ""
    if view is None or name not in BUTTONS[view.key]:
        messages.error(request, "Choose what to do.")
        return target
    ids = _chosen(request, view)
    if not ids:
        messages.error(request, "Tick at least one follow-up.")
        return target
    _tell(request, name, by_hand.act(request.workspace, name, ids, user=request.user))
    return target


def _tell(request: WorkspaceRequest, name: str, outcome: by_hand.ByHandResult) -> None:
    if outcome.done:
        many = "1 follow-up" if outcome.done == 1 else f"{outcome.done} follow-ups"
        messages.success(request, f"{by_hand.WORDS[name]} {many}.")
    if outcome.refusals:
        messages.warning(request, f"{len(outcome.refusals)} left as they were: {outcome.refusals[0]}")


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


@require_http_methods(["GET", "POST"])
@workspace_view(Membership.Role.MEMBER)
def task(request: WorkspaceRequest, task_id: uuid.UUID) -> HttpResponse:
    """Shows a follow-up message that waits for a person's approval. The person can change and approve it (`do` =
    approve), or skip it (`do` = skip).
    """
    waiting = FollowUpTask.objects.select_related("lead", "instance", "step__sequence")
    step_task = get_object_or_404(waiting, pk=task_id, workspace=request.workspace)
    form = ApprovalForm(request.POST or None, channel=step_task.channel, initial={"text": step_task.text})
    back = redirect("inbox:followups", request.workspace.pk)
    back["Location"] += "?view=approval"
    if request.POST.get("do") == "skip":
        outcome = by_hand.act(request.workspace, "skip", [step_task.instance_id], user=request.user)
        _tell(request, "skip", outcome)
        return back
    if request.method == "POST" and form.is_valid():
        try:
            step_job.approve(step_task, user=request.user, text=form.cleaned_data["text"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "Approved. It is going out.")
            return back
    context = {"task": step_task, "form": form, "lead": step_task.lead}
    return render(request, "followups/task.html", context, status=422 if form.errors else 200)


@require_GET
@workspace_view()
def sequences(request: WorkspaceRequest) -> HttpResponse:
    """Lists the workspace's follow-up sequences, with how leads responded to each of their steps."""
    live = FollowUpInstance.objects.filter(sequence=OuterRef("pk"), status__in=FollowUpInstance.LIVE)
    context = {
        "sequences": FollowUpSequence.objects.filter(workspace=request.workspace).annotate(
            many_steps=Count("steps", filter=Q(steps__retired=False)), live=CappedCount(live.values("pk"))
        ),
        "effectiveness": responses.effectiveness(request.workspace.pk),
        "objections": responses.objections(request.workspace.pk)[:10],
    }
    return render(request, "followups/sequences.html", context)


@require_http_methods(["GET", "POST"])
@workspace_view(ADMIN)
def new_sequence(request: WorkspaceRequest) -> HttpResponse:
    """Creates a follow-up sequence of the workspace."""
    return _edit(request, FollowUpSequence(workspace=request.workspace))


@require_http_methods(["GET", "POST"])
@workspace_view(ADMIN)
def sequence(request: WorkspaceRequest, sequence_id: uuid.UUID) -> HttpResponse:
    """Edits a follow-up sequence of the workspace."""
    return _edit(request, _own(request, sequence_id))


def _own(request: WorkspaceRequest, sequence_id: uuid.UUID) -> FollowUpSequence:
    return get_object_or_404(FollowUpSequence, pk=sequence_id, workspace=request.workspace)


def _edit(request: WorkspaceRequest, sequence: FollowUpSequence) -> HttpResponse:
    exists = not sequence._state.adding
    planned = FollowUpStep.objects.filter(retired=False)
    posted = request.POST if request.method == "POST" else None
    form = SequenceForm(posted, instance=sequence)
    formset = StepFormSet(posted, instance=sequence, queryset=planned, prefix="steps")
    if posted is not None and form.is_valid() and formset.is_valid():
        with transaction.atomic():
            saved = form.save()
            formset.instance = saved
            formset.save()
            audit.record(
                request.workspace.pk, request.user, "sequence.saved", saved, changes=audit.changes_of(form)
            )
        messages.success(request, "Saved.")
        return redirect("inbox:sequence", request.workspace.pk, saved.pk)
    context = {
        "sequence": sequence if exists else None,
        "form": form,
        "formset": formset,
        "variables": VARIABLES,
        "enrol": EnrolForm(),
    }
    return render(request, "followups/sequence.html", context, status=200 if posted is None else 422)


@require_POST
@workspace_view()
def enrol_lead(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Starts a follow-up sequence, chosen on the page of a conversation, for that one lead."""
    lead = get_object_or_404(Lead, pk=lead_id, workspace=request.workspace)
    form = OneLeadForm(lead, request.POST)
    started = plan.enrol(lead, form.cleaned_data["sequence"], user=request.user) if form.is_valid() else None
    if started is None:
        messages.error(
            request, "Not enrolled: it is running for this lead already, or they may not be contacted."
        )
    else:
        audit.record(request.workspace.pk, request.user, "sequence.enrolled", started.sequence, count=1)
        messages.success(request, f"Enrolled in “{started.sequence.name}”.")
    return redirect("inbox:conversation", request.workspace.pk, lead.pk)


@require_POST
@workspace_view()
def enrol(request: WorkspaceRequest, sequence_id: uuid.UUID) -> HttpResponse:
    """Starts a follow-up sequence for the leads that the form names by address or tag, 2000 at most, and says for how
    many it started and for how many not.
    """
    sequence, form = _own(request, sequence_id), EnrolForm(request.POST)
    back = redirect("inbox:followups", request.workspace.pk)
    back["Location"] += "?view=waiting"
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return back
    leads = list(form.leads(request.workspace))
    started = [row for lead in leads if (row := plan.enrol(lead, sequence, user=request.user)) is not None]
    audit.record(request.workspace.pk, request.user, "sequence.enrolled", sequence, count=len(started))
    messages.success(request, f"Enrolled {len(started)} of {len(leads)} leads.")
    unknown = len(set(form.cleaned_data["emails"]) - {lead.email for lead in leads})
    if unknown:
        messages.warning(request, f"{unknown} of the addresses belong to no lead.")
    if skipped := len(leads) - len(started):
        messages.warning(request, f"{skipped} are in it already, or may not be contacted.")
    return back
