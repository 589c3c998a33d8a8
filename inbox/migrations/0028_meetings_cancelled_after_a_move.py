from django.db import migrations
from django.db.models import Exists, OuterRef


def put_right(apps, schema_editor):
    """A Calendly meeting that came from a move was kept as moved when it was cancelled for good.

    It was moved only where another booking took its place. Where none is known it shows as cancelled and waits for a
    person; the next look at the calendar has the last word.
    """
    meetings = apps.get_model("inbox", "Appointment").objects.filter(provider="calendly")
    later = meetings.filter(workspace=OuterRef("workspace"), replaces_id=OuterRef("external_id"))
    wrong = meetings.filter(replaced=True, cancelled_at__isnull=False).exclude(replaces_id="")
    wrong.exclude(Exists(later)).update(replaced=False, status="cancelled")


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0027_stops_that_came_again"),
    ]

    operations = [
        migrations.RunPython(put_right, migrations.RunPython.noop, elidable=True),
    ]
