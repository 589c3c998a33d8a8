"""What may become of a meeting, step by step: what a calendar tells of it, and what must be known in the end.

`Plain` says the latter from the steps alone. It is written without a look at the product.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.recorded import payload

NOON = datetime(2026, 10, 14, 12, tzinfo=UTC)
STEPS = ("created", "moved", "cancelled", "no-show", "undone")
CONTACT = "Dj7MkirH2aBgnpH8HBnJ"
MEETING = "https://api.calendly.com/scheduled_events/EV{0}"
INVITEE = MEETING + "/invitees/IN{0}"


class Plain:
    """The bookings so far by number, each booked, moved, cancelled or no-show; steps are about the newest one.

    Calendly makes a new booking of a move and says of a mark alone that it was taken back. GoHighLevel moves the
    appointment itself, and takes back a cancellation, too.
    """

    def __init__(self, provider: str) -> None:
        self.provider, self.bookings = provider, []

    def can(self, step: str) -> bool:
        now = self.bookings[-1] if self.bookings else None
        if step == "created":
            return True
        if step == "undone":
            return now == "no-show" or (now == "cancelled" and self.provider == "ghl")
        return now == "booked" or (now == "no-show" and step != "no-show")

    def go(self, step: str) -> None:
        if step == "created":
            self.bookings.append("booked")
        elif step == "moved" and self.provider == "calendly":
            self.bookings[-1] = "moved"
            self.bookings.append("booked")
        else:
            self.bookings[-1] = {"moved": "booked", "undone": "booked"}.get(step, step)

    @property
    def stands(self) -> bool:
        return "booked" in self.bookings

    @property
    def waiting(self) -> int:
        """How many of them a person has to look at."""
        return 0 if self.stands else sum(one in ("cancelled", "no-show") for one in self.bookings)


def after(provider: str, steps: tuple[str, ...]) -> Plain:
    plain = Plain(provider)
    for step in steps:
        plain.go(step)
    return plain


def sequences(provider: str, length: int, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every sequence of up to `length` steps that can happen."""
    plain = after(provider, before)
    for step in STEPS if len(before) < length else ():
        if plain.can(step):
            yield (*before, step)
            yield from sequences(provider, length, (*before, step))


class Told(NamedTuple):
    """One webhook. `came_from`: the booking whose place this one took at Calendly; 0 for none."""

    step: str
    number: int
    minute: int
    came_from: int = 0


def told(provider: str, steps: tuple[str, ...]) -> list[Told]:
    """The webhooks of `steps`, one minute apart, in order."""
    plain, found, came_from = Plain(provider), [], 0
    for minute, step in enumerate(steps):
        before = len(plain.bookings)
        plain.go(step)
        number = len(plain.bookings)
        if step == "moved" and number > before:
            found.append(Told("moved away", before, minute, came_from))
            came_from = before
        elif step == "created":
            came_from = 0
        found.append(Told(step, number, minute, came_from))
    return found


def body(provider: str, told: Told) -> dict[str, Any]:
    return calendly(*told) if provider == "calendly" else ghl(*told[:3])


def calendly(step: str, number: int, minute: int, came_from: int) -> dict[str, Any]:
    """Calendly's webhook. An invitee that came from a move names the old one in everything that is told of it."""
    name = {
        "cancelled": "invitee.canceled",
        "moved away": "invitee.canceled",
        "no-show": "invitee_no_show.created",
        "undone": "invitee_no_show.deleted",
    }.get(step, "invitee.created")
    at = (NOON + timedelta(minutes=minute)).isoformat()
    body = payload("calendly", "invitee_created_nested") | {"event": name, "created_at": at}
    body["payload"]["scheduled_event"]["uri"] = MEETING.format(number)
    body["payload"]["invitee"] |= {
        "uri": INVITEE.format(number),
        "rescheduled": step == "moved away",
        "old_invitee": INVITEE.format(came_from) if came_from else None,
        "new_invitee": INVITEE.format(number + 1) if step == "moved away" else None,
        "no_show": {"uri": f"no-show-{minute}", "created_at": at} if step == "no-show" else None,
    }
    return body


def ghl(step: str, number: int, minute: int) -> dict[str, Any]:
    """GoHighLevel's webhook: the appointment as it is now."""
    status = {"cancelled": "cancelled", "no-show": "noshow"}.get(step, "confirmed")
    start = NOON + timedelta(days=number, minutes=minute if step == "moved" else 0)
    body = payload("ghl", "app_appointment_create")
    body["type"] = "AppointmentCreate" if step == "created" else "AppointmentUpdate"
    body["appointment"] |= {
        "id": f"appointment{number}",
        "contactId": CONTACT,
        "appointmentStatus": status,
        "startTime": start.isoformat(),
        "dateUpdated": (NOON + timedelta(minutes=minute)).isoformat(),
    }
    return body
