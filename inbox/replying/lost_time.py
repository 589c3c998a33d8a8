"""Keeps messages from going out twice after a restore of the database. A restored database sends nothing until
`manage.py restored` states the lost time, whose changes the database lacks. After that, a message that may have gone
out in the lost time is `unknown`: the provider is asked, and a message that the provider does not list waits for a
person (docs/adr/0075-a-restored-database-sends-nothing.md).
"""

from datetime import datetime, timedelta

from django.utils import timezone

from inbox.models import DatabaseOrigin, OutboundSend
from inbox.models.origin import here
from jobs.errors import Snooze

PAUSE = timedelta(minutes=1)
REASON = "The message may have gone out during the period missing from the restored database."
HELD = "The database was restored. Nothing is sent until the operator confirms which messages had already gone out."


def refusal(origin: DatabaseOrigin | None) -> str:
    """Returns why this database must not send, as a text for operators; "" if it may send."""
    if origin is None:
        return "The origin of this database is unknown."
    was, now = origin.place.split("/"), origin.here.split("/")
    if was == now:
        return ""
    if len(was) == len(now) and was[:1] + was[2:] == now[:1] + now[2:]:
        return "PostgreSQL began a new timeline: a replica was promoted, or the database went back in time."
    return "This database was restored or copied. It comes from another server or another database."


def remedy(origin: DatabaseOrigin | None) -> str:
    since = f"{origin.seen_at:%Y-%m-%dT%H:%MZ}" if origin and origin.seen_at else "TIME"
    return (
        f"Run manage.py restored --since {since}, as the runbook says (HoldfastSendsHeld). If "
        "this is a copy for tests, leave sending on hold."
    )


def is_held() -> bool:
    return bool(refusal(DatabaseOrigin.read()))


def known_origin() -> DatabaseOrigin:
    """Returns the origin of this database. Raises Snooze if the database was restored or copied."""
    origin = DatabaseOrigin.read()
    if origin is None or refusal(origin):
        raise Snooze(timezone.now() + PAUSE, HELD)
    return origin


def doubtful(send: OutboundSend, origin: DatabaseOrigin) -> bool:
    """Whether `send` may have gone out in the lost time. A send is no longer doubtful once we have asked the provider
    for it after the restore: a person who sends it again has seen the provider's answer.
    """
    if origin.restored_at is None or (send.looked_at is not None and send.looked_at >= origin.restored_at):
        return False
    if send.lost_from is not None or covers(origin, send.created_at):
        return True
    if send.origin == OutboundSend.Origin.FOLLOWUP:
        task = getattr(send, "followup_task", None)
        return task is not None and bool(task.instance.in_doubt)
    # A draft may have gone out in the lost time if the message that it answers is not newer than that time.
    answers = send.reply_to if send.origin == OutboundSend.Origin.DRAFT else None
    return answers is not None and covers(origin, answers.sent_at)


def covers(origin: DatabaseOrigin | None, moment: datetime | None) -> bool:
    """Whether work that was due at `moment` may have been done in the lost time, whose changes the database lacks."""
    lost_until = origin and origin.lost_until
    return bool(lost_until and moment and moment <= lost_until)


def note_seen() -> None:
    """Stores the current time as the time of the newest data, unless the database was restored or copied."""
    DatabaseOrigin.objects.filter(place=here()).update(seen_at=timezone.now())
