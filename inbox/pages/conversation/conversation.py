"""The page of one conversation: its messages, the area in which users answer, and the lead's details."""

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Least
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin

from inbox.leads import assigning, notes, triage
from inbox.models import Draft, GateResult, Lead, Message, OutboundSend
from inbox.models.lead import Channel
from inbox.models.message import OWN
from inbox.pages.access import MEMBER, WorkspaceRequest, signed_in, workspace_view
from inbox.pages.combined_query import expression, instances, read_together, rows
from inbox.pages.conversation import lead_details
from inbox.pages.conversation.lead_details import finds, rail
from inbox.pages.conversation.timeline import Entry, Timeline, open_sends, timeline
from inbox.pages.desk.conversation_list import Threads, query_of, threads
from inbox.pages.desk.counts import counts_of
from inbox.pages.parts import COUNTS, THREADS, part_asked, render_part, varied
from inbox.pipeline.alike import Alike
from inbox.replying import channels, provenance, review, send_claims
from inbox.replying.channels import Way
from inbox.replying.gates import TEXT_PASSES
from inbox.replying.provenance import DraftMaterial
from inbox.understanding.html import sanitize_html
from inbox.workspaces.accounts import signed
from jobs.models import BackgroundJob

READY = "Ready:"
UNSIGNED = GateResult(passed=False, evidence="No signature: the message ends without a name.")
OUTDATED = GateResult(passed=False, evidence="The text doesn’t contain the current signature.")
"""A draft is signed when it is written, and the signature may be set or changed after that."""


@dataclass(frozen=True)
class DraftLine:
    """The line above the checks of a draft: tone, icon, the emphasised beginning `head`, and the rest `words`.

    `gates` are the checks, failed ones first. For a draft that counts down, `head` is "", and `words` follow the time
    that is left. `unsigned`: whether the draft is an email without a signature.
    """

    tone: str
    icon: str
    head: str
    words: str
    gates: list[GateResult]
    unsigned: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether the draft only waits for a person, because all its checks pass."""
        return self.head == READY


def draft_line(lead: Lead, draft: Draft, gates: list[GateResult], signature: str) -> DraftLine:
    """Returns the line above the checks of `draft` to `lead`, from a sender with this `signature`.

    `gates` are the draft's gate results. There are none if nothing goes out automatically; then the result of checking
    the draft's text replaces them.
    """
    held = [gate for gate in gates if not gate.passed]
    score = f"{len(gates) - len(held)} of {len(gates)} checks pass." if gates else ""
    checks = held + [gate for gate in gates if gate.passed] or _of_text(draft)
    held = held or [check for check in checks if not check.passed]
    if lead.sample:
        return DraftLine("info", "info", "A sample:", " nothing goes out.", checks)
    unsigned, lack = draft.channel == Channel.EMAIL and not signature, ""
    if unsigned:
        checks, lack = [UNSIGNED, *checks], "No signature yet."
    elif draft.channel == Channel.EMAIL and signed(draft.text, signature) != draft.text:
        checks, lack = [OUTDATED, *checks], "Signature missing."
    if draft.send_at:
        return DraftLine("ok", "clock", "", f": {score}" if gates else "", checks)
    if reason := draft.status_reason or (held[0].evidence if held else ""):
        more = f" And {len(held) - 1} more." if len(held) > 1 else ""
        reason = reason.removeprefix("Held: ").rstrip(".")
        more += f" {lack}" if lack else ""
        return DraftLine("warn", "pause", "Held:", f" {reason}.{more} {score}", checks, unsigned)
    if lack:
        return DraftLine("warn", "pause", lack, f" {score} Review it, then send it.", checks, unsigned)
    if checks:
        score = score or "The text passed the check."
        return DraftLine("ok", "ok", READY, f" {score} Review it, then send it.", checks)
    return DraftLine("", "info", "Ready to review.", " The text hasn’t been checked.", checks)


def _of_text(draft: Draft) -> list[GateResult]:
    problems = draft.verification.get("problems")
    if problems is None:
        return []
    failures = [GateResult(passed=False, evidence=problem) for problem in problems]
    return failures or [GateResult(passed=True, evidence=TEXT_PASSES)]


NO_SEND = datetime(1970, 1, 1, tzinfo=UTC)
"""The value of `seen_send` if we have sent no message yet. Every message is newer."""
ON_THE_WAY = (OutboundSend.State.INTENT, OutboundSend.State.UNKNOWN)
ORIGINAL_POLICY = {"default-src": [NONE], "style-src": [SELF], "frame-ancestors": [SELF], "sandbox": [True]}


@dataclass(frozen=True)
class Answer:
    """The area below the messages: a message on its way, a draft to review, or a field for the user's own message.

    `ways` are the channels on which the lead can be reached, except the draft's channel, which is `draft_way`. `text`
    and `channel` are what the user typed if there is an `error`, or come from a message that was `taken_back`.
    `second`: whether the answer would be a second one after a colleague's. `unsigned`: whether the user chose to send
    `text` without a signature, or `text` had been signed before it was taken back. `at`: the words for the time of
    sending, if they were refused.
    """

    send: OutboundSend | None
    draft: Draft | None
    client_token: uuid.UUID
    ways: list[Way]
    text: str = ""
    channel: str = ""
    error: str = ""
    second: bool = False
    unsigned: bool = False
    at: str | None = None
    draft_way: Way | None = None
    taken_back: OutboundSend | None = None
    rewrite: BackgroundJob | None = None
    material: DraftMaterial | None = None
    line: DraftLine | None = None
    seen_send: str = ""
    zone_words: str = ""

    @property
    def being_written(self) -> bool:
        """Whether the model is rewriting the draft. If the job is only waiting, the draft stays visible."""
        job = self.rewrite
        if job is None or self.text or job.status in BackgroundJob.FINAL:
            return False
        return not job.snoozes and job.attempts <= 1

    @property
    def goes_by_enter(self) -> bool:
        """Whether one key sends the draft: it is ready, and the user can take a message back for a while."""
        ready = self.line is not None and self.line.is_ready and not (self.text or self.error)
        return ready and self.draft is not None and bool(self.draft.lead.workspace.undo_send_s)

    @property
    def is_own(self) -> bool:
        """Whether the typed text is the user's own message rather than the edited draft."""
        return not self.draft or any(way.channel == self.channel for way in self.open_ways)

    @property
    def signatures(self) -> set[str]:
        return {way.signature for way in (*self.ways, self.draft_way) if way}

    @property
    def open_ways(self) -> list[Way]:
        """The channels on which the lead can be reached now; the one that the user chose comes first."""
        return sorted((way for way in self.ways if not way.shut), key=lambda way: way.channel != self.channel)

    @property
    def shut_ways(self) -> list[Way]:
        return [way for way in self.ways if way.shut]


class Typed(NamedTuple):
    """The text and channel that a user typed, and the `error` if they were refused. `second`, `unsigned` and `at` mean
    the same as in Answer.
    """

    text: str = ""
    channel: str = ""
    error: str = ""
    second: bool = False
    unsigned: bool = False
    at: str | None = None


NOTHING = Typed()


def is_unsigned(request: WorkspaceRequest) -> bool:
    """Whether the user posted a message of their own with the box *Sign* cleared."""
    return "client_token" in request.POST and "sign" not in request.POST


def find_lead(request: WorkspaceRequest, lead_id: uuid.UUID) -> Lead:
    """Returns the lead with this id in the request's workspace. Raises Http404 if there is none.

    The lead is annotated with `calls_me` (whether an unread note mentions the user), `newest_send_at` (when our newest
    message was claimed) and `first_seen_at` (when the lead was stored, or the time of its first message if that is
    earlier).
    """
    calls_me = notes.calls_user([request.workspace.pk], signed_in(request).pk)
    newest = OutboundSend.objects.filter(lead=OuterRef("pk")).order_by("-created_at").values("created_at")[:1]
    first = Message.objects.filter(lead=OuterRef("pk")).order_by("sent_at").values("sent_at")[:1]
    leads = Lead.objects.select_related("campaign").annotate(
        calls_me=calls_me,
        newest_send_at=Subquery(newest),
        first_seen_at=Least("created_at", Subquery(first)),  # PostgreSQL's LEAST ignores NULL
    )
    lead = get_object_or_404(leads, workspace=request.workspace, pk=lead_id)
    lead.workspace = request.workspace
    return lead


def draft_of(lead: Lead) -> Draft | None:
    """Returns the lead's newest draft that waits for a person; None if there is none."""
    return lead.drafts.filter(status=Draft.Status.PENDING).order_by("-created_at").first()


def answer_for(
    lead: Lead, draft: Draft | None, shown: Timeline | None = None, typed: Typed = NOTHING
) -> Answer:
    """Returns the area of the page below the messages, in which users answer.

    `lead` comes from `find_lead` and `draft` from `draft_of`. `shown` is the page's timeline, if it has one. `typed` is
    a text that was refused.
    """
    sends = sorted(shown.sends if shown else open_sends(lead), key=lambda send: send.created_at, reverse=True)
    unsettled = [send for send in sends if send.state in ON_THE_WAY]
    taken_back = (send for send in sends if send.state == OutboundSend.State.TAKEN_BACK and send.text)
    returned = None if typed.text or draft or unsettled else next(taken_back, None)
    ways = channels.ways(lead, unsettled, draft, send_claims.by_channel(shown.read) if shown else None)
    if typed.text:  # the user may go on writing while a message is on its way
        busy = send_claims.on_its_way(OutboundSend.State.INTENT)
        ways = [replace(way, shut="") if way.shut == busy else way for way in ways]
    draft_way = next((way for way in ways if draft and way.channel == draft.channel), None)
    return Answer(
        send=next(iter(unsettled), None),
        draft=draft,
        client_token=uuid.uuid4(),
        ways=[way for way in ways if unsettled or not draft or way.channel != draft.channel],
        text=typed.text or (returned.text if returned else ""),
        channel=typed.channel or (returned.channel if returned else ""),
        error=typed.error,
        second=typed.second,
        unsigned=typed.unsigned or returned is not None,
        at=typed.at,
        draft_way=draft_way,
        taken_back=returned,
        seen_send=(vars(lead)["newest_send_at"] or NO_SEND).isoformat(),
        zone_words=lead_details.zone_words(lead),
        **(_about(lead, draft, draft_way.signature if draft_way else "") if draft else {}),
    )


def _about(lead: Lead, draft: Draft, signature: str) -> dict[str, Any]:
    parts = read_together(
        lead.workspace_id,
        {
            "gates": rows(draft.gate_results.order_by("stage", "position"), "passed", "evidence"),
            "rewrites": rows(review.rewrites_of(draft)[:1], "status", "snoozes", "attempts", "created_at"),
            "facts": rows(provenance.facts_of(draft), "question", "answer"),
        },
    )
    return {
        "line": draft_line(lead, draft, parts["gates"], signature),
        "rewrite": next(iter(parts["rewrites"]), None),
        "material": provenance.of(draft, parts["facts"]),
    }


@workspace_view()
def conversation(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/inbox/<lead>/`: shows a conversation beside the list for the same query string.

    A member's visit marks the conversation as read. A request for a part ("convo", "threads", "folders") does not,
    because the script fetches conversations before users open them. When a user opens one, the script posts to
    `inbox:triage`.
    """
    part = part_asked(request)
    if part == COUNTS:
        return render_part(request, part)
    lead = find_lead(request, lead_id)
    if part == THREADS:
        return render_part(request, part, {"threads": threads(request), "lead": lead})
    if not part and request.membership.at_least(MEMBER):
        triage.mark_read(lead)
        if vars(lead)["calls_me"]:
            notes.mark_read(request.workspace.pk, signed_in(request), [lead.pk])
        if lead.handed_over_at and lead.assigned_to_id == signed_in(request).pk:
            assigning.mark_seen(request.workspace.pk, signed_in(request), [lead.pk])
    return render_conversation(request, lead)


def render_conversation(
    request: WorkspaceRequest, lead: Lead, typed: Typed = NOTHING, status: int = 200, **more: object
) -> HttpResponse:
    """Renders the page of `lead`, or the part of it that the request asks for.

    `lead` must come from `find_lead`. `typed` is a text that is shown again, and `more` is passed to the templates.
    """
    part = part_asked(request)
    draft = draft_of(lead)
    shown = timeline(lead, draft, everything=bool(request.GET.get("all")))
    answer = answer_for(lead, draft, shown, typed)
    parts = lead_details.parts(lead)
    if part:
        list_shown: Threads | dict[str, str] = {"query": query_of(request)}
        rows = read_together(request.workspace.pk, parts)
    else:
        list_shown = threads(request, also={key: expression(part_rows) for key, part_rows in parts.items()})
        rows = {key: instances(part_rows, counts_of(request)[key]) for key, part_rows in parts.items()}
    context = {
        "alike": alike_to(lead, request.GET.get("decided", "")),
        "threads": list_shown,
        "lead": lead,
        "seen": triage.Seen.of(lead),
        "timeline": shown,
        "rail": rail(lead, shown, draft),
        "finds": finds(lead, shown, answer.signatures),
        "answer": answer,
        **lead_details.context(lead, rows),
        **more,
    }
    if part:
        return render_part(request, part, context, status)
    return varied(render(request, "inbox/conversation.html", context, status=status))


def alike_to(lead: Lead, decided: str) -> Alike | None:
    """Returns the replies with the same words as the reply that was just decided; None if there are none.

    `decided` is the id of the decided reply.
    """
    try:
        message = lead.messages.filter(pk=uuid.UUID(decided)).first()
    except ValueError:
        return None
    alike = Alike.to(message) if message else None
    return alike if alike and alike.count else None


@workspace_view()
def outgoing(request: WorkspaceRequest, lead_id: uuid.UUID, send_id: uuid.UUID) -> HttpResponse:
    """Answers the page's polls during a send: 204 until the send ends, then the new message and the area below it."""
    sends = OutboundSend.objects.select_related("approved_by", "program")
    send = get_object_or_404(sends, workspace=request.workspace, lead=lead_id, pk=send_id)
    if send.state == OutboundSend.State.INTENT:
        return HttpResponse(status=204)
    lead = find_lead(request, lead_id)
    answer = answer_for(lead, draft_of(lead))
    messages = Message.objects.filter(workspace=request.workspace, source=OWN, external_id=str(send.pk))
    message = messages.first() if send.state == OutboundSend.State.SENT else None
    arrived = [] if send.state == OutboundSend.State.TAKEN_BACK else [Entry(send.created_at, send=send)]
    if message:
        arrived = [Entry(message.sent_at, message=message, sent_as=send)]
    if answer.send and answer.send != send:  # the next part of a long text is being sent
        arrived.append(Entry(answer.send.created_at, send=answer.send))
    return _answer(request, lead, answer, settled=send, arrived=arrived)


@workspace_view()
def rewriting(request: WorkspaceRequest, lead_id: uuid.UUID) -> HttpResponse:
    """Answers the page's polls while the model rewrites a draft: 204 until it ends, then the area for answers."""
    lead = find_lead(request, lead_id)
    answer = answer_for(lead, draft_of(lead))
    return HttpResponse(status=204) if answer.being_written else _answer(request, lead, answer)


def _answer(request: WorkspaceRequest, lead: Lead, answer: Answer, **more: object) -> HttpResponse:
    """Renders only the area below the messages. The forms in it keep the list's query string."""
    context = {"lead": lead, "answer": answer, "threads": {"query": request.GET.urlencode()}}
    return render(request, "inbox/_answer.html", context | more)


@xframe_options_sameorigin
@workspace_view()
def original(request: WorkspaceRequest, message_id: uuid.UUID) -> HttpResponseBase:
    """Shows a mail's sanitized HTML in a sandboxed frame. Images load only if the query string has `images`."""
    message = get_object_or_404(Message, workspace=request.workspace, pk=message_id)
    images = bool(request.GET.get("images"))
    html = sanitize_html(message.raw_html, allow_images=images) if message.raw_html else ""
    policy = ORIGINAL_POLICY | ({"img-src": ["https:"]} if images else {})
    page = partial(render, template_name="inbox/original.html", context={"message": message, "html": html})
    return csp(policy)(page)(request)
