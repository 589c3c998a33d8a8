"""Simulates EmailBison as far as Holdfast uses it: campaigns, leads, replies and sent emails of one workspace per key.

EmailBison can only answer an existing reply. The simulation also accepts an unknown reply id, because replayed webhooks
contain such ids. It then creates the reply, as if the first recipient of the answer had written it.
"""

import html
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from sandbox import emailbison_events as events
from sandbox.provider import Call, Provider
from sandbox.state import Account, Shelf
from sandbox.web import BadRequestError, Response, Router, json_response, refused_field

routes = Router()

UNAUTHENTICATED = (
    "Unauthenticated. Please check that your API key is valid and that it belongs to this instance URL: "
    "an API key works on exactly one host."
)
ANSWER = {
    "message": str,
    "sender_email_id": int,
    "to_emails": list,
    "inject_previous_email_body": bool,
    "content_type": str,
    "cc_emails": list,
    "bcc_emails": list,
    "subject": str,
}
"""The fields of an answer. Source: docs.emailbison.com/master-inbox/responding-to-messages, read on 2026-11-30;
`subject` was observed.
"""
WHY = {"missing": "is required", "unknown": "is prohibited", "type": "has the wrong type"}


@dataclass
class Mailbox:
    """The data of one workspace in the simulated EmailBison: leads, replies, sent emails, campaigns and mailboxes."""

    leads: dict[int, dict[str, Any]] = field(default_factory=Shelf)
    replies: dict[int, dict[str, Any]] = field(default_factory=Shelf)
    emails: dict[str, int] = field(default_factory=Shelf)
    sent: dict[int, dict[str, Any]] = field(default_factory=Shelf)
    campaigns: dict[int, dict[str, Any]] = field(default_factory=dict)
    senders: dict[int, dict[str, Any]] = field(default_factory=dict)
    stopped: set[tuple[int, int]] = field(default_factory=set)
    files: dict[int, dict[str, Any]] = field(default_factory=Shelf)

    def lead_by_email(self, email: str) -> dict[str, Any] | None:
        return self.leads.get(self.emails.get(email.strip().lower(), 0))

    def sent_to(self, lead_id: int) -> list[dict[str, Any]]:
        return [mail for mail in self.sent.values() if mail["lead_id"] == lead_id]


class EmailBison(Provider):
    name = "emailbison"
    routes = routes
    build = staticmethod(events.build)
    learn = staticmethod(events.learn)
    events = events.EVENTS
    texts = {
        400: "The given data was invalid.",
        401: UNAUTHENTICATED,
        403: UNAUTHENTICATED,
        404: "Record not found",
        429: "Too Many Attempts.",
        500: "Server Error",
    }

    def new_data(self) -> Mailbox:
        box = Mailbox()
        events.keep_campaign(box, {"id": 901, "name": "Q1 Founders"})
        events.keep_sender(box, {"id": 311, "email": "alex@outreach.example.com", "name": "Alex"})
        return box

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        return {"data": {"success": False, "message": text}}


@routes.on("GET", "/api/users")
def me(call: Call) -> Response:
    name = call.account.properties.get("workspace_name", "Sandbox")
    workspace = {"id": call.account.properties.get("workspace_id", 1), "name": name}
    return json_response(
        {"data": {"id": 1, "name": "Sandbox", "email": "owner@example.com", "workspace": workspace}}
    )


@routes.on("POST", "/api/campaigns/{campaign_id}/leads/stop-future-emails")
def stop_future_emails(call: Call) -> Response:
    lead_ids = call.request.data.get("lead_ids")
    if not isinstance(lead_ids, list) or not lead_ids:
        raise BadRequestError("The lead ids field is required.", status=422)
    campaign_id = _number(call.params["campaign_id"])
    box: Mailbox = call.store
    box.stopped.update((campaign_id, _number(lead_id)) for lead_id in lead_ids)
    message = "Future emails stopped for selected leads."
    return json_response({"data": {"success": True, "message": message}})


@routes.on("GET", "/api/leads")
def leads(call: Call) -> Response:
    query = call.request.query
    exact = query.get("filters[email]") or query.get("filters[email_address]")
    search = (query.get("filters[search]") or query.get("search") or "").lower()
    leads = list(call.store.leads.values())
    if exact:
        leads = [lead for lead in leads if lead["email"].lower() == exact.lower()]
    if search:
        keys = ("email", "first_name", "last_name", "company")
        leads = [lead for lead in leads if any(search in str(lead[key] or "").lower() for key in keys)]
    return _page(call, leads)


@routes.on("POST", "/api/leads")
def create_lead(call: Call) -> Response:
    values = call.request.data
    email = values.get("email")
    if not isinstance(email, str) or "@" not in email:
        raise BadRequestError("The email field must be a valid email address.", status=422)
    if call.store.lead_by_email(email):
        raise BadRequestError("The email has already been taken.", status=422)
    return json_response({"data": events.keep_lead(call.account, values)}, 201)


@routes.on("GET", "/api/leads/{lead_id}")
def lead(call: Call) -> Response:
    return json_response({"data": _found(call.store.leads, call.params["lead_id"])})


@routes.on("GET", "/api/leads/{lead_id}/sent-emails")
def lead_sent_emails(call: Call) -> Response:
    lead_id = _number(call.params["lead_id"])
    return _page(call, call.store.sent_to(lead_id)[::-1])


@routes.on("GET", "/api/replies")
def replies(call: Call) -> Response:
    folder = call.request.query.get("folder", "").lower()
    rows = [reply for reply in call.store.replies.values() if folder in ("", reply["folder"].lower())]
    return _page(call, sorted(rows, key=_age, reverse=True))


@routes.on("GET", "/api/replies/{reply_id}/conversation-thread")
def conversation_thread(call: Call) -> Response:
    """Returns older and newer replies of the same lead, or of the same person if the reply has no lead. A reply with an
    unknown id has none.
    """
    number = _number(call.params["reply_id"])
    current = call.store.replies.get(number) or events.keep_reply(call.account, {"id": number})
    thread = sorted(
        (reply for reply in call.store.replies.values() if _partner(reply) == _partner(current)), key=_age
    )
    older = [reply for reply in thread if _age(reply) < _age(current)]
    newer = [reply for reply in thread if _age(reply) > _age(current)]
    return json_response(
        {"data": {"current_reply": current, "older_messages": older[::-1], "newer_messages": newer}}
    )


def _age(reply: dict[str, Any]) -> tuple[str, int]:
    return reply["date_received"], reply["id"]


def _partner(reply: dict[str, Any]) -> Any:
    sent = reply["folder"] == "Sent"
    return reply["lead_id"] or reply["primary_to_email_address" if sent else "from_email_address"]


@routes.on("GET", "/api/sender-emails")
def sender_emails(call: Call) -> Response:
    down = call.account.properties.get("disconnected_senders", ())
    senders = [
        sender | ({"status": "Not connected"} if sender["id"] in down else {})
        for sender in call.store.senders.values()
    ]
    return _page(call, senders)


@routes.on("POST", "/api/replies/{reply_id}/reply")
def send_reply(call: Call) -> Response:
    values = call.request.data
    to, sender_id = _checked_reply(call.account, values)
    parent = call.store.replies.get(_number(call.params["reply_id"])) or _unheard_of(call, to)
    sender = events.keep_sender(call.store, {"id": sender_id})
    subject = values.get("subject") or _re(parent["email_subject"])
    mail = events.keep_mail(
        call.account, sender, parent["lead_id"], parent["campaign_id"], subject, values["message"]
    )
    recipients = {name: values.get(f"{name}_emails") for name in ("to", "cc", "bcc")}
    reply = events.keep_outgoing(call.account, mail, sender, **recipients)
    call.sent("reply", mail["id"], to=to, thread=call.params["reply_id"], text=values["message"])
    return json_response({"data": {"success": True, "message": "Reply sent successfully.", "reply": reply}})


def _checked_reply(account: Account, values: dict[str, Any]) -> tuple[str, int]:
    """Returns the first recipient's address and the sender's id. Raises BadRequestError for a forbidden answer."""
    name, why = refused_field(values, ANSWER, ("message", "sender_email_id", "to_emails"))
    if name:
        raise BadRequestError(f"The {name.replace('_', ' ')} field {WHY[why]}.", status=422)
    to, sender_id = events.people(values["to_emails"]), values["sender_email_id"]
    if sender_id in account.properties.get("invalid_senders", ()):
        raise BadRequestError(f"The selected sender email id {sender_id} is invalid.", status=422)
    if sender_id in account.properties.get("disconnected_senders", ()):
        raise BadRequestError("Sender email is disconnected", status=422)
    return to[0]["address"], sender_id


def _unheard_of(call: Call, to: str) -> dict[str, Any]:
    """Creates and returns the reply for an unknown id. The reply's sender is the lead `to`, who gets the answer."""
    lead = call.store.lead_by_email(to) or events.keep_lead(call.account, {"email": to})
    reply = {"id": _number(call.params["reply_id"]), "from_email_address": to, "lead_id": lead["id"]}
    return events.keep_reply(call.account, reply)


def _re(subject: str | None) -> str:
    subject = html.unescape(subject or "")
    return subject if subject.lower().startswith("re:") else f"Re: {subject}".strip()


def _number(text: Any) -> int:
    try:
        return int(text)
    except (TypeError, ValueError) as exc:
        raise BadRequestError("Record not found", status=404) from exc


def _found(table: dict[int, dict[str, Any]], text: str) -> dict[str, Any]:
    row = table.get(_number(text))
    if row is None:
        raise BadRequestError("Record not found", status=404)
    return row


@routes.on("GET", "/api/attachments/{file_id}")
def file(call: Call) -> Response:
    """Returns the file that came with a reply. By default, `download_url` in replies has this path."""
    name = _found(call.store.files, call.params["file_id"])["file_name"]
    return Response(200, f"The file {name} of the sandbox.\n".encode(), "application/octet-stream")


def _page(call: Call, items: list[dict[str, Any]]) -> Response:
    """Returns one page in Laravel's form: `data`, absolute `links`, `meta`."""
    per_page = call.request.number("per_page", 15, 1, 200)
    last = max(1, -(-len(items) // per_page))
    number = call.request.number("page", 1, 1, 10**6)
    url = f"{call.request.origin}/emailbison{call.request.path}"

    def link(page: int) -> str | None:
        query = urllib.parse.urlencode(call.request.query | {"page": page, "per_page": per_page})
        return f"{url}?{query}" if 1 <= page <= last else None

    rows = items[(number - 1) * per_page : number * per_page]
    links = {"first": link(1), "last": link(last), "prev": link(number - 1), "next": link(number + 1)}
    meta = {"current_page": number, "last_page": last, "per_page": per_page, "total": len(items), "path": url}
    return json_response({"data": rows, "links": links, "meta": meta})


PLAYER = EmailBison()
