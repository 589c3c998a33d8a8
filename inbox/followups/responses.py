"""Records how leads respond to each step, and counts the responses. A reply is credited to the newest step sent before
it, and the reply's tag determines the kind of response. Silence is not stored: a sent step met silence if it has no
response after WINDOW. After a lead's objection, our next message to the lead counts as our answer to the objection.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from inbox.leads.rollup import answers, bounces
from inbox.leads.tags import POSITIVE
from inbox.models import FollowUpTask, Lead, Message, TagDecision
from inbox.models.lead import Tag

Response, Status = FollowUpTask.Response, FollowUpTask.Status
WON = Exists(Lead.objects.filter(pk=OuterRef("lead_id"), booked_at__gt=OuterRef("responded_at")))
"""Whether the lead has booked since the response. Queries use it for objections alone, because those are few."""
WINDOW = timedelta(days=14)
"""A reply is a response to a step only within this time after the step was sent."""
RESPONSE_OF: dict[str, str] = {
    **dict.fromkeys((*POSITIVE, Tag.MEETING_BOOKED), Response.CONVERTED),
    Tag.OBJECTION: Response.OBJECTION,
    Tag.NOT_INTERESTED: Response.NEGATIVE,
    Tag.WRONG_PERSON: Response.NEGATIVE,
    Tag.BLACKLIST: Response.NEGATIVE,
    Tag.NEUTRAL: Response.REPLIED,
    Tag.FOLLOW_UP: Response.REPLIED,
}


def note(lead: Lead, message: Message, tag: str = "") -> None:
    """Stores `message`, which has the tag `tag`, as the response to the newest step sent in the 14 days before it. An
    automatic message is no response: a step that had it as its response gets the lead's next reply instead, if there is
    one. A step that has led to a meeting, or has a response from another message, stays unchanged.
    """
    response = RESPONSE_OF.get(tag or message.tag or Tag.NEUTRAL)
    if response is None:
        _take_back(lead, message)
        return
    tasks = _answered_by(lead, message)
    if not tasks.exists():  # a message answers one step, even if another step's outcome arrives later
        task = _before(lead, message.sent_at)
        if task is None:
            return
        tasks = FollowUpTask.objects.filter(pk=task.pk, response_message=None)
    tasks.exclude(response=Response.CONVERTED).update(
        response=response, response_message=message, responded_at=message.sent_at
    )


def _answered_by(lead: Lead, message: Message) -> QuerySet[FollowUpTask]:
    return FollowUpTask.objects.filter(workspace_id=lead.workspace_id, response_message=message)


def _take_back(lead: Lead, message: Message) -> None:
    waiting = _answered_by(lead, message).exclude(response=Response.CONVERTED)
    if not waiting.update(response="", response_message=None, responded_at=None):
        return
    span = (message.sent_at, message.sent_at + WINDOW)
    later = Message.objects.inbound(lead=lead, sent_at__range=span)
    for reply in later.exclude(pk=message.pk).exclude(source__in=bounces()).order_by("sent_at", "pk"):
        note(lead, reply)


def converted(lead: Lead) -> None:
    task = _before(lead, timezone.now())
    if task is not None:
        FollowUpTask.objects.filter(pk=task.pk).update(
            response=Response.CONVERTED, responded_at=timezone.now()
        )


def _before(lead: Lead, moment: datetime) -> FollowUpTask | None:
    sent = FollowUpTask.objects.filter(
        Q(status=Status.SENT, finished_at__lt=moment) | Q(send__state="sent", send__finished_at__lt=moment),
        lead=lead,
    )
    task = sent.order_by("-send__finished_at", "-pk").select_related("send").first()
    went_out_at = task.send.finished_at if task and task.send else None
    if went_out_at is None or moment - went_out_at > WINDOW:
        return None
    return task


def effectiveness(
    workspace_id: UUID, since: datetime | None = None, until: datetime | None = None
) -> QuerySet[Any]:
    """Returns a dict for each step: the number `sent` from `since` until before `until` (aware), and the number of
    responses of each kind. Of the sent ones, `silent` have had no response within 14 days, and `open` have none yet but
    may still get one. `answered` counts the objections that we answered, and `won` those after which the lead booked.
    """
    sent = FollowUpTask.objects.filter(workspace_id=workspace_id, status=Status.SENT)
    if since is not None:
        sent = sent.filter(finished_at__gte=since, finished_at__lt=until)
    unanswered, over = Q(response=""), timezone.now() - WINDOW
    objected = Q(response=Response.OBJECTION)
    return (
        sent.annotate(ours=Exists(_after_response()))
        .values("step_id", "channel", position=F("step__position"), sequence=F("step__sequence__name"))
        .annotate(
            sent=Count("pk"),
            silent=Count("pk", filter=unanswered & Q(finished_at__lt=over)),
            open=Count("pk", filter=unanswered & Q(finished_at__gte=over)),
            answered=Count("pk", filter=objected & Q(ours=True)),
            won=Count("pk", filter=objected & Q(WON)),
            **{name: Count("pk", filter=Q(response=name)) for name in Response.values},
        )
        .order_by("sequence", "position", "step_id")
    )


def _after_response() -> QuerySet[Message]:
    return Message.objects.filter(
        answers(),
        lead_id=OuterRef("lead_id"),
        sent_at__gt=OuterRef("responded_at"),
    ).order_by("sent_at")


def objections(workspace_id: UUID) -> QuerySet[FollowUpTask]:
    """Returns the steps to which a lead objected, newest first: the `kind`, our `answer`, and `won` (has booked)."""
    decided = TagDecision.objects.filter(message=OuterRef("response_message"), denied="").order_by("-pk")
    met = FollowUpTask.objects.filter(workspace_id=workspace_id, response=Response.OBJECTION)
    return (
        met.select_related("lead", "step__sequence", "response_message")
        .annotate(
            kind=Subquery(decided.values("objection")[:1]),
            answer=Subquery(_after_response().values("text")[:1]),
            won=Case(When(WON, then=Value(True)), default=Value(False)),
        )
        .order_by("-responded_at", "-pk")
    )
