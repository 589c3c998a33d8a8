"""Simulates Calendly as far as Holdfast uses it: event types, free times and bookings of one user per token."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.outbox import Webhook
from sandbox.provider import Call, Provider
from sandbox.state import Account, Shelf, now_iso
from sandbox.web import BadRequestError, Response, Router, json_response, required

routes = Router()

API = "https://api.calendly.com"
USER, ORGANIZATION, EVENT_TYPE = f"{API}/users/US1", f"{API}/organizations/OR1", f"{API}/event_types/ET1"
EVENTS = ("invitee.created", "invitee.canceled", "invitee_no_show.created", "invitee_no_show.deleted")
MOVE = ("rescheduled", "old_invitee", "new_invitee")
TITLES = {
    400: "Invalid Argument",
    401: "Unauthenticated",
    403: "Permission Denied",
    404: "Resource Not Found",
    429: "Too Many Requests",
}


@dataclass
class Diary:
    events: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    invitees: dict[str, dict[str, Any]] = field(default_factory=Shelf)


class Calendly(Provider):
    name = "calendly"
    routes = routes
    new_data = Diary
    events = EVENTS
    texts = {401: "The access token is invalid"}
    retry_after_s = 60

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        title = TITLES.get(status, "Internal Server Error")
        return {"title": title, "message": text or title}

    def build(self, account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        invitee = account.data.invitees.get(_key(fields.get("invitee_uri")))
        if invitee is None:
            required(fields, "email", "the invitee's e-mail address")
            invitee = _book(account, fields)
            _take_over(account, invitee)
        if event == "invitee_no_show.created":
            invitee["no_show"] = {"uri": f"{API}/invitee_no_shows/{uuid.uuid4()}", "created_at": now_iso()}
        elif event == "invitee_no_show.deleted":
            invitee["no_show"] = None
        else:
            invitee["status"] = "canceled" if event == "invitee.canceled" else "active"
            _touch(account, invitee)
        return _told(event, invitee, account.data.events[_key(invitee["event"])])

    def learn(self, account: Account, body: dict[str, Any]) -> None:
        payload = body.get("payload") or {}
        invitee, meeting = payload.get("invitee"), payload.get("scheduled_event")
        if not invitee or not meeting or _key(invitee.get("uri")) in account.data.invitees:
            return
        new = {"status": "active", "created_at": now_iso(), "updated_at": now_iso()}
        account.data.events[_key(meeting["uri"])] = {**new, "name": "Intro call", **meeting}
        account.data.invitees[_key(invitee["uri"])] = {**new, **invitee, "event": meeting["uri"]}

    def signature(self, webhook: Webhook, payload: bytes) -> dict[str, str]:
        return {"Calendly-Webhook-Signature": webhook.timed_signature(payload, "v1")}


def _touch(account: Account, invitee: dict[str, Any]) -> None:
    invitee["updated_at"] = account.data.events[_key(invitee["event"])]["updated_at"] = now_iso()


def _key(uri: Any) -> str:
    return str(uri or "").rpartition("/")[2]


def _take_over(account: Account, invitee: dict[str, Any]) -> None:
    """If `invitee` replaces an earlier invitee's booking, marks the earlier one as cancelled and moved to `invitee`."""
    if old := account.data.invitees.get(_key(invitee["old_invitee"])):
        old |= {"status": "canceled", "rescheduled": True, "new_invitee": invitee["uri"]}
        _touch(account, old)


def _told(event: str, invitee: dict[str, Any], meeting: dict[str, Any]) -> dict[str, Any]:
    person = {"uri": invitee["uri"], "email": invitee["email"], "name": invitee["name"]}
    person["questions_and_answers"] = invitee.get("questions_and_answers", [])
    person |= {name: invitee.get(name) for name in ("no_show", *MOVE)}
    when = {name: meeting[name] for name in ("uri", "event_type", "start_time", "end_time")}
    return {"event": event, "created_at": now_iso(), "payload": {"invitee": person, "scheduled_event": when}}


def _book(account: Account, fields: dict[str, Any]) -> dict[str, Any]:
    start = _instant(fields.get("start_time")) or (datetime.now(UTC) + timedelta(days=2)).replace(
        microsecond=0
    )
    end = _instant(fields.get("end_time")) or start + timedelta(minutes=30)
    event_uri = fields.get("event_uri") or f"{API}/scheduled_events/{uuid.uuid4()}"
    invitee_uri = fields.get("invitee_uri") or f"{event_uri}/invitees/{uuid.uuid4()}"
    account.data.events[_key(event_uri)] = {
        "uri": event_uri,
        "name": "Intro call",
        "status": "active",
        "event_type": fields.get("event_type") or EVENT_TYPE,
        "start_time": _z(start),
        "end_time": _z(end),
        "created_at": now_iso(),
        "updated_at": now_iso(),
    }
    name = fields.get("name") or str(fields["email"]).partition("@")[0]
    invitee = {
        "uri": invitee_uri,
        "email": fields["email"],
        "name": name,
        "status": "active",
        "event": event_uri,
        "rescheduled": False,
        "old_invitee": fields.get("old_invitee"),
        "new_invitee": None,
        "created_at": now_iso(),
        "updated_at": now_iso(),
    }
    account.data.invitees[_key(invitee_uri)] = invitee
    return invitee


def _z(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError as exc:
        raise BadRequestError(f"{text!r} is not an ISO 8601 date", code="start_time") from exc


def _collection(call: Call, items: list[dict[str, Any]]) -> Response:
    """Returns a page of a list, as in developer.calendly.com/api-docs, read on 2026-12-01. The token is an offset."""
    count, start = call.request.number("count", 20, 1, 100), call.request.number("page_token", 0, 0, 10**9)
    token = str(start + count) if start + count < len(items) else None
    page = items[start : start + count]
    return json_response({"collection": page, "pagination": {"count": len(page), "next_page_token": token}})


def _event(call: Call) -> dict[str, Any]:
    refusal = "The server could not find the requested resource."
    return call.look_up(call.store.events, "event_id", refusal)


@routes.on("GET", "/users/me")
def me(call: Call) -> Response:
    names = {"name": "Alex Moreno", "email": "alex@outreach.example.com", "timezone": "America/New_York"}
    return json_response({"resource": {"uri": USER, "current_organization": ORGANIZATION, **names}})


@routes.on("GET", "/event_types")
def event_types(call: Call) -> Response:
    url = "https://calendly.com/alex-example/intro"
    kind = {"uri": EVENT_TYPE, "name": "Intro call", "active": True, "duration": 30, "scheduling_url": url}
    return _collection(call, [kind])


@routes.on("GET", "/event_type_available_times")
def available_times(call: Call) -> Response:
    booked = {
        meeting["start_time"] for meeting in call.store.events.values() if meeting["status"] == "active"
    }
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    free = [_z(day + timedelta(days=offset, hours=hour)) for offset in range(1, 8) for hour in (14, 15, 18)]
    times = [{"status": "available", "start_time": at} for at in free if at not in booked]
    return json_response({"collection": times})


@routes.on("GET", "/scheduled_events")
def scheduled_events(call: Call) -> Response:
    wanted = call.request.query.get("invitee_email")
    event_uris = {i["event"] for i in call.store.invitees.values() if wanted in (None, i["email"])}
    earliest = _instant(call.request.query.get("min_start_time"))
    meetings = [meeting for meeting in call.store.events.values() if meeting["uri"] in event_uris]
    later = (m for m in meetings if earliest is None or earliest <= datetime.fromisoformat(m["start_time"]))
    return _collection(call, sorted(later, key=lambda meeting: meeting["start_time"]))


@routes.on("GET", "/scheduled_events/{event_id}")
def scheduled_event(call: Call) -> Response:
    return json_response({"resource": _event(call)})


@routes.on("GET", "/scheduled_events/{event_id}/invitees")
def invitees(call: Call) -> Response:
    uri = _event(call)["uri"]
    return _collection(call, [row for row in call.store.invitees.values() if row["event"] == uri])


PLAYER = Calendly()
