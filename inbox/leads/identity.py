"""Finds or creates the lead that an event names. The unique constraints on `Lead` decide: a transaction that loses the
race to insert finds the winner's row in the next round (`inbox.models.races`). Two leads are merged only if the event
contains every identity of one of them (docs/adr/0006-lead-identity.md). A partial match only flags the leads.
"""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote, urlsplit

import phonenumbers
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from inbox.leads import erased, facts, merge, rollup
from inbox.leads.rollup import ALTERNATES
from inbox.models import Lead, Workspace
from inbox.models.lead import IDENTITY_FIELDS, are_named_by
from inbox.models.races import settled
from integrations import rawjson
from integrations.addresses import mailbox
from integrations.events import PayloadInvalid, Person
from jobs.db import insert_or_ignore


def person_of(lead: Lead) -> Person:
    names = (*IDENTITY_FIELDS, "first_name", "last_name", "company", "title")
    return Person(**{name: getattr(lead, name) for name in names})


MATCH_ORDER = (
    "ghl_contact_id",
    "emailbison_lead_id",
    "linkedin_member_id",
    "linkedin_url",
    "email",
    "alternate_emails",
    "alternate_contacts",
    "phone",
    "alternate_phones",
)
"""If an event's identities name several leads, the first identity in this order decides. Email comes before phone."""

KINDS = (
    ("email",),
    ("phone",),
    ("linkedin_member_id", "linkedin_url"),
    ("emailbison_lead_id",),
    ("ghl_contact_id",),
)
"""Groups of columns that identify the same thing. A LinkedIn profile has both an id and an address."""

CONTRADICTED_BY = {
    "phone": ("ghl_contact_id", "linkedin_member_id", "email"),
    "alternate_phones": ("linkedin_member_id", "email"),
    "alternate_contacts": ("linkedin_member_id", "email"),
    "linkedin_url": ("ghl_contact_id", "linkedin_member_id"),
}
"""The stronger identities that can contradict a weak one: a family or an office may share a phone, and a profile link
may come from any field of a contact. An alternate phone has a contact of its own, so no contact contradicts it
(docs/adr/0078-a-lead-has-other-numbers.md).
"""

READABLE = {
    "email": "must be an email address of at most 320 characters",
    "phone": "must be a phone number",
    "linkedin_url": "must be the URL of a personal LinkedIn profile",
}

PROFILE = re.compile(r"/(?:in|pub)/([^/?#]+)")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def normal_email(text: str) -> str:
    """Returns the email address in lower case; "" if `text` is not an address or is longer than 320 characters."""
    text = text.strip().strip("<>").lower()
    return text if len(text) <= 320 and EMAIL.fullmatch(text) else ""


def normal_phone(text: str, region: str) -> str:
    """Returns the number in E.164 form ("+15555550123"), or "". `region`: the default country, as an ISO code."""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_profile_url(text: str) -> str:
    """Returns a LinkedIn profile as `https://www.linkedin.com/in/<slug>`; "" for any other page, such as /company/."""
    text = text.strip()
    try:
        parts = urlsplit(text if "//" in text else f"https://{text}")
        host = (parts.hostname or "").lower()
    except ValueError:
        return ""
    match = PROFILE.match(parts.path)
    slug = rawjson.UNSTORABLE.sub("", unquote(match[1])) if match else ""
    if not slug or not (host == "linkedin.com" or host.endswith(".linkedin.com")):
        return ""
    return f"https://www.linkedin.com/in/{slug.lower()}"[:300]


@dataclass(frozen=True, slots=True)
class LeadMatch:
    """The lead that an event is about. `conflict`: the event's addresses and ids also belong to other leads."""

    lead: Lead
    created: bool
    conflict: bool


def find_or_create(workspace: Workspace, person: Person, source: str) -> LeadMatch:
    """Finds the lead with one of the person's addresses or ids, or creates it, locks its row, and fills its empty
    columns. If several leads match, those that are certainly one person are merged, and the others flagged. `source` is
    the provider. Must run in a transaction. Raises PayloadInvalid if no address or id of `person` can be read.
    """
    return settled(lambda: resolve(workspace, person, source))


def find(workspace: Workspace, person: Person, source: str) -> LeadMatch | None:
    """Does the same as `find_or_create` for an existing lead; returns None without such a lead."""
    identities = identities_of(workspace, person)
    return settled(lambda: _existing(workspace, identities, person, source)[0])


def resolve(
    workspace: Workspace, person: Person, source: str, complete: Callable[[Lead], None] | None = None
) -> LeadMatch:
    """Does the same as `find_or_create`, but raises IntegrityError if another transaction creates the same lead. The
    caller then repeats all of its work. `complete(lead)` sets further values of a new lead before its row is written.
    """
    identities = identities_of(workspace, person)
    match, rivals = _existing(workspace, identities, person, source)
    return match or _new(workspace, rivals, identities, person, source, complete)


def _existing(
    workspace: Workspace, identities: dict[str, str], person: Person, source: str
) -> tuple[LeadMatch | None, list[Lead]]:
    """Returns the locked lead that `identities` name, filled from `person`, and the other leads that they name."""
    if not identities:
        raise PayloadInvalid(_unreadable(person))
    candidates = sorted(named_by(workspace, identities), key=lambda lead: min(_rank(lead, identities)))
    matches = [lead for lead in candidates if not _is_another(lead, identities)]
    rivals = [lead for lead in candidates if lead not in matches]
    return (_fill(matches, rivals, identities, person, source) if matches else None), rivals


def _unreadable(person: Person) -> dict[str, str]:
    errors = {name: text for name, text in READABLE.items() if getattr(person, name)}
    return errors or {"lead": "must have an email address, a phone number, a profile or a provider’s ID"}


def _new(
    workspace: Workspace,
    rivals: list[Lead],
    identities: dict[str, str],
    person: Person,
    source: str,
    complete: Callable[[Lead], None] | None,
) -> LeadMatch:
    values = _free(rivals, identities) | _facts(person)
    lead = Lead(workspace_id=workspace.pk, identity_conflict=bool(rivals), **values)
    facts.note(lead, [name for name, text in values.items() if text], source)
    if complete is not None:
        complete(lead)
    erased.hold(lead, workspace)
    if not insert_or_ignore(lead):  # a lost race must not be an error in PostgreSQL's log
        raise IntegrityError("Another transaction has created the lead.")
    _flag(rivals)
    return LeadMatch(lead, True, bool(rivals))


def identities_of(workspace: Workspace, person: Person) -> dict[str, str]:
    """Returns the person's addresses and ids in their normal form, by column of Lead. Empty ones are left out."""
    values = {
        "email": normal_email(mailbox(person.email).address),
        "phone": normal_phone(person.phone, workspace.phone_region) if person.phone else "",
        "linkedin_member_id": person.linkedin_member_id.strip()[:120],
        "linkedin_url": normal_profile_url(person.linkedin_url) if person.linkedin_url else "",
        "emailbison_lead_id": person.emailbison_lead_id.strip()[:64],
        "ghl_contact_id": person.ghl_contact_id.strip()[:64],
    }
    return {name: text for name, text in values.items() if text}


def named_by(workspace: Workspace, identities: dict[str, str]) -> QuerySet[Lead]:
    """Returns the leads that have any of `identities` (normalised, at least one), locked."""
    # Rows are locked in this order, so two transactions that lock the same leads cannot deadlock. Rows that reference
    # them may still be added (inbox.leads.rollup.locked).
    leads = Lead.objects.filter(are_named_by(identities), workspace=workspace)
    return leads.select_for_update(no_key=True).order_by("pk")


def _rank(lead: Lead, identities: dict[str, str]) -> list[int]:
    ranks = [MATCH_ORDER.index(name) for name, text in identities.items() if getattr(lead, name) == text]
    ranks += [MATCH_ORDER.index(ALTERNATES[name]) for name in ALTERNATES if _knows(lead, name, identities)]
    return ranks


def _knows(lead: Lead, name: str, identities: dict[str, str]) -> bool:
    return name in ALTERNATES and identities.get(name) in getattr(lead, ALTERNATES[name])


def _is_another(lead: Lead, identities: dict[str, str]) -> bool:
    """Whether only a weak identity names the lead, while a stronger one shows that this is somebody else."""
    strongest = MATCH_ORDER[min(_rank(lead, identities))]
    return any(
        identities.get(name)
        and getattr(lead, name)
        and not _names(lead, name, identities[name])
        and not _knows(lead, name, identities)
        for name in CONTRADICTED_BY.get(strongest, ())
    )


def _names(lead: Lead, name: str, text: str) -> bool:
    return bool(text) and getattr(lead, name) == text


def same_person(lead: Lead, second: Lead, identities: dict[str, str]) -> bool:
    """Whether two leads are certainly one person: nothing differs, and `identities` contain all those of one lead."""
    agree = all(
        not getattr(lead, name) or not getattr(second, name) or getattr(lead, name) == getattr(second, name)
        for name in IDENTITY_FIELDS
    )
    return agree and (_stated(lead, identities) or _stated(second, identities))


def _stated(lead: Lead, identities: dict[str, str]) -> bool:
    kinds = [kind for kind in KINDS if any(getattr(lead, name) for name in kind)]
    return all(any(_names(lead, name, identities.get(name, "")) for name in kind) for kind in kinds)


def _as_one(matches: list[Lead], identities: dict[str, str]) -> list[Lead]:
    matches = _with_other_contact(matches, identities)
    sure = [lead for lead in matches if any(_proves(lead, name, text) for name, text in identities.items())]
    keep = next((lead for lead in sure if lead.email), sure[0]) if len(sure) > 1 else None
    for twin in sure:
        if keep is not None and twin is not keep and same_person(keep, twin, identities):
            try:
                keep = merge.merge(keep, twin, None)
            except merge.MergeRefused:
                continue
            matches = [keep, *(lead for lead in matches if lead.pk not in (keep.pk, twin.pk, None))]
    return matches


def _with_other_contact(matches: list[Lead], identities: dict[str, str]) -> list[Lead]:
    """Merges a lead that has only the event's GoHighLevel contact into the lead that has this contact, or the event's
    number, as an alternate. The two are separate only because of the order of the events.
    """
    owners = [
        lead for lead in matches if any(_knows(lead, n, identities) for n in ("phone", "ghl_contact_id"))
    ]
    stray = next((lead for lead in matches if _is_only(lead, "ghl_contact_id", identities)), None)
    if len(owners) != 1 or stray is None or stray in owners:
        return matches
    with contextlib.suppress(merge.MergeRefused), transaction.atomic():
        # The stray contact must not become the contact that receives texts.
        contacts = [*stray.alternate_contacts, stray.ghl_contact_id]
        Lead.objects.filter(pk=stray.pk).update(ghl_contact_id="", alternate_contacts=contacts)
        merged = merge.merge(owners[0], stray, None)
        return [merged, *(lead for lead in matches if lead not in (owners[0], stray))]
    return matches


def _is_only(lead: Lead, name: str, identities: dict[str, str]) -> bool:
    names = {field for field in IDENTITY_FIELDS if getattr(lead, field)}
    return names == {name} and _names(lead, name, identities.get(name, ""))


def _proves(lead: Lead, name: str, text: str) -> bool:
    """Whether `text` belongs to this lead alone. A phone or an assistant's address may be shared."""
    return name != "phone" and _names(lead, name, text)


class KeptIdentity(StrEnum):
    FILLED = "filled"
    KNOWN = "known"
    ANOTHERS = "another lead has this contact detail"


def keep(lead: Lead, name: str, text: str, source: str) -> KeptIdentity:
    """Saves `text` in the lead's column `name` if the product may fill it (FILLED); otherwise changes nothing (KNOWN).
    If another lead has the value, both leads are flagged (ANOTHERS). `source`: a provider, or another source of
    `inbox.leads.facts`.
    """
    try:
        with transaction.atomic():
            row = Lead.objects.select_for_update().filter(pk=lead.pk).first()
            if row is None or not facts.fillable(row, name):
                return KeptIdentity.KNOWN
            if Lead.objects.filter(workspace_id=row.workspace_id, **{name: text}).exists():
                raise IntegrityError(
                    "Another lead already has this contact detail."
                )  # otherwise PostgreSQL's log would show the constraint's error
            setattr(row, name, text)
            facts.note(row, [name], source)
            row.save(update_fields=[name, "sources", "updated_at"])
    except IntegrityError:
        leads = Lead.objects.filter(workspace_id=lead.workspace_id)
        (leads.filter(pk=lead.pk) | leads.filter(**{name: text})).update(identity_conflict=True)
        return KeptIdentity.ANOTHERS
    return KeptIdentity.FILLED


def keep_contact(lead: Lead, contact_id: str, phone: str, source: str) -> KeptIdentity:
    """Saves GoHighLevel's contact of the number `phone` ("" if unknown) for the locked lead. The first contact, unless
    its number is an alternate, becomes the one that receives texts (with the result of `keep`). Any other contact
    becomes an alternate (KNOWN).
    """
    if not lead.ghl_contact_id and phone not in lead.alternate_phones:
        return keep(lead, "ghl_contact_id", contact_id, source)
    rollup.know(lead, "ghl_contact_id", contact_id)
    lead.save(update_fields=["alternate_contacts", "updated_at"])
    return KeptIdentity.KNOWN


def settle(workspace: Workspace, lead: Lead, name: str, text: str) -> None:
    """Merges `lead` with the lead that has `text` in the column `name` if they are one person; otherwise flags both."""
    holder = Lead.objects.select_for_update().filter(workspace=workspace, **{name: text}).first()
    if holder is None:
        return
    if _proves(holder, name, text) and same_person(lead, holder, {name: text}):
        with contextlib.suppress(merge.MergeRefused):
            merged = merge.merge(lead, holder, None)
            for field in IDENTITY_FIELDS:
                setattr(lead, field, getattr(merged, field))
            return
    lead.identity_conflict = True
    Lead.objects.filter(pk__in=[lead.pk, holder.pk]).update(identity_conflict=True)


def _fill(
    matches: list[Lead], rivals: list[Lead], identities: dict[str, str], person: Person, source: str
) -> LeadMatch:
    lead, *rest = _as_one(matches, identities) if len(matches) > 1 else matches
    rivals = [*rest, *rivals]
    contacts = lead.alternate_contacts
    changed = _write(lead, _fitting(lead, _free(rivals, identities)) | _facts(person), source)
    if lead.alternate_contacts != contacts:
        changed.append("alternate_contacts")
    if rivals and not lead.identity_conflict:
        lead.identity_conflict = True
        changed.append("identity_conflict")
    if changed:
        lead.save(update_fields=[*changed, "updated_at"])
    _flag(rivals)
    return LeadMatch(lead, False, bool(rivals))


def _free(rivals: list[Lead], identities: dict[str, str]) -> dict[str, str]:
    """Returns the `identities` that none of the rivals has, not even as an alternate. A rival's other GoHighLevel
    contacts do not count: this event proves that the contact belongs to somebody else.
    """
    return {
        name: text
        for name, text in identities.items()
        if not any(
            _names(rival, name, text) or (name != "ghl_contact_id" and _knows(rival, name, identities))
            for rival in rivals
        )
    }


def _fitting(lead: Lead, identities: dict[str, str]) -> dict[str, str]:
    """Returns the `identities` without the lead's alternates: nothing is sent to those, so they fill no column. The
    contact of an alternate number becomes an alternate; otherwise, texts would go to that number.
    """
    fresh = {name: text for name, text in identities.items() if not _knows(lead, name, identities)}
    if lead.ghl_contact_id or _knows(lead, "phone", identities):
        rollup.know(lead, "ghl_contact_id", fresh.pop("ghl_contact_id", ""))
    return fresh


def _flag(leads: list[Lead]) -> None:
    unflagged = [lead.pk for lead in leads if not lead.identity_conflict]
    if unflagged:
        Lead.objects.filter(pk__in=unflagged).update(identity_conflict=True)


def _write(lead: Lead, fresh: dict[str, str], source: str) -> list[str]:
    changed = [name for name, text in fresh.items() if text and facts.fillable(lead, name)]
    for name in changed:
        setattr(lead, name, fresh[name])
    facts.note(lead, changed, source)
    return [*changed, "sources"] if changed else []


def fill(lead: Lead, workspace: Workspace, person: Person, source: str) -> None:
    """Fills empty columns of the locked `lead` from `person`. Raises IntegrityError if another lead has a value."""
    changed = _write(lead, identities_of(workspace, person) | _facts(person), source)
    lead.save(update_fields=[*changed, "updated_at"])


def _facts(person: Person) -> dict[str, str]:
    return {
        "first_name": person.first_name.strip()[:120],
        "last_name": person.last_name.strip()[:120],
        "company": person.company.strip()[:200],
        "title": person.title.strip()[:200],
    }
