"""Recognises stored bounces. A provider reports one mail under several ids, and its notice may come alone."""

from inbox.leads import rollup
from inbox.models import Lead, Message
from integrations.events import BounceEvent

WITHOUT_NOTICE = ("mail:", "event:")
"""The beginnings of an EmailBison bounce's external id if no notice came with it."""
NOTICE_FIELDS = (
    "external_id",
    "subject",
    "text",
    "raw_text",
    "raw_html",
    "from_address",
    "from_name",
    "recipients",
    "automated_reply",
    "content_hash",
)


def find(lead: Lead, event: BounceEvent, message: Message) -> Message | None:
    """The stored bounce of `lead` for the mail that `event` is about; None if it is new. The lead's row must be
    locked.

    `message` is the event as a row. If it brings the notice's text and the stored row has none, the row takes text and
    id. A row of an older release, which names no mail, counts if the campaign is the same, unless both have a notice.
    """
    if not event.mail_id:
        return None
    bounces = list(Message.objects.filter(lead=lead, source=event.source).order_by("received_at", "pk"))
    same = [row for row in bounces if row.thread_id == event.mail_id]
    same += [row for row in bounces if _may_be(row, event, message)]
    bounce = next(iter(same), None)
    if bounce is not None:
        bounce.lead = lead
        if event.notice and _is_bare(bounce):
            _take_notice(bounce, message)
    return bounce


def _is_bare(bounce: Message) -> bool:
    return bounce.external_id.startswith(WITHOUT_NOTICE)


def _may_be(bounce: Message, event: BounceEvent, message: Message) -> bool:
    unsaid = not bounce.thread_id and bounce.campaign_id == message.campaign_id
    return unsaid and (_is_bare(bounce) or not event.notice)


def _take_notice(bounce: Message, message: Message) -> None:
    for name in NOTICE_FIELDS:
        setattr(bounce, name, getattr(message, name))
    bounce.save(update_fields=NOTICE_FIELDS)
    rollup.recompute(bounce.lead)  # the lead's row may show this message
