"""What the browser loads for the inbox stays small, and is all that the scripts need."""

import re
from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders
from whitenoise import compress

from config.static import EXPORT, IMPORT, served

MOST = 41_999
"""Bytes of JavaScript and CSS on the wire, htmx among them."""
STATIC = Path(finders.find("holdfast.css")).parent
SCRIPTS = sorted(STATIC.glob("*.js"))


MODULE = re.compile(r"^const \$(\w+) = ", re.MULTILINE)


def source(name: str) -> bytes:
    return (STATIC / name).read_bytes()


@pytest.mark.django_db
def test_the_inbox_loads_at_most_forty_one_kilobytes_of_scripts_and_styles(workspace, member):
    page = member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    names = set(re.findall(r'"/static/([^"]+\.(?:js|css))"', page))
    assert names == {"inbox.js", "clock.js", "holdfast.css", "django_htmx/htmx-2.min.js"}

    assert compress.brotli_installed  # then collectstatic writes what is served, as this does
    sizes = {
        name: len(
            brotli.compress(Path(finders.find(name)).read_bytes() if "/" in name else served(name, source))
        )
        for name in names
    }
    assert sum(sizes.values()) <= MOST, sizes


def test_no_text_in_a_script_of_ours_goes_over_several_lines_as_comments_are_taken_out_by_line():
    for script in SCRIPTS:
        assert not [line for line in script.read_text().splitlines() if line.count("`") % 2], script.name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_goes_out_with_each_module_that_it_imports_once(script):
    sent = served(script.name, source).decode()
    assert not re.search(r"^import\b", sent, re.MULTILINE)
    modules = MODULE.findall(sent)
    assert len(modules) == len(set(modules))
    assert {other for _names, other in IMPORT.findall(script.read_text())} <= set(modules)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_what_a_script_exports_is_a_constant_or_a_function_as_modules_are_put_together_by_these(script):
    lines = [line for line in script.read_text().splitlines() if line.startswith("export")]
    assert [line for line in lines if not EXPORT.match(line)] == []


def test_every_script_is_loaded_by_a_page_or_by_a_script():
    templates = "".join(path.read_text() for path in (STATIC.parent / "templates").rglob("*.html"))
    entries = set(re.findall(r"{% static '(\w+\.js)' %}", templates))
    sent = "".join(served(name, source).decode() for name in entries)
    assert {script.name for script in SCRIPTS} == entries | {f"{name}.js" for name in MODULE.findall(sent)}
