"""The pipeline's steps that fill in missing facts of a lead: from the lead's texts and signature, EmailBison's
variables, and Clay. No stored fact is overwritten. If another lead has the same value, a person decides.
"""

import re
from typing import Any

import phonenumbers
from django.db import transaction
from django.utils import timezone

from inbox.leads import enrichment, facts, identity
from inbox.models import Enrichment, Lead
from inbox.pipeline.situation import NotNow, Situation
from inbox.replying import prompts
from inbox.replying.prompts import model_calls
from inbox.replying.prompts.sheet import sheet, theirs
from inbox.understanding.normalise import fold
from inbox.workspaces.accounts import connected
from integrations import emailbison, ghl
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.events import Person
from integrations.openai.schema import ModelAnswer
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name

CRM_CONTACT = kind_name("ghl.contact", __name__)
Kind = Enrichment.Kind
PHONE_NAMES = ("phone", "mobile", "phone number", "mobile phone", "cell")
OWN = re.compile(
    r"\A\W*(?:(?:direct|office|work|cell|mobile|phone|tel|telefon|telefono|telefone|telephone|handy|mobil|numero|nummer"
    r"|number|m|t|p|c|yes|sure|ok|okay|here|it|is|its|this|thanks|reach|text|call|at|on|ja|oui|si|sim|tak)\b\W*)*\Z"
    r"|\b(?:me|my|mine|i|i'm|ich|mich|mir|mein\w*|je|moi|mon|ma|mi|mio|mia|meu|minha|mij|mijn|ik|mig|mitt|min|mnie|moj\w*)\b"
)
"""Matches the folded text before the writer's own number: nothing, a label, or a word such as "my" or "me"."""
ANY = re.compile("")
OTHERS = re.compile(
    r"\b(?:tele|tel[./]?)?(?:fax|faks)\b\W*(?:no|nr|number)?\W*\Z|(?:\A|[|,;/\t])\s*f\W*\Z"
    r"|\b(?:instead|assistant|secretary|secretariat|sekretariat|colleague|kollege|kollegin|collegue|colega|collega"
    r"|kollega|stattdessen|boss|partner|wife|husband)\b"
    r"|\bmy (?!(?:\w+ )?(?:cell|mobile|phone|number|direct|line|tel|office))\w+"
)
"""Matches the folded text before a fax number or another person's number."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-ZÀ-Ž])|\n")
_DATE = re.compile(r"\d{1,2}[./-]\d{1,2}[./-](?:19|20)\d\d")
PROFILE_NAMES = ("linkedin url", "linkedin", "linkedin profile")


class Signature(ModelAnswer):
    """The model's reading of a signature. The schema is strict: every field is required."""

    phone: str | None
    linkedin_url: str | None
    title: str | None
    company: str | None


def from_text(situation: Situation, _deadline: Deadline) -> dict[str, list[str]]:
    """Fills in a phone number or LinkedIn profile from the lead's text or signature, if there is exactly one."""
    text, signature, region = situation.message.text, situation.signature, situation.workspace.phone_region
    numbers = _own_numbers(text, region, OWN) | _own_numbers(signature, region, ANY)
    person = Person(
        phone=numbers.pop() if len(numbers) == 1 else "", linkedin_url=_profile(f"{text}\n{signature}")
    )
    return {"filled": fill(situation, person, facts.TEXT)}


def from_variables(situation: Situation, deadline: Deadline) -> dict[str, list[str]]:
    """Fills in the facts that EmailBison has about the lead. Raises NotNow if EmailBison cannot be asked."""
    integration = situation.integration(emailbison.NAME)
    if integration is None:
        raise NotNow("EmailBison isn’t connected.")
    drop_connection()
    try:
        client = EmailBisonClient.for_integration(integration)
        record = client.lead(situation.lead.emailbison_lead_id, deadline)
    except (ProviderError, ProviderMisconfigured) as error:
        raise NotNow(f"{error}.") from error
    person = Person(
        phone=record.variable(*PHONE_NAMES),
        linkedin_url=record.variable(*PROFILE_NAMES),
        company=record.company,
        title=record.title,
    )
    return {"filled": fill(situation, person, emailbison.NAME)}


def from_signature(situation: Situation, deadline: Deadline) -> dict[str, list[str]]:
    """Has a model copy facts from the lead's signature. Drops a value that is not in the signature."""
    text = situation.signature
    answer = model_calls.ask(
        prompts.load("signature"),
        Signature,
        sheet("# Signature", theirs("signature, by the lead", text)),
        workspace_id=situation.workspace.pk,
        deadline=deadline,
    )
    phone = "".join(filter(str.isdigit, answer.phone or ""))[-9:]
    numbers = _own_numbers(text, situation.workspace.phone_region, ANY)
    person = Person(
        phone=next((number for number in numbers if phone and number.endswith(phone)), ""),
        linkedin_url=_profile(answer.linkedin_url or "") if (answer.linkedin_url or "") in text else "",
        title=answer.title if answer.title and answer.title in text else "",
        company=answer.company if answer.company and answer.company in text else "",
    )
    return {"filled": fill(situation, person, facts.SIGNATURE)}


def ask_clay(situation: Situation, _deadline: Deadline) -> dict[str, list[str]]:
    """Enqueues questions to Clay about the lead's missing phone number and LinkedIn profile, one question for each."""
    lead = situation.lead
    missing = [Kind.PHONE] * (not lead.phone) + [Kind.LINKEDIN] * (not lead.linkedin_url)
    with transaction.atomic():
        for kind in missing:
            enrichment.request(lead, kind, timezone.now())
    return {"asked": [str(kind) for kind in missing]}


def tell_crm(situation: Situation, _deadline: Deadline) -> dict[str, bool]:
    """Enqueues the job that connects the lead with a contact at GoHighLevel, once for each phone number of the lead."""
    return {"enqueued": _tell_crm(situation.lead)}


def _tell_crm(lead: Lead) -> bool:
    return enqueue_about(CRM_CONTACT, lead, "lead_id", key=f"{lead.pk}:{lead.phone}")[1]


def on_enriched(sender: Any, lead: Lead, **kwargs: Any) -> None:
    """Sends the lead's new phone number to GoHighLevel, which sends SMS to the number of its own contact."""
    if lead.phone and connected(lead.workspace_id, ghl.NAME) is not None:
        _tell_crm(lead)


def fill(situation: Situation, person: Person, source: str) -> list[str]:
    """Fills the lead's empty columns from `person`, and returns their names. Skips a value that another lead has."""
    values = identity.identities_of(situation.workspace, person)
    values |= {"title": person.title.strip()[:200], "company": person.company.strip()[:200]}
    texts = {name: text for name, text in values.items() if text}
    outcomes = {name: identity.keep(situation.lead, name, text, source) for name, text in texts.items()}
    return [name for name, outcome in outcomes.items() if outcome is identity.KeptIdentity.FILLED]


def _own_numbers(words: str, region: str, before: re.Pattern[str]) -> set[str]:
    """Returns the writer's own numbers in `words`: `before` matches the text in front of them, and OTHERS does not."""
    numbers = set()
    for match in phonenumbers.PhoneNumberMatcher(words, region, leniency=phonenumbers.Leniency.VALID):
        clause = fold(_SENTENCE.split(words[: match.start])[-1])
        if before.search(clause) and not OTHERS.search(clause) and not _DATE.search(match.raw_string):
            numbers.add(phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164))
    return numbers


def _profile(words: str) -> str:
    urls = {
        identity.normal_profile_url(word.strip("<>()[],;")) for word in words.split() if "linkedin." in word
    }
    urls.discard("")
    return urls.pop() if len(urls) == 1 else ""
