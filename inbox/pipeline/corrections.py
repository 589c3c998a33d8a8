"""Exports people's corrections as labelled data, in the form that `manage.py evaluate_replies` reads."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from inbox.intake.tag_decisions import TOGETHER
from inbox.leads import rollup
from inbox.models import Message, TagDecision, Workspace
from inbox.models.lead import Suspicion, Tag
from integrations.spec import Counts


def labelled(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Yields each reply of the workspace with people's newest decision as its label, oldest decision first. Samples,
    and replies that were tagged together with others, are left out.
    """
    decisions = _newest(workspace).select_related("message").order_by("pk")
    for decision in decisions.iterator(chunk_size=500):
        yield _row(decision, decision.message)


def count(workspace: Workspace) -> int:
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
    if decision.denied:  # the person stated nothing else
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
