"""Alarms of mailboxes. The second foreign key has the database delete them for the release before."""

from django.db import migrations, models

GOES = """
ALTER TABLE inbox_mailboxalarm ADD CONSTRAINT mailboxalarm_goes_with_integration FOREIGN KEY (integration_id)
    REFERENCES integrations_integration ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT VALID
"""
RATES = [("bounces", "Bounces"), ("complaints", "Spam complaints"), ("replies", "Fewer replies")]
OF = "How many emails were counted. For replies, how many were expected."


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0108_deviations_from_contracts"),
        ("integrations", "0001_squashed_0017_tables"),
    ]

    operations = [
        migrations.CreateModel(
            "MailboxAlarm",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("address", models.CharField(max_length=320)),
                ("rate", models.CharField(choices=RATES, max_length=10)),
                ("count", models.PositiveIntegerField()),
                ("mails", models.PositiveIntegerField(help_text=OF)),
                ("days", models.PositiveSmallIntegerField()),
                ("since", models.DateTimeField()),
                ("last_at", models.DateTimeField(help_text="When the rate was last out of bounds.")),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                (
                    "integration",
                    models.ForeignKey(
                        "integrations.Integration",
                        models.CASCADE,
                        db_index=False,
                        related_name="mailbox_alarms",
                    ),
                ),
            ],
            {
                "constraints": [
                    models.UniqueConstraint(
                        fields=("integration", "address", "rate"), name="mailbox_alarm_once"
                    )
                ]
            },
        ),
        migrations.RunSQL(GOES, migrations.RunSQL.noop),
    ]
