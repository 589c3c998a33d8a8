"""Finds the row that a trace is asked for, and with it the lead and the messages that it is about."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from inbox.models import (
    Draft,
    Enrichment,
    FollowUpTask,
    Lead,
    Message,
    OutboundSend,
    WebhookDelivery,
    Workspace,
)
from inbox.models.message import OWN
from integrations.models import Notice
from jobs.models import BackgroundJob

NEWEST = 20
"""How many messages the trace of a lead shows."""
HEAVY = ("body", "headers")
LEAD_LINK = re.compile(r"/inbox/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")
MESSAGES = Message.objects.select_related("lead__workspace").defer("raw_text", "raw_html", "recipients")


class NotHere(LookupError):
    """The workspace has no row with this id of which a trace (its story) could be told."""


@dataclass(slots=True)
class Subject:
    """The row that a trace (its story) is told of. `messages` are those whose way is told, oldest first. `job`,
    `send`, `notice`, `delivery_id` and `draft_id` are the rows that it is or leads to.

    `earlier`: the lead has older messages that are left out.
    """

    workspace: Workspace
    kind: str
    id: uuid.UUID
    lead: Lead | None = None
    messages: list[Message] = field(default_factory=list)
    delivery_id: uuid.UUID | None = None
    job: BackgroundJob | None = None
    draft_id: uuid.UUID | None = None
    send: OutboundSend | None = None
    notice: Notice | None = None
    earlier: bool = False


def find(workspace: Workspace, kind: str, row_id: uuid.UUID) -> Subject:
    """Finds the row `row_id` of `workspace` whose trace (its story) is asked for, with its lead and
    messages. `kind` is one of KINDS. Raises NotHere.
    """
    if kind not in _FINDERS:
        raise NotHere(f"There is no trace of a “{kind}”.")
    try:
        return _FINDERS[kind](Subject(workspace, kind, row_id))
    except (
        Message.DoesNotExist, Lead.DoesNotExist, BackgroundJob.DoesNotExist, WebhookDelivery.DoesNotExist,
        OutboundSend.DoesNotExist, Draft.DoesNotExist, Notice.DoesNotExist,
    ):  # fmt: skip
        raise NotHere(f"This workspace has no {kind} with the id {row_id}.") from None


def _message(subject: Subject) -> Subject:
    message = MESSAGES.get(workspace=subject.workspace, pk=subject.id)
    if message.source == OWN:
        subject.id, message_id = uuid.UUID(message.external_id), subject.id
        try:
            return _send(subject)
        except OutboundSend.DoesNotExist:
            pass  # the lead's sends may have been deleted; the message then stands alone
        finally:
            subject.id = message_id
    return _about(subject, message)


def _about(subject: Subject, message: Message | None, lead: Lead | None = None) -> Subject:
    subject.messages = [message] if message else []
    subject.lead = message.lead if message else lead
    return subject


def _lead(subject: Subject) -> Subject:
    subject.lead = Lead.objects.get(workspace=subject.workspace, pk=subject.id)
    newest = list(
        MESSAGES.filter(lead=subject.lead).exclude(source=OWN).order_by("-sent_at", "-pk")[: NEWEST + 1]
    )
    subject.messages, subject.earlier = newest[:NEWEST][::-1], len(newest) > NEWEST
    return subject


def _draft(subject: Subject) -> Subject:
    draft = Draft.objects.select_related("trigger_message__lead__workspace").get(
        workspace=subject.workspace, pk=subject.id
    )
    subject.draft_id = draft.pk
    return _about(subject, draft.trigger_message)


def _send(subject: Subject) -> Subject:
    sends = OutboundSend.objects.select_related(
        "lead__workspace", "draft__trigger_message__lead", "reply_to__lead"
    )
    send = subject.send = sends.get(workspace=subject.workspace, pk=subject.id)
    if send.origin == OutboundSend.Origin.FOLLOWUP:  # it answers nothing, whatever it is a reply to
        return _about(subject, None, send.lead)
    return _about(subject, send.draft.trigger_message if send.draft else send.reply_to, send.lead)


def _delivery(subject: Subject) -> Subject:
    deliveries = WebhookDelivery.objects.select_related("message__lead__workspace", "lead").defer(*HEAVY)
    delivery = deliveries.get(workspace=subject.workspace, pk=subject.id)
    subject.delivery_id = delivery.pk
    message = delivery.message
    if message is not None and message.source == OWN:
        subject.id = uuid.UUID(message.external_id)
        try:
            return _send(subject)
        except OutboundSend.DoesNotExist:
            pass
        finally:
            subject.id = delivery.pk
    return _about(subject, message, delivery.lead)


def _job(subject: Subject) -> Subject:
    job = subject.job = BackgroundJob.objects.get(workspace=subject.workspace, pk=subject.id)
    for name, find_row in _OF_PAYLOAD.items():
        try:
            subject.id = uuid.UUID(str(job.payload.get(name)))
            return find_row(subject)
        except (ValueError, Message.DoesNotExist, Lead.DoesNotExist, Draft.DoesNotExist,
                OutboundSend.DoesNotExist, FollowUpTask.DoesNotExist, Enrichment.DoesNotExist):  # fmt: skip
            continue
        finally:
            subject.id = job.pk
    return subject


def _task(subject: Subject) -> Subject:
    task = FollowUpTask.objects.select_related("lead").get(workspace=subject.workspace, pk=subject.id)
    if task.send_id is None:
        return _about(subject, None, task.lead)
    subject.id = task.send_id
    return _send(subject)


def _enrichment(subject: Subject) -> Subject:
    enrichment = Enrichment.objects.select_related("lead").get(workspace=subject.workspace, pk=subject.id)
    return _about(subject, None, enrichment.lead)


def _only_lead(subject: Subject) -> Subject:
    return _about(subject, None, Lead.objects.get(workspace=subject.workspace, pk=subject.id))


def _notice(subject: Subject) -> Subject:
    notices = Notice.objects.select_related("health__integration")
    notice = subject.notice = notices.get(workspace=subject.workspace, pk=subject.id)
    link = LEAD_LINK.search(notice.text)  # a notice of a tag links to the conversation
    if link is None:
        return subject
    own_messages = MESSAGES.filter(
        workspace=subject.workspace, lead_id=uuid.UUID(link[1]), received_at__lte=notice.created_at
    )
    return _about(
        subject, own_messages.filter(direction=Message.Direction.INBOUND).order_by("-sent_at", "-pk").first()
    )


_OF_PAYLOAD: dict[str, Callable[[Subject], Subject]] = {
    "send_id": _send,
    "draft_id": _draft,
    "message_id": _message,
    "task_id": _task,
    "enrichment_id": _enrichment,
    "lead_id": _only_lead,
}
"""The ids that a job's payload may hold, the most telling first."""
_FINDERS: dict[str, Callable[[Subject], Subject]] = {
    "message": _message,
    "lead": _lead,
    "job": _job,
    "delivery": _delivery,
    "send": _send,
    "draft": _draft,
    "notice": _notice,
}
KINDS = tuple(_FINDERS)
"""What a trace can be asked for."""
