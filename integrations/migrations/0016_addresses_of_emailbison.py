"""Writes EmailBison's address into the accounts that relied on the default which release 0.1.0 had.

An installation with EMAILBISON_BASE_URL did not rely on it, and neither did an account without a key. The release before
reads the address as it stands, and takes the default for accounts that it connects meanwhile: `doctor` names them.
"""

from django.conf import settings
from django.db import migrations

from integrations.fields import holds_something

DEFAULT_OF_BEFORE = "https://send.meetinboxxia.com"


def keep_address(apps, schema_editor):
    if settings.EMAILBISON_BASE_URL:
        return
    accounts = apps.get_model("integrations", "Integration").objects.filter(provider="emailbison")
    for account in accounts.select_for_update().order_by("pk"):
        if not account.config.get("base_url") and holds_something(account, "credentials"):
            accounts.filter(pk=account.pk).update(config={**account.config, "base_url": DEFAULT_OF_BEFORE})


class Migration(migrations.Migration):
    dependencies = [("integrations", "0015_notices_that_are_muted")]

    operations = [migrations.RunPython(keep_address, migrations.RunPython.noop, elidable=True)]
