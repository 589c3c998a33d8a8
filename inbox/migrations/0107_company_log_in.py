"""Adds to a user the person that a company's login has proven, and whether a password opens the account without it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0106_browser_sessions")]

    operations = [
        migrations.AddField(
            "user",
            "company_key",
            models.CharField(
                max_length=600,
                null=True,
                blank=True,
                unique=True,
                help_text="The issuer of the company login, # and its ID for this person. Set at the first login.",
            ),
        ),
        migrations.AddField(
            "user",
            "emergency",
            models.BooleanField(
                default=False,
                db_default=False,
                help_text="Whether this person can log in with a password despite OIDC_ONLY.",
            ),
        ),
    ]
