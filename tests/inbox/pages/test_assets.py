"""What the browser loads for the inbox stays small."""

import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from whitenoise import compress

from config.static import served

MOST = 40_000
"""Bytes of JavaScript and CSS on the wire, htmx among them."""


@pytest.mark.django_db
def test_the_inbox_loads_at_most_forty_kilobytes_of_scripts_and_styles(workspace, member):
    page = member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    names = set(re.findall(r'"/static/([^"]+\.(?:js|css))"', page))
    assert {"desk.js", "holdfast.css", "django_htmx/htmx-2.min.js"} <= names

    assert compress.brotli_installed  # then collectstatic writes what is served, as this does
    sources = {name: Path(finders.find(name)).read_bytes() for name in names}
    sizes = {
        name: len(brotli.compress(served(text) if "/" not in name else text))
        for name, text in sources.items()
    }
    assert sum(sizes.values()) <= MOST, sizes


def test_no_text_in_a_script_of_ours_goes_over_several_lines_as_comments_are_taken_out_by_line():
    for script in Path(finders.find("desk.js")).parent.glob("*.js"):
        assert not [line for line in script.read_text().splitlines() if line.count("`") % 2], script.name
