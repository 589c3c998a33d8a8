"""`export_workspace`: all of a workspace and nothing of another, without secrets, in pages."""

import errno
import json
import os
import zipfile

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from inbox.workspaces import export
from tests import factories
from tests.admin import rows

pytestmark = pytest.mark.django_db


def read(path) -> dict[str, list[dict]]:
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".jsonl"): [json.loads(line) for line in archive.read(name).splitlines()]
            for name in archive.namelist()
            if name.endswith(".jsonl")
        }


def test_every_table_is_exported_or_left_out_for_a_reason():
    left = [label for labels in export.LEFT_OUT.values() for label in labels.split()]
    labels = {model._meta.label for model in apps.get_models()} | {"django_q.Success", "django_q.Failure"}
    exported = {model._meta.label for model in export.models_of()}
    assert exported | set(left) == labels, "say in inbox/workspaces/export.py what becomes of its rows"
    assert not exported & set(left) and set(export.EXPORTED) <= exported


def test_everything_of_the_workspace_is_written_and_nothing_of_another(tmp_path, monkeypatch):
    """With one row a page, as each page must begin where the one before ended."""
    here, there = factories.make_workspace("Northwind"), factories.make_workspace("Bluebird")
    mine, theirs = rows.of_workspace(here, "here"), rows.of_workspace(there, "there")
    raw = factories.make_delivery(here, body=b"\xff\x00")
    monkeypatch.setattr(export, "PAGE", 1)

    call_command("export_workspace", "Northwind", str(tmp_path / "out.zip"))

    written = read(tmp_path / "out.zip")
    for model in export.models_of():
        table, key = model._meta.db_table, model._meta.pk.attname
        found = {str(row[key]) for row in written[table]}
        if model in mine:
            assert str(mine[model].pk) in found, table
            assert str(theirs[model].pk) not in found, table
    assert {"base64": "/wA="} in [
        row["body"] for row in written["inbox_webhookdelivery"] if row["id"] == str(raw.pk)
    ]
    assert [row["text"] for row in written["inbox_message"]] == [rows.TEXT]
    assert (tmp_path / "out.zip").stat().st_mode & 0o077 == 0


def test_no_secret_is_in_it(tmp_path):
    workspace = factories.make_workspace("Northwind")
    of = rows.of_workspace(workspace)
    key = next(one for model, one in of.items() if model.__name__ == "WebhookKey")
    of[apps.get_model("inbox.WebhookDelivery")].delete()  # its body here has the sender's secret on purpose
    call_command("export_workspace", str(workspace.pk), str(tmp_path / "out.zip"))
    text = json.dumps(read(tmp_path / "out.zip"))
    assert rows.TEXT in text
    for secret in (rows.SECRET, key.secret, key.key_hash, "pbkdf2", "argon2", "md5$"):
        assert secret not in text


def test_a_file_that_exists_is_left_alone(tmp_path):
    factories.make_workspace("Northwind")
    (tmp_path / "out.zip").write_text("mine")
    with pytest.raises(CommandError, match="already exists"):
        call_command("export_workspace", "Northwind", str(tmp_path / "out.zip"))
    with pytest.raises(CommandError):
        call_command("export_workspace", "Nobody", str(tmp_path / "other.zip"))
    assert (tmp_path / "out.zip").read_text() == "mine"


def test_a_file_that_appears_during_the_run_is_left_alone(tmp_path, monkeypatch):
    factories.make_workspace("Northwind")
    out, read_rows = tmp_path / "out.zip", export.rows

    def meanwhile(*args):
        out.write_text("mine")
        return read_rows(*args)

    monkeypatch.setattr(export, "rows", meanwhile)
    with pytest.raises(CommandError, match=r"out\.zip can’t be written: File exists"):
        call_command("export_workspace", "Northwind", str(out))
    assert out.read_text() == "mine" and list(tmp_path.iterdir()) == [out]


def test_a_file_system_without_hard_links_gets_the_file_too(tmp_path, monkeypatch):
    def link(*_args):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    factories.make_workspace("Northwind")
    call_command("export_workspace", "Northwind", str(tmp_path / "out.zip"))
    assert list(tmp_path.iterdir()) == [tmp_path / "out.zip"]


def test_a_run_that_breaks_off_leaves_nothing_and_takes_nothing_of_another(tmp_path, monkeypatch):
    factories.make_workspace("Northwind")
    out = tmp_path / "out.zip"

    def interrupt(*args):
        assert list(tmp_path.iterdir()) == [tmp_path / "out.zip.part"]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(export, "rows", interrupt)
        with pytest.raises(KeyboardInterrupt):
            call_command("export_workspace", "Northwind", str(out))
    assert not list(tmp_path.iterdir())
    (tmp_path / "out.zip.part").write_text("another run's")
    with pytest.raises(CommandError, match=r"out\.zip\.part can’t be written: File exists"):
        call_command("export_workspace", "Northwind", str(out))
    assert (tmp_path / "out.zip.part").read_text() == "another run's"
    (tmp_path / "out.zip.part").unlink()
    call_command("export_workspace", "Northwind", str(out))
    assert list(tmp_path.iterdir()) == [out]
