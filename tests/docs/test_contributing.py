"""What CONTRIBUTING.md has people type can be typed."""

import ast
import re

import pytest
from django.core.management import get_commands, load_command_class

from tests.docs.pages import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MANAGE = re.findall(r"manage\.py (\w+)([^\n`#]*)", PAGE)
PYTEST = re.findall(r"pytest (tests/\S+\.py) -k (\w+)", PAGE)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


@pytest.mark.parametrize(("name", "rest"), MANAGE)
def test_a_command_takes_what_it_is_given_and_its_files_are_there(name, rest):
    parser = load_command_class(get_commands()[name], name).create_parser("manage.py", name)
    parser.parse_args(rest.split())
    assert all((ROOT / word).exists() for word in rest.split() if "/" in word)


@pytest.mark.parametrize(("path", "words"), PYTEST)
def test_a_single_test_that_is_named_is_there(path, words):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert any(isinstance(node, ast.FunctionDef) and words in node.name for node in ast.walk(tree))


def test_make_has_the_targets_that_are_named():
    named = re.findall(r"(?:^ {4}|`)make ([a-z-]+)", PAGE, re.M) + re.findall(r"`(campaign-[a-z]+)`", PAGE)
    assert {"setup", "test"} < set(named) <= TARGETS


def test_there_is_something_to_try():
    assert MANAGE and PYTEST
