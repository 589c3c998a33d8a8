"""Builds EmailBison's webhooks for events, and updates the state from replayed webhooks."""

import html
import re
import uuid
from typing import TYPE_CHECKING, Any

from sandbox.state import Account, now_iso
from sandbox.web import BadRequestError, lead_of

if TYPE_CHECKING:
    from sandbox.emailbison import Mailbox

INBOUND = ("LEAD_REPLIED", "LEAD_INTERESTED", "UNTRACKED_REPLY_RECEIVED", "EMAIL_BOUNCED")
OTHERS = ("EMAIL_SENT", "MANUAL_EMAIL_SENT", "EMAIL_OPENED", "LEAD_UNSUBSCRIBED")
ACCOUNTS = {"EMAIL_ACCOUNT_DISCONNECTED": "Not connected", "EMAIL_ACCOUNT_RECONNECTED": "Connected"}
"""The events about a sender, each with the sender's new status."""
REMOVED = "EMAIL_ACCOUNT_REMOVED"
EVENTS = (*INBOUND, *OTHERS, *ACCOUNTS, REMOVED)
NEW_MAILS = ("EMAIL_SENT", "MANUAL_EMAIL_SENT")
LEAD_STATUS = {"EMAIL_BOUNCED": "bounced", "LEAD_UNSUBSCRIBED": "unsubscribed"}


def build(account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the body of the webhook that the simulated EmailBison posts for `event`, from the fields in
    docs/sandbox.md. Raises BadRequestError, which names a missing field.
    """
    sender = keep_sender(account.data, fields.get("sender") or {"id": 311})
    if event == REMOVED:
        del account.data.senders[sender["id"]]
    if event in (*ACCOUNTS, REMOVED):
        sender["status"] = ACCOUNTS.get(event, sender["status"])
        return {"event": _envelope(account, event), "data": {"sender_email": public(sender)}}
    payload = _about_lead(account, event, fields, sender)
    if event == "MANUAL_EMAIL_SENT":
        reply = keep_outgoing(account, payload["scheduled_email"], sender, to=[payload["lead"]["email"]])
        if not fields.get("as_scheduled_email"):
            return manual_sent(account, reply, sender)
    if event in INBOUND:
        payload["reply"] = _reply(account, event, fields, payload, sender)
    return {"event": _envelope(account, event), "data": payload}


def _about_lead(
    account: Account, event: str, fields: dict[str, Any], sender: dict[str, Any]
) -> dict[str, Any]:
    payload: dict[str, Any] = {
        "campaign": None,
        "campaign_event": None,
        "lead": None,
        "sender_email": public(sender),
    }
    if event != "UNTRACKED_REPLY_RECEIVED":
        lead_fields = lead_of(fields)
        campaign = keep_campaign(account.data, fields.get("campaign") or {"id": 901})
        lead = keep_lead(account, {**lead_fields, "status": LEAD_STATUS.get(event, "replied")})
        payload["campaign"] = {"id": campaign["id"], "name": campaign["name"]}
        payload["campaign_event"] = _campaign_event(account, event)
        payload["lead"] = {name: lead[name] for name in LEAD_FIELDS}
        payload["scheduled_email"] = _scheduled_email(account, lead, campaign, sender, fields, event)
    return payload


def manual_sent(account: Account, reply: dict[str, Any], sender: dict[str, Any]) -> dict[str, Any]:
    """Returns the body of the webhook that EmailBison posts about `reply`, which a person or an API call sent. Stores
    nothing.
    """
    lead = account.data.leads.get(reply["lead_id"])
    campaign = account.data.campaigns.get(reply["campaign_id"])
    payload = {
        "campaign": {"id": campaign["id"], "name": campaign["name"]} if campaign else None,
        "lead": {name: lead[name] for name in LEAD_FIELDS} if lead else None,
        "reply": reply,
        "sender_email": public(sender),
    }
    return {"event": _envelope(account, "MANUAL_EMAIL_SENT"), "data": payload}


def learn(account: Account, body: dict[str, Any]) -> None:
    """Stores the lead, campaign, sender, sent email and reply of a webhook's body in the simulated EmailBison."""
    payload = body.get("data") or {}
    box: Mailbox = account.data
    lead = keep_lead(account, payload["lead"]) if payload.get("lead") else None
    campaign = keep_campaign(box, payload["campaign"]) if payload.get("campaign") else None
    sender = keep_sender(box, payload["sender_email"]) if payload.get("sender_email") else None
    if sender and (status := ACCOUNTS.get(str((body.get("event") or {}).get("type")))):
        sender["status"] = status
    links = {
        "lead_id": lead["id"] if lead else None,
        "campaign_id": campaign["id"] if campaign else None,
        "sender_email_id": sender["id"] if sender else None,
    }
    mail = payload.get("scheduled_email")
    if mail and mail.get("sent_at") and int(mail["id"]) not in box.sent:
        box.sent[int(mail["id"])] = {**links, "sequence_step_id": None, "status": "sent", **mail}
    if payload.get("reply"):
        keep_reply(account, {**links, "scheduled_email_id": mail and mail.get("id"), **payload["reply"]})


LEAD_FIELDS = ("id", "email", "first_name", "last_name", "status", "company", "title", "custom_variables")


def keep_lead(account: Account, values: dict[str, Any]) -> dict[str, Any]:
    """Creates or updates the simulated EmailBison's lead with the id in `values`, or else with the address in `values`.
    Returns the lead. Custom variables are added to the lead's existing ones.
    """
    box: Mailbox = account.data
    lead = box.leads.get(int(values["id"])) if values.get("id") else box.lead_by_email(values["email"])
    if lead is None:
        lead = dict.fromkeys(LEAD_FIELDS) | {"custom_variables": [], "created_at": now_iso()}
        lead["id"] = int(values.get("id") or account.next_id())
        lead["email"] = values.get("email") or ""
        box.leads[lead["id"]] = lead
    if values.get("email"):
        box.emails[values["email"].strip().lower()] = lead["id"]
    for name in LEAD_FIELDS[1:-1]:
        if values.get(name) is not None:
            lead[name] = values[name]
    merged = {
        v["name"]: v["value"] for v in lead["custom_variables"] + (values.get("custom_variables") or [])
    }
    lead["custom_variables"] = [{"name": name, "value": text} for name, text in merged.items()]
    lead["updated_at"] = now_iso()
    return lead


def keep_campaign(box: "Mailbox", values: dict[str, Any]) -> dict[str, Any]:
    campaign = box.campaigns.setdefault(
        int(values["id"]), {"id": int(values["id"]), "name": "", "status": "active"}
    )
    campaign["name"] = values.get("name") or campaign["name"] or f"Campaign {campaign['id']}"
    return campaign


def keep_sender(box: "Mailbox", values: dict[str, Any]) -> dict[str, Any]:
    fresh: dict[str, Any] = {
        "id": int(values["id"]),
        "name": None,
        "status": "Connected",
        "provider": "google",
    }
    sender = box.senders.setdefault(fresh["id"], fresh)
    sender["email"] = values.get("email") or sender.get("email") or f"sender-{sender['id']}@example.com"
    sender["name"] = values.get("name") or sender["name"]
    return sender


def public(sender: dict[str, Any]) -> dict[str, Any]:
    return {"id": sender["id"], "email": sender["email"], "name": sender["name"]}


OPTIONAL_FIELDS = (
    *("email_subject", "from_email_address", "from_name", "to", "cc", "bcc", "html_body", "raw_body"),
    *("raw_message_id", "lead_id", "campaign_id", "sender_email_id", "scheduled_email_id"),
)
"""The fields of a reply that may be null."""


def keep_reply(account: Account, values: dict[str, Any]) -> dict[str, Any]:
    """Creates or updates the simulated EmailBison's reply with the id in `values`. Returns it in the form of the list
    of replies. A field that is not in `values` keeps its value or gets a default.
    """
    box: Mailbox = account.data
    reply_id = int(values["id"])
    stated = {name: field for name, field in values.items() if field is not None}
    stored = dict.fromkeys(OPTIONAL_FIELDS) | box.replies.get(reply_id, {}) | stated
    at = stored.get("date_received") or now_iso()
    defaults = {
        "uuid": str(uuid.uuid4()),
        "date_received": at,
        "created_at": at,
        "updated_at": at,
        "automated_reply": False,
        "interested": False,
        "type": "Tracked Reply",
        "folder": "Inbox",
        "primary_to_email_address": (stored["to"] or [{}])[0].get("address"),
        "text_body": plain(stored["html_body"] or ""),
        "attachments": [],
    }
    reply: dict[str, Any] = {name: stored.get(name, default) for name, default in defaults.items()}
    reply["id"] = reply_id
    reply |= {name: stored[name] for name in OPTIONAL_FIELDS}
    box.files.update({int(file["id"]): file for file in reply["attachments"] if file.get("id")})
    box.replies[reply_id] = reply
    return reply


def people(values: Any) -> list[dict[str, Any]]:
    """Converts the recipients in a request's `to_emails` ({name, email_address}) to the form of a reply's `to`
    ({address, name}). Leaves out entries without an address. Returns [] if `values` is not a list.
    """
    if not isinstance(values, list):
        return []
    rows = [person if isinstance(person, dict) else {"email_address": person} for person in values]
    return [{"address": v["email_address"], "name": v.get("name")} for v in rows if v.get("email_address")]


def plain(markup: str) -> str:
    text = re.sub(r"<(?:br|/p|/div)[^>]*>", "\n", markup, flags=re.IGNORECASE)
    return html.unescape(re.sub(r"<[^>]+>", "", text)).strip()


def _envelope(account: Account, event: str) -> dict[str, Any]:
    properties = account.properties
    return {
        "type": event,
        "name": event.replace("_", " ").title(),
        "instance_url": properties.get("instance_url", "https://send.example.com"),
        "workspace_id": properties.get("workspace_id", 42),
        "workspace_name": properties.get("workspace_name", "Sandbox"),
    }


def _campaign_event(account: Account, event: str) -> dict[str, Any]:
    at = now_iso()
    kind = event.removeprefix("LEAD_").removeprefix("EMAIL_").lower()
    return {
        "id": account.next_id(),
        "type": kind,
        "created_at": at,
        "created_at_local": at[:19],
        "local_timezone": "UTC",
    }


def _scheduled_email(
    account: Account,
    lead: dict[str, Any],
    campaign: dict[str, Any],
    sender: dict[str, Any],
    fields: dict[str, Any],
    event: str,
) -> dict[str, Any]:
    """Returns the campaign email that an event concerns.

    For an event in NEW_MAILS, this is a new email. For other events, it is the lead's last email, or a new one if the
    lead has none.
    """
    sent: list[dict[str, Any]] = account.data.sent_to(lead["id"])
    if sent and event not in NEW_MAILS:
        return sent[-1]
    stated = fields if event in NEW_MAILS else {}
    body = stated.get("html") or f"<p>{html.escape(stated.get('text') or 'Hi, a quick question.')}</p>"
    subject, step = stated.get("subject") or "quick question", len(sent) + 1
    return keep_mail(account, sender, lead["id"], campaign["id"], subject, body, step)


def keep_mail(
    account: Account,
    sender: dict[str, Any],
    lead_id: int,
    campaign_id: int | None,
    subject: str,
    body: str,
    step: int | None = None,
) -> dict[str, Any]:
    """Stores an outgoing email of `sender`, and returns it in the form of the simulated EmailBison's sent emails."""
    at = now_iso()
    mail = {
        "id": account.next_id(),
        "lead_id": lead_id,
        "campaign_id": campaign_id,
        "sequence_step_id": step,
        "email_subject": subject,
        "email_body": body,
        "status": "sent",
        "sent_at": at,
        "scheduled_date_local": at[:19],
        "raw_message_id": f"<{uuid.uuid4().hex}@{sender['email'].partition('@')[2]}>",
        "sender_email_id": sender["id"],
    }
    account.data.sent[mail["id"]] = mail
    return mail


def keep_outgoing(
    account: Account, mail: dict[str, Any], sender: dict[str, Any], **recipients: Any
) -> dict[str, Any]:
    """Stores the `mail` that a person or an API call wrote, in the form of the folder Sent."""
    outgoing = {
        "id": account.next_id(),
        "email_subject": mail["email_subject"],
        "from_email_address": sender["email"],
        "from_name": sender["name"],
        "html_body": mail["email_body"],
        "date_received": mail["sent_at"],
        "type": "Outgoing Email",
        "folder": "Sent",
        **{name: mail[name] for name in ("raw_message_id", "lead_id", "campaign_id", "sender_email_id")},
    }
    return keep_reply(account, outgoing | {name: people(listed) for name, listed in recipients.items()})


def _reply(
    account: Account, event: str, fields: dict[str, Any], payload: dict[str, Any], sender: dict[str, Any]
) -> dict[str, Any]:
    lead = payload["lead"] or {}
    bounced = event == "EMAIL_BOUNCED"
    address = fields.get("from_email") or ("mailer-daemon@example.net" if bounced else lead.get("email"))
    if not address:
        raise BadRequestError("the address of an untracked sender", code="from_email")
    text = fields.get("text") or (
        f"550 5.1.1 <{lead.get('email')}>: Recipient address rejected" if bounced else ""
    )
    name = " ".join(filter(None, (lead.get("first_name"), lead.get("last_name")))) or None
    at = now_iso()
    return {
        "id": int(fields.get("reply_id") or account.next_id()),
        "uuid": str(uuid.uuid4()),
        "email_subject": fields.get("subject") or "Re: quick question",
        "from_email_address": address,
        "from_name": fields.get("from_name") or ("Mail Delivery Subsystem" if bounced else name),
        "to": [{"address": sender["email"], "name": sender["name"]}],
        "cc": fields.get("cc"),
        "bcc": None,
        "html_body": fields.get("html") or f"<p>{html.escape(text)}</p>",
        "text_body": text,
        "date_received": at,
        "created_at": at,
        "automated_reply": bool(fields.get("automated_reply")),
        "interested": bool(fields.get("interested")) or event == "LEAD_INTERESTED",
        "type": "Tracked Reply" if payload["lead"] else "Untracked Reply",
        "folder": "Bounced" if bounced else "Inbox",
        "attachments": [_file(account, file) for file in fields.get("attachments") or []],
    }


def _file(account: Account, values: dict[str, Any]) -> dict[str, Any]:
    """Returns a reply's file in EmailBison's form. Without a `download_url`, it is under the account's instance URL."""
    file_id = int(values.get("id") or account.next_id())
    home = _envelope(account, "")["instance_url"]
    file = {"id": file_id, "uuid": str(uuid.uuid4()), "file_name": values.get("file_name")}
    return file | {"download_url": values.get("download_url") or f"{home}/api/attachments/{file_id}"}
