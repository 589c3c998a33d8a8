"""Finds the subject row of a trace, with its lead and messages."""

import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from django.core.exceptions import ObjectDoesNotExist

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
"""The number of messages in the trace of a lead."""
HEAVY = ("body", "headers")
LEAD_LINK = re.compile(r"/inbox/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")
MESSAGES = Message.objects.select_related("lead__workspace").defer("raw_text", "raw_html", "recipients")


class NotHere(LookupError):
    """The workspace has no traceable row with this id."""


@dataclass(slots=True)
class Subject:
    """The row of a trace with its `messages`, oldest first, and related rows.

    `earlier`: whether older messages of the lead are left out.
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
    """Finds the row `row_id` of `workspace` with its lead and messages. `kind`: one of KINDS. Raises NotHere."""
    if kind not in _FINDERS:
        raise NotHere(f"There is no trace of a “{kind}”.")
    subject = Subject(workspace, kind, row_id)
    try:
        _FINDERS[kind](subject, row_id)
    except ObjectDoesNotExist:
        raise NotHere(f"This workspace has no {kind} with the id {row_id}.") from None
    return subject


def _message(subject: Subject, pk: uuid.UUID) -> None:
    message = MESSAGES.get(workspace=subject.workspace, pk=pk)
    if not _follow_own(subject, message):
        _about(subject, message)


def _follow_own(subject: Subject, message: Message | None) -> bool:
    """Fills in `subject` from the send of our own message. Returns False if it is not ours, or has no send."""
    if message is None or message.source != OWN:
        return False
    with suppress(OutboundSend.DoesNotExist):
        _send(subject, uuid.UUID(message.external_id))
        return True
    return False


def _about(subject: Subject, message: Message | None, lead: Lead | None = None) -> None:
    subject.messages = [message] if message else []
    subject.lead = message.lead if message else lead


def _lead(subject: Subject, pk: uuid.UUID) -> None:
    subject.lead = Lead.objects.get(workspace=subject.workspace, pk=pk)
    own_messages = MESSAGES.filter(lead=subject.lead).exclude(source=OWN)
    newest = list(own_messages.order_by("-sent_at", "-pk")[: NEWEST + 1])
    subject.messages, subject.earlier = newest[:NEWEST][::-1], len(newest) > NEWEST


def _draft(subject: Subject, pk: uuid.UUID) -> None:
    drafts = Draft.objects.select_related("trigger_message__lead__workspace")
    draft = drafts.get(workspace=subject.workspace, pk=pk)
    subject.draft_id = draft.pk
    _about(subject, draft.trigger_message)


def _send(subject: Subject, pk: uuid.UUID) -> None:
    related = ("lead__workspace", "draft__trigger_message__lead", "reply_to__lead")
    send = subject.send = OutboundSend.objects.select_related(*related).get(
        workspace=subject.workspace, pk=pk
    )
    message = send.draft.trigger_message if send.draft else send.reply_to
    # A follow-up answers nothing, even if it is technically a reply.
    _about(subject, None if send.origin == OutboundSend.Origin.FOLLOWUP else message, send.lead)


def _delivery(subject: Subject, pk: uuid.UUID) -> None:
    deliveries = WebhookDelivery.objects.select_related("message__lead__workspace", "lead").defer(*HEAVY)
    delivery = deliveries.get(workspace=subject.workspace, pk=pk)
    subject.delivery_id = delivery.pk
    if not _follow_own(subject, delivery.message):
        _about(subject, delivery.message, delivery.lead)


def _job(subject: Subject, pk: uuid.UUID) -> None:
    job = subject.job = BackgroundJob.objects.get(workspace=subject.workspace, pk=pk)
    for name, find_row in _OF_PAYLOAD.items():
        with suppress(ValueError, ObjectDoesNotExist):
            find_row(subject, uuid.UUID(str(job.payload.get(name))))
            return


def _task(subject: Subject, pk: uuid.UUID) -> None:
    task = FollowUpTask.objects.select_related("lead").get(workspace=subject.workspace, pk=pk)
    if task.send_id is None:
        _about(subject, None, task.lead)
    else:
        _send(subject, task.send_id)


def _enrichment(subject: Subject, pk: uuid.UUID) -> None:
    enrichments = Enrichment.objects.select_related("lead")
    _about(subject, None, enrichments.get(workspace=subject.workspace, pk=pk).lead)


def _only_lead(subject: Subject, pk: uuid.UUID) -> None:
    _about(subject, None, Lead.objects.get(workspace=subject.workspace, pk=pk))


def _notice(subject: Subject, pk: uuid.UUID) -> None:
    notices = Notice.objects.select_related("health__integration")
    notice = subject.notice = notices.get(workspace=subject.workspace, pk=pk)
    if link := LEAD_LINK.search(notice.text):  # a notice about a tag links to the conversation
        replies = MESSAGES.filter(
            workspace=subject.workspace,
            lead_id=uuid.UUID(link[1]),
            received_at__lte=notice.created_at,
            direction=Message.Direction.INBOUND,
        )
        _about(subject, replies.order_by("-sent_at", "-pk").first())


Finder = Callable[[Subject, uuid.UUID], None]
_OF_PAYLOAD: dict[str, Finder] = {
    "send_id": _send,
    "draft_id": _draft,
    "message_id": _message,
    "task_id": _task,
    "enrichment_id": _enrichment,
    "lead_id": _only_lead,
}
"""The ids that a job's payload may hold, the most specific first."""
_FINDERS: dict[str, Finder] = {
    "message": _message,
    "lead": _lead,
    "job": _job,
    "delivery": _delivery,
    "send": _send,
    "draft": _draft,
    "notice": _notice,
}
KINDS = tuple(_FINDERS)
"""The kinds of rows that have a trace."""
