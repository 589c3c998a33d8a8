"""Turns EmailBison's lists into the events that its webhooks would have delivered."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime

from integrations.emailbison.client import EmailBisonClient, Reply, SentEmail, sent_id
from integrations.emailbison.payloads import content_of
from integrations.events import BACKFILL, IMPORT, BounceEvent, CampaignRef, MessageEvent, Person, Unusable
from integrations.models import Integration
from integrations.payload import split_name
from jobs.deadline import Deadline

BOUNCED = "bounced"


def since(account: Integration, moment: datetime, deadline: Deadline) -> Iterator[MessageEvent | Unusable]:
    """Yields the replies and the mails in the folder Sent, newest first, except those in the folder Bounced."""
    for reply in EmailBisonClient.for_integration(account).replies_since(moment, deadline):
        if reply.folder.lower() == BOUNCED:
            continue
        if reply.at is None or not reply.from_email_address.address:
            yield Unusable("replies", reply.at, "emailbison_reply", reply.id)
        elif not reply.outgoing:
            yield _reply(reply, reply.at)
        elif reply.lead_id or _recipient(reply):
            yield _by_hand(reply, reply.at)
        else:
            yield Unusable("sent", reply.at, "emailbison_sent", sent_id(reply.id))


def bounces(account: Integration, moment: datetime, deadline: Deadline) -> Iterator[MessageEvent | Unusable]:
    """Yields the bounce reports, newest first."""
    for reply in EmailBisonClient.for_integration(account).replies_since(moment, deadline, BOUNCED):
        if reply.folder.lower() != BOUNCED:  # an EmailBison instance that does not know the filter ignores it
            continue
        if reply.at is None or not reply.from_email_address.address:
            yield Unusable("bounces", reply.at, "emailbison_reply", reply.id)
        else:
            yield _bounce(reply, reply.at)


def _bounce(reply: Reply, at: datetime) -> MessageEvent:
    """Returns the event of a bounce report. If the report names no lead, intake searches its text for the address."""
    report = _reply(reply, at)
    if not reply.lead_id:
        return report
    mail_id = reply.scheduled_email_id or ""
    return BounceEvent(
        **{field.name: getattr(report, field.name) for field in fields(report)}
        | {
            "source": "emailbison_bounce",
            "person": Person(emailbison_lead_id=reply.lead_id),
            "mail_id": mail_id,
            "thread_id": mail_id,
            "notice": True,
        }
    )


def _recipient(reply: Reply) -> str:
    return next((recipient.address for recipient in reply.to or ()), "")


def _by_hand(reply: Reply, at: datetime) -> MessageEvent:
    return replace(
        _reply(reply, at),
        external_id=sent_id(reply.id),
        source="emailbison_sent",
        direction="outbound",
        person=Person(emailbison_lead_id=reply.lead_id or "", email=_recipient(reply)),
        interested=False,
        automated_reply=None,
        by_hand=True,
    )


def _reply(reply: Reply, at: datetime) -> MessageEvent:
    content = content_of(reply)
    first, last = split_name(content["from_name"])
    return MessageEvent(
        event_type=BACKFILL,
        source="emailbison_reply",
        external_id=reply.id,
        direction="inbound",
        channel="email",
        person=Person(
            emailbison_lead_id=reply.lead_id or "",
            email=content["from_address"],
            first_name=first,
            last_name=last,
        ),
        occurred_at=at,
        campaign=CampaignRef(reply.campaign_id) if reply.campaign_id else None,
        account_id=reply.sender_email_id or "",
        interested=bool(reply.interested),
        tracked=reply.lead_id is not None,
        listed=True,
        **content,
    )


def sent_to(account: Integration, person: Person, deadline: Deadline) -> list[MessageEvent]:
    """Returns the campaign's mails and the answers to the lead, except those without a time."""
    client = EmailBisonClient.for_integration(account)
    mails = client.sent_emails(person.emailbison_lead_id, deadline)
    return [_sent(person, mail, mail.at) for mail in mails if mail.at is not None]


def _sent(person: Person, mail: SentEmail, at: datetime) -> MessageEvent:
    return MessageEvent(
        event_type=IMPORT,
        external_id=mail.id,
        source="emailbison_sent",
        direction="outbound",
        channel="email",
        person=person,
        occurred_at=at,
        subject=mail.email_subject,
        html=mail.email_body,
        listed=True,
    )
