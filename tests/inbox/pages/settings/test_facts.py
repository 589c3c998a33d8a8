"""Facts: who keeps them, what a file would do to them and then does, and that nothing is lost on the way."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from inbox.models import AuditEntry, WorkspaceFact
from inbox.models.workspace_fact import MOST
from inbox.pages.settings import facts_csv
from inbox.workspaces import factbook
from inbox.workspaces.own_and_shared import Refused
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(workspace):
    return lambda name, *args: reverse(f"inbox:{name}", args=[workspace.pk, *args])


@pytest.fixture
def fact(workspace):
    return factories.make_fact(workspace, "Do you handle interstate?", "Yes, in all 48 states.")


def facts(workspace):
    return {(f.kind, f.question): f.answer for f in WorkspaceFact.objects.filter(workspace=workspace)}


def text(answer) -> str:
    return answer.content.decode()


@pytest.mark.parametrize("who", ["owner", "member", "viewer"])
def test_everybody_in_the_workspace_reads_the_facts_and_exports_them(who, people, fact, url):
    client = getattr(people, who)

    assert "in all 48 states" in text(client.get(url("facts")))
    assert "in all 48 states" in text(client.get(url("facts-export")))
    assert client.get(url("facts-example")).status_code == 200


@pytest.mark.parametrize("who", ["member", "viewer"])
def test_only_owners_and_admins_write_facts(who, people, workspace, fact, url):
    client, values = getattr(people, who), {"question": "Mine?", "answer": "Yes.", "do": "delete"}

    for path in (url("fact-new", "answer"), url("fact", fact.pk), url("facts-import")):
        assert client.get(path).status_code == 403
        assert client.post(path, values).status_code == 403
    page = text(client.get(url("facts")))
    assert "Edit" not in page and "Add an answer" not in page and "Import" not in page
    assert facts(workspace) == {("answer", "Do you handle interstate?"): "Yes, in all 48 states."}


def test_an_outsider_finds_no_facts_and_not_through_a_workspace_of_their_own(people, workspace, fact, url):
    own = people.users.outsider.memberships.get().workspace
    for name in ("facts", "facts-import", "facts-export", "facts-example"):
        assert people.outsider.get(url(name)).status_code == 404
    assert people.outsider.get(url("fact", fact.pk)).status_code == 404
    path = reverse("inbox:fact", args=[own.pk, fact.pk])

    assert people.outsider.get(path).status_code == 404
    assert people.outsider.post(path, {"do": "delete"}).status_code == 404
    assert "48 states" not in text(people.outsider.get(reverse("inbox:facts", args=[own.pk])))
    assert WorkspaceFact.objects.filter(pk=fact.pk).exists()


def test_no_facts_yet_says_why_there_should_be_some_and_what_to_add(people, url):
    page = text(people.owner.get(url("facts")))

    assert "No facts yet" in page and "Add a price" in page and "Start with" in page
    assert "An admin can add facts" in text(people.member.get(url("facts")))


def test_a_fact_is_added_last_of_its_kind_changed_and_deleted_and_each_is_audited(
    people, workspace, fact, url
):
    people.owner.post(url("fact-new", "answer"), {"question": " How  soon?", "answer": "In a\r\nweek."})
    added = WorkspaceFact.objects.get(question="How soon?")
    assert (added.answer, added.position, added.updated_by) == ("In a\nweek.", 1, people.users.owner)

    seen = {"seen": added.updated_at.isoformat()}
    saved = people.owner.post(
        url("fact", added.pk), {"question": "How soon?", "answer": "Today.", "position": "7"} | seen
    )
    added.refresh_from_db()
    assert saved.status_code == 302 and (added.answer, added.position) == ("Today.", 7)

    people.owner.post(url("fact", added.pk), {"do": "delete"})
    assert not WorkspaceFact.objects.filter(pk=added.pk).exists()
    entries = AuditEntry.objects.filter(object_id=str(added.pk)).order_by("pk")
    assert [(entry.action, entry.actor) for entry in entries] == [
        (f"fact.{what}", people.users.owner) for what in ("add", "change", "delete")
    ]
    assert entries[1].data == {"fields": ["answer", "position"]}


@pytest.mark.parametrize(
    ("kind", "question", "answer", "said"),
    [
        ("answer", "do YOU handle  interstate?", "No.", "This fact already exists"),
        ("answer", "", "Yes.", "This field is required"),
        ("answer", "?!", "Yes.", "at least one word"),
        ("answer", "Why?", "", "This field is required"),
        ("answer", "Why?", "x" * 2_001, "at most 2000 characters"),
        ("answer", "x" * 201, "Yes.", "at most 200 characters"),
        ("answer", "\ufdfa" * 30, "Yes.", "too long"),
        ("link", "Brochure", "northwind.example.com", "starting with https://"),
        ("never", "…", "", "at least one word"),
    ],
)
def test_a_fact_that_cannot_stand_is_refused_with_the_fix(
    kind, question, answer, said, people, workspace, fact, url
):
    page = people.owner.post(url("fact-new", kind), {"question": question, "answer": answer})

    assert page.status_code == 422 and said in text(page)
    assert len(facts(workspace)) == 1


def test_a_phrase_that_is_never_said_needs_nothing_to_say_instead(people, workspace, url):
    people.owner.post(url("fact-new", "never"), {"question": "money-back guarantee", "answer": ""})

    assert facts(workspace) == {("never", "money-back guarantee"): ""}


def test_a_kind_that_there_is_none_of_is_not_found(people, url):
    assert people.owner.get(url("fact-new", "rumour")).status_code == 404


def test_two_who_edit_one_fact_do_not_undo_each_other_unseen(people, workspace, fact, url):
    seen = fact.updated_at.isoformat()
    values = {"question": fact.question, "seen": seen}
    people.owner.post(url("fact", fact.pk), values | {"answer": "Yes, since May."})

    late = people.owner.post(url("fact", fact.pk), values | {"answer": "No."})

    assert late.status_code == 422 and "has changed or deleted this fact" in text(late)
    assert list(facts(workspace).values()) == ["Yes, since May."]
    with pytest.raises(Refused):  # as the first one's page had read it
        factbook.change(fact, people.users.owner, question=fact.question, answer="No.")


def test_a_fact_is_changed_and_deleted_only_in_its_own_workspace(people, workspace, fact):
    fact.workspace = factories.make_workspace()
    with pytest.raises(Refused):
        factbook.change(fact, people.users.owner, question=fact.question, answer="No.")
    factbook.delete(fact, people.users.owner)
    assert list(facts(workspace).values()) == ["Yes, in all 48 states."]


def test_a_change_into_another_facts_question_is_refused(people, workspace, fact, url):
    other = factories.make_fact(workspace, "How soon?", "In a week.")

    page = people.owner.post(
        url("fact", other.pk),
        {"question": "DO you handle interstate?", "answer": "Yes.", "seen": other.updated_at.isoformat()},
    )

    assert page.status_code == 422 and "This fact already exists" in text(page)


def test_facts_end_at_a_number(people, workspace, url):
    WorkspaceFact.objects.bulk_create(
        WorkspaceFact(workspace=workspace, kind="answer", question=f"{n}?", folded=f"{n}?", answer="Yes.")
        for n in range(MOST)
    )

    page = people.owner.post(url("fact-new", "answer"), {"question": "Why?", "answer": "So."})

    assert page.status_code == 422 and "Delete one first" in text(page)
    plan = facts_csv.plan(workspace, "kind,question,answer\nanswer,Why?,So.\nanswer,7?,No.\n")
    assert [line.do for line in plan.lines] == ["refuse", "change"]


def test_facts_are_found_by_their_words(people, workspace, fact, url):
    factories.make_fact(workspace, "How soon?", "In a week.")

    page = text(people.owner.get(url("facts"), {"q": "WEEK"}))

    assert "How soon?" in page and "interstate" not in page and "1 fact with" in page


HEAD = "kind,question,answer\n"
MIXED = (
    HEAD
    + 'answer,Do you handle interstate?,"Yes, and to Canada."\n'
    + 'price,A crew of four,"$1,500 a month"\n'
    + "rumour,Are they good?,Yes.\n"
    + "link,Brochure,none\n"
    + "price,a crew of FOUR,$2\n"
    + "price,Two,crews,$3\n"
)


def check(client, path, content, do="check", **more):
    data = content if isinstance(content, bytes) else content.encode()
    return client.post(path, {"file": SimpleUploadedFile("facts.csv", data), "do": do, **more})


def test_a_file_first_says_what_it_would_do_and_does_nothing(people, workspace, fact, url):
    page = check(people.owner, url("facts-import"), MIXED)

    plan = page.context["plan"]
    assert [(line.row, line.do) for line in plan.lines] == [
        (2, "change"), (3, "add"), (4, "refuse"), (5, "refuse"), (6, "refuse"), (7, "refuse"),
    ]  # fmt: skip
    assert "1 to add, 1 to change, 0 unchanged, 4 refused. Nothing has been saved yet." in text(page)
    assert [line.problem for line in plan.refused] == [
        "kind: “rumour” isn’t a kind. Use answer, price, link or never.",
        "answer: Include the link itself, starting with https://.",
        "Duplicate of row 3. Remove one of them.",
        "This row has more cells than the header. Put quotation marks around text that contains a comma.",
    ]
    assert list(facts(workspace).values()) == ["Yes, in all 48 states."]


def test_what_was_looked_at_is_done_and_the_bad_rows_stay_to_be_corrected(people, workspace, fact, url):
    looked = check(people.owner, url("facts-import"), MIXED)
    form = {"text": MIXED, "seen": looked.context["plan"].digest, "do": "apply"}

    page = people.owner.post(url("facts-import"), form)

    assert facts(workspace) == {
        ("answer", "Do you handle interstate?"): "Yes, and to Canada.",
        ("price", "A crew of four"): "$1,500 a month",
    }
    left = list(csv.reader(io.StringIO(page.context["text"])))
    assert left == [
        ["kind", "question", "answer"], ["rumour", "Are they good?", "Yes."], ["link", "Brochure", "none"],
        ["price", "a crew of FOUR", "$2"], ["price", "Two", "crews", "$3"],
    ]  # fmt: skip
    assert "1 added, 1 changed" in text(page)
    assert sorted(AuditEntry.objects.values_list("action", flat=True)) == ["fact.add", "fact.change"]
    assert WorkspaceFact.objects.filter(updated_by=people.users.owner).count() == 2


def test_a_fact_that_was_changed_since_the_look_is_not_written_over(people, workspace, fact, url):
    content = HEAD + "answer,Do you handle interstate?,No.\n"
    seen = check(people.owner, url("facts-import"), content).context["plan"].digest
    factbook.change(fact, people.users.owner, question=fact.question, answer="Yes, since May.")

    page = people.owner.post(url("facts-import"), {"text": content, "seen": seen, "do": "apply"})

    assert page.status_code == 422 and "have changed, so here’s a new preview" in text(page)
    assert list(facts(workspace).values()) == ["Yes, since May."]


def test_what_is_exported_imports_as_it_is_even_where_a_spreadsheet_would_see_a_formula(
    people, workspace, fact, url
):
    factories.make_fact(workspace, "Phone", "+1 555 555 0100")
    factories.make_fact(workspace, "- a dash", 'A "quote",\nand two lines', kind="never")
    exported = people.member.get(url("facts-export")).content
    assert b"'+1 555" in exported

    plan = check(people.owner, url("facts-import"), exported).context["plan"]

    assert [line.do for line in plan.lines] == ["same"] * 3


def test_the_example_imports_whole(people, workspace, url):
    example = people.owner.get(url("facts-example")).content

    plan = check(people.owner, url("facts-import"), example).context["plan"]

    assert [line.do for line in plan.lines] == ["add"] * len(facts_csv.EXAMPLE)


def test_columns_in_another_order_with_semicolons_and_empty_rows_are_understood(people, workspace, url):
    content = "\ufeffAnswer;Note;Question;Kind\nYes.;x;Why?;ANSWER;;\n;;;\nNo.;;How?;answer\n"

    plan = check(people.owner, url("facts-import"), content).context["plan"]

    assert [(line.row, line.question, line.answer) for line in plan.added] == [
        (2, "Why?", "Yes."), (4, "How?", "No."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEAD + 'answer,Why?,"So.\nanswer,How?,Thus.\n', "Row 2 couldn’t be read"),
        ("question,answer\nWhy?,So.\n", "It’s missing kind"),
        (HEAD, "no rows below the header"),
        (HEAD + "answer,Why?,So.\n" * 501, "more than 500 rows"),
        ("Größe,question\n".encode("cp1252"), "isn’t in UTF-8"),
        (HEAD + "x" * 1_000_001, "larger than 1 MB"),
        (b" \n", "The file is empty"),
        (b"", "empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_row_and_the_fix(
    content, said, people, workspace, url
):
    page = check(people.owner, url("facts-import"), content)

    assert page.status_code == 422 and said in text(page)
    assert facts(workspace) == {}


def test_no_file_is_asked_for(people, url):
    assert "Choose a file" in text(people.owner.post(url("facts-import"), {"do": "check"}))
