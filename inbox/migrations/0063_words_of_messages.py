"""The column by which the search finds messages.

It is empty in old rows and in those that the release before writes. A tick fills it.
"""

from django.db import migrations

import inbox.models.words


class Migration(migrations.Migration):
    dependencies = [("inbox", "0062_a_role_brings_no_other_rights")]

    operations = [
        migrations.AlterModelOptions(name="message", options={"base_manager_name": "objects"}),
        migrations.AddField(
            model_name="message",
            name="found_by",
            field=inbox.models.words.WordsField(
                blank=True,
                editable=False,
                help_text="What the search finds it by. Empty: the release before wrote it, and a tick fills it in.",
                null=True,
            ),
        ),
    ]
