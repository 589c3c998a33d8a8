"""Turns Clay's callbacks (docs/reference/clay.md) into our events. Every name that a field of Clay's results has ever
had is accepted.

Clay sends neither an id nor a time. The idempotency key is a hash of lead, kind, state and data: a repeated callback is
a duplicate, while a different result for the same lead is not. If a lead is looked up again with the same result, the
result is applied again. This is safe, because a fact that is already known about a lead is never overwritten.
"""

from datetime import datetime
from typing import Any

from pydantic import AliasChoices, Field

from integrations.events import EnrichmentEvent, Event, PayloadInvalid
from integrations.payload import LooseText, Payload, Text, digest, validate
from integrations.spec import NamedTenant

KINDS = ("linkedin", "phone")
EVENTS = ("enrichment.linkedin", "enrichment.phone")
FOUND = {"success", "succeeded", "ok", "found"}
NOT_FOUND = {"not_found", "notfound", "missing"}
ERROR = {"error", "failed", "failure"}


class Callback(Payload):
    lead_id: str = Field(
        min_length=1, max_length=64, validation_alias=AliasChoices("leadId", "leadID", "lead_id")
    )
    kind: str = Field(validation_alias=AliasChoices("enrichmentType", "enrichment_type", "type"))
    status: LooseText = Field(default="", validation_alias=AliasChoices("status", "result", "outcome"))
    ok: bool | None = Field(default=None, validation_alias=AliasChoices("success", "ok"))
    linkedin_url: Text = Field(
        default="",
        validation_alias=AliasChoices(
            "linkedinUrl", "linkedin_url", "profileUrl", "profile_url", "linkedinProfile", "linkedin_profile"
        ),
    )
    linkedin_member_id: LooseText = Field(
        default="", validation_alias=AliasChoices("linkedinId", "linkedin_id")
    )
    phone: LooseText = Field(
        default="",
        validation_alias=AliasChoices(
            "phone", "phoneNumber", "phone_number", "validatedPhone", "validated_phone"
        ),
    )
    message: Text = Field(
        default="", validation_alias=AliasChoices("error", "errorMessage", "error_message", "message")
    )


def account_of(_body: Any) -> str:
    return ""


def names(body: Any, now: datetime) -> NamedTenant:
    """Returns the lead's id, which was sent to Clay with the row. The workspace is that of the callback's URL."""
    event = parse(body, now)
    return NamedTenant(lead_id=event.lead_id) if isinstance(event, EnrichmentEvent) else NamedTenant()


def parse(body: Any, _now: datetime) -> Event:
    row = validate(Callback, body)
    kind = row.kind.strip().lower()
    if kind not in KINDS:
        raise PayloadInvalid({"enrichmentType": "must be linkedin or phone"})
    status = _status(row)
    return EnrichmentEvent(
        event_type=f"enrichment.{kind}",
        event_key=digest(
            "clay", row.lead_id, kind, status, row.linkedin_url, row.linkedin_member_id, row.phone
        ),
        lead_id=row.lead_id.strip(),
        kind=kind,
        status=status,
        linkedin_url=row.linkedin_url,
        linkedin_member_id=row.linkedin_member_id,
        phone=row.phone,
        message=row.message[:300],
    )


def _status(row: Callback) -> str:
    """Returns "found", "not_found" or "error". Without a state, the result's data decides: no data means not_found."""
    word = row.status.strip().lower().replace(" ", "_").replace("-", "_")
    has_data = bool(row.phone.strip() if row.kind.strip().lower() == "phone" else row.linkedin_url.strip())
    if word in ERROR:
        return "error"
    if word in NOT_FOUND or row.ok is False:
        return "not_found"
    if word in FOUND or row.ok or (not word and has_data):
        return "found" if has_data else "not_found"
    raise PayloadInvalid({"status": "must be success, not_found or error"})
