"""Columns that came after their table get a default of the database: the release before does not name them.

Each statement is a transaction of its own, so that none waits for one table's lock while it holds another's.
"""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0025_provider_words"),
    ]

    atomic = False
    operations = [
        migrations.AlterField(
            model_name="draft",
            name="evaluation",
            field=models.JSONField(
                blank=True, db_default={}, default=dict, help_text="What the evaluating model said."
            ),
        ),
        migrations.AlterField(
            model_name="draft",
            name="gate_mode",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The policy when it was judged.",
                max_length=6,
            ),
        ),
        migrations.AlterField(
            model_name="draft",
            name="slack_channel",
            field=models.CharField(blank=True, db_default="", default="", max_length=40),
        ),
        migrations.AlterField(
            model_name="draft",
            name="slack_ts",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Slack's id of the review card.",
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="opted_in_stamp",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AlterField(
            model_name="lead",
            name="opted_out_stamp",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="What a STOP says of its own time (Message.stamp).",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="repair_reason",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Why the provider does not know this lead, in words.",
                max_length=200,
            ),
        ),
        migrations.AlterField(
            model_name="lead",
            name="score_reason",
            field=models.CharField(blank=True, db_default="", default="", max_length=200),
        ),
        migrations.AlterField(
            model_name="lead",
            name="sources",
            field=models.JSONField(
                blank=True,
                db_default={},
                default=dict,
                help_text="Where the facts above come from: source and time by column.",
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="slack_user_id",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Who this is in the workspace's Slack, once looked up.",
                max_length=40,
            ),
        ),
        migrations.AlterField(
            model_name="membership",
            name="takes_leads",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Gets leads in turn, where the workspace does so."
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="by_hand",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A person wrote it on the provider's own pages, outside of any campaign.",
            ),
        ),
        migrations.AlterField(
            model_name="message",
            name="stamp",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="The local time that a text without an id states itself (ISO, without a zone, where it can be read).",
                max_length=64,
            ),
        ),
        migrations.AlterField(
            model_name="outboundsend",
            name="provider",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Who carries it.", max_length=20
            ),
        ),
        migrations.AlterField(
            model_name="outboundsend",
            name="rest",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="Texts of the parts that follow: each is claimed when the one before is out.",
            ),
        ),
        migrations.AlterField(
            model_name="outboundsend",
            name="tries",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How often a person sent it again."
            ),
        ),
        migrations.AlterField(
            model_name="workspace",
            name="assign_in_turn",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Give leads who are interested to the members who take leads, in turn.",
            ),
        ),
        migrations.AlterField(
            model_name="workspace",
            name="health_emails",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="A notice about a broken account goes to owners and admins by e-mail, too.",
            ),
        ),
        migrations.AlterField(
            model_name="workspace",
            name="keep_bodies_days",
            field=models.PositiveSmallIntegerField(
                db_default=30,
                default=30,
                help_text="How long the raw bodies of webhook deliveries are kept; 0: until the next hourly run.",
                validators=[django.core.validators.MaxValueValidator(30)],
            ),
        ),
        migrations.AlterField(
            model_name="workspace",
            name="notice_tags",
            field=models.JSONField(
                blank=True,
                db_default=[],
                default=list,
                help_text="Tags of which the workspace's Slack is told, by name.",
            ),
        ),
    ]
