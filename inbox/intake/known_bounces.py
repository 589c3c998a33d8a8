"""Recognises stored bounces. A provider reports one mail under several ids, and its notice may arrive separately."""

from inbox.leads import rollup
from inbox.models import Lead, Message
from integrations.events import BounceEvent

WITHOUT_NOTICE = ("mail:", "event:")
"""The prefixes of the external id of an EmailBison bounce without a notice."""
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
    """The stored bounce of `lead` for the mail in `event`; None if the bounce is new. The lead's row must be locked.

    `message`: the event as a row. If only the event has the text of the notice, the stored row gets that text and id. A
    row of an older release, which names no mail, matches if the campaign is the same, unless both have a notice.
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
