"""People at their browsers, and a sender of webhooks, in front of a real web server."""

import json
from pathlib import Path

import requests
from django.conf import settings
from django.db import connection
from django.test import Client

from inbox.models import User
from tests.serving import WebServer, database_url


def web_server(
    log: Path, *, processes: int, threads: int, application: str = "config.wsgi", **environment: str
) -> WebServer:
    """gunicorn on this process's database and secrets, so that sessions made here are good there."""
    return WebServer(
        database_url(connection.settings_dict),
        log,
        fernet_keys=tuple(settings.FIELD_ENCRYPTION_KEYS),
        application=application,
        DEBUG="1",
        ALLOW_LOOPBACK_PROVIDERS="1",
        SECRET_KEY=settings.SECRET_KEY,
        WEB_CONCURRENCY=str(processes),
        WEB_THREADS=str(threads),
        **environment,
    )


def browser_of(user: User) -> requests.Session:
    """A session of `requests` that is logged in as `user`; one thread's only."""
    client = Client()
    client.force_login(user)
    session = requests.Session()
    session.trust_env = False
    session.cookies.set(settings.SESSION_COOKIE_NAME, client.cookies[settings.SESSION_COOKIE_NAME].value)
    return session


def reply(number: int) -> bytes:
    """EmailBison's webhook for the reply of a lead of its own."""
    email = f"dana{number}@example.com"
    event = {
        "event": {"type": "LEAD_REPLIED"},
        "data": {
            "lead": {"id": number, "email": email},
            "reply": {"id": number, "from_email_address": email, "text_body": f"Sure {number}"},
        },
    }
    return json.dumps(event).encode()
