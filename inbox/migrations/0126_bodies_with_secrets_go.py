"""Removes the secrets that a release before 0.2.0 stored with webhook requests, which 0.2.0 did every hour.

A request whose account has an unreadable secret is emptied.
"""

import hashlib

from django.conf import settings
from django.db import migrations

from inbox.webhooks.scrub import headers_without_secrets, without_secrets
from integrations.fields import DecryptionError

SLICE = 200


def clean_bodies(apps, schema_editor):
    rows = apps.get_model("inbox", "WebhookDelivery").objects.filter(scrubbed=False, body__isnull=False)
    secrets = {}
    while requests := list(rows.order_by("received_at").only("integration_id", "body", "headers")[:SLICE]):
        for request in requests:
            account = request.integration_id
            if account not in secrets:
                secrets[account] = secrets_of(apps, account)
            rows.filter(pk=request.pk).update(**cleaned(request, secrets[account]))


def secrets_of(apps, account):
    keys = apps.get_model("integrations", "WebhookKey").objects.filter(integration=account)
    accounts = apps.get_model("integrations", "Integration").objects.filter(pk=account)
    try:
        callbacks = [str(row.credentials.get("callback_secret") or "") for row in accounts]
        return [settings.CLAY_CALLBACK_SECRET, *callbacks, *(str(key.secret) for key in keys)]
    except DecryptionError:
        return None


def cleaned(request, secrets):
    if secrets is None:
        return {"body": None, "headers": {}}
    body = without_secrets(bytes(request.body), secrets)
    return {
        "body": body,
        "body_bytes": len(body),
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "headers": headers_without_secrets(request.headers, secrets),
        "scrubbed": True,
    }


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inbox", "0125_counts_from_indexes")]

    operations = [migrations.RunPython(clean_bodies, migrations.RunPython.noop)]
