"""The pages about tags: why a reply has its tag, its correction, the rules, and the corrections as labelled data."""

import json
import uuid
from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from inbox.intake import tag_decisions
from inbox.models import Membership, Message
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.forms.tags import CorrectionForm, SuspicionForm
from inbox.pipeline import agreement
from inbox.pipeline.alike import Alike
from inbox.pipeline.corrections import count, labelled
from inbox.replying import prompts
from inbox.understanding import installed_weights, rules


def find_reply(request: WorkspaceRequest, message_id: uuid.UUID) -> Message:
    """The message with this id that a lead of the request's workspace wrote. Raises Http404."""
    inbound = Message.objects.select_related("lead").filter(direction=Message.Direction.INBOUND)
    return get_object_or_404(inbound, workspace=request.workspace, pk=message_id)


@workspace_view()
def why(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/why/`: shows who gave a reply its tag (what it wants), and by
    which words. A member may correct the tag.
    """
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
    """`w/<workspace>/messages/<message>/suspicion/`: stores a person's `answer`, yes or no, to whether a reply is what
    the rules suspect, such as an opt-out.
    """
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


@require_safe
@workspace_view()
def rule_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/rules/`: lists the rules that read replies without a model, in the order in which they are asked,
    with how often each decided in this workspace.
    """
    of_rule = agreement.by_rule(request.workspace.pk)
    lines = [
        (rule, sorted(rule.channels), of_rule.get(rule.id, agreement.Agreement())) for rule in rules.RULES
    ]
    context = {
        "lines": lines,
        "days": agreement.DAYS,
        "version": rules.RULES_VERSION,
        "taught": installed_weights.in_use,
        "prompt": prompts.load("tag"),
        "corrections": count(request.workspace),
    }
    return render(request, "understanding/rules.html", context)


@require_safe
@workspace_view(Membership.Role.ADMIN)
def corrections(request: WorkspaceRequest) -> StreamingHttpResponse:
    """`w/<workspace>/corrections.jsonl`: downloads the replies whose tag people corrected, one reply a line, in the
    form that the command evaluate_replies reads.
    """

    def lines() -> Iterator[str]:
        for row in labelled(request.workspace):
            yield json.dumps(row, ensure_ascii=False) + "\n"

    answer = StreamingHttpResponse(lines(), content_type="application/x-ndjson")
    answer["Content-Disposition"] = 'attachment; filename="corrections.jsonl"'
    return answer
