"""What the browser loads for the inbox stays small."""

import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from whitenoise import compress

MOST = 40_000
"""Bytes of JavaScript and CSS on the wire, htmx among them."""


@pytest.mark.django_db
def test_the_inbox_loads_at_most_forty_kilobytes_of_scripts_and_styles(workspace, member):
    page = member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    names = set(re.findall(r'"/static/([^"]+\.(?:js|css))"', page))
    assert {"desk.js", "holdfast.css", "django_htmx/htmx-2.min.js"} <= names

    assert compress.brotli_installed  # then collectstatic writes what is served, as this does
    sizes = {name: len(brotli.compress(Path(finders.find(name)).read_bytes())) for name in names}
    assert sum(sizes.values()) <= MOST, sizes
