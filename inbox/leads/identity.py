"""Who is it: one normal form for each kind of identity, and one way to find or make the lead it names.

The unique constraints on `Lead` decide. A look-up that finds nothing is followed by an insert; whoever loses that race
finds the winner's row on the next round (`inbox.races`). Two leads are joined only where an event says all that is
known of who one of them is (docs/adr/0006); a partial match is flagged for a person.
"""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import or_
from urllib.parse import unquote, urlsplit
from uuid import UUID

import phonenumbers
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from inbox import kept
from inbox.leads import facts, merge
from inbox.models import Lead, Workspace
from inbox.models.lead import IDENTITY_FIELDS, by_alternate_email
from inbox.races import settled
from integrations import rawjson
from integrations.addresses import mailbox
from integrations.events import PayloadInvalid, Person


def person_of(lead: Lead) -> Person:
    """What is known of a lead, as a provider may be asked for it."""
    names = (*IDENTITY_FIELDS, "first_name", "last_name", "company", "title")
    return Person(**{name: getattr(lead, name) for name in names})


MATCH_ORDER = (
    "ghl_contact_id",
    "emailbison_lead_id",
    "linkedin_member_id",
    "linkedin_url",
    "email",
    "alternate_emails",
    "phone",
)
"""Which identity wins where an event's identities name several leads: the e-mail before the phone."""

KINDS = (
    ("email",),
    ("phone",),
    ("linkedin_member_id", "linkedin_url"),
    ("emailbison_lead_id",),
    ("ghl_contact_id",),
)
"""Columns that tell the same thing twice: a LinkedIn profile has an id and an address."""

CONTRADICTED_BY = {
    "phone": ("ghl_contact_id", "linkedin_member_id", "email"),
    "linkedin_url": ("ghl_contact_id", "linkedin_member_id"),
}
"""A phone is shared in a family or an office, and a link to a profile is harvested from any field of a contact: such a
match alone does not make a person out of two whose contact, profile or address differ."""

READABLE = {
    "email": "must be an e-mail address of at most 320 characters",
    "phone": "must be a phone number",
    "linkedin_url": "must be the address of a personal LinkedIn profile",
}

PROFILE = re.compile(r"/(?:in|pub)/([^/?#]+)")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def normal_email(value: str) -> str:
    """The address in lower case, or "" where it is none."""
    value = value.strip().strip("<>").lower()
    return value if len(value) <= 320 and EMAIL.fullmatch(value) else ""


def normal_phone(value: str, region: str) -> str:
    """E.164 ("+15555550123") for a possible number in any spelling, else "". `region`: ISO country code."""
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_profile_url(value: str) -> str:
    """`https://www.linkedin.com/in/<slug>` for a personal profile, else "": a /company/ page is nobody."""
    value = value.strip()
    try:
        parts = urlsplit(value if "//" in value else f"https://{value}")
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    match = PROFILE.match(parts.path)
    slug = rawjson.UNSTORABLE.sub("", unquote(match[1])) if match else ""
    if not slug or not (host == "linkedin.com" or host.endswith(".linkedin.com")):
        return ""
    return f"https://www.linkedin.com/in/{slug.lower()}"[:300]


@dataclass(frozen=True, slots=True)
class Found:
    """The lead of an event. `created`: it is new. `conflict`: the event's identities named other leads as well."""

    lead: Lead
    created: bool
    conflict: bool


def find_or_create(
    workspace: Workspace,
    person: Person,
    source: str,
    *,
    create: bool = True,
) -> Found | None:
    """The one lead that `person` names in `workspace`, locked until the transaction ends; None if not `create`.

    Empty fields are filled from `person`, filled ones stay. `source`: who says so, as `facts.note` keeps it. Must run
    in a transaction. Raises PayloadInvalid where `person` carries no identity that can be read.
    """
    return settled(lambda: resolve(workspace, person, source, create=create))


def resolve(
    workspace: Workspace,
    person: Person,
    source: str,
    *,
    create: bool = True,
    complete: Callable[[Lead], None] | None = None,
) -> Found | None:
    """One round of `find_or_create`, for callers that are settled as a whole: raises IntegrityError for a lost race.

    `complete(lead)` sets what else is known of a new lead, so that its row is written once.
    """
    identities = identities_of(workspace, person)
    if not identities:
        raise PayloadInvalid(_unreadable(person))
    named = _matches(workspace, identities)
    matches = [lead for lead in named if not _is_another(lead, identities)]
    others = [lead for lead in named if lead not in matches]
    if matches:
        return _fill(matches, others, identities, person, source)
    return _new(workspace, others, identities, person, source, complete) if create else None


def _unreadable(person: Person) -> dict[str, str]:
    """Which fields were to name the lead, and what they should have been."""
    given = {name: text for name, text in READABLE.items() if getattr(person, name)}
    return given or {
        "lead": "must be named by an e-mail address, a phone number, a profile or a provider's id"
    }


def _new(
    workspace: Workspace,
    others: list[Lead],
    identities: dict[str, str],
    person: Person,
    source: str,
    complete: Callable[[Lead], None] | None,
) -> Found:
    values = _free(others, identities) | _facts(person)
    lead = kept.new(Lead, workspace_id=workspace.pk, identity_conflict=bool(others), **values)
    facts.note(lead, [name for name, value in values.items() if value], source)
    if complete is not None:
        complete(lead)
    kept.insert(lead)
    _flag(others)
    return Found(lead, True, bool(others))


def identities_of(workspace: Workspace, person: Person) -> dict[str, str]:
    """The normalised, non-empty identity columns of `person`."""
    values = {
        "email": normal_email(mailbox(person.email).address),
        "phone": normal_phone(person.phone, workspace.phone_region) if person.phone else "",
        "linkedin_member_id": person.linkedin_member_id.strip()[:120],
        "linkedin_url": normal_profile_url(person.linkedin_url) if person.linkedin_url else "",
        "emailbison_lead_id": person.emailbison_lead_id.strip()[:64],
        "ghl_contact_id": person.ghl_contact_id.strip()[:64],
    }
    return {name: value for name, value in values.items() if value}


def _named(workspace: UUID, **identities: str) -> QuerySet[Lead]:
    # That it is not empty is said once more for a plan that is made before the value is known: the index wants it.
    named = reduce(or_, (Q(**{name: value}) & ~Q(**{name: ""}) for name, value in identities.items()))
    if email := identities.get("email"):
        named |= by_alternate_email(email)
    # Ordered, so that two transactions that lock the same leads do it in the same order.
    return Lead.objects.select_for_update().filter(named, workspace=workspace).order_by("pk")


_NAMED = kept.Kept(_named)


def _matches(workspace: Workspace, identities: dict[str, str]) -> list[Lead]:
    found = _NAMED.find(workspace=workspace.pk, **identities)
    return sorted(found, key=lambda lead: min(_rank(lead, identities)))


def _rank(lead: Lead, identities: dict[str, str]) -> list[int]:
    ranks = [MATCH_ORDER.index(name) for name, value in identities.items() if getattr(lead, name) == value]
    if identities.get("email") in lead.alternate_emails:
        ranks.append(MATCH_ORDER.index("alternate_emails"))
    return ranks


def _is_another(lead: Lead, identities: dict[str, str]) -> bool:
    """Whether the lead is named by something weak alone, while something stronger says that it is somebody else."""
    strongest = MATCH_ORDER[min(_rank(lead, identities))]
    return any(
        identities.get(name)
        and getattr(lead, name)
        and not _names(lead, name, identities[name])
        and not (name == "email" and identities[name] in lead.alternate_emails)
        for name in CONTRADICTED_BY.get(strongest, ())
    )


def _names(lead: Lead, name: str, value: str) -> bool:
    return bool(value) and getattr(lead, name) == value


def same_person(one: Lead, other: Lead, identities: dict[str, str]) -> bool:
    """Whether two leads that `identities` name are one without any doubt.

    They contradict each other nowhere, and of one of them nothing is known but what `identities` say themselves: the
    order of events alone has made it a lead of its own.
    """
    agree = all(
        not getattr(one, name) or not getattr(other, name) or getattr(one, name) == getattr(other, name)
        for name in IDENTITY_FIELDS
    )
    return agree and (_stated(one, identities) or _stated(other, identities))


def _stated(lead: Lead, identities: dict[str, str]) -> bool:
    known = [kind for kind in KINDS if any(getattr(lead, name) for name in kind)]
    return all(any(_names(lead, name, identities.get(name, "")) for name in kind) for kind in known)


def _as_one(matches: list[Lead], identities: dict[str, str]) -> list[Lead]:
    """`matches` after those were joined that are the same person, each named by more than a phone."""
    sure = [lead for lead in matches if any(_proves(lead, name, value) for name, value in identities.items())]
    keep = next((lead for lead in sure if lead.email), sure[0]) if len(sure) > 1 else None
    for other in sure:
        if keep is not None and other is not keep and same_person(keep, other, identities):
            try:
                keep = merge.merge(keep, other, None)
            except merge.MergeRefused:
                continue
            matches = [keep, *(lead for lead in matches if lead.pk not in (keep.pk, other.pk, None))]
    return matches


def _proves(lead: Lead, name: str, value: str) -> bool:
    """Whether `value` belongs to this lead alone: not a phone, nor an address of somebody who answers for them."""
    return name != "phone" and _names(lead, name, value)


class Kept(StrEnum):
    """What became of a value that was found for a lead."""

    FILLED = "filled"
    KNOWN = "known"
    ANOTHERS = "another lead has it"


def keep(lead: Lead, name: str, value: str, source: str) -> Kept:
    """Write one column of the lead where it is empty; where the value is another lead's identity, flag both."""
    try:
        with transaction.atomic():
            row = Lead.objects.select_for_update().filter(pk=lead.pk).first()
            if row is None or not facts.fillable(row, name):
                return Kept.KNOWN
            setattr(row, name, value)
            facts.note(row, [name], source)
            row.save(update_fields=[name, "sources", "updated_at"])
    except IntegrityError:
        mine = Lead.objects.filter(workspace_id=lead.workspace_id)
        (mine.filter(pk=lead.pk) | mine.filter(**{name: value})).update(identity_conflict=True)
        return Kept.ANOTHERS
    return Kept.FILLED


def settle(workspace: Workspace, lead: Lead, name: str, value: str) -> None:
    """`value` of identity `name` was found for `lead`, but belongs to another one: join the two, or flag both."""
    other = Lead.objects.select_for_update().filter(workspace=workspace, **{name: value}).first()
    if other is None:
        return
    if _proves(other, name, value) and same_person(lead, other, {name: value}):
        with contextlib.suppress(merge.MergeRefused):
            merged = merge.merge(lead, other, None)
            for field in IDENTITY_FIELDS:
                setattr(lead, field, getattr(merged, field))
            return
    lead.identity_conflict = True
    Lead.objects.filter(pk__in=[lead.pk, other.pk]).update(identity_conflict=True)


def _fill(
    matches: list[Lead], others: list[Lead], identities: dict[str, str], person: Person, source: str
) -> Found:
    lead, *rest = _as_one(matches, identities) if len(matches) > 1 else matches
    others = [*rest, *others]
    changed = _write(lead, _free(others, identities) | _facts(person), source)
    if others and not lead.identity_conflict:
        lead.identity_conflict = True
        changed.append("identity_conflict")
    if changed:
        lead.save(update_fields=[*changed, "updated_at"])
    _flag(others)
    return Found(lead, False, bool(others))


def _free(others: list[Lead], identities: dict[str, str]) -> dict[str, str]:
    """Those of `identities` that none of the other leads has."""
    return {
        name: value
        for name, value in identities.items()
        if not any(_names(other, name, value) for other in others)
    }


def _flag(leads: list[Lead]) -> None:
    """Have a person look at leads that an event names together with another one."""
    unflagged = [lead.pk for lead in leads if not lead.identity_conflict]
    if unflagged:
        Lead.objects.filter(pk__in=unflagged).update(identity_conflict=True)


def _write(lead: Lead, fresh: dict[str, str], source: str) -> list[str]:
    """Set what may be filled from `fresh`; returns the columns to save."""
    changed = [name for name, value in fresh.items() if value and facts.fillable(lead, name)]
    for name in changed:
        setattr(lead, name, fresh[name])
    facts.note(lead, changed, source)
    return [*changed, "sources"] if changed else []


def fill(lead: Lead, workspace: Workspace, person: Person, source: str) -> None:
    """Write `person` into a locked lead's empty columns. Raises IntegrityError where another lead is that person."""
    changed = _write(lead, identities_of(workspace, person) | _facts(person), source)
    lead.save(update_fields=[*changed, "updated_at"])


def _facts(person: Person) -> dict[str, str]:
    return {
        "first_name": person.first_name.strip()[:120],
        "last_name": person.last_name.strip()[:120],
        "company": person.company.strip()[:200],
        "title": person.title.strip()[:200],
    }
