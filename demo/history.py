"""A month of conversations before the recorded day, so that the demo's lists, insights and folders have a past.

The same names, texts and days come out at every first start; only the dates follow the clock.
"""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from inbox.leads import rollup
from inbox.models import Appointment, Campaign, Lead, Membership, Message, User, Workspace
from inbox.models.lead import Tag
from inbox.models.message import OWN
from integrations import calendly, emailbison, smartlead

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
DAYS = 30
FIRST = """Bruno Carla Dmitri Elena Farid Greta Hugo Irene Jonas Kavya Liam Marta Nils Olga Pedro Quinn Rosa Stefan
Tara Ugo Vera Walid Xenia Yusuf Zoe"""
LAST = """Abbott Becker Castillo Dunn Eriksen Fontaine Guerra Hollis Ibarra Jensen Keller Lopez Marsh Nolan Okoye Petrov
Quist Rinaldi Sato Thorne Ueda Vance Winter Yates Zeller"""
TRADES = "Bakery Brewery Dental Fitness Flooring Gardens Kitchens Logistics Optics Painting Roofing Studio"


class Said(NamedTuple):
    """What a demo lead of the past month answered. `weight` says how often it is drawn. `ours` is our answer to it, ""
    if there is none. `booked`: a meeting follows.
    """

    weight: int
    tag: str
    text: str
    ours: str = ""
    booked: bool = False


SAID = (
    Said(6, Tag.INTERESTED, "This sounds useful. What would the first month look like?",
         "We look at your calendar together and plan the slow weeks. Shall we talk on Thursday?"),
    Said(4, Tag.INFORMATION_REQUESTED, "Can you send something in writing that I can show my partner?",
         "Of course, the overview on one page is attached. Happy to answer what is not in it."),
    Said(5, Tag.MEETING_REQUESTED, "Could we talk next week? Mornings are best.",
         "Gladly. Here is my calendar, pick what suits you.", booked=True),
    Said(2, Tag.CALL_REQUESTED, "Call me, I am on the road all day.", "I will call you this afternoon."),
    Said(5, Tag.OBJECTION, "We tried an agency before and it cost more than it brought.",
         "Understood. May I show you what we do differently, with the numbers of one client?"),
    Said(3, Tag.FOLLOW_UP, "Not before the season is over. Ask me again in spring.", "I will. Have a good season!"),
    Said(8, Tag.NOT_INTERESTED, "No thanks, we are fine as we are."),
    Said(3, Tag.NEUTRAL, "Who gave you my address?", "It is on your website. I will not write again if you mind."),
    Said(6, Tag.OUT_OF_OFFICE, "I am out of the office this week and will read your message when I am back."),
)  # fmt: skip
CAMPAIGNS = {
    "northwind": (emailbison.NAME, ("Slow months", "Restaurants & cafes", "Movers and trades"), 90),
    "bluebird": (emailbison.NAME, ("Clinics & Practices", "Food founders"), 45),
    "copperfield": (smartlead.NAME, ("Owner circle", "Second generation"), 40),
}
"""The campaigns of each workspace, at which provider, and how many of their leads have answered."""


def seed(label: str, workspace: Workspace, until: datetime) -> None:
    """Write a month of conversations that ends at `until` (aware) into the new demo
    workspace `label`, in the caller's transaction.
    """
    provider, names, count = CAMPAIGNS[label]
    chance = random.Random(label)
    campaigns = [
        Campaign.objects.create(
            workspace=workspace, provider=provider, external_id=f"past-{number}", name=name
        )
        for number, name in enumerate(names, 1)
    ]
    people = [row.user for row in Membership.objects.filter(workspace=workspace).select_related("user")]
    for number, at in enumerate(_moments(chance, until, count)):
        said = chance.choices(SAID, [one.weight for one in SAID])[0]
        lead = _lead(workspace, chance, number, campaigns[number % len(campaigns)], people)
        _conversation(lead, provider, said, at, chance)


def _moments(chance: random.Random, until: datetime, count: int) -> Iterator[datetime]:
    """`count` moments of working days within the month that ends at `until`, in order."""
    days = [day for day in (until - n * DAY for n in range(DAYS, 0, -1)) if day.weekday() < 5]
    for day in sorted(chance.choices(days, k=count)):
        yield day.replace(hour=14, minute=0) + chance.randrange(480) * MINUTE


def _lead(
    workspace: Workspace, chance: random.Random, number: int, campaign: Campaign, people: list[User]
) -> Lead:
    last_names = LAST.split()
    first, last = chance.choice(FIRST.split()), last_names[number % len(last_names)]
    company = f"{last} {chance.choice(TRADES.split())}"
    return Lead.objects.create(
        workspace=workspace,
        email=f"{first}.{last}{number}@{company.replace(' ', '')}.example.com".lower(),
        first_name=first,
        last_name=last,
        company=company,
        campaign=campaign,
        assigned_to=chance.choice(people),
    )


def _conversation(lead: Lead, provider: str, said: Said, at: datetime, chance: random.Random) -> None:
    """Our first message, the lead's answer, and ours to it; then the lead's row is derived from them."""
    greeting = f"Hi {lead.first_name}, how do you fill the slow months at {lead.company}?"
    _message(lead, f"{provider}_sent", greeting, at - chance.randrange(1, 4) * DAY, outbound=True)
    _message(lead, f"{provider}_reply", said.text, at, tag=said.tag)
    if said.ours:
        answered = at + chance.choice((3, 7, 20, 45, 90, 240, 900)) * MINUTE
        _message(lead, OWN, said.ours, answered, outbound=True)
        if said.booked:
            _meeting(lead, answered + HOUR)
    rollup.recompute(rollup.locked(lead))
    Lead.objects.filter(pk=lead.pk).update(unread=False, created_at=at - 4 * DAY)


def _message(
    lead: Lead, source: str, text: str, at: datetime, *, tag: str = "", outbound: bool = False
) -> Message:
    return Message.objects.create(
        workspace_id=lead.workspace_id,
        lead=lead,
        campaign_id=lead.campaign_id,
        source=source,
        external_id=f"past-{lead.pk}-{source}",
        direction=Message.Direction.OUTBOUND if outbound else Message.Direction.INBOUND,
        channel="email",
        subject="The slow months",
        text=text,
        raw_text=text,
        from_address="" if outbound else lead.email,
        from_name="" if outbound else lead.display_name,
        tag=tag,
        tag_decided_by="demo" if tag else "",
        sent_at=at,
        received_at=at,
        processed_at=at,
    )


def _meeting(lead: Lead, booked_at: datetime) -> None:
    starts = (booked_at + 3 * DAY).replace(hour=15, minute=0)
    Appointment.objects.create(
        workspace_id=lead.workspace_id,
        lead=lead,
        provider=calendly.NAME,
        external_id=f"past-{lead.pk}",
        invitee_email=lead.email or "",
        starts_at=starts,
        ends_at=starts + HOUR / 2,
        booked_at=booked_at,
        told_at=booked_at,
        handled_at=starts if starts < timezone.now() else None,
    )
    Lead.objects.filter(pk=lead.pk).update(booked_at=booked_at)
