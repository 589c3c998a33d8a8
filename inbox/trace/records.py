"""Reads the rows of a trace, in a fixed number of queries."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from inbox.intake.catch_up_job import CATCH_UP
from inbox.intake.messages import PROCESS
from inbox.models import (
    AuditEntry,
    Draft,
    GateResult,
    Lead,
    Message,
    OutboundSend,
    TagDecision,
    WebhookDelivery,
)
from inbox.models.message import OWN
from inbox.pipeline.tag_notices import TELL
from inbox.replying import autosend, review, send_claims, sending
from inbox.trace.subjects import HEAVY, MESSAGES, Subject
from integrations import registry
from integrations.models import AiCall, HealthTransition, Notice
from integrations.spec import Counts
from jobs.models import BackgroundJob, JobAttempt, JobStep

MOST = 100
"""The maximum number of rows of a kind. A flood of repeats is cut, and the page reports it."""
BOUNCES = 5
Found = TypeVar("Found", bound=Model)


@dataclass(slots=True)
class Records:
    """The rows of a trace, oldest first. `own`: our messages by the id of their send. `cut`: rows are left out."""

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
        """The job with this dedupe key among the rows; None without one."""
        return next((job for job in self.jobs if job.dedupe_key == key), None)

    def first(self, rows: QuerySet[Found], most: int) -> list[Found]:
        """The first rows, at most `most`. If there are more, the trace is marked as `cut`."""
        page = list(rows[: most + 1])
        self.cut |= len(page) > most
        return page[:most]


def load(subject: Subject) -> Records:
    """Reads the rows about `subject`, about a hundred per kind at most, in a fixed number of queries."""
    records = Records(subject)
    ids = [message.pk for message in subject.messages]
    for decision in TagDecision.objects.filter(message_id__in=ids).select_related("user").order_by("pk"):
        records.decisions.setdefault(decision.message_id, []).append(decision)
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
    records.audit = records.first(
        entries.select_related("actor", "program").order_by("created_at", "pk"), MOST
    )
    return records


def _answers(records: Records, ids: list[uuid.UUID]) -> None:
    subject = records.subject
    own_draft = Q(pk=subject.draft_id) if subject.draft_id else Q()
    if ids or own_draft:
        drafts = Draft.objects.filter(own_draft | Q(trigger_message_id__in=ids), workspace=subject.workspace)
        records.drafts = records.first(
            drafts.select_related("decided_by", "program").order_by("created_at"), MOST
        )
    gates = GateResult.objects.filter(draft__in=[draft.pk for draft in records.drafts])
    for gate in gates.order_by("stage", "position"):
        records.gates.setdefault(gate.draft_id, []).append(gate)
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
    """The messages that sends resulted in, and reports that a mail to the lead bounced."""
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
    """The requests that delivered messages, reported ours, or are the subject, with their later runs."""
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
    records.steps = _by_job(JobStep.objects.filter(job__in=ids).order_by("started_at", "pk"))
    lasting = JobAttempt.objects.filter(job__in=ids).defer("traceback")
    records.attempts = _by_job(records.first(lasting.order_by("-started_at", "-pk"), 5 * MOST)[::-1])
    calls: dict[uuid.UUID | None, list[AiCall]] = defaultdict(list)
    for call in records.first(AiCall.objects.filter(job_id__in=ids).order_by("pk"), 5 * MOST):
        calls[call.job_id].append(call)
    records.calls = calls


Row = TypeVar("Row", JobStep, JobAttempt)


def _by_job(rows: Iterable[Row]) -> dict[uuid.UUID, list[Row]]:
    groups: dict[uuid.UUID, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.job_id, []).append(row)
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
    """The notices about the lead's tag that the trace's jobs have posted, oldest first, at most five."""
    notice_jobs = [job for job in records.jobs if job.kind == TELL]
    if not notice_jobs or records.lead is None:
        return []
    notices = Notice.objects.filter(
        workspace=records.subject.workspace,
        created_at__range=(notice_jobs[0].created_at, notice_jobs[-1].created_at + timedelta(days=1)),
        text__contains=str(records.lead.pk),
    )
    return list(notices.order_by("created_at")[:BOUNCES])
