"""Manages a workspace's own labels: people put them on leads, change them, merge them and delete them.

A person's decision overrides those of models and providers: a label that a person took off a lead stays off.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Now, Replace

from inbox.leads import promises
from inbox.leads.provider_tags import PERSON
from inbox.leads.triage import TriageResult
from inbox.models import Label, Lead, LeadLabel, SavedView, TagDecision, User, Workspace, audit, locks
from inbox.models.actor import Actor, columns
from inbox.models.label import MOST
from inbox.signals import lead_labelled
from inbox.workspaces.own_and_shared import Full, Refused, unique
from integrations.spec import label_words
from jobs.enqueue import enqueue, is_live
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

Kind, State = TagDecision.Kind, LeadLabel.State
PER_LEAD = 3
"""The maximum number of labels that a lead has at a time. The maximum is checked under the lock of the lead's row."""
END = kind_name("labels.end", __name__)
AT_ONCE = 500
"""The number of leads that one transaction handles when a label is merged or deleted."""
DECIDED = ("state", "kind", "by", "user", "program", "reason", "decided_at")
ON = Q(lead_labels__state=State.ON)


class LabelGone(Refused):
    pass


class Use(NamedTuple):
    """The effects of a change of a label: the numbers of leads that have the label, of saved views that filter by it,
    of its names at providers, and of its promises of an answer.
    """

    leads: int
    views: int
    names: int
    promises: int

    def __str__(self) -> str:
        words = zip(self, ("lead", "saved view", "provider name", "promise"), strict=True)
        return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in words)


def use_of(label: Label) -> Use:
    leads = LeadLabel.objects.filter(label=label, state=State.ON).count()
    promised = int(str(label.pk) in label.workspace.promises)
    return Use(leads, _views(label).count(), len(label.aliases), promised)


def listed(workspace: Workspace) -> QuerySet[Label]:
    """Returns the workspace's labels by name, each with the number of leads that have it (`leads`)."""
    return Label.objects.filter(workspace=workspace).annotate(leads=Count("lead_labels", filter=ON))


def with_names(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Annotates `leads` with the names of their labels (`labels`), in the order in which the labels were put on."""
    on = LeadLabel.objects.filter(lead=OuterRef("pk"), state=State.ON).order_by("decided_at", "pk")
    return leads.annotate(labels=ArraySubquery(on.values("label__name")))


def _views(label: Label) -> QuerySet[SavedView]:
    return SavedView.objects.filter(workspace=label.workspace_id, query__contains=f"label={label.pk}")


def save(label: Label, by: User, **changes: object) -> None:
    """Stores a new or changed label. Raises NameTaken, LabelGone, or Full beyond MOST labels."""
    is_new = label._state.adding
    with transaction.atomic():
        locks.hold("labels", label.workspace_id)
        rows = Label.objects.filter(workspace=label.workspace_id)
        if not is_new and not rows.filter(pk=label.pk).exists():
            raise LabelGone("Someone else has deleted this label.")
        if is_new and rows.count() >= MOST:
            raise Full(f"You’ve reached the maximum of {MOST} labels. Delete or merge one first.")
        with unique("A label with this name already exists.", "label_once"):
            label.save()
        audit.record(label.workspace_id, by, f"label.{'add' if is_new else 'change'}", label, **changes)


def end(label: Label, by: User, into: Label | None = None) -> BackgroundJob | None:
    """Deletes `label` with the saved views that filter by it. With `into`, a label of the same workspace, the leads,
    views and provider names of `label` go to `into`; decisions about `into` stay. For more than AT_ONCE leads, enqueues
    the job `labels.end`, and returns it. Of two promises, the shorter one stays. Raises LabelGone. Raises Refused if
    such a job already ends one of the two labels.
    """
    workspace_id, rows = label.workspace_id, LeadLabel.objects.filter(label=label)
    payload = {"label": str(label.pk), "into": str(into.pk) if into else None, "user": by.pk}
    with transaction.atomic():
        locks.hold("labels", workspace_id)
        for row in (label, into) if into else (label,):
            if is_live(workspace_id, f"{END}:{row.pk}"):
                raise Refused(f"{row} is already being merged or deleted.")
        _, target = _locked_labels(label, into)
        if target:
            promises.pass_on(label, target)  # comes first, so that no lead is without a promise meanwhile
        if rows[: AT_ONCE + 1].count() > AT_ONCE:
            key, payload = f"{END}:{label.pk}", payload | {"count": rows.count()}
            return enqueue(END, dedupe_key=key, workspace_id=workspace_id, payload=payload, anew=True)[0]
    while end_part(label, by, into) == AT_ONCE:
        pass
    return None


def end_part(label: Label, by: User, into: Label | None = None) -> int:
    """Does the work of `end` for up to AT_ONCE leads, and deletes `label` with the last of them. Returns the number of
    these leads. Raises LabelGone if one of the labels was deleted.
    """
    with transaction.atomic():
        locks.hold("labels", label.workspace_id)  # nobody else deletes a label of the workspace
        locked, into = _locked_labels(label, into)
        leads = list(LeadLabel.objects.filter(label=label).values_list("lead", flat=True)[:AT_ONCE])
        _move(label, leads, into)
        if len(leads) < AT_ONCE:
            _delete(locked, by, into)
    return len(leads)


def _locked_labels(label: Label, into: Label | None) -> tuple[Label, Label | None]:
    """Reads both labels again. Nobody puts `label` on a lead until the transaction ends. Raises LabelGone."""
    rows = Label.objects.filter(workspace=label.workspace_id)
    locked = rows.select_for_update().filter(pk=label.pk).first()
    if locked is None:
        raise LabelGone("Someone else has deleted this label.")
    if into and (into := rows.filter(pk=into.pk).first()) is None:
        raise LabelGone(f"The label to merge into was deleted, so {locked} was kept.")
    return locked, into


def _move(label: Label, leads: Collection[UUID], into: Label | None) -> None:
    _locked(label.workspace_id, leads)
    batch = LeadLabel.objects.filter(label=label, lead__in=leads)
    if into:
        decided = LeadLabel.objects.filter(label=into, lead__in=leads)
        decided.filter(state=State.SUGGESTED).delete()
        batch.exclude(lead__in=decided.values("lead")).update(label=into)
    batch.update(state=State.OFF)  # the database triggers record the event
    batch.delete()


def _delete(label: Label, by: User, into: Label | None) -> None:
    if into:
        ids = Value(str(label.pk)), Value(str(into.pk))
        _views(label).update(query=Replace("query", *ids))
        into.aliases = [*dict.fromkeys([*into.aliases, label.name, *label.aliases])][:20]
        into.save(update_fields=["aliases"])
        promises.pass_on(label, into)
        audit.record(label.workspace_id, by, "label.merge", label, name=label.name, into=into.name)
    else:
        _views(label).delete()
        audit.record(label.workspace_id, by, "label.delete", label, name=label.name)
    promises.end(label)
    label.delete()


def hold(workspace: Workspace, label_ids: Iterable[UUID]) -> list[Label]:
    """Locks and returns those of the labels that still exist. Must run before a lead is locked, as a deletion locks the
    label before its leads.
    """
    rows = Label.objects.select_for_update(no_key=True).filter(workspace=workspace, pk__in=label_ids)
    return list(rows.order_by("pk"))


def decide(
    workspace: Workspace, by: Actor, lead_ids: Iterable[UUID], label: Label, *, is_on: bool
) -> TriageResult:
    """Stores that `by` puts `label` on the leads, or takes it off, which also declines a suggestion. Leads that already
    have PER_LEAD others stay unchanged, and are in the result's `full`. Raises LabelGone if the label was deleted.
    """
    wanted = set(lead_ids)
    with transaction.atomic():
        if not hold(workspace, [label.pk]):
            raise LabelGone(f"{label} was deleted.")
        leads = _locked(workspace.pk, wanted)
        full = _full(leads, label) if is_on else []
        changed = [lead for lead in leads if lead not in full]
        _write(changed, label, Kind.PERSON, f"{PERSON} {by.pk}", is_on=is_on, **columns(by, "user"))
        action = "lead.label" if is_on else "lead.unlabel"
        audit.record_all(workspace.pk, by, action, changed, label=label.name)
    return TriageResult(changed, [], len(wanted) - len(leads), "", full=full)


def _locked(workspace_id: UUID, lead_ids: Collection[UUID]) -> list[Lead]:
    rows = Lead.objects.select_for_update(no_key=True).filter(workspace=workspace_id, pk__in=lead_ids)
    return list(rows.order_by("pk"))


def _full(leads: Collection[Lead], label: Label) -> list[Lead]:
    on_leads = LeadLabel.objects.filter(lead__in=leads, state=State.ON).exclude(label=label)
    counts = dict(on_leads.values_list("lead").annotate(count=Count("pk")))
    return [lead for lead in leads if counts.get(lead.pk, 0) >= PER_LEAD]


def meanings(workspace_id: UUID) -> dict[str, str]:
    """Returns the meanings of the labels that the model may suggest, by name."""
    rows = Label.objects.filter(workspace=workspace_id).exclude(meaning="")
    return dict(rows.values_list("name", "meaning"))


def suggest(lead: Lead, reasons: Mapping[str, str], *, by: str) -> None:
    """Stores that the model suggests labels, with its `reasons` by label name. Labels with a decision do not change.
    As in `hold`, the caller must not have locked the lead yet.
    """
    if not reasons:
        return
    ids = Label.objects.filter(workspace=lead.workspace_id, name__in=reasons).values_list("pk", flat=True)
    with transaction.atomic():
        fitting = hold(lead.workspace, ids)
        rows = [
            _row(row, label, State.SUGGESTED, Kind.MODEL, by, reason=reasons[label.name])
            for row in _locked(lead.workspace_id, [lead.pk])
            for label in fitting
        ]
        LeadLabel.objects.bulk_create(rows, ignore_conflicts=True)


def meant_by(workspace: Workspace, word: str) -> list[Label]:
    """Locks and returns the labels that a provider's label `word` puts on a lead."""
    plain, rows = label_words(word), Label.objects.filter(workspace=workspace)
    meant = [row.pk for row in rows if plain and plain in map(label_words, (row.name, *row.aliases))]
    return hold(workspace, meant)


def put_by_provider(lead: Lead, meant: Iterable[Label], *, by: str) -> None:
    """Puts labels on the locked `lead`. Skips labels with a decision, and labels beyond PER_LEAD."""
    decided = LeadLabel.objects.filter(lead=lead).exclude(state=State.SUGGESTED)
    for label in meant:
        if not decided.filter(label=label).exists() and not _full([lead], label):
            _write([lead], label, Kind.PROVIDER, by, is_on=True)


def _row(lead: Lead, label: Label, state: str, kind: str, by: str, **fields: object) -> LeadLabel:
    ids = {"workspace_id": lead.workspace_id, "lead": lead, "label": label}
    return LeadLabel(**ids, state=state, kind=kind, by=by[:80], decided_at=Now(), **fields)


def _write(
    leads: Collection[Lead], label: Label, kind: str, by: str, *, is_on: bool, **fields: object
) -> None:
    state = State.ON if is_on else State.OFF
    rows = [_row(lead, label, state, kind, by, **fields) for lead in leads]
    unique_fields = ["lead", "label"]
    LeadLabel.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=unique_fields, update_fields=DECIDED
    )
    for lead in leads if is_on else ():
        lead_labelled.send(LeadLabel, lead=lead, label=label)


def cut(lead: Lead) -> None:
    """Turns the newest labels of the locked `lead` into suggestions if a merge with another lead left it too many."""
    rows = LeadLabel.objects.filter(lead=lead, state=State.ON).order_by("decided_at", "pk")
    surplus = list(rows.values_list("pk", flat=True)[PER_LEAD:])
    LeadLabel.objects.filter(pk__in=surplus).update(state=State.SUGGESTED)
