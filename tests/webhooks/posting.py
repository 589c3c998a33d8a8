"""Posting to webhooks in tests: one workspace, its keys, and what each source's requests look like."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.http import HttpResponse
from django.test import Client
from slack_sdk.signature import SignatureVerifier

from inbox.models import Workspace
from inbox.workspaces import creation
from integrations.models import Integration
from integrations.registry import keyed_sources

GHL_KEY = Ed25519PrivateKey.generate()
GHL_PUBLIC = GHL_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
SLACK_SECRET = "slack-secret-of-the-tests"
CALENDLY_KEY = "calendly-key-of-the-tests"
CLAY_SECRET = "clay-secret-of-the-tests"


def ghl_headers(body: bytes) -> dict[str, str]:
    return {"X-GHL-Signature": base64.b64encode(GHL_KEY.sign(body)).decode()}


def calendly_headers(body: bytes, *, key: str = CALENDLY_KEY, at: float | None = None) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(key.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"Calendly-Webhook-Signature": f"t={stamp},v1={digest}"}


def slack_headers(body: bytes, *, at: float | None = None) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    signature = SignatureVerifier(SLACK_SECRET).generate_signature(timestamp=stamp, body=body)
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}


def encoded(body: Any) -> bytes:
    """`body` as the bytes of a request; bytes stay as they are."""
    return (
        body
        if isinstance(body, bytes)
        else json.dumps(body, ensure_ascii=False).encode(errors="surrogatepass")
    )


@dataclass
class Poster:
    """A workspace with a key per source."""

    workspace: Workspace
    keys: dict[str, str]
    client: Client

    @classmethod
    def create(cls, name: str) -> "Poster":
        made = creation.create(name, f"owner@{name.lower()}.example.com", "correct horse battery")
        return cls(made.workspace, made.keys, Client(raise_request_exception=False))

    def integration(self, source: str) -> Integration:
        return self.workspace.integrations.get(provider=keyed_sources()[source].provider)

    def configure(self, source: str, **fields: Any) -> Integration:
        """Set fields of the source's integration."""
        Integration.objects.filter(pk=self.integration(source).pk).update(**fields)
        return self.integration(source)

    def path(self, source: str) -> str:
        return creation.webhook_path(source, self.keys[source])

    def post(self, source: str, body: Any, **headers: str) -> HttpResponse:
        """POST to the source's own address of this workspace."""
        return self.post_to(self.path(source), body, **headers)

    def post_to(self, path: str, body: Any, **headers: str) -> HttpResponse:
        content_type = headers.pop("content_type", "application/json")
        return self.client.post(path, encoded(body), content_type=content_type, headers=headers)
