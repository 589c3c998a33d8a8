"""The database refuses a question with a status that the pages cannot show."""

from django.contrib.postgres.operations import AddConstraintNotValid, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # checking existing rows does not block writers, because it is a step of its own

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
