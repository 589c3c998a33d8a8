"""People's corrections as labelled data, in the shape that `manage.py evaluate_replies` reads."""

from collections.abc import Iterator
from typing import Any

from inbox.leads import rollup
from inbox.models import Message, TagDecision, Workspace
from inbox.models.lead import Suspicion, Tag
from integrations.spec import Counts


def labelled(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """One reply per corrected message, with the newest correction as its label; oldest first."""
    made = TagDecision.objects.filter(workspace=workspace, kind=TagDecision.Kind.PERSON)
    newest = made.order_by("message", "-pk").distinct("message").values("pk")
    for decision in (
        made.filter(pk__in=newest).select_related("message").order_by("pk").iterator(chunk_size=500)
    ):
        yield _row(decision, decision.message)


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
    if decision.denied:  # all that was said
        return {decision.denied: False}
    # A bounce can only be told from its notice, never from a tag: Blacklist alone says opt-out.
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
    """What the product had said, and who of it."""
    earlier = (
        TagDecision.objects.filter(
            message_id=decision.message_id, created_at__lt=decision.created_at, denied=""
        )
        .order_by("-created_at")
        .first()
    )
    return {"tag": earlier.tag, "by": earlier.by} if earlier else {}
