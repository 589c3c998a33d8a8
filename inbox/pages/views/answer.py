"""Receives what people send or decide in a conversation. `inbox.replying.review` carries it out."""

import uuid

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from inbox.models import Draft, Lead, OutboundSend
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.forms.conversation import AnswerForm, OwnMessageForm
from inbox.pages.parts import part_asked
from inbox.pages.views.conversation import answer_for, find_lead, render_conversation
from inbox.replying import autosend, review


@require_POST
@workspace_view()
def decide_draft(request: WorkspaceRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Does what a reviewer decided about a draft, as `do` says: send (with the edited `text`), discard, rewrite, or
    hold (keep it from going out by itself). Redirects to the conversation.

    A refusal shows the conversation again with the reason, as 409; a text that cannot be sent, as 422.
    """
    drafts = Draft.objects.select_related("lead__campaign")
    draft = get_object_or_404(drafts, workspace=request.workspace, pk=draft_id)
    form = AnswerForm(request.POST)
    action = _action(request, "send", "discard", "rewrite", "hold")
    if action == "send" and not form.is_valid():
        return _again(request, draft.lead, form)
    try:
        if action == "send":
            review.approve(draft, user=request.user, **form.cleaned_data)
        elif action == "hold":
            autosend.cancel(draft, user=request.user)
        elif action == "rewrite":
            review.request_rewrite(draft, user=request.user)
            messages.info(request, "A new draft is being written.")
        else:
            review.reject(draft, user=request.user, reason="Discarded by a reviewer.")
            messages.info(request, "Draft discarded.")
    except review.Refused as refusal:
        return _again(request, draft.lead, form, str(refusal))
    if request.htmx and not part_asked(request):
        return render(request, "inbox/_countdown.html", {"held": True})
    return _back(request, draft.lead_id)


@require_POST
@workspace_view()
def own_message(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Sends the `text` that a person wrote to a lead on `channel`. A `client_token` that came before sends nothing
    again.
    """
    lead = find_lead(request, lead_id)
    form = OwnMessageForm(request.POST)
    if not form.is_valid():
        return _again(request, lead, form)
    try:
        token = str(form.cleaned_data.pop("client_token"))
        review.send_own(lead, user=request.user, client_token=token, **form.cleaned_data)
    except review.Refused as refusal:
        return _again(request, lead, form, str(refusal))
    return _back(request, lead.pk)


@require_POST
@workspace_view()
def settle_send(request: WorkspaceRequest, send_id: uuid.UUID) -> HttpResponse:
    """Does what a person decided about a message whose sending failed or ended unclearly, as `do` says: again (send it
    once more), or went-out (the person knows that it went out).
    """
    sends = OutboundSend.objects.select_related("lead__campaign", "reply_to")
    send = get_object_or_404(sends, workspace=request.workspace, pk=send_id)
    action = _action(request, "again", "went-out")
    try:
        if action == "went-out":
            review.it_went_out(send, user=request.user)
        else:
            review.send_again(send, user=request.user)
    except review.Refused as refusal:
        messages.error(request, str(refusal))
    return _back(request, send.lead_id)


def _action(request: WorkspaceRequest, *known: str) -> str:
    action = request.POST.get("do")
    if action not in known:
        raise BadRequest(f"do: must be one of {', '.join(known)}.")
    return action


def _again(request: WorkspaceRequest, lead: Lead, form: AnswerForm, refusal: str = "") -> HttpResponse:
    """The conversation with the typed text and the reason it did not go out. 409 for a refusal, 422 for a form
    to correct.
    """
    error = refusal or str(next(iter(next(iter(form.errors.values())))))
    text, channel = request.POST.get("text", ""), request.POST.get("channel", "")
    lead = find_lead(request, lead.pk)  # as it is now, so that what is new counts as seen
    answer = answer_for(lead, text=text, channel=channel, error=error)
    return render_conversation(request, lead, answer, status=409 if refusal else 422)


def _back(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    url = reverse("inbox:conversation", args=[request.workspace.pk, lead_id])
    return HttpResponseRedirect(f"{url}?{request.GET.urlencode()}#latest")
