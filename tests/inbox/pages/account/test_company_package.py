"""The login by the company against an OpenID provider from a package, which nobody here has written."""

from http import HTTPStatus
from urllib.parse import urlsplit

import oidc_provider_mock
import pytest
import requests
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from tests import factories

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]  # of its library
EMAIL = "grace@example.org"


def test_a_person_logs_in_at_a_provider_from_a_package():
    user = factories.make_user(EMAIL)
    person = oidc_provider_mock.User(sub="grace", claims={"email": EMAIL, "email_verified": True})
    cache.clear()
    with (
        oidc_provider_mock.run_server_in_thread(require_nonce=True, user_claims=[person]) as server,
        override_settings(
            OIDC_ISSUER=f"http://localhost:{server.server_port}",
            OIDC_CLIENT_ID="holdfast",
            OIDC_CLIENT_SECRET="any",
            PUBLIC_URL="http://testserver",
        ),
    ):
        client = Client()
        page = client.get(reverse("company-login"), {"next": "/account/"})
        moved = requests.post(page["Location"], data={"sub": "grace"}, allow_redirects=False, timeout=5)
        address = urlsplit(moved.headers["Location"])
        page = client.get(f"{address.path}?{address.query}")
        assert (page.status_code, page["Location"]) == (HTTPStatus.FOUND, "/account/")
        assert client.get("/account/").context["user"] == user
