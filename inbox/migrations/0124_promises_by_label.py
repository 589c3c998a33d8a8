"""The triggers of promises are created in inbox.0128."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("inbox", "0123_leads_that_lose_a_message")]
    operations = []
