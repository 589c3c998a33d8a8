"""The recorded day, posted to workspaces of a test database, and what it leaves there."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from inbox.models import Lead, Message
from inbox.webhooks.recorded_traffic import verdict_of
from tests.recorded import Line, workspaces
from tests.webhooks.posting import Poster, encoded

LEAD = re.compile(r"\{\{lead:(?:([a-z0-9_-]+):)?([^}]+)\}\}")
ACCOUNTS = {
    "email": ("emailbison", "workspace_id"),
    "ghl/sms": ("ghl", "location_id"),
    "linkedin": ("unipile", "account_id"),
}
CALLBACKS = {"clay", "calendly"}


@dataclass
class Day:
    """The workspaces of the recording, each with its keys and accounts."""

    posters: dict[str, Poster] = field(default_factory=dict)

    @classmethod
    def create(cls, suffix: str = "") -> "Day":
        day = cls()
        for label, settings in workspaces().items():
            poster = Poster.create(f"{label}{suffix}")
            type(poster.workspace).objects.filter(pk=poster.workspace.pk).update(
                timezone=settings["timezone"]
            )
            for source, (provider, name) in ACCOUNTS.items():
                if account := settings.get(provider, {}).get(name):
                    poster.configure(source, external_account_id=account)
            day.posters[label] = poster
        return day

    def close(self) -> None:
        """Let another day have the accounts: a GHL location belongs to one workspace."""
        for poster in self.posters.values():
            poster.workspace.integrations.update(external_account_id="")

    def post(self, line: Line) -> str:
        """The verdict on one line, in the recording's words."""
        poster = self.posters[line.workspace]
        response = poster.client.post(
            poster.path(line.source), self.body(line), content_type="application/json"
        )
        return verdict_of(response)

    def body(self, line: Line) -> bytes:
        """The line's bytes, with our lead ids where it names leads."""
        text = encoded(line.body).decode()
        return LEAD.sub(lambda match: self._lead_id(line, match), text).encode()

    def _lead_id(self, line: Line, match: re.Match) -> str:
        workspace = self.posters[match[1] or line.workspace].workspace
        lead = Lead.objects.filter(workspace=workspace, email=match[2].strip().lower()).first()
        return str(lead.pk) if lead else match[0]

    def left(self) -> dict[str, Any]:
        """Messages, links, opt-outs and interest, in terms that do not depend on when a row was made."""
        return {label: self._left(poster) for label, poster in self.posters.items()}

    def _left(self, poster: Poster) -> dict[str, Any]:
        leads = {lead.pk: lead for lead in Lead.objects.filter(workspace=poster.workspace)}
        names = {pk: _name(lead) for pk, lead in leads.items()}
        messages = Message.objects.filter(workspace=poster.workspace).select_related("campaign")
        return {
            "messages": {
                _key(message): (
                    names[message.lead_id],
                    message.direction,
                    message.campaign.external_id if message.campaign else None,
                    message.provider_interested,
                )
                for message in messages
            },
            "leads": sorted(names.values()),
            "opted out": sorted(names[pk] for pk, lead in leads.items() if lead.opted_out_at),
            "bounced": sorted(names[pk] for pk, lead in leads.items() if lead.bounced_at),
            "interested": sorted(names[pk] for pk, lead in leads.items() if lead.provider_interested),
            "campaigns": {
                names[pk]: lead.campaign.external_id for pk, lead in leads.items() if lead.campaign
            },
            "alternates": {
                names[pk]: sorted(lead.alternate_emails)
                for pk, lead in leads.items()
                if lead.alternate_emails
            },
        }


def _name(lead: Lead) -> str:
    return lead.email or lead.phone or lead.linkedin_member_id or lead.ghl_contact_id or "stand-in"


def _key(message: Message) -> str:
    """The provider's id; a text without one is known by its words and its stated time."""
    if message.external_id.startswith("text:"):
        return f"{message.source}:{message.content_hash}:{message.stamp}"
    return f"{message.source}:{message.external_id}"


def unmet(results: Iterable[tuple[Line, str]]) -> list[tuple[int, str, str, str]]:
    """Lines whose verdict was not the expected one; within one moment, verdicts may swap where the note says so."""
    left: dict[tuple, list[str]] = {}
    wrong = []
    results = list(results)
    swapping = {(line.at_ms, line.workspace, line.source) for line, _ in results if "may win" in line.note}
    for line, _ in results:
        moment = (line.at_ms, line.workspace, line.source)
        if moment in swapping:
            left.setdefault(moment, []).append(line.expect)
    for line, verdict in results:
        moment = (line.at_ms, line.workspace, line.source)
        if moment in left and verdict in left[moment]:
            left[moment].remove(verdict)
        elif moment in left or verdict != line.expect:
            wrong.append((line.number, line.expect, verdict, line.note))
    return wrong
