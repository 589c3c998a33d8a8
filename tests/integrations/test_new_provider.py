"""`manage.py new_provider`: what it copies passes the system checks, the contract and the story of the example."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "labelled", "benchmarks", "browser", "node_modules")


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of the repository, without what neither the command nor the provider's tests need."""
    return shutil.copytree(ROOT, tmp_path / "holdfast", ignore=LEFT_OUT)


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess:
    database = settings.DATABASES["default"]
    environment = os.environ | {
        "DEBUG": "1",
        "DATABASE_URL": f"postgres://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
        "PYTEST_DB_SUFFIX": f"_new_provider_{os.environ.get('PYTEST_XDIST_WORKER', '')}",
        "PYTHONPATH": str(checkout),
    }
    return subprocess.run(
        [sys.executable, *command], cwd=checkout, env=environment, capture_output=True, text=True, timeout=500
    )


@pytest.mark.slow(seconds=12)
@pytest.mark.parametrize("channel", ["linkedin", "sms"])
def test_a_copy_for_another_channel_passes_its_own_tests(checkout, db, channel):
    made = run(
        checkout, "manage.py", "new_provider", "heyreach", "--label", "Hey Reach", "--channel", channel
    )
    assert made.returncode == 0, made.stderr
    code = "".join(path.read_text() for path in (checkout / "integrations" / "heyreach").glob("*.py"))
    assert f'channel="{channel}"' in code and "bounced" not in code and "e-mail:" not in code
    assert is_tidy(checkout)
    declared = "tests/integrations/test_fixture_sources.py"
    tested = run(checkout, "-m", "pytest", "-q", "tests/integrations/heyreach", declared)
    assert tested.returncode == 0, tested.stdout[-5_000:]


def is_tidy(checkout: Path) -> bool:
    """Whether ruff has nothing to say of the whole checkout, as in `make lint`."""
    results = [run(checkout, "-m", "ruff", *command, ".") for command in (["check"], ["format", "--check"])]
    assert [one.returncode for one in results] == [0, 0], "".join(one.stdout for one in results)
    return True


@pytest.mark.slow(seconds=12)
def test_a_fresh_copy_passes_the_checks_and_its_own_tests(checkout, db):
    made = run(checkout, "manage.py", "new_provider", "lemlist", "--label", "Lem List")
    assert made.returncode == 0, made.stderr
    assert is_tidy(checkout)
    places = {path.relative_to(checkout).parent.as_posix() for path in checkout.rglob("lemlist*")}
    assert places == {"integrations", "tests/integrations", "sandbox", "docs/reference"}
    copied = [path.read_text() for path in (checkout / "integrations" / "lemlist").glob("*.py")]
    assert not any("example" in text.lower() for text in copied)

    checked = run(checkout, "manage.py", "check")
    assert checked.returncode == 0, checked.stderr
    whole = (
        "tests/webhooks/test_contract.py::test_every_address_has_its_contract",
        "tests/integrations/test_traffic_payloads.py::test_every_source_is_in_the_recorded_day",
        "tests/docs/test_reference.py",
        "tests/integrations/test_fixture_sources.py",
        "tests/contract",
        "tests/integrations/test_registry.py::test_the_declarations_of_the_product_contradict_each_other_in_nothing",
    )
    tested = run(checkout, "-m", "pytest", "-q", "tests/integrations/lemlist", *whole)
    assert tested.returncode == 0, tested.stdout[-5_000:]


@pytest.mark.parametrize("name", ["", "x", "Lemlist", "lem-list", "1lem", "a" * 14])
def test_a_name_that_does_not_fit_is_refused(name):
    with pytest.raises(CommandError, match="2 to 13 lowercase letters"):
        call_command("new_provider", name)


def test_a_provider_that_is_there_is_not_overwritten():
    before = (ROOT / "integrations" / "clay" / "client.py").read_text()
    with pytest.raises(CommandError, match="integrations/clay exists already"):
        call_command("new_provider", "clay")
    assert (ROOT / "integrations" / "clay" / "client.py").read_text() == before
