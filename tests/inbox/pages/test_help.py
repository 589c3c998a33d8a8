"""The pages that explain: each opens, and what leads to one of its headings arrives there."""

import re

import pytest
from django.conf import settings
from django.urls import reverse

from inbox.pages import help

LEADS_TO = re.compile(r"'inbox:help' workspace\.id '(\w+)' %\}#([\w-]+)\"")


@pytest.mark.parametrize("name", help.PAGES)
def test_each_page_opens_for_everybody_in_the_workspace(people, workspace, name):
    page = people.viewer.get(reverse("inbox:help", args=[workspace.pk, name])).content.decode()
    assert '<h2 id="' in page and "<table" in page and "](" not in page and "**" not in page


def test_what_is_no_page_is_a_404(people, workspace):
    assert people.viewer.get(reverse("inbox:help", args=[workspace.pk, "operations"])).status_code == 404


def test_every_link_to_an_explanation_ends_at_a_heading():
    found = [
        pair
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
        for pair in LEADS_TO.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(found) >= 5
    for name in help.PAGES:
        inside = re.findall(r'href="(?:\.\./(\w+)/)?#([\w-]+)"', help.rendered(name)[1])
        found += [(other or name, fragment) for other, fragment in inside]
    for name, fragment in found:
        assert f'<h2 id="{fragment}">' in help.rendered(name)[1], f"{name}#{fragment}"


def test_what_a_page_says_is_escaped():
    assert help._words("<b> & `<i>`") == "&lt;b&gt; &amp; <code>&lt;i&gt;</code>"
