"""Erases a person in slices: the texts that they wrote or received, and everything else that names them. From the
request on, nothing goes out to the lead: a send whose provider was already called runs to its end, and any other send
is refused by its claim. After the slices, a job deletes the rows. The job may be stopped and repeated at any point.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import models, transaction
from django.db.models import CASCADE, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Lower, Now
from django.utils import timezone

from inbox.leads import erased, rollup, stops
from inbox.models import (
    Draft,
    Enrichment,
    Event,
    FollowUpTask,
    Lead,
    Message,
    OutboundSend,
    User,
    WebhookDelivery,
    audit,
)
from inbox.models.event import ERASED_DATA
from integrations.models import IdempotencyKey, Notice
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.errors import Snooze
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

ERASE = kind_name("lead.erase", __name__)
SLICE = 200
LONGEST_WAIT = timedelta(days=1)
"""A lead waits this long until its campaigns are stopped at the providers. Then the lead is erased anyway."""
LOOK_AGAIN = timedelta(seconds=15)
ERASED = "erased"
"""Replaces the person's name or text in a row that stays."""

ALSO: list[Callable[[Lead], None]] = []
"""Functions of other apps that are called before a lead's rows are deleted, and again before the rows of LAST are
deleted, to include work that started in between. The functions must be idempotent, and may raise Snooze.
"""

LAST: list[type[models.Model]] = []
"""The models by whose rows the functions in ALSO find data of a lead, so their rows go last. Other apps add models."""

EMPTIED = {
    "inbox.WebhookDelivery": "Deliveries of their events, without the contents",
    "integrations.IdempotencyKey": "API responses about them, without the contents",
    "integrations.Notice": "Slack messages about them, without the text",
    "admin.LogEntry": "The admin’s log, without their name",
    "insights.ContextPack": "Insights based on their messages, with their parts removed",
    "insights.PackQuestion": "Answers from those context packs, without those parts",
    "inbox.Event": "Events for programs, without their IDs and states",
    "jobs.BackgroundJob": "Jobs, which only contain IDs. Waiting jobs are cancelled",
}
"""Tables whose rows stay, without the person's data."""

KEPT = {
    "Their opt-out, as keyed hashes of addresses and IDs that don’t identify anyone. Without it, the next "
    "campaign would contact them again.": "inbox.ErasedMark",
    "The audit log, which contains IDs but no messages.": "inbox.AuditEntry inbox.TextAccess",
    "Counts, costs and times, which don’t identify anyone.": (
        "integrations.AiCall jobs.JobStep jobs.JobAttempt jobs.JobAction jobs.Tick jobs.Worker"
        " jobs.WorkspaceLimit inbox.LeadChange insights.LeadDayProgress integrations.WebhookAttempt"
    ),
}
"""The tables whose rows about a person, or about work for a person, stay. Each key is the reason."""

OTHERS = {
    "It holds the team’s people, settings and shared texts.": (
        "inbox.Workspace inbox.User inbox.Membership inbox.Invitation inbox.WorkspaceFact inbox.SendingPolicy"
        " inbox.FollowUpSequence inbox.FollowUpStep inbox.Campaign inbox.HiddenBanner inbox.SavedView"
        " inbox.Snippet inbox.Label inbox.BrowserSession inbox.SecondFactor inbox.RecoveryCode"
        " auth.Group auth.Permission"
        " sessions.Session axes.AccessLog axes.AccessAttempt axes.AccessAttemptExpiration axes.AccessFailureLog"
    ),
    "It’s about provider accounts.": (
        "integrations.ApiToken integrations.Integration integrations.WebhookKey integrations.WorkspaceIntegrationHealth"
        " integrations.HealthTransition integrations.ReplyPoll integrations.DayReceipt"
        " integrations.CircuitBreaker integrations.RateWindow inbox.ModelOutage inbox.Deviation"
        " inbox.MailboxAlarm integrations.WebhookEndpoint"
    ),
    "It belongs to the installation or a library and identifies no lead.": (
        "inbox.DatabaseOrigin contenttypes.ContentType"
        " django_q.OrmQ django_q.Task django_q.Success django_q.Failure django_q.Schedule"
    ),
}
"""The tables that hold no data of leads. Each key is the reason."""

JOBS_OF: dict[type[models.Model], str] = {
    Draft: "draft_id",
    Enrichment: "enrichment_id",
    FollowUpTask: "task_id",
    Lead: "lead_id",
    Message: "message_id",
    OutboundSend: "send_id",
}
"""For each model, the key under which the payload of a job contains the id of the model's row."""


class EraseRefused(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class ErasurePreview:
    """The effects of erasing a lead: the rows deleted or emptied, by table, and those that stay, with the reason."""

    goes: dict[str, int]
    emptied: dict[str, int]
    stays: tuple[str, ...]


def preview(lead: Lead) -> ErasurePreview:
    goes = {}
    for relation in own_relations():
        if count := _rows(relation, lead).count():
            goes[_name(relation.related_model, count)] = count
    deliveries = _deliveries_of(lead).count()
    notices = _notices_of(lead).count()
    emptied = {_name(WebhookDelivery, deliveries): deliveries, _name(Notice, notices): notices}
    return ErasurePreview(goes, {name: count for name, count in emptied.items() if count}, tuple(KEPT))


def own_relations() -> list[models.ManyToOneRel]:
    """Returns the relations whose rows go with a lead. Messages come last, because sends and drafts refer to them."""
    fields = [
        field
        for field in Lead._meta.related_objects
        if isinstance(field, models.ManyToOneRel) and field.on_delete is CASCADE
    ]
    return sorted(fields, key=lambda field: (field.related_model is Message, field.related_model._meta.label))


def begin(lead: Lead, actor: User | None) -> BackgroundJob:
    """Stops everything that could go out to `lead`, and enqueues the job that erases the lead. `actor` is None for an
    operator. Raises EraseRefused for a sample.
    """
    if lead.sample:
        raise EraseRefused("This is a sample, not a person. Remove the samples instead.")
    with rollup.holding(lead) as row:
        if row.erasing_at is None:
            row.erasing_at = timezone.now()
            rollup.opt_out(row, row.erasing_at)
            rollup.save(row)
            _remember(row)
            audit.record(row.workspace_id, actor, "lead.erase", row)
        job, _ = enqueue_about(ERASE, row, "lead_id", anew=True)
    return job


def run(ctx: JobContext) -> dict[str, int]:
    """Runs the job `lead.erase`: erases a lead to whom nothing is pending. Returns the deleted rows, by table."""
    lead = Lead.objects.filter(pk=ctx.payload["lead_id"], workspace_id=ctx.workspace_id).first()
    if lead is None or lead.erasing_at is None:
        return {}
    if why := waits_for(lead):
        raise Snooze(timezone.now() + LOOK_AGAIN, why)
    return erase(lead, ctx.deadline)


def waits_for(lead: Lead) -> str:
    """Returns why a lead cannot be erased yet: a message, or the stop of a campaign, is pending. Otherwise, ""."""
    in_flight = OutboundSend.objects.filter(
        lead=lead, state=OutboundSend.State.INTENT, called_at__isnull=False
    )
    if in_flight.exists():
        return "A message to this lead is on its way. The lead will be erased once it has gone out."
    since = lead.erasing_at
    if since is not None and timezone.now() - since > LONGEST_WAIT:
        return ""
    stopping = BackgroundJob.objects.filter(
        tenant=lead.workspace_id,
        status__in=BackgroundJob.LIVE,
        kind=stops.STOP_EMAILS,
        payload__lead_id=str(lead.pk),
    )
    return (
        "The provider is stopping a campaign’s emails to this lead. The lead will be erased after that."
        if stopping.exists()
        else ""
    )


def erase(lead: Lead, deadline: Deadline) -> dict[str, int]:
    """Deletes `lead`, for which `begin` was called, and everything that names it, in slices. If `deadline` ends the
    call with an error, the call may be repeated.
    """
    gone: Counter[str] = Counter()
    _empty(_deliveries_of(lead), deadline)
    _empty_unassigned(lead, deadline)
    _notices_of(lead).update(text=ERASED)
    Event.objects.filter(workspace_id=lead.workspace_id, lead_id=lead.pk).update(data=ERASED_DATA)
    for last in (False, True):
        for also in ALSO:
            also(lead)
        for relation in own_relations():
            if (relation.related_model in LAST) is last:
                for count in _in_slices(relation, lead, deadline):
                    gone[relation.related_model._meta.label] += count
    deadline.check()
    _finish(lead, gone)
    return dict(gone)


def _in_slices(relation: models.ManyToOneRel, lead: Lead, deadline: Deadline) -> Iterator[int]:
    rows, model = _rows(relation, lead), relation.related_model
    while True:
        deadline.check()
        with transaction.atomic():
            pks = list(rows.order_by("pk").values_list("pk", flat=True)[:SLICE])
            if not pks:
                return
            slice_rows = model._base_manager.filter(pk__in=pks)
            _remember_rows(lead, slice_rows)
            _cancel_jobs(lead, model, pks)
            slice_rows.delete()
        yield len(pks)


def _finish(lead: Lead, gone: Counter[str]) -> None:
    with transaction.atomic():
        row = Lead.objects.select_for_update().filter(pk=lead.pk).first()
        if row is None:
            return
        _remember(row)
        _remember_rows(row, Message.objects.filter(lead=row))
        _empty_now(_deliveries_of(row))
        IdempotencyKey.objects.filter(lead_id=row.pk).update(answer={})
        _cancel_jobs(row, Lead, [row.pk])
        LogEntry.objects.filter(
            content_type__app_label="inbox", content_type__model="lead", object_id=str(row.pk)
        ).update(object_repr=ERASED)
        audit.record(row.workspace_id, None, "lead.erased", row, rows=dict(gone))
        gone["inbox.Lead"] += 1
        row.delete()


def _remember(lead: Lead) -> None:
    erased.remember(
        lead.workspace_id, erased.names_of(lead), opted_out_at=lead.opted_out_at or lead.erasing_at
    )


def _remember_rows(lead: Lead, rows: "QuerySet[Any]") -> None:
    names: set[erased.Name] = set()
    if rows.model is Message:
        for source, external_id, reused in rows.values_list("source", "external_id", "id_reused"):
            # A message whose id was already in use has its own key: the id, and a hash after the last "#".
            known_as = external_id.rpartition("#")[0] if reused else external_id
            names |= erased.names_of_message(source, known_as)
    elif rows.model is OutboundSend:
        for provider, message_id, pk in rows.values_list("provider", "provider_message_id", "pk"):
            names |= erased.names_of_send(provider, message_id, str(pk))
    if names:
        erased.remember(lead.workspace_id, names)


def _cancel_jobs(lead: Lead, model: type[models.Model], pks: list[Any]) -> None:
    if name := JOBS_OF.get(model):
        BackgroundJob.objects.filter(
            tenant=lead.workspace_id,
            status=BackgroundJob.Status.QUEUED,
            **{f"payload__{name}__in": [str(pk) for pk in pks]},
        ).update(status=BackgroundJob.Status.CANCELLED, finished_at=Now())


def _rows(relation: models.ManyToOneRel, lead: Lead) -> "QuerySet[Any]":
    rows: QuerySet[Any] = relation.related_model._base_manager.filter(**{relation.field.name: lead})
    return rows


def _deliveries_of(lead: Lead) -> "QuerySet[WebhookDelivery]":
    full = Q(body__isnull=False) | ~Q(headers={}) | ~Q(error_fields={})
    return WebhookDelivery.objects.filter(full, workspace_id=lead.workspace_id, lead=lead)


def _empty(rows: "QuerySet[WebhookDelivery]", deadline: Deadline) -> None:
    while pks := list(rows.values_list("pk", flat=True)[:SLICE]):
        deadline.check()
        _empty_now(WebhookDelivery.objects.filter(pk__in=pks))


def _empty_now(rows: "QuerySet[WebhookDelivery]") -> None:
    rows.update(body=None, headers={}, error_fields={})


def _empty_unassigned(lead: Lead, deadline: Deadline) -> None:
    """Empties deliveries without a lead whose JSON contains an address, a number or an id of the person as a value."""
    body = Lower(Func("body", Value("escape"), function="encode", output_field=TextField()))
    names_lead = reduce(or_, (Q(body_text__contains=text) for text in _values(lead)), Q(pk__in=[]))
    rows = WebhookDelivery.objects.filter(workspace_id=lead.workspace_id, lead=None, body__isnull=False)
    remaining = rows
    while True:
        deadline.check()
        keys = list(remaining.order_by("received_at", "pk").values_list("pk", "received_at")[:SLICE])
        if not keys:
            return
        deliveries = WebhookDelivery.objects.filter(pk__in=[pk for pk, _ in keys])
        _empty_now(deliveries.alias(body_text=body).filter(names_lead))
        last, at = keys[-1]
        remaining = rows.filter(Q(received_at=at, pk__gt=last) | Q(received_at__gt=at), received_at__gte=at)


def _values(lead: Lead) -> Iterator[str]:
    """Yields the texts that identify the person in the lower-case body of a delivery, each up to the end of a JSON
    string. Ids of campaign tools are left out, because another tool may give the same number to another person.
    """
    for address in (lead.email, *lead.alternate_emails):
        if address:
            yield f'"{address.lower()}"'
    numbers, contacts = (lead.phone, *lead.alternate_phones), (lead.ghl_contact_id, *lead.alternate_contacts)
    for text in (*numbers, lead.linkedin_member_id.lower(), *(contact.lower() for contact in contacts)):
        if text:
            yield f'"{text}"'
    if lead.linkedin_url:
        yield f'/{lead.linkedin_url.rpartition("/")[2]}"'


def _notices_of(lead: Lead) -> "QuerySet[Notice]":
    return Notice.objects.filter(workspace_id=lead.workspace_id, text__contains=str(lead.pk))


def _name(model: type[models.Model], count: int) -> str:
    return str(model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural)
