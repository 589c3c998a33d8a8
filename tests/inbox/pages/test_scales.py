"""The scales of the stylesheet, and the layouts: eight steps of type and of space, named colours, visible focus and
little motion, and four layouts for all pages of a workspace.
"""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

CSS = re.sub(r"/\*.*?\*/", "", Path(finders.find("holdfast.css")).read_text(), flags=re.S)
TOKENS, RULES = CSS.split("@layer base {")[0], CSS.split("@layer base {")[1]
TYPE = {f"var(--t{step})" for step in range(1, 9)} | {"var(--read)"}
SPACE = {f"var(--s{step})" for step in range(8)} | {"var(--y)"}
FREE = {"0", "1px", "-1px", "auto", "inherit"}
"""Nothing, a hairline, and what the layout decides."""
MOTION_MS = 150
UNSEEN = {".sheet textarea"}
"""Elements without an outline of their own, as their frame has one while they have the focus."""


def declared(properties: str) -> list[str]:
    return re.findall(rf"(?<![\w-])(?:{properties})\s*:\s*([^;}}]+?)\s*(?:!important)?\s*[;}}]", RULES)


def test_each_scale_has_eight_named_steps():
    assert re.findall(r"--t(\d): ([\d.]+)rem", TOKENS) == [
        (str(step), size)
        for step, size in enumerate((".6875", ".75", ".8125", ".875", ".9375", "1", "1.25", "1.5"), 1)
    ]
    assert re.findall(r"--s(\d): ([\d.]+)rem", TOKENS) == [
        (str(step), size) for step, size in enumerate((".125", ".25", ".5", ".75", "1", "1.5", "2.5", "4"))
    ]
    neutrals = ("bg", "surface", "sunken", "hover", "line", "line-2", "text", "muted")
    assert re.findall(r"--([\w-]+): light-dark", TOKENS)[:8] == list(neutrals)


def test_text_has_only_the_sizes_of_the_scale():
    sizes = set(declared("font-size")) | {
        size.split("/")[0] for size in (entry.split()[0] for entry in declared("font")) if size != "inherit"
    }
    assert sizes <= TYPE | {"inherit"}


def test_gaps_paddings_and_margins_have_only_the_steps_of_the_scale():
    written = declared(r"gap|column-gap|row-gap|(?:padding|margin)(?:-[a-z]+){0,2}")
    assert written
    steps = re.findall(r"calc\((?:[^()]|\([^()]*\))*\)|var\([^()]*\)|[^\s()]+", " ".join(written))
    sums = {step for step in steps if step.startswith("calc")}
    assert {step for step in steps if step not in SPACE | FREE | sums} == set()
    parts = set(re.findall(r"[\d.]+(?:px|rem|em)", " ".join(sums)))
    assert parts <= {"1px", "1rem"}, "a sum adds steps, a hairline or an icon"


def test_a_colour_is_named_before_it_is_used():
    uses = re.sub(r"--[\w-]+: [^;}]+", "", RULES)
    assert re.findall(r"#[0-9a-f]{3,8}\b(?=[;,) ])|rgb\(|hsl\(", uses) == []


def test_focus_is_visible_on_everything_and_what_hides_its_outline_has_a_frame_that_shows_it():
    assert re.search(r":focus-visible \{ outline: 2px solid var\(--brand\)", RULES)
    hidden = re.findall(r"([^{}]+)\{[^{}]*outline: (?:0|none)", RULES)
    assert {selector.strip() for selector in hidden} == UNSEEN
    assert ".sheet:has(textarea:focus-visible) { outline: 2px solid var(--brand); }" in RULES


@pytest.mark.parametrize("name", ["transition", "animation"])
def test_motion_is_short_and_only_for_those_who_did_not_ask_for_less(name):
    calm, moving = RULES.split("@media (prefers-reduced-motion: no-preference) {")
    block, depth = "", 1
    for letter in moving:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if not depth:
            break
        block += letter
    still = calm + moving.removeprefix(block)
    assert not re.search(rf"{name}\s*:", still) and re.search(rf"{name}\s*:", block)
    times = re.findall(rf"{name}\s*:[^;}}]+", block)
    for length, unit in re.findall(r"([\d.]+)(ms|s)\b", " ".join(times)):
        assert float(length) * (1 if unit == "ms" else 1000) <= MOTION_MS


def test_every_page_of_a_workspace_states_one_of_the_four_layouts():
    templates = Path(settings.BASE_DIR, "templates")
    pages = {page.relative_to(templates).as_posix(): page.read_text() for page in templates.rglob("*.html")}
    framed = {name for name, text in pages.items() if '{% extends "shell.html" %}' in text}
    layouts = {name for name in framed if name.startswith("layouts/")}
    assert len(layouts) == 4
    # the first steps are also shown inside the empty inbox, so they have no layout of their own
    assert framed - layouts == {"start/start.html"}
