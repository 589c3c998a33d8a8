"""Gives a workspace the key of the hashes that keep who was erased. Empty until somebody is."""

from django.db import migrations

import integrations.fields


class Migration(migrations.Migration):
    dependencies = [("inbox", "0073_saved_views")]

    operations = [
        migrations.AddField(
            "workspace",
            "erasure_key",
            integrations.fields.EncryptedJSONField(
                blank=True,
                help_text="The key of the hashes that keep who was erased (ErasedMark).",
                null=True,
            ),
        )
    ]
