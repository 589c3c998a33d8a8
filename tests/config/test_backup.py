"""A dump is complete elsewhere, says which keys it needs, and sends nothing there; what is missing is named."""

import os
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection

from demo.postgres_user import bin_dir
from inbox.replying import lost_time
from tests import factories, template

pytestmark = pytest.mark.django_db(transaction=True)


def say(command: str, *arguments: object) -> str:
    said = StringIO()
    try:
        call_command(command, *map(str, arguments), stdout=said)
    except CommandError as error:
        return f"{said.getvalue()}{error}"
    return said.getvalue()


@pytest.fixture
def dump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{bin_dir()}:{os.environ['PATH']}")
    factories.make_integration(factories.make_workspace())
    assert "Keep them elsewhere" in say("backup", tmp_path)
    [made] = tmp_path.glob("*.dump")
    assert made.stat().st_mode & 0o077 == 0
    return made


@pytest.fixture
def restored(dump: Path) -> Iterator[str]:
    """A database that the dump was restored into."""
    settings = connection.settings_dict
    name = f"{settings['NAME']}_restored"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    arguments, environment = connection.client.settings_to_cmd_args_env(settings | {"NAME": name}, [])
    into = ["--exit-on-error", "--no-owner", "-d", arguments[-1], *arguments[1:-1], dump]
    subprocess.run([bin_dir() / "pg_restore", *into], env={**os.environ, **(environment or {})}, check=True)
    yield name
    template.drop(name)


def test_a_restored_dump_is_compared_with_what_it_had(dump, restored, settings):
    listed = dump.with_suffix(".json")
    with template.lent_to(restored):
        said = say("check_restore", listed)
        assert "every secret can be read" in said and "restored --since" in said
        assert lost_time.is_held()

        keys, settings.FIELD_ENCRYPTION_KEYS = (
            settings.FIELD_ENCRYPTION_KEYS,
            [Fernet.generate_key().decode()],
        )
        assert "1 rows can’t be decrypted with any key" in say("check_restore", listed)
        settings.FIELD_ENCRYPTION_KEYS = keys

        with connection.cursor() as cursor:
            cursor.execute("UPDATE inbox_workspace SET name = 'Another'")
            cursor.execute("DELETE FROM integrations_integration")
            cursor.execute("DROP INDEX send_by_lead")
            cursor.execute("SELECT setval('django_migrations_id_seq', 1)")
        said = say("check_restore", listed)
    for wrong in (
        "inbox_workspace: 1 rows, some of which differ",
        "integrations_integration: 0 rows, but the dump had 1",
        "index send_by_lead is not there",
        "django_migrations_id_seq would give an ID that is already taken",
    ):
        assert wrong in said


def test_a_dump_that_fails_leaves_nothing_and_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "pg_dump is not in PATH" in say("backup", tmp_path / "dumps")
    assert list((tmp_path / "dumps").iterdir()) == []
