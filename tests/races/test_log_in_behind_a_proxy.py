"""Logging in at a running gunicorn as it stands behind proxies: the header as it comes over a real socket."""

import re

import pytest
import requests
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection

from inbox.models import User
from tests import factories
from tests.serving import WebServer, database_url

pytestmark = [pytest.mark.races, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

HERE, THERE = "198.51.100.7", "203.0.113.5"


@pytest.fixture(params=["1", "2"])
def web(request, tmp_path):
    server = WebServer(
        database_url(connection.settings_dict),
        tmp_path / "web.log",
        fernet_keys=tuple(settings.FIELD_ENCRYPTION_KEYS),
        DEBUG="1",
        TRUSTED_PROXY=request.param,
        WEB_CONCURRENCY="1",
    )
    with server:
        yield server


def log_in(web: WebServer, source: str, password: str) -> int:
    """The status of one try. Each proxy adds whom it was called by; the client has sent an entry of its own."""
    proxies = int(web.environment["TRUSTED_PROXY"])
    forwarded = ", ".join(["192.0.2.66", source, *["10.0.0.9"] * (proxies - 1)])
    with requests.Session() as browser:
        browser.trust_env = False
        browser.headers["X-Forwarded-For"] = forwarded
        address = f"http://127.0.0.1:{web.port}/login/"
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', browser.get(address, timeout=30).text)[1]
        form = {"username": "ana@example.com", "password": password, "csrfmiddlewaretoken": token}
        return browser.post(address, form, timeout=30, allow_redirects=False).status_code


def test_the_one_who_guesses_is_locked_out_and_the_owner_comes_in(web):
    hashed = PBKDF2PasswordHasher().encode(
        factories.PASSWORD, "salt", iterations=1_000
    )  # the tests' MD5 is not its
    User.objects.create(email="ana@example.com", password=hashed)

    guessed = [log_in(web, THERE, "wrong") for _ in range(settings.AXES_FAILURE_LIMIT)]

    assert guessed == [200] * (settings.AXES_FAILURE_LIMIT - 1) + [429]
    assert log_in(web, THERE, factories.PASSWORD) == 429
    assert set(AccessAttempt.objects.values_list("ip_address", flat=True)) == {THERE}
    assert log_in(web, HERE, factories.PASSWORD) == 302
