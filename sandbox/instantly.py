"""Simulates Instantly's API v2 as far as Holdfast uses it: campaigns and emails of one workspace per key."""

import html
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from sandbox.provider import Call, Provider
from sandbox.state import Account, Shelf, now_iso
from sandbox.web import BadRequestError, Response, Router, json_response, lead_of

routes = Router()

PREFIXES = {
    "reply_received": "reply",
    "email_sent": "email",
    "lead_unsubscribed": None,
    "account_error": None,
}
"""The event types, each with the prefix of the names of its email's fields; None if the event has no email."""
SENT, RECEIVED, MANUAL = 1, 2, 3
"""Values of `ue_type`: sent by a campaign, received, sent manually or through the API."""
MAILBOX = "alex@outreach.example.com"
ANSWER: dict[str, type] = dict.fromkeys(
    (
        "eaccount",
        "reply_to_uuid",
        "subject",
        "cc_address_email_list",
        "bcc_address_email_list",
        "reminder_ts",
        "assigned_to",
    ),
    str,
) | {"body": dict}
"""The fields of an answer. Source: developer.instantly.ai/api-reference/email/reply-to-an-email, read on 2026-11-30."""
WHY = {
    "missing": "body must have required property '{}'",
    "unknown": "body must NOT have additional properties: '{}'",
    "type": "body/{} has the wrong type",
}


@dataclass
class Workspace:
    emails: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    campaigns: dict[str, str] = field(default_factory=lambda: {"c-1": "Q1"})
    mailboxes: set[str] = field(default_factory=lambda: {MAILBOX})
    broken: set[str] = field(default_factory=set)
    blocked: dict[str, dict[str, Any]] = field(default_factory=Shelf)


class Instantly(Provider):
    name = "instantly"
    routes = routes
    new_data = Workspace
    events = tuple(PREFIXES)
    texts = {401: "Invalid API key"}

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        name = HTTPStatus(status).phrase
        return {"statusCode": status, "error": name, "message": text or name}

    def build(self, account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        lead, campaign = lead_of(fields), fields.get("campaign") or {"id": "c-1", "name": "Q1"}
        body = {
            "type": event,
            "timestamp": now_iso(),
            "campaign_id": campaign["id"],
            "campaign_name": campaign.get("name") or "Q1",
            "contact_email": lead["email"],
            "contact_name": lead.get("name") or "",
            "email_id": fields.get("email_id") or str(uuid.uuid4()),
            "email_account": fields.get("mailbox") or MAILBOX,
        }
        if prefix := PREFIXES[event]:
            text = fields.get("text") or "Sure"
            body[f"{prefix}_subject"] = fields.get("subject") or "Re: hi"
            body[f"{prefix}_text"] = text
            body[f"{prefix}_html"] = fields.get("html") or f"<p>{html.escape(text)}</p>"
        if event == "account_error":
            account.data.mailboxes.add(body["email_account"])
            account.data.broken.add(body["email_account"])
        return body

    def learn(self, account: Account, body: dict[str, Any]) -> None:
        prefix = PREFIXES.get(str(body.get("type")))
        if body.get("campaign_id"):
            account.data.campaigns[str(body["campaign_id"])] = body.get("campaign_name") or ""
        if prefix is None or not body.get("email_id") or not body.get("contact_email"):
            return
        mailbox = body.get("email_account") or MAILBOX
        account.data.mailboxes.add(mailbox)
        _keep(
            account,
            str(body["email_id"]),
            ue_type=RECEIVED if prefix == "reply" else SENT,
            lead=body["contact_email"],
            eaccount=mailbox,
            subject=body.get(f"{prefix}_subject"),
            body={"text": body.get(f"{prefix}_text"), "html": body.get(f"{prefix}_html")},
            campaign_id=body.get("campaign_id"),
        )


def _keep(account: Account, email_id: str, **values: Any) -> dict[str, Any]:
    at, lead, mailbox, received = now_iso(), values["lead"], values["eaccount"], values["ue_type"] == RECEIVED
    email = {
        "id": email_id,
        "timestamp_created": at,
        "timestamp_email": at,
        "message_id": f"<{uuid.uuid4().hex}@example.com>",
        "from_address_email": lead if received else mailbox,
        "to_address_email_list": mailbox if received else lead,
        "thread_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{mailbox}|{lead}".lower())),
        "is_unread": int(received),
        **values,
    }
    stored: dict[str, Any] = account.data.emails.setdefault(email_id, email)
    return stored


def _list(call: Call, items: list[dict[str, Any]]) -> Response:
    """Returns a page in Instantly's form. The cursor is the id of the last item on the page."""
    after = call.request.query.get("starting_after")
    start = next((n + 1 for n, row in enumerate(items) if row["id"] == after), 0)
    limit = call.request.number("limit", 10, 1, 100)
    page = items[start : start + limit]
    more = {"next_starting_after": page[-1]["id"]} if len(items) > start + limit else {}
    return json_response({"items": page, **more})


@routes.on("GET", "/api/v2/campaigns")
def campaigns(call: Call) -> Response:
    return _list(call, [{"id": key, "name": name, "status": 1} for key, name in call.store.campaigns.items()])


@routes.on("GET", "/api/v2/accounts")
def accounts(call: Call) -> Response:
    status = dict.fromkeys(call.store.broken, -1)
    mailboxes = sorted(call.store.mailboxes)
    return _list(call, [{"id": mail, "email": mail, "status": status.get(mail, 1)} for mail in mailboxes])


@routes.on("GET", "/api/v2/workspaces/current")
def workspace(call: Call) -> Response:
    return json_response({"id": str(uuid.uuid5(uuid.NAMESPACE_URL, call.account.name)), "name": "Sandbox"})


@routes.on("GET", "/api/v2/block-lists-entries")
def blocked(call: Call) -> Response:
    wanted = call.request.query.get("search", "").lower()
    return _list(call, [entry for address, entry in call.store.blocked.items() if wanted in address])


@routes.on("POST", "/api/v2/block-lists-entries")
def block(call: Call) -> Response:
    address = call.check_body({"bl_value": str}, ("bl_value",), WHY)["bl_value"]
    if address.lower() in call.store.blocked:
        raise BadRequestError("Entry already exists")
    entry = {"id": str(uuid.uuid4()), "timestamp_created": now_iso(), "bl_value": address}
    call.store.blocked[address.lower()] = {**entry, "is_domain": "@" not in address}
    return json_response(call.store.blocked[address.lower()])


@routes.on("GET", "/api/v2/emails")
def emails(call: Call) -> Response:
    query, rows = call.request.query, list(call.store.emails.values())[::-1]
    if lead := query.get("lead"):
        rows = [email for email in rows if email["lead"] == lead]
    if query.get("email_type") == "received":
        rows = [email for email in rows if email["ue_type"] == RECEIVED]
    return _list(call, rows)


@routes.on("POST", "/api/v2/emails/reply")
def reply(call: Call) -> Response:
    values = call.check_body(ANSWER, ("reply_to_uuid", "eaccount", "subject", "body"), WHY)
    content = values["body"]
    if not content.get("text") and not content.get("html"):
        raise BadRequestError("body/body must have text or html")
    parent_id = str(values["reply_to_uuid"])
    parent = call.store.emails.get(parent_id) or {"lead": f"reply-to-{parent_id}", "campaign_id": None}
    sent = _keep(
        call.account,
        str(uuid.uuid4()),
        ue_type=MANUAL,
        lead=parent["lead"],
        eaccount=values["eaccount"],
        subject=values["subject"],
        body={"text": content.get("text"), "html": content.get("html")},
        campaign_id=parent["campaign_id"],
    )
    call.sent(
        "reply", sent["id"], to=sent["lead"], thread=parent_id, text=content.get("text") or content["html"]
    )
    return json_response(sent)


PLAYER = Instantly()
