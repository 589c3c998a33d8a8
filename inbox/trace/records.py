"""Reads the rows from which a trace is built, in a fixed number of queries."""

import re
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, Q, QuerySet

from inbox.intake.messages import CATCH_UP, PROCESS
from inbox.models import (
    AuditEntry,
    Draft,
    Enrichment,
    FollowUpTask,
    GateResult,
    Lead,
    Message,
    OutboundSend,
    TagDecision,
    WebhookDelivery,
    Workspace,
)
from inbox.models.message import OWN
from inbox.pipeline.tag_notices import TELL
from inbox.replying import autosend, review, send_claims, sending
from integrations import registry
from integrations.models import AiCall, HealthTransition, Notice
from integrations.spec import Counts
from jobs.models import BackgroundJob, JobAttempt, JobStep

NEWEST = 20
"""The maximum number of messages in the trace of a lead."""
HEAVY = ("body", "headers")
LEAD_LINK = re.compile(r"/inbox/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")
MESSAGES = Message.objects.select_related("lead__workspace").defer("raw_text", "raw_html", "recipients")
MOST = 100
"""The maximum number of rows of most kinds. If there are more, the trace says that rows are left out."""
BOUNCES = 5
Found = TypeVar("Found", bound=Model)


class NotHere(LookupError):
    """The workspace has no row with this kind and id that a trace can be built for."""


@dataclass(slots=True)
class Subject:
    """The row that a trace is about, with its `messages`, oldest first, and related rows.

    `earlier`: whether the lead has older messages, which are left out.
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
    """Returns the Subject of the row `row_id`, with its lead and messages. `kind` is one of KINDS. Raises NotHere."""
    if kind not in _FINDERS:
        raise NotHere(f"There’s no trace for a “{kind}”.")
    subject = Subject(workspace, kind, row_id)
    try:
        _FINDERS[kind](subject, row_id)
    except ObjectDoesNotExist:
        raise NotHere(f"This workspace has no {kind} with the ID {row_id}.") from None
    return subject


def _message(subject: Subject, pk: uuid.UUID) -> None:
    message = MESSAGES.get(workspace=subject.workspace, pk=pk)
    if not _follow_own(subject, message):
        _about(subject, message)


def _follow_own(subject: Subject, message: Message | None) -> bool:
    """Fills in `subject` from the send of `message`. Returns False if the message is not ours, or has no send."""
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
    # A follow-up does not answer the lead's message, even if it is sent as a reply to it.
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
    if link := LEAD_LINK.search(notice.text):  # a notice about a lead's tag links to the conversation
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
"""Functions that fill in a job's subject, by the name of an id in the job's payload; the most specific comes first."""
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


@dataclass(slots=True)
class Records:
    """The rows of a trace, oldest first. `own`: our messages by the id of their send. `cut`: some rows are left out."""

    subject: Subject
    decisions: dict[uuid.UUID, list[TagDecision]] = field(default_factory=dict)
    drafts: list[Draft] = field(default_factory=list)
    gates: dict[uuid.UUID, list[GateResult]] = field(default_factory=dict)
    sends: list[OutboundSend] = field(default_factory=list)
    own: dict[str, Message] = field(default_factory=dict)
    bounces: list[Message] = field(default_factory=list)
    deliveries: list[WebhookDelivery] = field(default_factory=list)
    jobs: list[BackgroundJob] = field(default_factory=list)
    steps: dict[uuid.UUID, list[JobStep]] = field(default_factory=dict)
    attempts: dict[uuid.UUID, list[JobAttempt]] = field(default_factory=dict)
    calls: dict[uuid.UUID | None, list[AiCall]] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    transitions: list[HealthTransition] = field(default_factory=list)
    cut: bool = False

    @property
    def lead(self) -> Lead | None:
        return self.subject.lead

    @property
    def messages(self) -> list[Message]:
        return self.subject.messages

    def job(self, key: str) -> BackgroundJob | None:
        """Returns the job with the dedupe key `key` among the rows; None if there is none."""
        return next((job for job in self.jobs if job.dedupe_key == key), None)

    def first(self, rows: QuerySet[Found], most: int) -> list[Found]:
        """Returns the first `most` of `rows`. If there are more rows, sets `cut`."""
        page = list(rows[: most + 1])
        self.cut |= len(page) > most
        return page[:most]


def load(subject: Subject) -> Records:
    """Reads the rows about `subject`, about a hundred per kind at most, in a fixed number of queries."""
    records = Records(subject)
    ids = [message.pk for message in subject.messages]
    decisions = TagDecision.objects.filter(message_id__in=ids).select_related("user").order_by("pk")
    records.decisions = _grouped(decisions, "message_id")
    _answers(records, ids)
    _own_and_bounces(records)
    _deliveries(records, ids)
    _jobs(records)
    if records.subject.notice and records.subject.notice.health_id:
        changes = HealthTransition.objects.filter(
            health=records.subject.notice.health_id, at__lte=records.subject.notice.created_at
        )
        records.transitions = list(changes.order_by("-at", "-pk")[:BOUNCES])[::-1]
    entries = AuditEntry.objects.filter(
        workspace=subject.workspace,
        object_type__in=["message", "lead", "draft", "outboundsend", "webhookdelivery", "backgroundjob"],
        object_id__in=[str(row.pk) for row in _audited(records)],
    )
    entries = entries.select_related("actor", "program").order_by("created_at", "pk")
    records.audit = records.first(entries, MOST)
    return records


def _answers(records: Records, ids: list[uuid.UUID]) -> None:
    subject = records.subject
    own_draft = Q(pk=subject.draft_id) if subject.draft_id else Q()
    if ids or own_draft:
        drafts = Draft.objects.filter(own_draft | Q(trigger_message_id__in=ids), workspace=subject.workspace)
        drafts = drafts.select_related("decided_by", "program").order_by("created_at")
        records.drafts = records.first(drafts, MOST)
    gates = GateResult.objects.filter(draft__in=[draft.pk for draft in records.drafts])
    records.gates = _grouped(gates.order_by("stage", "position"), "draft_id")
    if subject.lead is None:
        return
    about = Q(draft__in=[draft.pk for draft in records.drafts]) | Q(reply_to_id__in=ids)
    wanted = about & ~Q(origin=OutboundSend.Origin.FOLLOWUP)
    if subject.send is not None:
        wanted |= Q(pk=subject.send.pk)
    if subject.kind == "lead":
        wanted = Q(created_at__gte=subject.messages[0].sent_at) if subject.messages else Q()
    sends = OutboundSend.objects.filter(wanted, workspace=subject.workspace, lead=subject.lead)
    related = ("approved_by", "program", "followup_task__step__sequence", "followup_task__decided_by")
    newest = sends.select_related(*related).order_by("-created_at", "-part")
    records.sends = records.first(newest, MOST)[::-1]


def _own_and_bounces(records: Records) -> None:
    """Reads our stored messages that the sends resulted in, and the reports that a mail to the lead bounced."""
    if records.lead is None or not records.sends:
        return
    ids = [str(send.pk) for send in records.sends]
    returned = Q(source__in=registry.counting_as(Counts.BOUNCE)) | Q(tag_decided_by__contains="bounce")
    since = min(send.created_at for send in records.sends)
    own_messages = MESSAGES.filter(
        Q(source=OWN, external_id__in=ids) | (returned & Q(received_at__gte=since)), lead=records.lead
    ).order_by("received_at")
    message_ids = {row.pk for row in records.messages}
    for message in records.first(own_messages, MOST + BOUNCES):
        if message.source == OWN:
            records.own[message.external_id] = message
        elif message.pk not in message_ids:
            records.bounces.append(message)
    records.cut |= len(records.bounces) > BOUNCES
    del records.bounces[BOUNCES:]


def _deliveries(records: Records, ids: list[uuid.UUID]) -> None:
    """Reads the webhook requests that brought the messages, and the one that the trace is about, with its replays."""
    subject = records.subject
    message_ids = [*ids, *(message.pk for message in (*records.own.values(), *records.bounces))]
    wanted = Q(message_id__in=message_ids)
    if subject.delivery_id is not None:
        wanted |= Q(pk=subject.delivery_id) | Q(replay_of=subject.delivery_id)
    if subject.job is not None:
        wanted |= Q(job=subject.job)
    if subject.kind == "lead" and subject.lead is not None:
        since = subject.messages[0].received_at if subject.messages else subject.lead.created_at
        wanted |= Q(lead=subject.lead, received_at__gte=since)
    rows = WebhookDelivery.objects.filter(wanted, workspace=subject.workspace).defer(*HEAVY)
    ordered = rows.select_related("integration").order_by("received_at", "pk")
    records.deliveries = records.first(ordered, MOST)


def _jobs(records: Records) -> None:
    subject = records.subject
    job_ids = {delivery.job_id for delivery in records.deliveries if delivery.job_id}
    if subject.job is not None:
        job_ids.add(subject.job.pk)
    jobs = BackgroundJob.objects.filter(
        Q(tenant=subject.workspace.pk, dedupe_key__in=list(_keys(records))) | Q(pk__in=job_ids),
        workspace=subject.workspace,
    )
    records.jobs = records.first(jobs.order_by("created_at", "pk"), 2 * MOST)
    ids = [job.pk for job in records.jobs]
    records.steps = _grouped(JobStep.objects.filter(job__in=ids).order_by("started_at", "pk"), "job_id")
    lasting = JobAttempt.objects.filter(job__in=ids).defer("traceback")
    attempts = records.first(lasting.order_by("-started_at", "-pk"), 5 * MOST)[::-1]
    records.attempts = _grouped(attempts, "job_id")
    calls = records.first(AiCall.objects.filter(job_id__in=ids).order_by("pk"), 5 * MOST)
    records.calls = _grouped(calls, "job_id")


def _grouped(rows: Iterable[Found], by: str) -> dict[Any, list[Found]]:
    groups: dict[Any, list[Found]] = {}
    for row in rows:
        groups.setdefault(getattr(row, by), []).append(row)
    return groups


def _keys(records: Records) -> Iterable[str]:
    for message in records.messages:
        yield f"{PROCESS}:{message.pk}"
        decisions = records.decisions.get(message.pk, [])
        for cause in ("interested", *(decision.pk for decision in decisions)):
            yield f"{CATCH_UP}:{message.pk}:{cause}"
        for tag in {message.tag, *(decision.tag for decision in decisions)}:
            yield f"{TELL}:{message.pk}:{tag}"
    for draft in records.drafts:
        for revision in range(1, draft.revision + 1):
            yield f"{review.REWRITE}:{draft.pk}:{revision}"
            if draft.send_at is not None:
                yield f"{autosend.AUTOSEND}:{draft.pk}:{revision}:{int(draft.send_at.timestamp())}"
    for send in records.sends:
        for tries in range(send.tries + 1):
            yield f"{send_claims.SEND}:{send.pk}:{tries}"
            yield f"{sending.RECONCILE}:{send.pk}:{tries}"


def _audited(
    records: Records,
) -> Iterable[Message | Draft | OutboundSend | WebhookDelivery | BackgroundJob | Lead]:
    yield from records.messages
    yield from records.drafts
    yield from records.sends
    yield from records.deliveries
    yield from records.jobs
    if records.subject.kind == "lead" and records.lead is not None:
        yield records.lead


def notices_of(records: Records) -> list[Notice]:
    """Returns the notices about the lead's tag that the trace's jobs have posted, oldest first, at most five."""
    notice_jobs = [job for job in records.jobs if job.kind == TELL]
    if not notice_jobs or records.lead is None:
        return []
    notices = Notice.objects.filter(
        workspace=records.subject.workspace,
        created_at__range=(notice_jobs[0].created_at, notice_jobs[-1].created_at + timedelta(days=1)),
        text__contains=str(records.lead.pk),
    )
    return list(notices.order_by("created_at")[:BOUNCES])
