"""Nothing that is registered can be lost: without any one registration no command and no server starts."""

import ast
import importlib
import inspect
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.contrib.auth import user_logged_in
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.dispatch import Signal

from config import gunicorn
from inbox import signals, system_checks, wiring
from inbox.health import notice_channels
from inbox.leads import merge
from inbox.models import OutboundSend
from inbox.pages import navigation, state_marks
from inbox.replying import buttons, send_claims, slack_cards
from insights import system_checks as insights_checks
from integrations import registry as providers
from integrations.health import writer
from integrations.http import call_reports
from integrations.models import HealthState, WorkspaceIntegrationHealth
from integrations.spec import NONE
from jobs import actions, kinds, retention, ticks
from jobs.kinds import KINDS, NAMED, job_kind
from tests import factories

SOURCE = Path(inspect.getfile(wiring)).read_text()
HEARD = [
    *(one for one in vars(signals).values() if isinstance(one, Signal)),
    *(call_reports.finished, writer.changed, actions.acted, user_logged_in),
]
PACKAGES = ("inbox", "insights", "integrations", "jobs")


def refusal() -> str:
    """What `manage.py check` says, where it refuses."""
    with pytest.raises(SystemCheckError) as refused:
        call_command("check", tags=["wiring"])
    return str(refused.value)


def registrations() -> list[ast.stmt]:
    """Each line of inbox/wiring.py that registers something."""
    functions = [one for one in ast.parse(SOURCE).body if isinstance(one, ast.FunctionDef)]
    return [line for function in functions if function.name != "connect" for line in function.body]


def name_of(line: ast.stmt) -> str:
    """What must be said where `line` is missing."""
    if isinstance(line, ast.Assign):
        return f"“{line.targets[0].slice.attr.lower()}”"
    called = line.value.func
    if isinstance(called, ast.Call):
        return f"“{called.args[0].value}”"
    if called.attr == "register":
        button = line.value.args[0]
        return f"“{getattr(getattr(wiring, button.value.id), button.attr)}”"
    return f".{ast.unparse(line.value.args[0])} misses {called.value.attr}"


@pytest.fixture
def unwired(monkeypatch) -> None:
    """What inbox/wiring.py has registered is gone."""
    monkeypatch.setattr(send_claims, "VETOES", {})
    monkeypatch.setattr(buttons, "ACTIONS", {})
    pruners = {name: pruner for name, pruner in retention.PRUNERS.items() if f'prunes("{name}"' not in SOURCE}
    monkeypatch.setattr(retention, "PRUNERS", pruners)
    for signal in HEARD:
        monkeypatch.setattr(signal, "receivers", [])


@pytest.mark.parametrize("line", registrations(), ids=ast.unparse)
def test_without_any_line_of_the_wiring_nothing_starts_and_it_is_named(unwired, line):
    tree = ast.parse(SOURCE)
    for function in tree.body:
        if isinstance(function, ast.FunctionDef):
            left = [one for one in function.body if one.lineno != line.lineno]
            function.body = left or [ast.parse("pass").body[0]]
    module: dict[str, object] = {}
    exec(compile(ast.fix_missing_locations(tree), "wiring", "exec"), module)
    module["connect"]()

    said = refusal()

    assert name_of(line) in said and "inbox/wiring.py" in said
    assert "identified 1 issue" in said


def test_with_all_lines_it_starts(unwired):
    wiring.connect()
    said = StringIO()
    call_command("check", tags=["wiring"], stdout=said)
    assert "no issues" in said.getvalue()


@pytest.mark.parametrize("name", sorted(NAMED))
def test_without_the_handler_of_a_kind_that_is_enqueued_nothing_starts(monkeypatch, name):
    monkeypatch.delitem(KINDS, name)
    said = refusal()
    assert f"“{name}”" in said and "/jobs.py" in said and NAMED[name] in said


@pytest.mark.parametrize("name", sorted(ticks.TICKS))
def test_without_a_tick_nothing_starts(monkeypatch, name):
    monkeypatch.delitem(ticks.TICKS, name)
    said = refusal()
    assert f"The tick “{name}” is missing" in said and "/jobs.py" in said


@pytest.mark.parametrize("name", sorted(retention.PRUNERS))
def test_without_a_rule_of_retention_nothing_starts(monkeypatch, name):
    monkeypatch.delitem(retention.PRUNERS, name)
    said = refusal()
    assert f"the rule “{name}” is missing" in said and ("wiring.py" in said or "apps.py" in said)


@pytest.mark.parametrize(
    "label", sorted([*system_checks.PRUNED, *" ".join(system_checks.KEPT.values()).split()])
)
def test_a_table_that_nobody_says_the_end_of_stops_the_start(monkeypatch, label):
    kept = {
        why: " ".join(one for one in labels.split() if one != label)
        for why, labels in system_checks.KEPT.items()
    }
    monkeypatch.setattr(system_checks, "KEPT", kept)
    monkeypatch.setattr(
        system_checks, "PRUNED", {one: rules for one, rules in system_checks.PRUNED.items() if one != label}
    )
    assert f"{label} has no retention" in refusal()


@pytest.mark.parametrize("provider", providers.stating("stop_campaign"))
def test_without_what_stops_a_provider_s_campaigns_nothing_starts(monkeypatch, provider):
    lacking = replace(providers.spec_of(provider), stop_campaign=NONE("nobody wrote it"))
    monkeypatch.setattr(providers, "specs", lambda: {provider: lacking})
    assert f"An opt-out stops no campaign at {provider}" in refusal()


@pytest.mark.parametrize("table", insights_checks.STATES)
def test_without_the_states_of_insights_nothing_starts(monkeypatch, table):
    monkeypatch.delitem(state_marks.TABLES, table)
    assert f"“{table}”" in refusal()


def test_without_what_insights_adds_to_menu_and_merge_nothing_starts(monkeypatch):
    monkeypatch.setattr(
        navigation, "PAGES", [one for one in navigation.PAGES if "insights" not in one.url_name]
    )
    monkeypatch.setattr(merge, "GIVES_WAY", [])
    said = refusal()
    assert "insights:overview" in said
    assert "insights.ConversationInsight" in said and "insights.PackThread" in said


def test_a_receiver_that_nobody_gives_a_reason_for_stops_the_start():
    def listens(**_kwargs):
        """It hears of stops."""

    listens.__module__ = "inbox.somewhere"
    signals.lead_stopped.connect(listens)
    try:
        assert "listens receives lead_stopped, but HEARD does not list it" in refusal()
    finally:
        signals.lead_stopped.disconnect(listens)


def test_a_tick_that_nobody_gives_a_reason_for_stops_the_start(monkeypatch):
    spec = ticks.TICKS["sends"]
    monkeypatch.setitem(ticks.TICKS, "extra", spec)
    assert "The tick “extra” runs, but TICKS does not list it" in refusal()


@pytest.mark.django_db  # checks of constraints ask for the version of the server
@pytest.mark.parametrize("command", ["qcluster", "prune", "migrate"])
def test_no_command_starts_without_a_veto(monkeypatch, command):
    monkeypatch.delitem(send_claims.VETOES, "followup")
    with pytest.raises(SystemCheckError, match="Sends of the origin “followup” have no veto"):
        call_command(command, skip_checks=False)


def test_no_web_server_starts_without_a_veto(monkeypatch):
    said = []
    worker = SimpleNamespace(log=SimpleNamespace(critical=lambda text, message: said.append(str(message))))
    gunicorn._require_wiring(worker)
    monkeypatch.delitem(send_claims.VETOES, "followup")
    with pytest.raises(SystemExit):
        gunicorn._require_wiring(worker)
    assert len(said) == 1 and "“followup”" in said[0]


@pytest.mark.parametrize("origin", OutboundSend.Origin.values)
def test_a_send_whose_origin_has_no_veto_is_refused_by_name(monkeypatch, origin):
    monkeypatch.delitem(send_claims.VETOES, origin)
    with pytest.raises(send_claims.NoVeto, match=f"“{origin}” have no veto"):
        send_claims.vetoed(OutboundSend(origin=origin), None)


@pytest.mark.django_db
def test_each_button_of_ours_in_slack_opens_a_page_or_is_one_that_a_check_knows():
    draft = factories.make_draft(factories.make_message(factories.make_lead(factories.make_workspace())))
    down = WorkspaceIntegrationHealth(pk=1, workspace=draft.workspace, state=HealthState.DISCONNECTED)
    blocks = [*slack_cards.card(draft)[1], *notice_channels.blocks_of(down, "It is down.")]
    shown = [one for block in blocks if block["type"] == "actions" for one in block["elements"]]
    assert {one["action_id"] for one in shown if "url" not in one} == set(buttons.OFFERED)


@pytest.mark.parametrize("policy", [{}, {"lane": "nowhere"}], ids=["none", "unknown"])
def test_a_kind_of_job_that_has_no_lane_is_refused(policy):
    with pytest.raises(Exception, match="t.nowhere: state its lane, one of stop, proof, person"):
        job_kind("t.nowhere", print, attempts=2, **policy)


ENQUEUING = ("enqueue", "enqueue_many", "enqueue_about")


def enqueued() -> Iterator[tuple[str, int, str]]:
    """The value of each kind that the product's source enqueues: module, line and name."""
    for package in PACKAGES:
        for path in sorted(Path(settings.BASE_DIR, package).rglob("*.py")):
            module = ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts)
            if module == "jobs.enqueue":  # its calls pass on the kind of their caller
                continue
            for call in ast.walk(ast.parse(path.read_text())):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ENQUEUING:
                    kind = ast.unparse(call.args[0])
                    yield module, call.lineno, eval(kind, vars(importlib.import_module(module)))


def test_every_kind_that_the_source_enqueues_is_one_that_a_check_knows():
    found = list(enqueued())
    assert len(found) > 25
    assert [one for one in found if one[2] not in NAMED] == []
    assert set(kinds.NAMED) == {name for *_, name in found}
