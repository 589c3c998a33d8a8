"""Every module, function and folder that a page on the code names is there under that name."""

import importlib
import re

import pytest

from tests.docs.pages import ROOT

PAGES = (
    "docs/architecture.md",
    "docs/glossary.md",
    "docs/reference/openai.md",
    "docs/reference/addresses.md",
    "CONTRIBUTING.md",
)
ROOMS = "config|inbox|insights|integrations|jobs|sandbox"
DOTTED = re.compile(rf"`((?:{ROOMS})(?:\.\w+)+)`")
PATH = re.compile(rf"`((?:{ROOMS}|tests|templates|static|benchmarks|docs)/[\w./-]*)`")
FOLDER = re.compile(r"^\| ((?:`[a-z]+/[\w/]*`(?:, )?)+)", re.M)


def is_there(dotted: str) -> bool:
    """Whether a module of this name can be imported, or holds what the rest of the name says."""
    parts = dotted.split(".")
    for size in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:size]))
        except ModuleNotFoundError:
            continue
        for name in parts[size:]:
            if not hasattr(found, name):
                return False
            found = getattr(found, name)
        return True
    return False


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_names_is_in_the_code(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    missing = [name for name in DOTTED.findall(text) if not is_there(name)]
    missing += [name for name in PATH.findall(text) if not (ROOT / name).exists()]
    assert missing == []


def test_a_name_that_is_not_there_is_found():
    assert is_there("inbox.webhooks.base.WebhookView.post")
    assert not is_there("inbox.webhooks.base.WebhookView.put_it")
    assert not is_there("inbox.nowhere.at_all")


def test_every_folder_of_a_room_stands_on_the_map():
    told = {name.strip("/") for row in FOLDER.findall(MAP) for name in re.findall(r"`([\w/]+)`", row)}
    folders = {path.parent for path in (ROOT / "inbox").glob("*/*.py")} - {ROOT / "inbox/migrations"}
    assert {str(folder.relative_to(ROOT)) for folder in folders} <= told
    assert all(room in told for room in ROOMS.split("|"))


MAP = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_the_glossary_is_in_order_and_names_each_word_once():
    words = re.findall(
        r"^\| ([a-z][a-z -]*?) \|", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"), re.M
    )
    words.remove("word")
    assert len(words) > 50 and words == sorted(set(words))
