"""Keeps the source of each fact of a lead (`Lead.sources`). The product never changes a person's entry, even an empty
one: a wrong number that somebody removed does not come back.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from inbox.leads import rollup
from inbox.models import ChannelRefusal, Enrichment, Lead, User, audit
from inbox.models.actor import Actor
from inbox.models.lead import Channel, are_named_by
from inbox.signals import lead_enriched
from integrations import registry
from integrations.models import ApiToken

ALTERNATES = {"alternate_emails": "email", "alternate_phones": "phone"}
"""The columns with a person's other addresses and numbers, each mapped to the column that messages are sent to."""
FACTS = ("first_name", "last_name", "title", "company", "email", "phone", "linkedin_url")
PERSON, TEXT, SIGNATURE = "person", "text", "signature"
WORDS = {PERSON: "a person", TEXT: "their own words", SIGNATURE: "their signature"}
LABELS = {
    "email": "Email",
    "phone": "Mobile",
    "linkedin_url": "LinkedIn",
    "company": "Company",
    "title": "Role",
}
ASKED_FOR: dict[str, str] = {Enrichment.Kind.PHONE: "phone", Enrichment.Kind.LINKEDIN: "linkedin_url"}
REACHED_BY = {Channel.SMS: "phone", Channel.LINKEDIN: "linkedin_url"}
LASTING = ("sms_dnd",)
"""The codes of refusals that concern the person, so that they stay when the lead's number changes."""


class Taken(ValueError):
    """Another lead (`other`) already has the entered address, number or profile, which is in the column `name`."""

    def __init__(self, name: str, holder: Lead | None) -> None:
        super().__init__(name)
        self.name = name
        self.other = holder


class Origin(NamedTuple):
    """The source of a lead's value as a text. `by`: the id of the person who entered the value, or ""."""

    words: str
    at: datetime | None
    by: str


def note(lead: Lead, names: Iterable[str], source: str, *, by: Actor | None = None) -> None:
    """Records the `source` (a provider, PERSON, TEXT, SIGNATURE) of the columns `names` in `lead.sources`, unsaved."""
    now = timezone.now().isoformat(timespec="seconds")
    author = {"program": str(by)} if isinstance(by, ApiToken) else {"by": str(by.pk)} if by else {}
    origin = {"from": source, "at": now} | author
    lead.sources = lead.sources | {name: origin for name in names if name in FACTS}


def entered(lead: Lead, name: str) -> bool:
    return bool(lead.sources.get(name, {}).get("from") == PERSON)


def fillable(lead: Lead, name: str) -> bool:
    """Whether the product may fill the column: it is empty, and no person has emptied it deliberately."""
    return not getattr(lead, name) and not entered(lead, name)


def origin(lead: Lead, name: str) -> Origin | None:
    source = lead.sources.get(name)
    if not source:
        return None
    by = source.get("program") or WORDS.get(source["from"]) or registry.spec_of(source["from"]).label
    return Origin(by, parse_datetime(source.get("at", "")), source.get("by", ""))


class Shown(NamedTuple):
    """A fact as the lead's page shows it. `enrichment`: the question to Clay about a missing fact."""

    name: str
    label: str
    value: str
    origin: Origin | None
    enrichment: Enrichment | None


def people(lead: Lead) -> QuerySet[User]:
    origins = (origin(lead, name) for name in LABELS)
    return User.objects.filter(pk__in={source.by for source in origins if source and source.by})


def shown(lead: Lead, enrichments: Iterable[Enrichment], authors: Iterable[User]) -> list[Shown]:
    """Returns the facts on the lead's page with their origin, including empty ones. `authors` comes from `people`."""
    questions = {ASKED_FOR[row.kind]: row for row in enrichments}
    names = {str(user.pk): str(user) for user in authors}
    return [
        Shown(
            name,
            label,
            getattr(lead, name),
            source and source._replace(words=names.get(source.by, source.words)),
            None if getattr(lead, name) else questions.get(name),
        )
        for name, label in LABELS.items()
        for source in [origin(lead, name)]
    ]


def adopt(keep: Lead, other_sources: dict[str, Any], names: Iterable[str]) -> None:
    """Copies into `keep.sources` the sources of columns that come from a merged lead. The caller saves the lead."""
    keep.sources = keep.sources | {name: other_sources[name] for name in names if name in other_sources}


def add(lead: Lead, name: str, contact: str, user: User) -> bool:
    """Saves `contact` (normalised) in the lead's column `name` or, if that has a value, among its alternates. Returns
    False if the lead already has that contact. Raises Taken.
    """
    more = rollup.ALTERNATES[name]
    with rollup.holding(lead) as row:
        if contact == getattr(row, name) or contact in getattr(row, more):
            return False
        if holder := owner(row, name, contact):
            raise Taken(name, holder)
        if not getattr(row, name):
            return bool(enter(row, {name: contact}, user))
        return bool(enter(row, {more: [*getattr(row, more), contact]}, user))


def enter(
    lead: Lead,
    values: Mapping[str, str | list[str]],
    user: Actor,
    *,
    shown: Mapping[str, list[str]] | None = None,
) -> list[str]:
    """Saves facts that `user` entered, and returns the changed columns. `values` are normalised; "" empties a column.
    `shown` maps columns of ALTERNATES to the values that the person saw: only the person's additions and removals are
    stored. Raises Taken, without storing anything, if another lead has one of the entered values.
    """
    with rollup.holding(lead) as row:
        values = {name: _edited(row, name, text, shown or {}) for name, text in values.items()}
        # The lists come first, because a new address moves the earlier address into its list.
        values = dict(sorted(values.items(), key=lambda pair: pair[0] not in ALTERNATES))
        changed = [name for name, text in values.items() if getattr(row, name) != text]
        for name in changed:
            _require_free(row, name, values[name])
            _enter(row, name, values[name], user)
        if changed:
            audit.record(row.workspace_id, user, "lead.edited", row, fields=changed)
            lead_enriched.send(Lead, lead=row, now=timezone.now())
    return changed


def _edited(
    row: Lead, name: str, entered: str | list[str], shown: Mapping[str, list[str]]
) -> str | list[str]:
    if name not in shown:
        return entered
    staying = [text for text in getattr(row, name) if text in entered or text not in shown[name]]
    return [*staying, *(text for text in entered if text not in staying and text not in shown[name])]


def _require_free(row: Lead, name: str, entered: str | list[str]) -> None:
    """Raises Taken if another lead has one of these alternates, which no database constraint covers."""
    if name in ALTERNATES:
        for text in set(entered) - set(getattr(row, name)):
            if holder := owner(row, ALTERNATES[name], text):
                raise Taken(name, holder)


def owner(lead: Lead, name: str, contact: str) -> Lead | None:
    """Returns another lead of the workspace that has `contact` as its `name`, or as an alternate; None without one."""
    named = Lead.objects.filter(are_named_by({name: contact}), workspace_id=lead.workspace_id)
    return named.exclude(pk=lead.pk).first()


def _enter(row: Lead, name: str, entered: str | list[str], user: Actor) -> None:
    written = [name, "sources", "updated_at"]
    if name == "email" and row.email:
        # Mail from the old address still belongs to this lead.
        row.alternate_emails = [
            text for text in dict.fromkeys([*row.alternate_emails, row.email]) if text != entered
        ][:50]
        written.append("alternate_emails")
    if name == "phone" and entered in row.alternate_phones:
        row.alternate_phones = [text for text in row.alternate_phones if text != entered]
        written.append("alternate_phones")
    if name == "linkedin_url":
        row.linkedin_member_id, row.linkedin_connected_at = "", None  # both belonged to the old profile
        written += ["linkedin_member_id", "linkedin_connected_at"]
    setattr(row, name, entered)
    note(row, [name], PERSON, by=user)
    try:
        with transaction.atomic():
            row.save(update_fields=written)
    except IntegrityError:
        raise Taken(name, owner(row, name, str(entered))) from None
    for channel, column in REACHED_BY.items():
        if column == name:
            ChannelRefusal.objects.filter(lead=row, channel=channel).exclude(code__in=LASTING).delete()
