"""A pack's conversation has a status that the pages can show."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the look at the rows that are there holds no lock against writers

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
