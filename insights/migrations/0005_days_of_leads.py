"""The numbers of leads by day, which Insights adds up. insights.0006 has the database delete them."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0123_leads_that_lose_a_message"),
        ("insights", "0001_squashed_0004_insights"),
    ]

    operations = [
        migrations.CreateModel(
            name="LeadDayProgress",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="inbox.workspace",
                    ),
                ),
                ("xid", models.BigIntegerField(default=0)),
                ("basis", models.CharField(default="", max_length=32)),
                ("next_lead", models.UUIDField(null=True)),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, help_text="When `xid` was read."),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LeadDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                ("first_at", models.DateTimeField(help_text="The first reply or message to the lead.")),
                ("last_at", models.DateTimeField()),
                ("replies", models.PositiveIntegerField()),
                ("positive", models.PositiveIntegerField(help_text="Replies with a positive tag.")),
                (
                    "answer_s",
                    models.FloatField(
                        help_text="Seconds from the day's first reply to its answer.", null=True
                    ),
                ),
                (
                    "previous_reply_at",
                    models.DateTimeField(help_text="The last reply before this day.", null=True),
                ),
                ("contacted", models.BooleanField(help_text="We wrote to the lead.")),
                ("previous_contact_at", models.DateTimeField(null=True)),
                (
                    "answered_by",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(null=True),
                        help_text="The user who wrote or approved each answer.",
                        size=None,
                    ),
                ),
                (
                    "waited_s",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.FloatField(),
                        help_text="Seconds that the lead waited for each answer.",
                        size=None,
                    ),
                ),
                (
                    "kept",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BooleanField(null=True),
                        help_text="Whether each answer kept the promise.",
                        size=None,
                    ),
                ),
                (
                    "hours",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(),
                        help_text="The local hour in which each answered reply arrived.",
                        size=None,
                    ),
                ),
                ("campaign_id", models.UUIDField(null=True)),
                ("tag", models.CharField(max_length=32)),
                ("booked_at", models.DateTimeField(null=True)),
                ("waits", models.BooleanField()),
                (
                    "lead",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="days",
                        to="inbox.lead",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name": "day in the numbers",
                "verbose_name_plural": "days in the numbers",
                "indexes": [
                    models.Index(
                        fields=["workspace", "first_at"],
                        include=("last_at", "contacted", "previous_contact_at", "lead"),
                        name="lead_day_by_time",
                    ),
                    models.Index(
                        condition=models.Q(("replies__gt", 0)),
                        fields=["workspace", "first_at"],
                        name="lead_day_replies",
                    ),
                    models.Index(
                        condition=models.Q(("answered_by", []), _negated=True),
                        fields=["workspace", "first_at"],
                        name="lead_day_answers",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("lead", "day"), name="lead_day_once")],
            },
        ),
    ]
