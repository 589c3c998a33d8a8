"""Labels of a workspace and of its leads. inbox.0127 has their decisions cause events.

The second foreign keys have the database delete the rows for the release before, whose Django does not know the tables.
"""

import django.contrib.postgres.fields
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Lower, Now

from jobs.ids import uuid7

GOES = (
    "ALTER TABLE inbox_{table} ADD CONSTRAINT {table}_goes_with_{to} FOREIGN KEY ({to}_id)"
    " REFERENCES inbox_{to} ON DELETE {does} DEFERRABLE INITIALLY DEFERRED"
)
KEYS = [
    ("label", "workspace", "CASCADE"),
    *(("leadlabel", to, "CASCADE") for to in ("workspace", "lead", "label")),
    ("leadlabel", "user", "SET NULL"),
]
COLOURS = [
    ("", "Grey"),
    ("info", "Blue"),
    ("ok", "Green"),
    ("warn", "Amber"),
    ("bad", "Red"),
    ("hot", "Pink"),
]
STATES = [("on", "On"), ("suggested", "Suggested"), ("off", "Off")]
KINDS = [("rule", "Rule"), ("model", "Model"), ("provider", "Provider"), ("person", "Person")]
MEANING = "One sentence. If you leave it empty, the model never suggests this label."
ALIASES = (
    "Comma-separated. An Instantly label, a SmartLead category or an EmailBison tag with one of these names, or with the "
    "label’s own name, puts the label on the lead."
)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0118_promises"), ("integrations", "0020_webhook_endpoints")]

    operations = [
        migrations.CreateModel(
            "Label",
            [
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=40)),
                ("colour", models.CharField(blank=True, choices=COLOURS, default="", max_length=4)),
                ("meaning", models.CharField(blank=True, help_text=MEANING, max_length=200)),
                (
                    "aliases",
                    django.contrib.postgres.fields.ArrayField(
                        models.CharField(blank=True, max_length=40),
                        blank=True,
                        default=list,
                        help_text=ALIASES,
                        size=20,
                        verbose_name="names at your providers",
                    ),
                ),
                (
                    "notice",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Post in Slack when a lead gets this label.",
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("workspace", models.ForeignKey("inbox.workspace", models.CASCADE, related_name="labels")),
            ],
            {
                "ordering": [Lower("name")],
                "constraints": [
                    models.UniqueConstraint(models.F("workspace"), Lower("name"), name="label_once")
                ],
            },
        ),
        migrations.CreateModel(
            "LeadLabel",
            [
                ("id", models.UUIDField(default=uuid7, editable=False, primary_key=True, serialize=False)),
                ("state", models.CharField(choices=STATES, max_length=9)),
                ("kind", models.CharField(choices=KINDS, max_length=8)),
                ("by", models.CharField(max_length=80)),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Why the model suggests this label.",
                        max_length=300,
                    ),
                ),
                ("decided_at", models.DateTimeField(db_default=Now())),
                ("label", models.ForeignKey("inbox.label", models.CASCADE, related_name="lead_labels")),
                (
                    "lead",
                    models.ForeignKey(
                        "inbox.lead", models.CASCADE, db_index=False, related_name="lead_labels"
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        "integrations.apitoken",
                        models.DO_NOTHING,
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        null=True,
                        related_name="+",
                    ),
                ),
                ("user", models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, blank=True, null=True)),
                ("workspace", models.ForeignKey("inbox.workspace", models.CASCADE, related_name="+")),
            ],
            {"constraints": [models.UniqueConstraint(fields=("lead", "label"), name="leadlabel_once")]},
        ),
        migrations.RunSQL(
            [GOES.format(table=table, to=to, does=does) for table, to, does in KEYS], migrations.RunSQL.noop
        ),
    ]
