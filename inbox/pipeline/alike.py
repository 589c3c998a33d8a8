"""Applies a person's decision about one reply to other replies with the same words, which may mean the same.

Replies are alike if they belong to one workspace, have the same words (apart from capitals, spaces and punctuation),
and were judged in the same way by their wording: they have the same suspicion, or their tag came from the same rule,
from a model, or from nobody. Replies that were decided by a person, by people at the provider, or by more than wording
(a carrier's keyword, a header) are excluded. Replies that were already treated alike to the same reply are included, so
that a second correction reverts the first one.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Length

from inbox.intake import tag_decisions
from inbox.leads import rollup, suspicion
from inbox.leads.provider_tags import MODEL
from inbox.leads.tags import DRAFTED, NO_ANSWER
from inbox.models import Lead, Membership, Message, TagDecision, User, audit
from inbox.models.lead import Suspicion, Tag
from inbox.models.message import ALIKE_CHARS, SAME_WORDS, WORDS
from jobs.context import JobContext
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

JOB = kind_name("tags.alike", __name__)
MOST = 1_000
"""The maximum number of replies per job. Further replies are offered again."""
SHOWN = 50
BY_WORDING = frozenset(
    {"opt_out.wording", "auto_reply.wording", "out_of_office.wording", "not_interested.refusal"}
)
"""The rules that judge only by words."""
Kind = TagDecision.Kind


class NotAlike(ValueError):
    """A decision cannot be applied to other replies. The message is a sentence for users."""


class AlikeChange(NamedTuple):
    """The effect of a decision on another reply, in words for users. `then` is the consequence for the lead."""

    message: Message
    before: str
    after: str
    then: str


class Alike:
    """A person's `decision` about a reply (loaded), and the other replies to which it can be applied."""

    def __init__(self, decision: TagDecision) -> None:
        self.decision = decision
        self.message = decision.message

    @classmethod
    def to(cls, message: Message) -> "Alike | None":
        decisions = message.tag_decisions.filter(kind=Kind.PERSON, alike_to=None)
        decision = decisions.select_related("message", "user").order_by("-created_at").first()
        return cls(decision) if decision else None

    @property
    def stands(self) -> bool:
        newest = Alike.to(self.message)
        return newest is not None and newest.decision == self.decision

    @cached_property
    def _same_words(self) -> Q | None:
        if not self.message.text or len(self.message.text) > ALIKE_CHARS:
            return None
        words, key = Message.objects.filter(pk=self.message.pk).values_list(WORDS, SAME_WORDS).get()
        return Q(key=key, chars__lte=ALIKE_CHARS) if words else None

    @cached_property
    def _same_judgement(self) -> Q:
        """A filter for replies that were judged in the same way. The filter matches nothing if words did not decide."""
        same, decision = Q(pk__in=[]), self.decision
        if self.message.suspected:
            same |= Q(suspected=self.message.suspected, suspicion_decided_by="")
        if decision.denied:
            return same
        read = self.message.tag_decisions.filter(kind__in=[Kind.RULE, Kind.MODEL])
        before = read.order_by("-created_at").first()
        tag, judge = (before.tag if before else ""), _judge(before)
        if judge is not None and tag != decision.tag:
            same |= judge & Q(tag=tag)
        earlier = Q(last_alike_to=self.message.pk, last_at__lt=decision.created_at)
        return same | (earlier & ~Q(tag=decision.tag))

    def replies(self, until: datetime | None = None) -> QuerySet[Message]:
        """Returns the alike replies with their leads, newest first. `until` (aware) excludes later ones."""
        if self._same_words is None:
            return Message.objects.none()
        last = TagDecision.objects.filter(message=OuterRef("pk"), kind=Kind.PERSON).order_by("-created_at")
        messages = (
            Message.objects.inbound(workspace=self.decision.workspace_id)
            .alias(
                key=SAME_WORDS,
                chars=Length("text"),
                last_alike_to=Subquery(last.values("alike_to")[:1]),
                last_at=Subquery(last.values("created_at")[:1]),
            )
            .filter(self._same_words, self._same_judgement, provider_interested=False)
            .exclude(pk=self.message.pk)
            .exclude(source__in=rollup.bounces())
        )
        if until is not None:
            messages = messages.filter(received_at__lte=until)
        return messages.select_related("lead").order_by("-received_at", "-pk")

    @cached_property
    def count(self) -> int:
        return self.replies().count()

    def changes(self, until: datetime | None = None) -> Iterator[AlikeChange]:
        """Yields the changes of the newest SHOWN alike replies. `until` (aware) excludes replies received later."""
        for message in self.replies(until)[:SHOWN]:
            suspected = suspicion.of(message)
            before = Suspicion(suspected).label if suspected else message.tag or "No tag"
            after = "Reread" if self.decision.denied else self.decision.tag
            yield AlikeChange(message, before, after, _then(self.decision, message, message.lead))

    def treat(self, message_id: UUID, user: User) -> bool:
        """Applies the decision to another reply, and locks its lead. Returns False if the reply is no longer alike."""
        with transaction.atomic():
            # The check is repeated under the lock that every decision about the lead's replies needs.
            lead = Lead.objects.filter(workspace=self.decision.workspace_id, messages=message_id)
            if lead.select_for_update(of=("self",)).first() is None:
                return False
            message = self.replies().filter(pk=message_id).first()
            if message is None:
                return False
            if self.decision.denied:
                tag_decisions.decide(message, is_it=False, user=user, alike_to=self.message)
            else:
                tag_decisions.correct(message, self.decision.tag, user=user, alike_to=self.message)
        return True

    @property
    def job(self) -> BackgroundJob | None:
        """The job that applies or applied the decision; None if none was started."""
        jobs = BackgroundJob.objects.filter(
            tenant=self.decision.workspace_id, dedupe_key=f"{JOB}:{self.decision.pk}"
        )
        return jobs.first()

    def start(self, until: datetime, user: User) -> int:
        """Enqueues the job that applies the decision to the similar replies received no later than `until` (aware). The
        job is enqueued only once. Returns the number of replies that will be treated alike. Raises NotAlike if the
        reply was decided again, or if no similar reply is left.
        """
        if not self.stands:
            raise NotAlike("Someone has changed this reply’s tag since. Review the changes again.")
        count = self.replies(until).count()
        if not count:
            raise NotAlike("No more similar replies.")
        about: dict[str, Any] = {"until": until.isoformat(), "user": user.pk}
        with transaction.atomic():
            _, created = enqueue_about(JOB, self.decision, "decision", anew=True, **about)
            if created:
                audit.record(self.decision.workspace_id, user, "tag.alike", self.message, count=count)
        return count


def run(ctx: JobContext) -> dict[str, int | str]:
    """Runs the job `tags.alike`: applies a decision to up to MOST replies, each in a separate transaction. A reply that
    was treated is no longer alike, so a second run continues with the rest.
    """
    decisions = TagDecision.objects.filter(workspace=ctx.workspace_id).select_related("message")
    decision = decisions.filter(pk=ctx.payload["decision"]).first()
    user = _user(ctx)
    if decision is None or user is None:
        return {"treated": 0, "why": "The member who started this can no longer correct tags here."}
    alike, treated = Alike(decision), 0
    until = datetime.fromisoformat(ctx.payload["until"])
    ids = list(alike.replies(until).values_list("pk", flat=True)[:MOST])
    for done, message_id in enumerate(ids, 1):
        if not alike.stands:
            return {"treated": treated, "why": "Someone has changed the tag since."}
        treated += alike.treat(message_id, user)
        ctx.progress(done, len(ids))
    return {"treated": treated}


def _user(ctx: JobContext) -> User | None:
    member = (
        Membership.objects.filter(workspace=ctx.workspace_id, user=ctx.payload["user"], user__is_active=True)
        .select_related("user")
        .first()
    )
    return member.user if member and member.at_least(Membership.Role.MEMBER) else None


def _judge(before: TagDecision | None) -> Q | None:
    """Returns a filter for messages judged by the same rule or model as `before`; None if more than words decided."""
    if before is None:
        return Q(tag_decided_by="", suspected="")
    if before.kind == Kind.MODEL:
        return Q(tag_decided_by__startswith=f"{MODEL} ")
    rule = before.by.rpartition(": ")[2]
    return Q(tag_decided_by__endswith=f": {rule}") if rule in BY_WORDING else None


def _then(decision: TagDecision, message: Message, lead: Lead) -> str:
    if decision.denied:
        return "The suspicion is cleared, and the reply is tagged again."
    if decision.tag == Tag.BLACKLIST:
        return _then_stopped(message, lead)
    if tag_decisions.has_stopped(lead, message):
        return "This reply no longer stops outreach to the lead."
    if lead.is_stopped:
        return "Outreach to the lead stays stopped for another reason."
    if message.sent_at != lead.last_inbound_at:
        return "A later reply already set this lead’s tag."
    if decision.tag in DRAFTED:
        return "A draft will be written."
    return "The lead moves out of Needs reply." if decision.tag in NO_ANSWER and lead.needs_reply else ""


def _then_stopped(message: Message, lead: Lead) -> str:
    if lead.is_stopped:
        return "Outreach to this lead has already stopped."
    bounced = suspicion.of(message) == Suspicion.BOUNCE
    if not bounced and rollup.opted_in_after(lead, rollup.stopped_at(message), message.stamp):
        return "Outreach continues, because the lead has since opted back in."
    return "All outreach to the lead stops, including campaigns."
