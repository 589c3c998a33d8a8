"""Simulates SmartLead as far as Holdfast uses it: campaigns and email threads of one API key, which is in the query.

docs/reference/smartlead.md says what SmartLead accepts and refuses, and names SmartLead's public pages.
"""

import html
import uuid
from dataclasses import dataclass, field
from http import HTTPStatus
from operator import itemgetter
from typing import Any

from sandbox.outbox import Webhook
from sandbox.provider import Call, Provider
from sandbox.state import Account, Shelf, now_iso
from sandbox.web import BadRequestError, Request, Response, Router, json_response, lead_of

routes = Router()

REPLIES = ("EMAIL_REPLY", "EMAIL_REPLIED")
EVENTS = (*REPLIES, "EMAIL_SENT", "EMAIL_BOUNCED", "LEAD_UNSUBSCRIBED", "EMAIL_UNSUBSCRIBED")
MAILBOX = "alex@outreach.example.com"
ANSWER: dict[str, type] = dict.fromkeys(
    (
        "email_stats_id",
        "email_body",
        "to_email",
        "to_first_name",
        "to_last_name",
        "scheduled_time",
        "reply_message_id",
        "reply_email_body",
        "reply_email_time",
        "cc",
        "bcc",
        "schedule_condition",
        "seq_type",
    ),
    str,
) | {"add_signature": bool, "attachments": list}
"""The fields of an answer. Source: api.smartlead.ai/api-reference/campaigns/reply-email-thread, read on 2026-11-30."""
INBOX: dict[str, type] = {"offset": int, "limit": int, "filters": dict, "sortBy": str}
"""The fields of a master inbox query. Source: api.smartlead.ai/api-reference/inbox/get-messages, read on 2026-11-30."""
WHY = {"missing": '"{}" is required', "unknown": '"{}" is not allowed', "type": '"{}" has the wrong type'}


@dataclass
class Sender:
    """The data of one account in the simulated SmartLead: campaigns, leads, threads, and the messages of each lead."""

    campaigns: dict[int, str] = field(default_factory=lambda: {501: "Q1"})
    leads: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    threads: dict[str, str] = field(default_factory=Shelf)
    history: dict[str, list[dict[str, Any]]] = field(default_factory=Shelf)


class SmartLead(Provider):
    name = "smartlead"
    routes = routes
    new_data = Sender
    events = EVENTS
    texts = {
        400: "Bad request.",
        401: "Invalid API key.",
        404: "Not found.",
        429: "Too many requests.",
        500: "Internal server error.",
    }
    retry_after_s = 2

    def credential(self, request: Request) -> str:
        return request.query.get("api_key", "").strip()

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        """Returns the JSON of an error as in api.smartlead.ai/guides/error-handling, read on 2026-11-30."""
        name = "VALIDATION_ERROR" if status in (400, 422) else HTTPStatus(status).name
        return {"error": {"code": code or name, "message": text}}

    def signature(self, webhook: Webhook, payload: bytes) -> dict[str, str]:
        signed = webhook.signature(payload)
        return {"X-Smartlead-Signature": f"sha256={signed}"}

    def build(self, account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        lead, campaign = lead_of(fields), fields.get("campaign") or {"id": 501, "name": "Q1"}
        if fields.get("form") == "nested":
            return _nested(event, lead, campaign, fields)
        return _flat(event, lead, campaign, fields)

    def learn(self, account: Account, body: dict[str, Any]) -> None:
        if "lead" in body:
            return _learn_nested(account, body)
        email, stats_id = body.get("sl_lead_email"), body.get("stats_id")
        if not email:
            return
        lead = _lead(account, email, body.get("sl_lead_name"))
        if body.get("campaign_id"):
            lead["campaign_id"] = int(body["campaign_id"])
            account.data.campaigns[lead["campaign_id"]] = body.get("campaign_name") or ""
        if stats_id:
            account.data.threads[str(stats_id)] = email.lower()
        reply = body.get("event_type") in REPLIES
        content = body.get("reply_message" if reply else "sent_message") or {}
        text = content.get("html") or body.get("preview_text")
        if text:
            _keep(
                account,
                email,
                type="REPLY" if reply else "SENT",
                message_id=body.get("message_id"),
                stats_id=stats_id,
                time=content.get("time") or body.get("event_timestamp"),
                subject=body.get("subject"),
                email_body=text,
                **_ends(email, body, reply),
            )


def _flat(
    event: str, lead: dict[str, Any], campaign: dict[str, Any], fields: dict[str, Any]
) -> dict[str, Any]:
    mailbox = fields.get("mailbox") or MAILBOX
    reply, at = event in REPLIES, now_iso()
    message_id = fields.get("message_id") or f"<{uuid.uuid4().hex}@example.com>"
    text = fields.get("text") or ("Sure" if reply else "Hi")
    markup = fields.get("html") or f"<p>{html.escape(text)}</p>"
    body = {
        "event_type": event,
        "campaign_id": int(campaign["id"]),
        "campaign_name": campaign.get("name") or "Q1",
        "sl_lead_email": lead["email"],
        "sl_lead_name": lead.get("name") or "",
        "stats_id": fields.get("stats_id") or f"st-{uuid.uuid4().hex[:10]}",
        "message_id": message_id,
        "from_email": lead["email"] if event == "EMAIL_REPLY" else mailbox,
        "to_email": mailbox if event == "EMAIL_REPLY" else lead["email"],
        "subject": fields.get("subject") or ("Re: hi" if reply else "hi"),
        "cc_emails": [],
        "event_timestamp": at,
        "sequence_number": 1,
    }
    content = {"message_id": message_id, "html": markup, "text": text, "time": at}
    if reply:
        body |= {"preview_text": text, "reply_message": content}
        body["lead_correspondence"] = dict.fromkeys(("targetLeadEmail", "replyReceivedFrom"), lead["email"])
    elif event == "EMAIL_SENT":
        body["sent_message"] = content
    return body


def _nested(
    event: str, lead: dict[str, Any], campaign: dict[str, Any], fields: dict[str, Any]
) -> dict[str, Any]:
    """Returns a webhook as in api.smartlead.ai/core/webhooks (read on 2026-11-30), where a reply has no message id."""
    first, _, last = (lead.get("name") or "").partition(" ")
    subject, at = fields.get("subject") or "hi", now_iso()
    body: dict[str, Any] = {
        "event": event,
        "timestamp": at,
        "campaign_id": int(campaign["id"]),
        "campaign_name": campaign.get("name") or "Q1",
        "lead_id": 789,
        "email_account_id": 456,
        "lead": {"email": lead["email"], "first_name": first, "last_name": last},
        "sequence_number": 1,
        "email": {"subject": subject, "message_id": f"{uuid.uuid4().hex}@smartlead.ai"},
    }
    if event in REPLIES:
        text = fields.get("text") or "Sure"
        body["reply"] = {"subject": f"Re: {subject}", "body": text, "received_at": at}
    return body


def _learn_nested(account: Account, body: dict[str, Any]) -> None:
    """Stores a reply with the ids that SmartLead's lists contain, although its webhook lacks them."""
    lead = _lead(account, body["lead"]["email"], f"{body['lead']['first_name']} {body['lead']['last_name']}")
    lead["campaign_id"] = body["campaign_id"]
    account.data.campaigns[body["campaign_id"]] = body["campaign_name"]
    if reply := body.get("reply"):
        stats_id = f"st-{uuid.uuid4().hex[:10]}"
        account.data.threads[stats_id] = lead["email"].lower()
        ids = {"message_id": f"<{uuid.uuid4().hex}@example.com>", "stats_id": stats_id}
        content = {"subject": reply["subject"], "email_body": f"<p>{html.escape(reply['body'])}</p>"}
        ends = {"from": lead["email"], "to": MAILBOX}
        _keep(account, lead["email"], type="REPLY", time=reply["received_at"], **ids, **content, **ends)


def _ends(lead: str, body: dict[str, Any], reply: bool) -> dict[str, str]:
    ours = (
        address for address in (body.get("from_email"), body.get("to_email")) if address and address != lead
    )
    mailbox = next(ours, MAILBOX)
    return {"from": lead, "to": mailbox} if reply else {"from": mailbox, "to": lead}


def _lead(account: Account, email: str, name: str | None = None) -> dict[str, Any]:
    lead: dict[str, Any] | None = account.data.leads.get(email.lower())
    if lead is None:
        first, _, last = (name or "").partition(" ")
        lead = {
            "id": account.next_id(),
            "email": email,
            "first_name": first,
            "last_name": last,
            "campaign_id": 501,
        }
        account.data.leads[email.lower()] = lead
    return lead


def _keep(account: Account, email: str, **entry: Any) -> None:
    thread = account.data.history.setdefault(email.lower(), [])
    if all(known["message_id"] != entry["message_id"] for known in thread):
        thread.append(entry)


@routes.on("GET", "/api/v1/campaigns")
def campaigns(call: Call) -> Response:
    rest = {"status": "ACTIVE", "created_at": "2026-01-01T00:00:00.000Z"}
    return json_response([{"id": key, "name": name, **rest} for key, name in call.store.campaigns.items()])


def _lead_of(call: Call) -> dict[str, Any]:
    leads = {str(lead["id"]): lead for lead in call.store.leads.values()}
    return call.look_up(leads, "lead_id", "Lead not found.")


@routes.on("GET", "/api/v1/campaigns/{campaign_id}/leads/{lead_id}/message-history")
def message_history(call: Call) -> Response:
    lead = _lead_of(call)
    return json_response(
        {"history": call.store.history.get(lead["email"].lower(), []), "from": MAILBOX, "to": lead["email"]}
    )


@routes.on("POST", "/api/v1/master-inbox/inbox-replies")
def inbox_replies(call: Call) -> Response:
    values = call.check_body(INBOX, (), WHY)
    offset, limit = int(values.get("offset") or 0), int(values.get("limit") or 20)
    if limit > 20:
        raise BadRequestError('"limit" must be less than or equal to 20')
    threads = [_thread(call, lead) for lead in call.store.leads.values()]
    replied = sorted(
        (thread for thread in threads if thread["last_reply_time"]),
        key=itemgetter("last_reply_time"),
        reverse=True,
    )
    return json_response(
        {"ok": True, "data": replied[offset : offset + limit], "offset": offset, "limit": limit}
    )


def _thread(call: Call, lead: dict[str, Any]) -> dict[str, Any]:
    items = call.store.history.get(lead["email"].lower(), [])
    replies = [entry["time"] for entry in items if entry["type"] == "REPLY"]
    thread = {
        "lead_email": lead["email"],
        "lead_first_name": lead["first_name"],
        "lead_last_name": lead["last_name"],
        "email_campaign_id": lead["campaign_id"],
        "email_campaign_name": call.store.campaigns.get(lead["campaign_id"], ""),
        "last_reply_time": max(replies, default=None),
    }
    history = call.request.query.get("fetch_message_history") == "true"
    return thread | ({"email_history": items} if history else {})


@routes.on("POST", "/api/v1/campaigns/{campaign_id}/leads/{lead_id}/unsubscribe")
def unsubscribe(call: Call) -> Response:
    lead = _lead_of(call)
    lead["is_unsubscribed"] = True
    return json_response({"success": True, "message": "Lead unsubscribed successfully"})


@routes.on("GET", "/api/v1/email-accounts/")
def email_accounts(call: Call) -> Response:
    offset, limit = call.request.number("offset", 0, 0, 10**9), call.request.number("limit", 100, 1, 100)
    accounts = [{"from_email": MAILBOX, "is_smtp_success": True, "is_imap_success": True}]
    return json_response(accounts[offset : offset + limit])


@routes.on("GET", "/api/v1/leads/")
def lead_by_email(call: Call) -> Response:
    return json_response(call.store.leads.get(call.request.query.get("email", "").lower()) or {})


@routes.on("POST", "/api/v1/campaigns/{campaign_id}/reply-email-thread")
def reply_thread(call: Call) -> Response:
    values = call.check_body(ANSWER, ("email_stats_id", "email_body"), WHY)
    stats_id, text = values["email_stats_id"], values["email_body"]
    email = call.store.threads.get(stats_id) or values.get("to_email")
    if not email:
        raise BadRequestError("No thread with this email_stats_id.", status=404)
    _lead(call.account, email)
    message = {"message_id": f"<{uuid.uuid4().hex}@outreach.example.com>", "time": now_iso()}
    entry = {"type": "SENT", "stats_id": stats_id, "subject": "Re: hi", "email_body": text}
    _keep(call.account, email, **message, **entry)
    call.sent("reply", message["message_id"], to=email, thread=stats_id, text=text)
    return json_response({"success": True, "message": "Reply sent successfully"})


PLAYER = SmartLead()
