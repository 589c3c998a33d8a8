"""The database refuses a pack with a status or window that the pages cannot show."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # checking existing rows does not block writers, because it is a step of its own

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
