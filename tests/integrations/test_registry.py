"""Providers declare themselves: what is left out stops the start and is named, and no name goes by a default."""

import ast
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError

from inbox.models import Message
from inbox.models.lead import WRITTEN_ON
from integrations import registry, spec
from integrations.clay import payloads
from integrations.models import Integration
from integrations.spec import CHANNELS, NONE, Declaration, Incomplete
from integrations.system_checks import check_declarations
from tests import factories
from tests.declaring import declared

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "tests" / "example_provider" / "spec.py"
GROUPS = [
    group
    for group in vars(spec).values()
    if isinstance(group, type) and group.__init__.__qualname__.startswith("declared.")
]
"""The classes with the decorator `declared`."""
CAPABILITIES = [(group.__name__, field.name) for group in GROUPS for field in fields(group)]


def spec_without(group: str, capability: str) -> str:
    """The example's declaration with a capability left out of a group; the code of all others stays. If the example has
    none of the group, one is added at its end.
    """
    tree = ast.parse(EXAMPLE.read_text())
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"spec.{group}"
    ]
    if not calls:
        siblings = {field.name for field in fields(getattr(spec, group))} - {capability}
        return f"{ast.unparse(tree)}\nspec.{group}({', '.join(f'{name}=None' for name in siblings)})"
    assert capability in [keyword.arg for keyword in calls[0].keywords]
    calls[0].keywords = [keyword for keyword in calls[0].keywords if keyword.arg != capability]
    return ast.unparse(tree)


@pytest.fixture
def lacking(tmp_path, monkeypatch):
    """A package whose declaration lacks a capability: `lacking("Messages", "poll_every")` is its name."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(group: str, capability: str) -> str:
        package = f"without_{group.lower()}_{capability}"
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
        (tmp_path / package / "spec.py").write_text(spec_without(group, capability))
        return package

    yield make
    for name in [name for name in sys.modules if name.startswith("without_")]:
        del sys.modules[name]


@pytest.fixture
def lines():
    """The registry's lines, put back in the end."""
    before = [*registry.PROVIDERS]
    yield registry.PROVIDERS
    registry.PROVIDERS[:] = before
    registry.forget()


@pytest.mark.parametrize(("group", "capability"), CAPABILITIES)
def test_with_any_capability_left_out_nothing_starts_and_the_message_names_it(
    group, capability, lacking, lines
):
    package = lacking(group, capability)
    lines.append(package)
    registry.forget()

    with pytest.raises(Incomplete) as stopped:
        apps.get_app_config("integrations").ready()
    (problem,) = check_declarations(None)

    for said in (str(stopped.value), problem.msg):
        assert re.search(
            f"the {group} of “(examplemail|examplemail_reply|account_id)” does not state {capability}\\.",
            said,
        )
        assert f"{package}/spec.py, line " in said
    assert (problem.id, problem.level) == ("integrations.E001", 40)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [["manage.py", "check"], ["-c", "import config.wsgi"], ["manage.py", "qcluster"]]
)
def test_no_process_starts(command, lacking, tmp_path):
    package = lacking("Messages", "stop_campaign")
    (tmp_path / "lacking_settings.py").write_text(
        "from tests.settings import *\nfrom integrations import registry\n"
        f"registry.PROVIDERS.append({package!r})\n"
    )
    environment = {
        "PATH": "",
        "DJANGO_SETTINGS_MODULE": "lacking_settings",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
    }
    environment |= {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/none", "DEBUG": "1"}

    ended = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )

    assert ended.returncode != 0 and "“examplemail” does not state stop_campaign." in ended.stderr


@pytest.mark.parametrize(
    ("declare", "missing"),
    [
        (
            lambda: spec.json_webhook(
                "clay",
                "clay",
                payloads,
                secret_headers=(),
                secret_field="",
                accepts=NONE("no"),
                sample=NONE("no"),
            ),
            "the WebhookSource of “clay” does not state rules",
        ),
        (
            lambda: spec.campaign_mail("clay"),
            "the MessageSource of “clay_reply” does not state flags_interest",
        ),
    ],
)
def test_what_is_left_out_of_a_shared_form_is_named_with_the_line_that_uses_it(declare, missing):
    with pytest.raises(Incomplete, match=missing) as stopped:
        declare()
    assert str(stopped.value).startswith(f"{__file__}, line ")


def test_a_capability_that_nobody_asks_for_is_named_too():
    given = {field.name: NONE("for the test") for field in fields(Declaration)}
    with pytest.raises(Incomplete, match="states unknown fields: telepathy"):
        Declaration(**given, telepathy=True)


def test_a_group_that_there_is_not_makes_each_of_its_capabilities_none():
    clay = registry.spec_of("clay")
    assert {getattr(clay, field.name) for field in fields(spec.Messages)} == {spec.NO_MESSAGES}


def test_none_needs_a_reason():
    with pytest.raises(Exception, match="in one sentence"):
        NONE(" ")


def test_the_declarations_of_the_product_contradict_each_other_in_nothing():
    assert registry.problems() == [] and check_declarations(None) == []
    assert set(CHANNELS) == set(dict(WRITTEN_ON))


def test_two_providers_of_one_name_are_refused():
    with declared("integrations.clay"):
        said = registry.problems()
    assert "Two providers are called “clay”." in said and "Two webhook addresses are called “clay”." in said


@pytest.mark.parametrize(
    ("look_up", "error"),
    [
        (registry.spec_of, registry.UnknownProvider),
        (registry.source_of, registry.UnknownSource),
        (registry.provider_of, registry.UnknownSource),
        (registry.webhook_source, registry.UnknownSource),
        (registry.address_of, registry.UnknownProvider),
    ],
)
def test_a_name_that_nobody_declared_raises_and_is_named(look_up, error):
    with pytest.raises(error, match="lemlist"):
        look_up("lemlist")


@pytest.mark.django_db
def test_rows_are_checked_against_the_declarations():
    workspace = factories.make_workspace()
    with pytest.raises(ValidationError, match="lemlist"):
        Integration(workspace=workspace, provider="lemlist").full_clean()
    message = factories.make_message(factories.make_lead(workspace))
    message.source = "lemlist_reply"
    with pytest.raises(ValidationError, match="lemlist_reply"):
        message.full_clean()
    assert Message.objects.get().source == "emailbison_reply"


def imported(path: Path) -> set[str]:
    """The modules that a file imports, and what it takes from each, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("name", registry.specs())
def test_a_provider_imports_no_other_provider(name):
    others = tuple(f"{package}." for package in registry.PROVIDERS if package != f"integrations.{name}")
    folder = Path(registry.__file__).parent / name
    names = {dotted for path in folder.glob("*.py") for dotted in imported(path)}
    assert names and [dotted for dotted in names if f"{dotted}.".startswith(others)] == []
