"""The tag of a reply: why it has it, its correction, and the decision about a suspicion."""

import uuid
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from inbox.intake import tag_decisions
from inbox.leads.tags import SAID
from inbox.models import Message
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pipeline.alike import Alike
from inbox.understanding import rules

TAGS = [(str(tag), str(tag)) for tag in SAID]


class CorrectionForm(forms.Form):
    tag = forms.ChoiceField(choices=TAGS, label="What it means")
    reason = forms.CharField(max_length=300, required=False, label="Why (optional)")


class SuspicionForm(forms.Form):
    """A person's answer whether a reply is what the rules suspect, such as an opt-out."""

    answer = forms.ChoiceField(
        choices=[("yes", "It is"), ("no", "It is not")],
        error_messages={
            "required": "Say whether it is: answer yes or no.",
            "invalid_choice": "“%(value)s” is no answer: say yes or no.",
        },
    )


def find_reply(request: WorkspaceRequest, message_id: uuid.UUID) -> Message:
    """The reply of a lead of the request's workspace with this id. Raises Http404."""
    inbound = Message.objects.select_related("lead").filter(direction=Message.Direction.INBOUND)
    return get_object_or_404(inbound, workspace=request.workspace, pk=message_id)


@workspace_view()
def why(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/why/`: the decisions about a reply's tag, and its correction by a member."""
    message = find_reply(request, message_id)
    form = CorrectionForm(request.POST or None, initial={"tag": message.tag or message.lead.tag})
    if request.method == "POST" and form.is_valid():
        was = message.tag
        decision = tag_decisions.correct(
            message, form.cleaned_data["tag"], user=request.user, reason=form.cleaned_data["reason"]
        )
        done = "Kept as" if decision.tag == was else "Corrected to"
        messages.success(request, f"{done} {decision.tag}. It is kept as labelled data.")
        return redirect("inbox:why", request.workspace.pk, message.pk)
    context = {
        "message": message,
        "lead": message.lead,
        "decisions": message.tag_decisions.select_related("user").order_by("-created_at"),
        "alike": Alike.to(message),
        "form": form,
        "rules_version": rules.RULES_VERSION,
    }
    return render(request, "understanding/why.html", context, status=422 if form.errors else 200)


@require_POST
@workspace_view()
def decide_suspicion(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/suspicion/`: stores a person's `answer`, yes or no, to a suspicion."""
    message = find_reply(request, message_id)
    form = SuspicionForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["answer"][0]))
    elif decision := tag_decisions.decide(
        message, is_it=form.cleaned_data["answer"] == "yes", user=request.user
    ):
        messages.success(request, f"{decision.reason} “Why this tag?” below the message takes it back.")
    else:
        messages.info(request, "That has been decided already.")
    page = reverse("inbox:conversation", args=[request.workspace.pk, message.lead_id])
    query = urlencode(request.GET.dict() | {"decided": str(message.pk)})
    return redirect(f"{page}?{query}#message-{message.pk}")
