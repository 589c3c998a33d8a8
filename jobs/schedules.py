"""Keeps django-q2's schedule rows equal to the registered ticks in every deployment."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from jobs.db import fetch
from jobs.ticks import TICKS

PREFIX = "tick: "
LOCK = 0x7469636B  # any number that no other advisory lock of this database uses


def sync() -> None:
    """Matches the rows to TICKS. Names are not unique in django-q2's table, so a lock prevents duplicates."""
    with transaction.atomic():
        fetch("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        ours = Schedule.objects.filter(name__startswith=PREFIX)
        names = {PREFIX + name for name in TICKS}
        ours.exclude(name__in=names).delete()
        present = set(ours.values_list("name", flat=True))
        for spec in TICKS.values():
            wanted = {
                "func": "jobs.ticks.run_tick",
                "args": repr((spec.name,)),
                "schedule_type": Schedule.MINUTES,
                "minutes": spec.every_s // 60,
                "repeats": -1,
            }
            name = PREFIX + spec.name
            if name in present:
                ours.filter(name=name).update(**wanted)
            else:
                first = timezone.now() + timedelta(seconds=1)
                Schedule.objects.create(name=name, next_run=first, **wanted)
