"""A question has a status that the pages can show."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the look at the rows that are there holds no lock against writers

    dependencies = [
        ("insights", "0003_known_states_of_pack_threads"),
    ]

    operations = [
        AddConstraintNotValid(
            "packquestion",
            models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "answered", "failed"])),
                name="question_status_known",
            ),
        ),
        ValidateConstraint("packquestion", "question_status_known"),
    ]
