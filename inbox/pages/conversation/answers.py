"""Receives answers, notes and decisions about drafts. `inbox.replying.review` carries out what goes to a lead."""

import re
import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from inbox.leads import notes
from inbox.models import Draft, Lead, OutboundSend
from inbox.models.lead import WRITTEN_ON
from inbox.pages.access import POST, WorkspaceRequest, workspace_view
from inbox.pages.conversation import lead_details
from inbox.pages.conversation.conversation import Typed, find_lead, is_unsigned, render_conversation
from inbox.pages.desk import snooze_words
from inbox.pages.desk.conversation_list import threads
from inbox.pages.forms import PostedText, first_error, refusals_shown
from inbox.pages.parts import part_asked
from inbox.pages.team import team_of
from inbox.replying import autosend, review, send_claims, undo, variables

TEXT_LIMIT = 20_000
THEIR_TIME = re.compile(r"\b(?:in )?(?:their (?:local )?|local )(?:time(?: ?zone)?|zone)\b", re.I)


class AnswerForm(forms.Form):
    """The form with the text of an answer.

    `seen_at` is the time of the lead's newest message on the reviewer's page. `seen_send` is the time when our newest
    message on that page was claimed for sending.
    """

    seen_at = forms.DateTimeField(required=False)
    seen_send = forms.DateTimeField(required=False)
    text = PostedText(
        max_length=TEXT_LIMIT,
        error_messages={
            "required": "Write a message first.",
            "max_length": f"This message is too long. Shorten it to {TEXT_LIMIT:,} characters.",
        },
    )

    at = forms.CharField(required=False)

    def __init__(self, data: Any, lead: Lead) -> None:
        super().__init__(data)
        self.lead = lead

    def clean(self) -> dict[str, Any]:
        """Reads the words `at` as a time in the lead's time zone, if the person pressed the button that sends later."""
        words = self.cleaned_data.pop("at", "")
        if self.data.get("do") == LATER:
            try:
                self.cleaned_data["later"] = _read_later(words, self.lead)
            except snooze_words.NotUnderstood as reason:
                self.add_error("at", str(reason))
        return self.cleaned_data

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"])
        if problem := variables.unfilled(text):
            raise forms.ValidationError(problem)
        return text


class OwnMessageForm(AnswerForm):
    """A message that a person wrote. The page sets `client_token`, so that a double click sends only one message."""

    channel = forms.ChoiceField(choices=WRITTEN_ON)
    client_token = forms.UUIDField()
    sign = forms.BooleanField(required=False)


def _read_later(words: str, lead: Lead) -> datetime:
    words, theirs = THEIR_TIME.subn("", words)
    if theirs and lead_details.zone_of_phone(lead.phone) is None:
        raise snooze_words.NotUnderstood(
            f"Send later: {lead.display_name}’s time zone isn’t known. Name one, as in “9am ET” or “9am London”, "
            "or add their mobile number under Edit."
        )
    return snooze_words.read(words, lead.workspace.opens_at, "Send later", lead_details.zone_of(lead))


@workspace_view()
def later_words(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/inbox/<lead>/later/?at=…`: shows the time in the words, or what is wrong with them."""
    lead, words = find_lead(request, lead_id), request.GET.get("at", "").replace("\0", "").strip()
    try:
        context = {"later": lead_details.time_words(_read_later(words, lead), lead)}
    except snooze_words.NotUnderstood as reason:
        context = {"problem": str(reason)}
    return render(request, "inbox/_snooze_words.html", context)


LATER = "later"
SENDING = ("send", "send-next", LATER)


@workspace_view(methods=POST)
def decide_draft(request: WorkspaceRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Carries out a reviewer's decision about a draft and redirects to the conversation.

    `do` is send, send-next, later, discard, rewrite or hold; for a sample, also pretend. The first three send the
    edited `text`: send-next then opens the next conversation, and later waits for the time in the words `at`. If the
    decision is refused, the conversation is shown with the reason, as 409. A text that cannot be sent is a 422.
    """
    drafts = Draft.objects.select_related("lead__campaign", "lead__workspace")
    draft = get_object_or_404(drafts, workspace=request.workspace, pk=draft_id)
    form = AnswerForm(request.POST, draft.lead)
    sample = draft.lead.sample
    action = _action(request, *SENDING, "discard", "rewrite", "hold", *(["pretend"] if sample else []))
    if action in SENDING and not form.is_valid():
        return _again(request, draft.lead, form, channel=draft.channel)
    try:
        if action in SENDING:
            review.approve(draft, user=request.user, **form.cleaned_data)
        elif action == "hold":
            autosend.cancel(draft, user=request.user)
        elif action == "rewrite":
            review.request_rewrite(draft, user=request.user)
            messages.info(request, "Writing a new draft.")
        elif action == "pretend":
            review.reject(draft, user=request.user, reason="This is a sample, so nothing went out.")
            messages.success(
                request, "This is a sample, so nothing was sent. A real lead would be getting your answer."
            )
        else:
            review.reject(draft, user=request.user, reason="Discarded by a reviewer.")
            messages.info(request, "Draft discarded.")
    except send_claims.Refused as refusal:
        return _again(request, draft.lead, form, refusal, draft.channel)
    if request.htmx and not part_asked(request):
        return render(request, "inbox/_countdown.html", {"held": True})
    return _back(request, draft.lead_id, form)


@workspace_view(methods=POST)
def own_message(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Sends `text` to a lead on `channel`, once per `client_token`. If `do` is send-next, the next conversation opens;
    if it is later, the message goes out at the time in the words `at`.
    """
    lead = find_lead(request, lead_id)
    form = OwnMessageForm(request.POST, lead)
    if not form.is_valid():
        return _again(request, lead, form)
    try:
        token = str(form.cleaned_data.pop("client_token"))
        review.send_own(lead, user=request.user, client_token=token, **form.cleaned_data)
    except send_claims.Refused as refusal:
        return _again(request, lead, form, refusal)
    return _back(request, lead.pk, form)


@workspace_view(methods=POST)
def settle_send(request: WorkspaceRequest, send_id: uuid.UUID) -> HttpResponse:
    """Carries out a decision about one of our messages, as `do` says.

    A failed or unclear message can be sent again (again) or marked as sent (went-out). A message that counts down can
    be taken back (take-back), and the text of a message that was taken back can be deleted (forget).
    """
    sends = OutboundSend.objects.select_related("lead__campaign", "reply_to")
    send = get_object_or_404(sends, workspace=request.workspace, pk=send_id)
    action = _action(request, "again", "went-out", "take-back", "forget")
    with refusals_shown(request, send_claims.Refused):
        if action == "take-back":
            undo.take_back(send, user=request.user)
        elif action == "forget":
            review.forget(OutboundSend.objects.filter(pk=send.pk))
        elif action == "went-out":
            review.it_went_out(send, user=request.user)
        else:
            review.send_again(send, user=request.user)
            messages.success(request, f"Sending again to {send.lead.display_name}.")
    return _back(request, send.lead_id)


def _action(request: WorkspaceRequest, *actions: str) -> str:
    action = request.POST.get("do")
    if action not in actions:
        raise BadRequest(f"do: must be one of {', '.join(actions)}.")
    return action


def _again(
    request: WorkspaceRequest,
    lead: Lead,
    form: AnswerForm,
    refusal: send_claims.Refused | None = None,
    channel: str = "",
) -> HttpResponse:
    """Renders the conversation with the typed text and the error: 409 for a refusal, 422 for a form with errors."""
    error = str(refusal or first_error(form))
    text = str(form.fields["text"].to_python(request.POST.get("text", "")))
    channel = channel or request.POST.get("channel", "")
    lead = find_lead(request, lead.pk)  # read again, so that new messages count as seen
    second = isinstance(refusal, review.ColleagueAnswered) or "second" in request.POST
    at = request.POST.get("at", "") if [*form.errors][:1] == ["at"] else None
    typed = Typed(text, channel, error, second, is_unsigned(request), at)
    return render_conversation(request, lead, typed, status=409 if refusal else 422)


def _back(request: WorkspaceRequest, lead_id: uuid.UUID, form: AnswerForm | None = None) -> HttpResponse:
    if form and request.POST.get("do") == LATER:
        words = lead_details.time_words(form.cleaned_data["later"], form.lead)
        messages.success(request, f"The message goes out {words}.")
    goes_on = request.POST.get("do") == "send-next" and not part_asked(request)
    place = _following(request, lead_id) if goes_on else (request.workspace.pk, lead_id)
    return _to_latest(request, *place)


def _to_latest(request: WorkspaceRequest, *place: uuid.UUID) -> HttpResponse:
    url = reverse("inbox:conversation", args=place)
    return HttpResponseRedirect(f"{url}?{request.GET.urlencode()}#latest")


def _following(request: WorkspaceRequest, lead_id: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """Returns the ids of the workspace and lead to show next: the row below this conversation in the request's list, or
    else this conversation. If it is not in the list, the list's first row.
    """
    here = (request.workspace.pk, lead_id)
    places = [(row.workspace_id, row.pk) for row in threads(request).page.rows]
    below = places[places.index(here) + 1 :] if here in places else places
    return next(iter(below), here)


class NoteForm(forms.Form):
    text = PostedText(
        max_length=TEXT_LIMIT,
        error_messages={
            "required": "Write the note first.",
            "max_length": f"This note is too long. Shorten it to {TEXT_LIMIT:,} characters.",
        },
    )


@workspace_view(methods=POST)
def write_note(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/inbox/<lead>/note/`: stores `text` as a note, and notifies the members whom it mentions with @.

    An unknown name is shown as a warning. An empty or too long text is a 422.
    """
    lead, form = find_lead(request, lead_id), NoteForm(request.POST)
    if not form.is_valid():
        messages.error(request, first_error(form))
        return render_conversation(request, lead, status=422)
    note = notes.write(lead, request.membership, form.cleaned_data["text"], team_of(request).callable)
    for word in note.unknown:
        messages.warning(request, f"No one here is called “@{word}”, so no one was notified.")
    return _to_latest(request, request.workspace.pk, lead.pk)
