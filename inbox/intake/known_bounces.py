"""Recognises bounces that are stored already. A provider reports one mail under several ids, and its notice may
come alone.
"""

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
    """The bounce that `lead` has stored already for the mail that `event` is about; None if the
    event is new. The lead's row must be locked.

    `message` is what the event would be stored as. If it brings the text of the bounce notice and the
    stored row has none, the row takes text and id, because the notice may also come by itself. An older
    release did not store which mail had come back: its row counts as this bounce if the campaign is the
    same, unless both have a notice of their own.
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
