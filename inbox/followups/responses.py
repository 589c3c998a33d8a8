"""How leads answered which step: the newest step that was out before a reply gets it, as what the reply's tag means.

Silence needs no row: a sent step without a response whose time is over. The answer to an objection is our next message
to the lead after it.
"""

from datetime import datetime, timedelta

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.utils import timezone

from inbox.leads.rollup import answers
from inbox.models import FollowUpTask, Lead, Message, TagDecision
from inbox.models.lead import Tag
from inbox.understanding.tags import POSITIVE

Response, Status = FollowUpTask.Response, FollowUpTask.Status
WON = Q(lead__booked_at__gt=F("responded_at"))
WINDOW = timedelta(days=14)
"""A reply answers a step for so long; a step without one by then met silence."""
RESPONSE_OF = {
    **dict.fromkeys((*POSITIVE, Tag.MEETING_BOOKED), Response.CONVERTED),
    Tag.OBJECTION: Response.OBJECTION,
    Tag.NOT_INTERESTED: Response.NEGATIVE,
    Tag.WRONG_PERSON: Response.NEGATIVE,
    Tag.BLACKLIST: Response.NEGATIVE,
    Tag.NEUTRAL: Response.REPLIED,
    Tag.FOLLOW_UP: Response.REPLIED,
}


def note(lead: Lead, message: Message, tag: str = "") -> None:
    """Keep `message` as the response to the step before it. A machine's message is none; idempotent."""
    response = RESPONSE_OF.get(tag or message.tag or Tag.NEUTRAL)
    task = _before(lead, message.sent_at)
    if response is None or task is None:
        return
    same_or_none = Q(response_message=None) | Q(response_message=message)
    FollowUpTask.objects.filter(same_or_none, pk=task.pk).exclude(response=Response.CONVERTED).update(
        response=response, response_message=message, responded_at=message.sent_at
    )


def converted(lead: Lead) -> None:
    """A meeting was booked: the newest step before it gets the credit."""
    task = _before(lead, timezone.now())
    if task is not None:
        FollowUpTask.objects.filter(pk=task.pk).update(
            response=Response.CONVERTED, responded_at=timezone.now()
        )


def _before(lead: Lead, moment) -> FollowUpTask | None:
    sent = FollowUpTask.objects.filter(
        Q(status=Status.SENT, finished_at__lt=moment) | Q(send__state="sent", send__finished_at__lt=moment),
        lead=lead,
    )
    found = sent.order_by("-send__finished_at", "-pk").select_related("send").first()
    if found is None or found.send is None or moment - found.send.finished_at > WINDOW:
        return None
    return found


def effectiveness(workspace_id, since: datetime | None = None, until: datetime | None = None) -> QuerySet:
    """Per step of the workspace: how many were `sent` (from `since` up to `until`, if given), and how they were
    answered. `silent` met no answer in WINDOW, `open` have none yet; of the objections, how many we `answered` and
    `won`."""
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
            won=Count("pk", filter=objected & WON),
            **{name: Count("pk", filter=Q(response=name)) for name in Response.values},
        )
        .order_by("sequence", "position", "step_id")
    )


def _after_response() -> QuerySet[Message]:
    """Our answers to the lead after their response to a step, the first one first; a campaign's step is none."""
    return Message.objects.filter(
        answers(),
        lead_id=OuterRef("lead_id"),
        sent_at__gt=OuterRef("responded_at"),
    ).order_by("sent_at")


def objections(workspace_id) -> QuerySet[FollowUpTask]:
    """Steps that met an objection, the newest first: its `kind`, our `answer` (the text) and whether we `won`."""
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
