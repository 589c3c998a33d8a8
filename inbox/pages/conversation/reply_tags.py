"""The pages about a reply's tag: its reasons, its correction, a suspicion, and other replies with the same words."""

import uuid
from datetime import datetime
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone

from inbox.intake import tag_decisions
from inbox.leads.tags import SAID
from inbox.models import Message
from inbox.pages.access import FORM, POST, WorkspaceRequest, workspace_view
from inbox.pages.forms import first_error, form_page, redirect_to, refusals_shown
from inbox.pipeline.alike import MOST, SHOWN, Alike, NotAlike
from inbox.understanding import rules

TAGS = [(str(tag), str(tag)) for tag in SAID]


class CorrectionForm(forms.Form):
    tag = forms.ChoiceField(choices=TAGS, label="Tag")
    reason = forms.CharField(max_length=300, required=False, label="Reason (optional)")


class SuspicionForm(forms.Form):
    """Asks a person whether the rules' suspicion about a reply, such as an opt-out, is right."""

    answer = forms.TypedChoiceField(
        choices=[("yes", "Yes"), ("no", "No")],
        coerce=lambda answer: answer == "yes",
        error_messages={
            "required": "Answer yes or no.",
            "invalid_choice": "“%(value)s” isn’t a choice. Answer yes or no.",
        },
    )


def find_reply(request: WorkspaceRequest, message_id: uuid.UUID) -> Message:
    """Returns the reply with this id in the request's workspace. Raises Http404 if there is none."""
    inbound = Message.objects.select_related("lead").filter(direction=Message.Direction.INBOUND)
    return get_object_or_404(inbound, workspace=request.workspace, pk=message_id)


@workspace_view(methods=FORM)
def why(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/why/`: shows the decisions about a reply's tag. Members can correct the tag."""
    message = find_reply(request, message_id)
    form = CorrectionForm(request.POST or None, initial={"tag": message.tag or message.lead.tag})
    if form.is_valid():
        before = message.tag
        decision = tag_decisions.correct(message, user=request.user, **form.cleaned_data)
        done = "Confirmed as" if decision.tag == before else "Corrected to"
        words = f"{done} {decision.tag}. Saved as labelled data."
        return redirect_to(request, "inbox:why", message.pk, success=words)
    return form_page(
        request,
        "understanding/why.html",
        form,
        message=message,
        lead=message.lead,
        decisions=message.tag_decisions.select_related("user", "program").order_by("-created_at"),
        alike=Alike.to(message),
        rules_version=rules.RULES_VERSION,
    )


@workspace_view(methods=POST)
def decide_suspicion(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/suspicion/`: stores the `answer` (yes or no) to the rules' suspicion."""
    message = find_reply(request, message_id)
    form = SuspicionForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
    elif decision := tag_decisions.decide(message, is_it=form.cleaned_data["answer"], user=request.user):
        messages.success(request, f"{decision.reason} Change it with “Why this tag?” below the message.")
    else:
        messages.info(request, "Someone has already resolved this.")
    page = reverse("inbox:conversation", args=[request.workspace.pk, message.lead_id])
    query = urlencode(request.GET.dict() | {"decided": str(message.pk)})
    return redirect(f"{page}?{query}#message-{message.pk}")


class AlikeForm(forms.Form):
    """Applies the decision `decision` (an id) to similar replies up to the time `until`, which is at most now."""

    decision = forms.UUIDField()
    until = forms.DateTimeField()

    def clean_until(self) -> datetime:
        until: datetime = self.cleaned_data["until"]
        return min(until, timezone.now())


@workspace_view(methods=FORM)
def alike(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/alike/`: applies a decision about this reply to all replies with the same
    words.

    A GET shows the effects. A POST enqueues the job. The job covers the replies that had arrived by `until`, which is
    when the page showed them.
    """
    message = find_reply(request, message_id)
    group = Alike.to(message)
    if request.method == "POST":
        _start(request, group)
        return redirect_to(request, "inbox:alike", message.pk)
    now = timezone.now()
    context = {
        "message": message,
        "lead": message.lead,
        "alike": group,
        "count": group.replies(now).count() if group else 0,
        "changes": list(group.changes(now)) if group else [],
        "until": now.isoformat(),
        "shown": SHOWN,
        "most": MOST,
        "job": group.job if group else None,
    }
    return render(request, "understanding/alike.html", context)


def _start(request: WorkspaceRequest, group: Alike | None) -> None:
    form = AlikeForm(request.POST)
    if group is None:
        messages.error(request, "This reply has no confirmed tag yet. Correct its tag first.")
    elif not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        messages.error(request, f"{name}: {errors[0]} Reload this page.")
    elif group.decision.pk != form.cleaned_data["decision"]:
        messages.error(request, "Someone has reviewed this reply since then. Check the changes again.")
    else:
        with refusals_shown(request, NotAlike, level=messages.INFO):
            count = group.start(form.cleaned_data["until"], request.user)
            count = min(count, MOST)
            messages.success(request, f"Updating {count} similar {'reply' if count == 1 else 'replies'}.")


@workspace_view()
def alike_progress(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """Renders the part of the page that shows the job's progress."""
    message = find_reply(request, message_id)
    group = Alike.to(message)
    context = {"message": message, "job": group.job if group else None}
    return render(request, "understanding/_alike_progress.html", context)
