"""Two admins keep the same facts at once."""

import pytest

from inbox.models import WorkspaceFact
from inbox.models.workspace_fact import MOST
from inbox.pages.settings import facts_csv
from inbox.workspaces import factbook
from inbox.workspaces.own_and_shared import NameTaken
from tests import factories
from tests.racing import at_once, won

pytestmark = pytest.mark.races


@pytest.fixture
def workspace(transactional_db):
    return factories.make_workspace()


def test_a_file_that_two_looked_at_is_imported_once_and_the_other_is_told(workspace):
    """Guard: `factbook.hold` in `apply`; without it one of them ends in an IntegrityError."""
    by = factories.make_member(workspace)
    text = "kind,question,answer\nanswer,Why?,So.\nanswer,How?,Thus.\n"
    seen = facts_csv.plan(workspace, text).digest

    results = at_once(*[lambda: facts_csv.apply(workspace, by, text, digest=seen)] * 4)

    assert len(won(results)) == 1
    assert {type(one) for one in results if isinstance(one, Exception)} == {facts_csv.Moved}
    assert WorkspaceFact.objects.filter(workspace=workspace).count() == 2


def test_the_last_place_is_given_once(workspace):
    """Guard: `factbook.hold` in `add`; without it there are more facts than a workspace may have."""
    by = factories.make_member(workspace)
    WorkspaceFact.objects.bulk_create(
        WorkspaceFact(workspace=workspace, kind="answer", question=f"{n}?", folded=f"{n}?", answer="Yes.")
        for n in range(MOST - 1)
    )

    def add(question):
        return lambda: factbook.add(workspace, by, kind="answer", question=question, answer="Yes.")

    results = at_once(*[add(f"Why {n}?") for n in range(4)])

    assert len(won(results)) == 1 and WorkspaceFact.objects.filter(workspace=workspace).count() == MOST


def test_one_question_that_two_add_at_once_is_there_once_and_the_other_is_told(workspace):
    by = factories.make_member(workspace)

    results = at_once(
        *[lambda: factbook.add(workspace, by, kind="answer", question="Why?", answer="So.")] * 4
    )

    assert len(won(results)) == 1
    assert {type(one) for one in results if isinstance(one, Exception)} == {NameTaken}
