"""Two leads are one person: somebody says so, sees what will happen, and then it is done in one transaction.

The lead that stays keeps everything it has; what it lacks comes from the other.
"""

from dataclasses import dataclass, field

from django.db import IntegrityError, models, transaction

from inbox import audit
from inbox.leads import facts, rollup
from inbox.models import BookingCheck, ChannelRefusal, Enrichment, FollowUpInstance, Lead, User
from inbox.models.lead import IDENTITY_FIELDS

FACTS = ("first_name", "last_name", "company", "title", "campaign", "assigned_to", "linkedin_connected_at")
GIVES_WAY = [BookingCheck, ChannelRefusal, Enrichment, FollowUpInstance]
"""Where both leads have a row that only one lead may have, the kept lead's row stands. Apps above add their own."""


class MergeRefused(ValueError):
    """The two cannot be merged now. The message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a merge would do. `filled` and `given_up` map a field's label to the other lead's value."""

    keep: Lead
    other: Lead
    filled: dict[str, str] = field(default_factory=dict)
    given_up: dict[str, str] = field(default_factory=dict)
    moves: dict[str, int] = field(default_factory=dict)
    stops: bool = False


def preview(keep: Lead, other: Lead) -> Preview:
    """What merging `other` into `keep` would do. Raises MergeRefused for one and the same, or two workspaces."""
    _check(keep, other)
    filled, given_up = {}, {}
    for name in (*IDENTITY_FIELDS, *FACTS):
        mine, theirs = getattr(keep, name), getattr(other, name)
        if theirs and theirs != mine:
            # A second e-mail address stays known; a second phone number has no place to go.
            lost = bool(mine) and name != "email"
            (given_up if lost else filled)[str(Lead._meta.get_field(name).verbose_name)] = str(theirs)
    moves = {}
    for relation in _relations():
        model = relation.related_model
        if count := model._base_manager.filter(**{relation.field.name: other}).count():
            names = model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural
            moves[str(names)] = count
    return Preview(keep, other, filled, given_up, moves, stops=other.is_stopped and not keep.is_stopped)


def merge(keep: Lead, other: Lead, actor: User | None) -> Lead:
    """Merge `other` into `keep` and return it as it is now. `actor` None: the product itself, by `identity`.

    Raises MergeRefused, and then nothing has changed.
    """
    _check(keep, other)
    with transaction.atomic():
        # In the order of their keys, as everybody locks several leads.
        both = Lead.objects.select_for_update().filter(pk__in=[keep.pk, other.pk]).order_by("pk")
        locked = {lead.pk: lead for lead in both}
        if len(locked) < 2:
            raise MergeRefused("One of the two leads is gone. Look the other one up again.")
        keep, other = locked[keep.pk], locked[other.pk]
        audit.record(keep.workspace_id, actor, "lead.merged", keep, other=str(other.pk))
        for relation in _relations():
            _move(relation, keep, other)
        _adopt(keep, other)
    return keep


def _check(keep: Lead, other: Lead) -> None:
    if keep.workspace_id != other.workspace_id:
        raise MergeRefused("The two leads belong to different workspaces.")
    if keep.pk == other.pk:
        raise MergeRefused("That is the same lead. Choose another one.")


def _relations() -> list[models.ManyToOneRel]:
    return [relation for relation in Lead._meta.related_objects if not relation.many_to_many]


def _move(relation: models.ManyToOneRel, keep: Lead, other: Lead) -> None:
    """Give the rows of `other` to `keep`, one by one where some of them collide."""
    name = relation.field.name
    rows = relation.related_model._base_manager.filter(**{name: other})
    try:
        with transaction.atomic():
            rows.update(**{name: keep})
    except IntegrityError:
        if relation.related_model not in GIVES_WAY:
            what = relation.related_model._meta.verbose_name_plural
            raise MergeRefused(
                f"Both leads have {what} that exclude each other. Settle one of them first."
            ) from None
        for row in rows:
            try:
                with transaction.atomic():
                    rows.filter(pk=row.pk).update(**{name: keep})
            except IntegrityError:
                row.delete()


def _adopt(keep: Lead, other: Lead) -> None:
    """Fill what is empty, take over stops and addresses, and derive the rest from the messages of both."""
    taken = {name: getattr(other, name) for name in (*IDENTITY_FIELDS, *FACTS)}
    adopted = [name for name, value in taken.items() if value and not getattr(keep, name)]
    facts.adopt(keep, other.sources, adopted)
    addresses = [other.email, *other.alternate_emails]
    other.delete()  # frees its identities for the lead that stays
    for name in adopted:
        setattr(keep, name, taken[name])
    for address in addresses:
        rollup.know_address(keep, address)
    rollup.inherit(keep, other)
    keep.identity_conflict = False
    rollup.recompute(keep)
