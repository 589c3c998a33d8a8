"""Counts how often people lately agreed with each rule, by their last decision on a reply. A tag that nobody corrected
does not count, because perhaps nobody saw it. Samples, and replies that were decided together with an alike reply, do
not count either. A suspicion that only a model raised counts for the rule with this kind of suspicion.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils import timezone

from inbox.intake.tag_decisions import TOGETHER
from inbox.leads import rollup
from inbox.leads.suspicion import TAG_OF
from inbox.models import Lead, Message, TagDecision, Workspace
from inbox.models.lead import Suspicion, Tag
from integrations.spec import Counts

DAYS = 90
Kind = TagDecision.Kind


class Agreement(NamedTuple):
    """People's agreement with one rule. `decided`: the number of replies that the rule decided or suspected. People
    judged some of these: they agreed with the rule on `agreed` replies, and disagreed on `corrected` ones.
    """

    decided: int = 0
    agreed: int = 0
    corrected: int = 0

    @property
    def looked_at(self) -> int:
        return self.agreed + self.corrected

    @property
    def percent(self) -> int:
        """The share of judged replies on which people agreed, in percent; 0 if none was judged."""
        return round(100 * self.agreed / self.looked_at) if self.looked_at else 0


def by_rule(workspace_id: UUID) -> dict[str, Agreement]:
    """Returns the Agreement of each rule, by the rule's id or `<suspicion>.suspected`. Needs three SQL statements."""
    since = timezone.now() - timedelta(days=DAYS)
    rules: dict[str, Agreement] = {}

    def add(rule: str, **counts: int) -> None:
        score = rules.get(rule, Agreement())
        rules[rule] = score._replace(**{name: getattr(score, name) + n for name, n in counts.items()})

    samples = Lead.objects.filter(workspace=workspace_id, sample=True)  # a join would read all leads
    lately = TagDecision.objects.filter(workspace=workspace_id, created_at__gte=since).exclude(
        lead__in=samples
    )
    decisions = lately.filter(kind=Kind.RULE)
    for by, count in decisions.values_list("by").annotate(Count("pk")).order_by():
        add(_rule(by), decided=count)
    held = Message.objects.filter(workspace=workspace_id, received_at__gte=since).exclude(suspected="")
    held = held.exclude(lead__in=samples)
    for suspected, count in held.values_list("suspected").annotate(Count("pk")).order_by():
        add(_suspicion(suspected), decided=count)
    for by, read, suspected, tag, denied, count in _said(lately):
        if by:
            add(_rule(by), **{"agreed" if tag == read and not denied else "corrected": count})
        elif suspected:
            agreed = tag == TAG_OF[suspected] and not denied
            add(_suspicion(suspected), **{"agreed" if agreed else "corrected": count})
    return rules


def _said(lately: QuerySet[TagDecision]) -> QuerySet[Any]:
    words = lately.filter(kind=Kind.PERSON, alike_to=None)
    last = words.order_by("message", "-created_at").distinct("message").values("pk")
    rule = TagDecision.objects.filter(message=OuterRef("message"), kind=Kind.RULE).order_by("-created_at")
    return (
        TagDecision.objects.filter(pk__in=last)
        .exclude(reason=TOGETHER)
        .annotate(rule=Subquery(rule.values("by")[:1]), read=Subquery(rule.values("tag")[:1]))
        .values_list("rule", "read", "message__suspected", "tag", "denied")
        .annotate(Count("pk"))
        .order_by()
    )


def _rule(by: str) -> str:
    return by.rpartition(": ")[2]


def _suspicion(suspected: str) -> str:
    return f"{suspected}.suspected"


def labelled(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yields each reply of the workspace with people's newest decision as its label, oldest decision first. Samples,
    and replies that were tagged together with others, are left out.
    """
    decisions = _newest(workspace).select_related("message").order_by("pk")
    for decision in decisions.iterator(chunk_size=500):
        yield _row(decision, decision.message)


def count_corrections(workspace: Workspace) -> int:
    return _newest(workspace).count()


def _newest(workspace: Workspace) -> QuerySet[TagDecision]:
    decisions = TagDecision.objects.filter(
        workspace=workspace, kind=TagDecision.Kind.PERSON, message__lead__sample=False
    )
    newest = decisions.order_by("message", "-pk").distinct("message").values("pk")
    return TagDecision.objects.filter(workspace=workspace, pk__in=newest).exclude(reason=TOGETHER)


def _row(decision: TagDecision, message: Message) -> dict[str, Any]:
    return {
        "id": str(message.pk),
        "channel": message.channel,
        "from": f"{message.from_name} <{message.from_address}>".strip(),
        "subject": message.subject,
        "text": message.raw_text,
        "html": message.raw_html or None,
        "automated_reply": message.automated_reply,
        "expected": _expected(decision, message),
        "corrected_from": _before(decision),
    }


def _expected(decision: TagDecision, message: Message) -> dict[str, Any]:
    if decision.denied:  # the person only denied the suspicion
        return {decision.denied: False}
    # Only the notice reveals a bounce, never a tag. Blacklist alone means an opt-out.
    stopped = decision.tag == Tag.BLACKLIST
    bounced = rollup.counts(message) is Counts.BOUNCE or (stopped and message.suspected == Suspicion.BOUNCE)
    return {
        "opt_out": stopped and not bounced,
        "bounce": bounced,
        "auto_reply": decision.tag in (Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE),
        "out_of_office": decision.tag == Tag.OUT_OF_OFFICE,
        "tag": decision.tag,
    }


def _before(decision: TagDecision) -> dict[str, str]:
    earlier = (
        TagDecision.objects.filter(
            message_id=decision.message_id, created_at__lt=decision.created_at, denied=""
        )
        .order_by("-created_at")
        .first()
    )
    return {"tag": earlier.tag, "by": earlier.by} if earlier else {}
