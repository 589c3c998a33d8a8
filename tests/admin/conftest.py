"""What the tests of the admin share."""

import pytest
from django.contrib import admin
from django.template.response import SimpleTemplateResponse

from tests.inbox.conftest import _sandbox_server, sandbox, world

__all__ = ["_sandbox_server", "sandbox", "world"]


@pytest.fixture
def no_model_list(monkeypatch):
    """Pages come without the list of all models beside them. It is the same on each, and half of what a page costs.

    `test_list_opens_and_breaks_no_content_policy` reads pages that have it.
    """
    monkeypatch.setattr(admin.site, "get_app_list", lambda request, app_label=None: [])


@pytest.fixture
def unrendered(monkeypatch, no_model_list):
    """Pages are decided, and not rendered: for tests that open hundreds and look at their status."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")
