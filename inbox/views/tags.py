"""Why a reply has its tag, how a person corrects it, the rules that decide, and the corrections as labelled data."""

import json
import uuid
from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from inbox import audit, prompts
from inbox.access import workspace_view
from inbox.accounts import slack_of
from inbox.forms.tags import CorrectionForm, NoticeForm, SuspicionForm
from inbox.models import Membership, Message, TagDecision, Workspace
from inbox.pipeline import agreement, tagging
from inbox.pipeline.alike import Alike
from inbox.pipeline.labelled import labelled
from inbox.understanding import installed, rules


def find_reply(request: HttpRequest, message_id: uuid.UUID) -> Message:
    """What a lead of this workspace wrote. Raises Http404."""
    inbound = Message.objects.select_related("lead").filter(direction=Message.Direction.INBOUND)
    return get_object_or_404(inbound, workspace=request.workspace, pk=message_id)


@workspace_view()
def why(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/why/`: who decided, by which words; a member may correct it."""
    message = find_reply(request, message_id)
    form = CorrectionForm(request.POST or None, initial={"tag": message.tag or message.lead.tag})
    if request.method == "POST" and form.is_valid():
        was = message.tag
        decision = tagging.correct(
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
def decide_suspicion(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/messages/<message>/suspicion/`: `answer` yes or no to what the reply may be."""
    message = find_reply(request, message_id)
    form = SuspicionForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.errors["answer"][0])
    elif decision := tagging.decide(message, is_it=form.cleaned_data["answer"] == "yes", user=request.user):
        messages.success(request, f"{decision.reason} “Why this tag?” below the message takes it back.")
    else:
        messages.info(request, "That has been decided already.")
    page = reverse("inbox:conversation", args=[request.workspace.pk, message.lead_id])
    query = urlencode(request.GET.dict() | {"decided": str(message.pk)})
    return redirect(f"{page}?{query}#message-{message.pk}")


@require_safe
@workspace_view()
def rule_list(request: HttpRequest) -> HttpResponse:
    """`w/<workspace>/rules/`: every rule, in the order of judgement, with how often it decided here."""
    of_rule = agreement.by_rule(request.workspace.pk)
    lines = [
        (rule, sorted(rule.channels), of_rule.get(rule.id, agreement.Agreement())) for rule in rules.RULES
    ]
    corrections = TagDecision.objects.filter(
        workspace=request.workspace, kind=TagDecision.Kind.PERSON
    ).count()
    context = {
        "lines": lines,
        "days": agreement.DAYS,
        "version": rules.RULES_VERSION,
        "taught": installed.in_use,
        "prompt": prompts.load("tag"),
        "corrections": corrections,
    }
    return render(request, "understanding/rules.html", context | _notices(request.workspace))


def _notices(workspace: Workspace) -> dict[str, object]:
    """Which tags are told of, and whether there is a place to tell it."""
    return {
        "notice_form": NoticeForm(initial={"tags": workspace.notice_tags}),
        "slack": slack_of(workspace.pk),
    }


@require_POST
@workspace_view(Membership.Role.ADMIN)
def told_of(request: HttpRequest) -> HttpResponse:
    """`w/<workspace>/rules/notices/`: have Slack told of the given `tags`, and of no others."""
    form = NoticeForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.errors["tags"][0])
        return redirect("inbox:rules", request.workspace.pk)
    tags = form.cleaned_data["tags"]
    Workspace.objects.filter(pk=request.workspace.pk).update(notice_tags=tags)
    audit.record(request.workspace.pk, request.user, "notices.change", request.workspace, tags=tags)
    messages.success(request, f"Slack is told of: {', '.join(tags)}." if tags else "Slack is told of no tag.")
    return redirect("inbox:rules", request.workspace.pk)


@require_safe
@workspace_view(Membership.Role.ADMIN)
def corrections(request: HttpRequest) -> StreamingHttpResponse:
    """`w/<workspace>/corrections.jsonl`: what people corrected, one reply a line, as evaluate_replies reads it."""

    def lines() -> Iterator[str]:
        for row in labelled(request.workspace):
            yield json.dumps(row, ensure_ascii=False) + "\n"

    answer = StreamingHttpResponse(lines(), content_type="application/x-ndjson")
    answer["Content-Disposition"] = 'attachment; filename="corrections.jsonl"'
    return answer
