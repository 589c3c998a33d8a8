"""A pack's status and window are ones that the pages can show."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the look at the rows that are there holds no lock against writers

    dependencies = [
        ("insights", "0001_initial"),
    ]

    operations = [
        AddConstraintNotValid(
            "contextpack",
            models.CheckConstraint(
                condition=models.Q(("status__in", ["PENDING", "RUNNING", "COMPLETE", "FAILED"])),
                name="pack_status_known",
            ),
        ),
        ValidateConstraint("contextpack", "pack_status_known"),
        AddConstraintNotValid(
            "contextpack",
            models.CheckConstraint(
                condition=models.Q(("window__in", ["H24", "D7", "D30", "CUSTOM"])), name="pack_window_known"
            ),
        ),
        ValidateConstraint("contextpack", "pack_window_known"),
    ]
