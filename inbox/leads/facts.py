"""Where a lead's facts come from and how old they are; what a person has entered, nothing else changes.

`Lead.sources` names the source of each column of FACTS. A person's entry counts even where it is empty: a number that
somebody took out because it was wrong does not come back by itself.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from inbox import audit
from inbox.leads import rollup
from inbox.models import ChannelRefusal, Enrichment, Lead, User
from inbox.models.lead import Channel
from inbox.signals import lead_enriched
from integrations import registry

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
ASKED_FOR = {Enrichment.Kind.PHONE: "phone", Enrichment.Kind.LINKEDIN: "linkedin_url"}
REACHED_BY = {Channel.SMS: "phone", Channel.LINKEDIN: "linkedin_url"}
LASTING = ("sms_dnd",)
"""Refusals of the person's own: another number changes nothing about them."""


class Taken(ValueError):
    """Another lead has this value. `name`: the column."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Origin(NamedTuple):
    """Where a fact comes from, in words; `by`: the id of the person who entered it, "" where nobody did."""

    words: str
    at: datetime | None
    by: str


def note(lead: Lead, names: Iterable[str], source: str, *, by: User | None = None) -> None:
    """Remember that `source` (a provider, or one of ours) said what `names` hold now. The caller saves `sources`."""
    now = timezone.now().isoformat(timespec="seconds")
    said = {"from": source, "at": now} | ({"by": str(by.pk)} if by else {})
    lead.sources = lead.sources | {name: said for name in names if name in FACTS}


def said_by_themselves(lead: Lead, name: str) -> bool:
    """Whether what `name` holds is known from the lead's own words only."""
    return lead.sources.get(name, {}).get("from") in (TEXT, SIGNATURE)


def entered(lead: Lead, name: str) -> bool:
    """Whether a person has said what the column holds."""
    return lead.sources.get(name, {}).get("from") == PERSON


def fillable(lead: Lead, name: str) -> bool:
    """Whether the column is empty and no person wants it so."""
    return not getattr(lead, name) and not entered(lead, name)


def origin(lead: Lead, name: str) -> Origin | None:
    """Where the fact comes from, as far as that is known."""
    said = lead.sources.get(name)
    if not said:
        return None
    return Origin(
        _words(said["from"]),
        parse_datetime(said.get("at", "")),
        said.get("by", ""),
    )


def _words(source: str) -> str:
    return WORDS[source] if source in WORDS else registry.spec_of(source).label


class Shown(NamedTuple):
    """A fact for people. `enrichment`: what was asked about it, where it is missing."""

    name: str
    label: str
    value: str
    origin: Origin | None
    enrichment: Enrichment | None


def shown(lead: Lead) -> list[Shown]:
    """The facts of a lead, each with where it comes from; a person's entry with their address."""
    asked = {ASKED_FOR[row.kind]: row for row in Enrichment.objects.filter(lead=lead)}
    origins = {name: origin(lead, name) for name in LABELS}
    ids = {found.by for found in origins.values() if found and found.by}
    people = {str(user.pk): str(user) for user in User.objects.filter(pk__in=ids)} if ids else {}
    return [
        Shown(
            name,
            label,
            getattr(lead, name),
            found and found._replace(words=people.get(found.by, found.words)),
            None if getattr(lead, name) else asked.get(name),
        )
        for name, label in LABELS.items()
        for found in [origins[name]]
    ]


def adopt(keep: Lead, other_sources: dict, names: Iterable[str]) -> None:
    """A merged lead brings the sources of what is taken from it."""
    keep.sources = keep.sources | {name: other_sources[name] for name in names if name in other_sources}


def enter(lead: Lead, values: dict[str, str], user: User) -> list[str]:
    """A person enters `values` (normalised, of FACTS); returns the names that changed. Raises Taken.

    Refusals that were about an old number or profile go with it, and what waited for one goes on.
    """
    with transaction.atomic():
        row = rollup.locked(lead)
        changed = [name for name, value in values.items() if getattr(row, name) != value]
        for name in changed:
            _enter(row, name, values[name], user)
        if changed:
            audit.record(row.workspace_id, user, "lead.edited", row, fields=changed)
            lead_enriched.send(Lead, lead=row, now=timezone.now())
    return changed


def _enter(row: Lead, name: str, value: str, user: User) -> None:
    written = [name, "sources", "updated_at"]
    if name == "email" and row.email:
        row.alternate_emails = [*row.alternate_emails, row.email][:50]  # mail from there is still theirs
        written.append("alternate_emails")
    if name == "linkedin_url":
        row.linkedin_member_id, row.linkedin_connected_at = "", None  # they were another profile's
        written += ["linkedin_member_id", "linkedin_connected_at"]
    setattr(row, name, value)
    note(row, [name], PERSON, by=user)
    try:
        with transaction.atomic():
            row.save(update_fields=written)
    except IntegrityError:
        raise Taken(name) from None
    for channel, column in REACHED_BY.items():
        if column == name:
            ChannelRefusal.objects.filter(lead=row, channel=channel).exclude(code__in=LASTING).delete()
