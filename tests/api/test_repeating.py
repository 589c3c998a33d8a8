"""A write under an Idempotency-Key happens once, whoever repeats it and whenever a process dies."""

from datetime import timedelta
from threading import Event

import pytest
from django.db import connection
from django.utils import timezone

from api import decisions, repeating, system_checks
from inbox.intake import retention
from inbox.leads import erasure
from inbox.models import AuditEntry, Lead, OutboundSend
from integrations.models import IdempotencyKey
from jobs.deadline import Deadline
from tests import factories
from tests.api.conftest import Program, program_of
from tests.racing import InBackground, at_once
from tests.waiting import PATIENCE_S


class Died(BaseException):
    """The process is killed."""


@pytest.fixture
def lead(workspace) -> Lead:
    return factories.make_lead(workspace)


def rename(program: Program, lead: Lead, company: str = "Reyes Ltd", key: str = "k1"):
    return program.call("PATCH", f"leads/{lead.pk}/", {"company": company}, key)


def edits() -> int:
    return AuditEntry.objects.filter(action="lead.edited").count()


def test_the_first_answer_is_repeated(program, lead):
    first = rename(program, lead)
    Lead.objects.update(company="Changed since")
    again = rename(program, lead)
    assert again.json() == first.json() and again.status_code == 200
    assert again["Idempotent-Replayed"] == "true" and "Idempotent-Replayed" not in first
    assert edits() == 1 and Lead.objects.get().company == "Changed since"


def test_a_refusal_is_repeated_too(program, lead):
    first, again = (rename(program, lead, "x" * 201) for _ in range(2))
    assert first.status_code == again.status_code == 422
    assert again["Content-Type"] == "application/problem+json" and again["Idempotent-Replayed"] == "true"
    assert first.json()["errors"] == again.json()["errors"]


def test_the_same_key_with_another_request_is_refused(program, lead):
    rename(program, lead)
    for answer in (rename(program, lead, "Other"), program.post(f"leads/{lead.pk}/done/", {}, "k1")):
        assert answer.status_code == 422 and answer.json()["type"] == "idempotency_key_reused"
    assert Lead.objects.get().company == "Reyes Ltd"


def test_the_same_body_in_another_order_is_the_same_request(program, lead):
    bodies = ({"company": "A", "title": "B"}, {"title": "B", "company": "A"})
    answers = [program.call("PATCH", f"leads/{lead.pk}/", body, "k1") for body in bodies]
    assert answers[1]["Idempotent-Replayed"] == "true" and edits() == 1


def test_another_token_has_keys_of_its_own(workspace, program, lead):
    rename(program, lead)
    answer = rename(program_of(workspace), lead, "Other Ltd")
    assert answer.status_code == 200 and "Idempotent-Replayed" not in answer


def test_a_key_ends_after_a_day_and_its_row_is_pruned(program, lead):
    rename(program, lead)
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert "Idempotent-Replayed" not in rename(program, lead, "Other Ltd")
    assert IdempotencyKey.objects.count() == 1
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert retention.old_idempotency_keys(Deadline.after_ms(60_000)) == 1


def test_an_answer_is_kept_encrypted_and_emptied_with_its_lead(program, lead):
    rename(program, lead)
    with connection.cursor() as cursor:
        cursor.execute("SELECT answer FROM integrations_idempotencykey")
        assert lead.email not in cursor.fetchone()[0]
    erasure.begin(lead, None)
    erasure.erase(Lead.objects.get(), Deadline.after_ms(60_000))
    assert IdempotencyKey.objects.get().answer == {}
    answer = rename(program, lead)
    assert answer.status_code == 404 and lead.email not in answer.content.decode()


def test_every_write_is_repeatable():
    writes = [
        (address, name, getattr(view, name))
        for address, view in system_checks.views()
        for name in ("post", "patch", "delete")
        if hasattr(view, name) and address != "^(?P<rest>.*)$"
    ]
    assert (
        writes
        and [(address, name) for address, name, write in writes if not hasattr(write, "repeatable")] == []
    )


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_request_with_the_key_of_one_that_runs_is_told_so(monkeypatch):
    lead = factories.make_lead(factories.make_workspace())
    program = program_of(lead.workspace)
    entered, go = Event(), Event()
    enter = decisions.facts.enter

    def slowly(*arguments):
        entered.set()
        assert go.wait(PATIENCE_S)
        return enter(*arguments)

    monkeypatch.setattr(decisions.facts, "enter", slowly)
    running = InBackground(lambda: rename(program, lead))
    assert entered.wait(PATIENCE_S)
    answer = rename(program, lead)
    assert answer.status_code == 409 and answer.json()["type"] == "still_running"
    go.set()
    assert running.result().status_code == 200
    assert rename(program, lead)["Idempotent-Replayed"] == "true" and edits() == 1


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_many_at_once_make_one_send():
    workspace = factories.make_workspace()
    factories.make_integration(workspace, credentials={"api_key": "k"})
    lead = factories.make_lead(workspace)
    factories.make_message(lead)
    program = program_of(workspace)
    body = {"lead": str(lead.pk), "channel": "email", "text": "Thursday works."}
    answers = at_once(*[lambda: program.post("sends/", body, "k1") for _ in range(6)])
    assert {answer.status_code for answer in answers} <= {202, 409}
    done = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert done and set(done) == {str(OutboundSend.objects.get().pk)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["before the answer is stored", "after it"])
def test_a_crash_leaves_the_effect_and_its_answer_or_neither(monkeypatch, moment):
    lead = factories.make_lead(factories.make_workspace())
    program = program_of(lead.workspace)
    create = IdempotencyKey.objects.create

    def dies(**fields):
        if moment == "after it":
            create(**fields)
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(IdempotencyKey.objects, "create", dies)
        with pytest.raises(Died):
            rename(program, lead)
    assert edits() == 0 and not IdempotencyKey.objects.exists()
    assert rename(program, lead).status_code == 200 and edits() == 1


def test_a_defect_of_ours_leaves_nothing_and_may_be_repeated(program, lead, monkeypatch):
    program.client.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr(repeating, "_hash", lambda request: 1 / 0)
        assert rename(program, lead).status_code == 500
    assert rename(program, lead).status_code == 200 and edits() == 1
