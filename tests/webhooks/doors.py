"""Every address that takes a provider's events, and how a genuine sender opens it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from inbox.models import Draft, Lead
from integrations import registry
from integrations.models import Integration
from integrations.spec import WebhookSource
from tests.factories import make_draft, make_lead, make_message
from tests.recorded import TESTS, payload, traffic
from tests.webhooks.posting import (
    CALENDLY_KEY,
    CLAY_SECRET,
    GHL_PUBLIC,
    SLACK_SECRET,
    Poster,
    calendly_headers,
    ghl_headers,
    slack_headers,
)

LOCATION = "LocNorthwind01"
INVITEE = "dana.reyes@reyesroofing.example.com"


@dataclass(frozen=True)
class Target:
    """A workspace with what a payload may name of it."""

    poster: Poster
    lead: Lead
    draft: Draft
    location: str

    @classmethod
    def create(cls, name: str, location: str) -> "Target":
        poster = Poster.create(name)
        poster.configure("ghl/sms", external_account_id=location)
        calendly = poster.integration("calendly")
        calendly.credentials = {"signing_key": CALENDLY_KEY}
        calendly.save()
        Integration.objects.create(workspace=poster.workspace, provider="slack", external_account_id="T01")
        lead = make_lead(poster.workspace, email=INVITEE)
        return cls(poster, lead, make_draft(make_message(lead)), location)

    @property
    def ids(self) -> list[str]:
        """What another workspace must not reach by naming it."""
        own = [self.poster.workspace, self.lead, self.draft, self.draft.trigger_message]
        accounts = [*self.poster.workspace.integrations.values_list("external_account_id", flat=True)]
        return [*(str(row.pk) for row in own), self.lead.email, *filter(None, accounts)]


def install_secrets(settings) -> None:
    """The secrets of the whole installation that signed senders use."""
    settings.GHL_APP_PUBLIC_KEY = GHL_PUBLIC
    settings.CLAY_CALLBACK_SECRET = CLAY_SECRET
    settings.SLACK_SIGNING_SECRET = SLACK_SECRET


@dataclass(frozen=True)
class Door:
    """One address. `signature` makes the headers of a genuine body; `named`: what names the tenant is in the body."""

    name: str
    source_name: str
    provider: str
    address: Callable[[Target], str]
    signature: Callable[[bytes], dict[str, str]] = lambda _raw: {}
    named: bool = False

    @property
    def source(self) -> WebhookSource:
        return registry.webhook_source(self.source_name)

    def valid(self, target: Target) -> list[Any]:
        """Every recorded payload of the provider, naming `target` where it names anything of ours."""
        return [_addressed(body, target) for body in _recorded(self)]

    def encode(self, raw: bytes) -> bytes:
        """The request body that carries `raw`."""
        return b"payload=" + quote(raw).encode() if self.source_name == "slack/interactions" else raw

    def post(self, target: Target, body: bytes, **headers: str):
        """POST `body` as the genuine sender does."""
        return target.poster.post_to(self.address(target), body, **(self.signature(body) | headers))


def _keyed(source: str, provider: str, **extra: Any) -> Door:
    return Door(source, source, provider, lambda target: target.poster.path(source), **extra)


DOORS = {
    door.name: door
    for door in (
        _keyed("email", "emailbison"),
        _keyed("ghl/sms", "ghl"),
        _keyed("linkedin", "unipile"),
        _keyed("smartlead", "smartlead"),
        _keyed("instantly", "instantly"),
        _keyed("clay", "clay"),
        _keyed("calendly", "calendly", signature=calendly_headers),
        Door("ghl/app", "ghl/app", "ghl", lambda _: "/api/webhooks/ghl/app/", ghl_headers, named=True),
        Door(
            "clay without a key",
            "clay",
            "clay",
            lambda _: "/api/webhooks/clay/",
            lambda _raw: {"X-Clay-Signature": CLAY_SECRET},
            named=True,
        ),
        Door(
            "calendly by workspace",
            "calendly",
            "calendly",
            lambda target: f"/api/webhooks/calendly/{target.poster.workspace.pk}/",
            calendly_headers,
        ),
        Door(
            "slack/interactions",
            "slack/interactions",
            "slack",
            lambda _: "/api/webhooks/slack/interactions/",
            slack_headers,
            named=True,
        ),
    )
}


def _recorded(door: Door) -> list[Any]:
    if door.provider == "emailbison":
        lines = [line for line in traffic() if line.source == "email" and line.expect == "accepted"]
        return list({line.body["event"]["type"]: line.body for line in lines}.values())
    files = sorted((TESTS / "integrations" / door.provider / "fixtures").glob("*.json"))
    bodies = [payload(door.provider, file.stem) for file in files]
    return [body for body in bodies if door.name != "ghl/app" or "locationId" in body]


def _addressed(body: Any, target: Target) -> Any:
    """The payload with our own ids in their places."""
    body = json.loads(json.dumps(body).replace(LOCATION, target.location))
    for name in ("leadId", "leadID", "lead_id"):
        if name in body:
            body[name] = str(target.lead.pk)
    for action in body.get("actions", ()) if isinstance(body, dict) else ():
        if "value" in action:
            ids = {"draftId": target.draft, "leadId": target.lead, "clientId": target.poster.workspace}
            action["value"] = json.dumps({name: str(row.pk) for name, row in ids.items()})
    return body
