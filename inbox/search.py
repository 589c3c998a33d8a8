"""Search in one workspace: by words, address, phone number in any spelling, or id, all time, each by its own index.

The embedded PostgreSQL has no pg_trgm, so words match by their beginnings ("roof" finds "Roofing") and phone numbers
by their last digits ("555-0119" finds +15555550119).
"""

import contextlib
import re
import uuid

import phonenumbers
from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet
from django.db.models.functions import Reverse

from inbox.models import Lead, Message, Workspace
from inbox.models.lead import LEAD_WORDS, by_alternate_email
from inbox.models.message import MESSAGE_WORDS

MIN_PHONE_DIGITS = 4
MAX_WORDS = 12
PHONE_LIKE = re.compile(r"[\d\s()+./-]+")


def search_leads(leads: QuerySet[Lead], workspace: Workspace, text: str) -> QuerySet[Lead]:
    """Those of `leads` that `text` finds; all of them for an empty text."""
    text = text.replace("\0", "").strip()
    if not text:
        return leads
    own = Lead.objects.filter(workspace=workspace)
    matches = [
        own.filter(_by_identity(text)),
        *_by_words(own, workspace, text),
        *_by_phone(own, workspace, text),
    ]
    # A union of index look-ups: an OR over them would read every lead of the workspace.
    first, *others = (match.order_by().values("pk") for match in matches)
    return leads.filter(pk__in=first.union(*others))


def _by_identity(text: str) -> Q:
    found = Q(emailbison_lead_id=text) | Q(ghl_contact_id=text)
    if "@" in text:
        address = text.lower()
        found |= Q(email=address) | by_alternate_email(address)
    with contextlib.suppress(ValueError):
        found |= Q(pk=uuid.UUID(text))
    return found


def _by_words(own: QuerySet[Lead], workspace: Workspace, text: str) -> list[QuerySet[Lead]]:
    words = [re.sub(r"[\\'\s]+", " ", word).strip() for word in text.split()[:MAX_WORDS]]
    words = [word for word in words if any(map(str.isalnum, word))]
    if not words:
        return []
    query = SearchQuery(" & ".join(f"'{word}':*" for word in words), config="simple", search_type="raw")
    messages = Message.objects.alias(words=MESSAGE_WORDS).filter(workspace=workspace, words=query)
    return [own.alias(words=LEAD_WORDS).filter(words=query), own.filter(pk__in=messages.values("lead"))]


def _by_phone(own: QuerySet[Lead], workspace: Workspace, text: str) -> list[QuerySet[Lead]]:
    if not PHONE_LIKE.fullmatch(text):
        return []
    digits = re.sub(r"\D", "", text)
    numbers = {digits, digits.lstrip("0")}
    with contextlib.suppress(phonenumbers.NumberParseException):
        parsed = phonenumbers.parse(text, workspace.phone_region)
        if phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE:
            numbers.add(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).lstrip("+"))
    known = own.exclude(phone="").alias(backwards=Reverse("phone"))
    endings = [number[::-1] for number in numbers if len(number) >= MIN_PHONE_DIGITS]
    return [known.filter(backwards__startswith=ending) for ending in endings]
