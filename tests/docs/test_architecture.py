"""Every module, function and folder that a page on the code names is there under that name."""

import importlib
import re
from collections import defaultdict

import pytest

from integrations import registry
from integrations.errors import ProviderFault
from integrations.http.breaker import breakers
from integrations.http.retry import RetryBudget
from integrations.http.session import ProviderSession
from jobs.deadline import Deadline
from jobs.kinds import KINDS
from tests.docs.pages import ROOT
from tests.integrations.fault_server import FaultServer, answer

PAGES = (
    "docs/architecture.md",
    "docs/glossary.md",
    "docs/reference/openai.md",
    "docs/reference/addresses.md",
    "CONTRIBUTING.md",
)
ROOMS = "admin|config|inbox|insights|integrations|jobs|sandbox"
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
    assert is_there("inbox.webhooks.views.WebhookView.post")
    assert not is_there("inbox.webhooks.views.WebhookView.put_it")
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


BUDGET = re.compile(r"^\| [^|]+ \| [^|]*?(\d+) s(?:,[^|]*)? \| `(\w+)((?:\.\w+)+)` \|", re.M)
ATTEMPT = re.compile(r"^\| an attempt at ([\w ()]+) \| \d+ s \| `(\S+)` \|", re.M)
RETRIES = re.compile(r"^\| ([A-Z]+(?:, [A-Z]+)*) \| (\d) \|", re.M)


def budget_s(root: str, rest: str) -> float:
    """The seconds of a constant under its dotted name; of a kind of job, its limit of time."""
    *modules, name = (root + rest).split(".")
    found = None
    while found is None:
        try:
            found = importlib.import_module(".".join(modules))
        except ModuleNotFoundError:
            *modules, before = modules
            name = f"{before}.{name}"
    for part in name.split("."):
        found = getattr(found, part)
    if isinstance(found, str):
        return KINDS[found].policy.time_limit_ms / 1000
    return found / 1000 if name.lower().endswith("_ms") else found


def test_budgets_are_those_of_the_code():
    rows = BUDGET.findall(MAP)
    assert len(rows) == 26
    assert {root + rest: float(seconds) for seconds, root, rest in rows} == {
        root + rest: budget_s(root, rest) for _, root, rest in rows
    }


def test_each_provider_has_a_row_with_the_timeout_that_its_client_uses():
    rows = dict(ATTEMPT.findall(MAP))
    assert set(rows) == {spec.label for spec in registry.specs().values()}
    for spec in registry.specs().values():
        client = (ROOT / "integrations" / spec.name / "client.py").read_text(encoding="utf-8")
        constant = rows[spec.label].removeprefix("config.").removeprefix(f"integrations.{spec.name}.client.")
        assert f"timeout_ms={constant}" in client, spec.label


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "retries"),
    [(method, int(number)) for methods, number in RETRIES.findall(MAP) for method in methods.split(", ")],
)
def test_a_method_is_retried_as_often_as_its_row_says(method, retries, monkeypatch):
    monkeypatch.setattr("integrations.http.session.wait_s", lambda state, error: 0)
    monkeypatch.setattr("integrations.http.session._budgets", defaultdict(RetryBudget))
    breakers.forget()
    provider = ProviderSession(provider="emailbison", base_url="", headers={})
    with FaultServer(answer(503)) as server:
        with pytest.raises(ProviderFault):
            provider.request(
                method, f"{server.url}/thing", operation="thing", deadline=Deadline.after_ms(60_000)
            )
        assert server.calls == 1 + retries
    breakers.forget()
