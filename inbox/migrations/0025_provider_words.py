import django.db.models.deletion
from django.db import migrations, models

import jobs.ids


class Migration(migrations.Migration):
    dependencies = [("inbox", "0024_what_providers_say")]

    operations = [
        migrations.CreateModel(
            name="ProviderWord",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=jobs.ids.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "tag",
                    models.CharField(
                        choices=[
                            ("New", "New"),
                            ("Interested", "Interested"),
                            ("Information Requested", "Information Requested"),
                            ("Call Requested", "Call Requested"),
                            ("Meeting Requested", "Meeting Requested"),
                            ("Meeting Booked", "Meeting Booked"),
                            ("Follow Up", "Follow Up"),
                            ("Objection", "Objection"),
                            ("Not Interested", "Not Interested"),
                            ("Blacklist", "Blacklist"),
                            ("Out of Office", "Out Of Office"),
                            ("Automated Reply", "Automated Reply"),
                            ("Neutral", "Neutral"),
                            ("Snoozed", "Snoozed"),
                            ("Wrong Person", "Wrong Person"),
                        ],
                        max_length=32,
                    ),
                ),
                ("by", models.CharField(max_length=80)),
                ("said_at", models.DateTimeField()),
                (
                    "lead",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="provider_words",
                        to="inbox.lead",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="inbox.workspace"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["lead", "said_at"], name="word_by_lead")],
            },
        ),
    ]
