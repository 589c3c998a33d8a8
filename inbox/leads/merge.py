"""Merges, in one transaction, two leads that are one person. The kept lead keeps all its values, and gets only missing
values from the other lead. A page shows the effects first.
"""

from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import Q

from inbox.leads import facts, labels, own_notices, rollup, score
from inbox.models import (
    BookingCheck,
    ChannelRefusal,
    Enrichment,
    FollowUpInstance,
    Lead,
    LeadLabel,
    Mention,
    User,
    audit,
)
from inbox.models.lead import IDENTITY_FIELDS
from inbox.signals import lead_merged

FACTS = ("first_name", "last_name", "company", "title", "campaign", "assigned_to", "linkedin_connected_at")
GIVES_WAY = [BookingCheck, ChannelRefusal, Enrichment, FollowUpInstance, LeadLabel]
"""Models with at most one row per lead. If both leads have a row, the kept lead's row stays. Other apps add models."""


class MergeRefused(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class MergePreview:
    """The effects of merging `other` into `keep`. `filled` and `given_up` map labels to the values that would be copied
    or lost; `moves` counts rows by their label. `stops`: whether nothing more would go to the merged lead.
    """

    keep: Lead
    other: Lead
    filled: dict[str, str] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)
    moves: dict[str, int] = field(default_factory=dict)
    stops: bool = False


def preview(keep: Lead, twin: Lead) -> MergePreview:
    """Returns the effects of merging `twin` into `keep`. Changes nothing. Raises MergeRefused."""
    _check(keep, twin)
    filled: dict[str, str] = {}
    given_up: dict[str, str] = {}
    for name in (*IDENTITY_FIELDS, *FACTS):
        stays, theirs = getattr(keep, name), getattr(twin, name)
        if theirs and theirs != stays:
            lost = bool(stays) and name not in rollup.ALTERNATES
            (given_up if lost else filled)[str(_column(name).verbose_name)] = str(theirs)
    moves = {}
    for relation in _relations():
        model = relation.related_model
        if count := model._base_manager.filter(**{relation.field.name: twin}).count():
            names = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
            moves[str(names)] = count
    return MergePreview(keep, twin, filled, given_up, moves, stops=twin.is_stopped and not keep.is_stopped)


def merge(keep: Lead, twin: Lead, actor: User | None) -> Lead:
    """Moves the rows of `twin` to `keep`, fills the missing values of `keep`, and deletes `twin`. Raises MergeRefused,
    without any change, if the two leads cannot be merged. `actor`: None for `inbox.leads.identity`, which merges leads
    automatically.
    """
    _check(keep, twin)
    with transaction.atomic():
        # All code locks several leads in the order of their keys, so that no deadlock can occur.
        both = Lead.objects.select_for_update().filter(pk__in=[keep.pk, twin.pk]).order_by("pk")
        locked = {lead.pk: lead for lead in both}
        if len(locked) < 2:
            raise MergeRefused("One of the two leads no longer exists. Search again.")
        keep, twin = locked[keep.pk], locked[twin.pk]
        _check(keep, twin)
        audit.record(keep.workspace_id, actor, "lead.merged", keep, other=str(twin.pk))
        _expect_looks(keep, twin)
        for relation in _relations():
            _move(relation, keep, twin)
        gone = str(twin.pk)
        _adopt(keep, twin)
        lead_merged.send(Lead, lead=keep, gone=gone)
    return keep


def _check(keep: Lead, twin: Lead) -> None:
    if keep.workspace_id != twin.workspace_id:
        raise MergeRefused("The two leads belong to different workspaces.")
    if keep.sample or twin.sample:
        raise MergeRefused("Samples can’t be merged. Remove this one instead.")
    if keep.erasing_at or twin.erasing_at:
        raise MergeRefused("One of the two leads is being erased.")
    if keep.pk == twin.pk:
        raise MergeRefused("That’s the same lead. Choose another one.")


def _column(name: str) -> "models.Field[Any, Any]":
    column = Lead._meta.get_field(name)
    assert isinstance(column, models.Field)
    return column


def _relations() -> list[models.ManyToOneRel]:
    return [field for field in Lead._meta.related_objects if isinstance(field, models.ManyToOneRel)]


def _move(relation: models.ManyToOneRel, keep: Lead, twin: Lead) -> None:
    name = relation.field.name
    rows = relation.related_model._base_manager.filter(**{name: twin})
    try:
        with transaction.atomic():
            rows.update(**{name: keep})
    except IntegrityError:
        if relation.related_model not in GIVES_WAY:
            what = relation.related_model._meta.verbose_name_plural
            raise MergeRefused(
                f"Both leads have {what}, and only one can stay. Resolve one of them first."
            ) from None
        for row in rows:
            try:
                with transaction.atomic():
                    rows.filter(pk=row.pk).update(**{name: keep})
            except IntegrityError:
                row.delete()


def _expect_looks(keep: Lead, twin: Lead) -> None:
    """Enqueues again, for `keep`, the checks of unseen news that are pending for `twin`."""
    unread = Mention.objects.filter(membership__workspace_id=keep.workspace_id, note__lead=twin, read_at=None)
    concerned = Q(pk__in=unread.values("membership")) | Q(user=twin.assigned_to_id)
    own_notices.expect(keep.workspace_id, concerned, [keep.pk])


def _adopt(keep: Lead, twin: Lead) -> None:
    fields = {name: getattr(twin, name) for name in (*IDENTITY_FIELDS, *FACTS)}
    if keep.phone and twin.phone not in ("", keep.phone):
        fields["ghl_contact_id"] = ""  # texts to this contact would go to the other number
    adopted = [name for name, text in fields.items() if text and not getattr(keep, name)]
    facts.adopt(keep, twin.sources, adopted)
    alternates = {
        name: [getattr(twin, name), *getattr(twin, more)] for name, more in rollup.ALTERNATES.items()
    }
    twin.delete()  # Deleting the twin frees its identities for the kept lead.
    for name in adopted:
        setattr(keep, name, fields[name])
    if "assigned_to" in adopted:
        keep.handed_over_at = twin.handed_over_at
    for name, texts in alternates.items():
        for text in texts:
            rollup.know(keep, name, text)
    rollup.inherit(keep, twin)
    labels.cut(keep)
    keep.identity_conflict = False
    rollup.recompute(keep)
    score.settle(keep)
    keep.save(update_fields=["score", "score_reason", "updated_at"])
