"""The database refuses a pack's conversation with a status that the pages cannot show."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # checking existing rows does not block writers, because it is a step of its own

    dependencies = [
        ("insights", "0002_known_states_of_packs"),
    ]

    operations = [
        AddConstraintNotValid(
            "packthread",
            models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "done", "failed"])),
                name="pack_thread_status_known",
            ),
        ),
        ValidateConstraint("packthread", "pack_thread_status_known"),
    ]
