"""One conversation: the messages, the answer that is due, and who this is."""

import uuid
from dataclasses import dataclass

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from inbox import triage
from inbox.access import workspace_view
from inbox.followups import plan
from inbox.leads import facts
from inbox.models import Appointment, Draft, Lead, Membership, Message, OutboundSend, WebhookDelivery
from inbox.models.message import OWN
from inbox.pipeline.alike import Alike
from inbox.replying import making, review
from inbox.replying.channels import Way, ways
from inbox.replying.making import Made
from inbox.timeline import Entry, timeline
from inbox.understanding.html import sanitize_html
from inbox.views.threads import threads
from jobs.models import BackgroundJob

DELIVERY_LIMIT = MEETING_LIMIT = 5
ORIGINAL_POLICY = {"default-src": [NONE], "style-src": [SELF], "frame-ancestors": [SELF], "sandbox": [True]}


@dataclass(frozen=True)
class Answer:
    """What stands below the messages: a send that is not over, a draft to review, or room for a message of one's own.

    `ways` are the lead's channels, without the one of the draft. `text` and `channel` are what the person has typed and
    chosen, where it came back with an `error`.
    """

    send: OutboundSend | None
    draft: Draft | None
    client_token: uuid.UUID
    ways: list[Way]
    text: str = ""
    channel: str = ""
    error: str = ""
    rewrite: BackgroundJob | None = None
    made: Made | None = None

    @property
    def being_written(self) -> bool:
        """Whether a new text is coming now. One that waits for the model hides no draft, and nothing that was typed."""
        job = self.rewrite
        if job is None or self.text or job.status in BackgroundJob.FINAL:
            return False
        return not job.snoozes and job.attempts <= 1

    @property
    def open_ways(self) -> list[Way]:
        """The channels to write on now, the one that was chosen before first."""
        return sorted((way for way in self.ways if not way.shut), key=lambda way: way.channel != self.channel)

    @property
    def shut_ways(self) -> list[Way]:
        return [way for way in self.ways if way.shut]


def find_lead(request: HttpRequest, lead_id: uuid.UUID) -> Lead:
    """The lead of this workspace. Raises Http404."""
    leads = Lead.objects.select_related("campaign", "assigned_to")
    return get_object_or_404(leads, workspace=request.workspace, pk=lead_id)


def answer_for(lead: Lead, *, text: str = "", channel: str = "", error: str = "") -> Answer:
    """What is due for `lead` now."""
    live = (OutboundSend.State.INTENT, OutboundSend.State.UNKNOWN)
    unsettled = list(lead.sends.filter(state__in=live).order_by("-created_at"))
    drafts = lead.drafts.filter(status=Draft.Status.PENDING).prefetch_related("gate_results")
    draft = drafts.order_by("-created_at").first()
    return Answer(
        send=next(iter(unsettled), None),
        draft=draft,
        client_token=uuid.uuid4(),
        ways=[way for way in ways(lead, unsettled) if unsettled or not draft or way.channel != draft.channel],
        text=text,
        channel=channel,
        error=error,
        rewrite=review.rewrite_of(draft) if draft else None,
        made=making.of(draft) if draft else None,
    )


@require_safe
@workspace_view()
def conversation(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """`w/<workspace>/inbox/<lead>/`, with the list's query string. Opening it is reading it, for those who answer."""
    lead = find_lead(request, lead_id)
    if request.membership.at_least(Membership.Role.MEMBER):
        triage.mark_read(lead)
    return render_conversation(request, lead, answer_for(lead))


def render_conversation(request: HttpRequest, lead: Lead, answer: Answer, status: int = 200) -> HttpResponse:
    """The page of `lead`, with whatever `answer` says about what was typed."""
    deliveries = WebhookDelivery.objects.filter(workspace=request.workspace, lead=lead).select_related("job")
    deliveries = list(deliveries.defer("body").order_by("-received_at")[:DELIVERY_LIMIT])
    context = {
        "suspicion": open_suspicion(lead),
        "alike": alike_to(lead, request.GET.get("decided", "")),
        "threads": threads(request),
        "lead": lead,
        "seen": triage.Seen.of(lead),
        "timeline": timeline(lead, everything=bool(request.GET.get("all"))),
        "answer": answer,
        "facts": facts.shown(lead),
        "refusals": lead.refusals.order_by("channel"),
        "meetings": lead.appointments.order_by("-starts_at", "-pk")[:MEETING_LIMIT],
        "fell_through": Appointment.FELL_THROUGH,
        "followups": plan.live(lead),
        "sequences": plan.open_to(lead),
        "deliveries": deliveries,
        "jobs": {delivery.job_id: delivery.job for delivery in deliveries if delivery.job}.values(),
    }
    return render(request, "inbox/conversation.html", context, status=status)


def open_suspicion(lead: Lead) -> Message | None:
    """The reply that holds the lead until somebody has decided what it is."""
    if not lead.suspected:
        return None
    replies = Message.objects.filter(
        lead=lead, direction=Message.Direction.INBOUND, suspected=lead.suspected, suspicion_decided_by=""
    )
    return replies.order_by("-sent_at", "-pk").first()


def alike_to(lead: Lead, decided: str) -> Alike | None:
    """The replies alike to the one of `lead` that a person has just `decided` about (its id), if there are any."""
    try:
        message = lead.messages.filter(pk=uuid.UUID(decided)).first()
    except ValueError:
        return None
    alike = Alike.to(message) if message else None
    return alike if alike and alike.count else None


@require_safe
@workspace_view()
def outgoing(request: HttpRequest, lead_id: uuid.UUID, send_id: uuid.UUID) -> HttpResponse:
    """What the page asks while a send is on its way: 204 until it is over, then the answer area and the new message."""
    send = get_object_or_404(OutboundSend, workspace=request.workspace, lead=lead_id, pk=send_id)
    if send.state == OutboundSend.State.INTENT:
        return HttpResponse(status=204)
    lead = find_lead(request, lead_id)
    answer = answer_for(lead)
    own = Message.objects.filter(workspace=request.workspace, source=OWN, external_id=str(send.pk))
    message = own.first() if send.state == OutboundSend.State.SENT else None
    arrived = [Entry(message.sent_at, message=message) if message else Entry(send.created_at, send=send)]
    if answer.send and answer.send != send:  # the next part of a long text
        arrived.append(Entry(answer.send.created_at, send=answer.send))
    return _answer(request, lead, answer, settled=send, arrived=arrived)


@require_safe
@workspace_view()
def rewriting(request: HttpRequest, lead_id: uuid.UUID) -> HttpResponse:
    """What the page asks while a draft is written anew: 204 until it is, then the answer area."""
    lead = find_lead(request, lead_id)
    answer = answer_for(lead)
    return HttpResponse(status=204) if answer.being_written else _answer(request, lead, answer)


def _answer(request: HttpRequest, lead: Lead, answer: Answer, **more: object) -> HttpResponse:
    """The answer area alone; its forms keep the list's query string."""
    context = {"lead": lead, "answer": answer, "threads": {"query": request.GET.urlencode()}}
    return render(request, "inbox/_answer.html", context | more)


@require_safe
@xframe_options_sameorigin
@workspace_view()
def original(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """The mail as it came, cleaned, for a sandboxed frame: nothing in it runs, nothing is loaded unless `images` is."""
    message = get_object_or_404(Message, workspace=request.workspace, pk=message_id)
    images = bool(request.GET.get("images"))
    html = sanitize_html(message.raw_html, allow_images=images) if message.raw_html else ""
    policy = ORIGINAL_POLICY | ({"img-src": ["https:"]} if images else {})
    return csp(policy)(render)(request, "inbox/original.html", {"message": message, "html": html})
