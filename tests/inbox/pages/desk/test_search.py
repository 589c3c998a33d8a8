"""Search: names, addresses, numbers in any spelling, words, ids; in one workspace, by index."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import TextField
from django.db.models.functions import Cast
from django.http import Http404
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.leads.folders import leads_in
from inbox.models import Lead, Message
from inbox.models.lead import LEAD_WORDS, LEAD_WORDS_HERE
from inbox.models.words import mark_of, words_of
from inbox.pages.desk import search as search_module
from inbox.pages.desk.search import search
from inbox.pages.desk.search_terms import leads_with_name
from tests import factories


@pytest.fixture
def workspace(db):
    return factories.make_workspace(phone_region="US")


@pytest.fixture
def dana(workspace):
    lead = factories.make_lead(
        workspace,
        first_name="Dana",
        last_name="O'Reyes",
        company="Harbor Roofing & Sons",
        email="dana@reyes.example.com",
        alternate_emails=["office@harbor.example.com"],
        phone="+15555550119",
        alternate_phones=["+442079460000"],
        emailbison_lead_id="8812",
        ghl_contact_id="Xq7",
    )
    factories.make_message(
        lead, "Could we do Thursday after lunch? It is a six-month contract.", subject="Re: crews"
    )
    factories.make_lead(
        workspace, first_name="Somebody", last_name="Or", company="Else", phone="+15555550000"
    )
    return lead


def found(workspace, text: str, **options) -> list[Lead]:
    hits = search(leads_in(workspace, "all"), workspace, text, **options).hits
    return [Lead.objects.get(pk=hit.lead_id) for hit in hits]


@pytest.mark.parametrize(
    "text",
    [
        "dana", "DANA", "dan", "o'reyes", "Dana O'Reyes", "roof", "harbor sons", "roofing &",
        "dana@reyes.example.com", "Dana@Reyes.example.com", "reyes.example", "dana@rey", "office@harbor.example.com",
        "thursday", "six-month", "thurs lunch", "crews",
        "8812", "Xq7",
        "+15555550119", "(555) 555-0119", "555-0119", "555.555.0119", "1 555 555 0119", "0119",
        "+44 20 7946 0000", "0044 20 7946 0000",
    ],
)  # fmt: skip
def test_finds(text, workspace, dana):
    assert found(workspace, text) == [dana]


@pytest.mark.parametrize(
    "text, last_name, company",
    [
        ("grecco", "Greco", ""), ("grco", "Greco", ""), ("gerco", "Greco", ""), ("grexo", "Greco", ""),
        ("dana grecco", "Greco", ""), ("gréccò", "Greco", ""), ("roofign", "", "Roofing"),
        ("harbr roof", "", "Harbor Roofing"),
        ("aalto sauna", "", "Aaltosauna Oy"), ("aaltosauna", "", "Aalto Sauna"),
        ("big aalto sau", "", "Big Aaltosaunas"),
        ("петрва", "Петрова", ""), ("παπαδοπουλο", "Παπαδόπουλος", ""), ("lópze", "Lopez", ""),
    ],
)  # fmt: skip
def test_finds_a_name_with_one_typo_or_whose_parts_stand_apart_or_together(
    text, last_name, company, workspace
):
    lead = factories.make_lead(workspace, first_name="Dana", last_name=last_name, company=company)
    factories.make_lead(workspace, first_name="Somebody", last_name="Or", company="Else")
    assert found(workspace, text, by_messages=False) == found(workspace, text) == [lead]
    assert list(leads_with_name(leads_in([workspace.pk], "all"), text, [workspace.pk])) == [lead]


@pytest.mark.parametrize("text", ["garecco", "dna", "greccoo", "sauna oy aalto", "12345678", "aalot suana"])
def test_two_typos_and_short_words_are_not_guessed(text, workspace):
    for last_name, company in (("Greco", ""), ("Danb", "Aaltosauna Oy"), ("12345679", "")):
        factories.make_lead(workspace, first_name="Zoe", last_name=last_name, company=company)
    assert found(workspace, text) == []


def test_names_as_typed_hide_those_with_a_typo(workspace):
    exact = factories.make_lead(workspace, last_name="Grecco")
    factories.make_lead(workspace, last_name="Greco")
    assert found(workspace, "grecco") == [exact]


def test_after_the_last_name_as_typed_comes_none_with_a_typo(workspace):
    factories.make_lead(workspace, last_name="Greco")
    exact = factories.make_lead(workspace, last_name="Grecco")
    assert search_module.following(leads_in(workspace, "all"), workspace, "grecco", exact) is None


def test_names_with_a_typo_go_on_over_pages(workspace):
    older, newer = (factories.make_lead(workspace, last_name="Greco") for _ in range(2))
    leads = leads_in(workspace, "all")
    first = search(leads, workspace, "grecco", size=1)
    assert [hit.lead_id for hit in first.hits] == [newer.pk]
    assert found(workspace, "grecco", size=1, after=first.after) == [older]
    assert search_module.following(leads, workspace, "grecco", newer) == older
    assert search_module.following(leads, workspace, "grecco", older) is None


def test_finds_by_the_leads_own_id(workspace, dana):
    assert found(workspace, str(dana.pk)) == [dana]


@pytest.mark.parametrize(
    "spelling", ["+44 20 7946 0000", "020 7946 0000", "(020) 7946-0000", "0044 20 7946 0000"]
)
def test_finds_a_number_in_the_workspaces_own_country(spelling, workspace):
    workspace.phone_region = "GB"
    lead = factories.make_lead(workspace, phone="+442079460000")
    assert found(workspace, spelling) == [lead]


@pytest.mark.parametrize(
    "text", ["nobody", "dana nobody", "555-0118", "011", "8813", "ana", "' & ''", ":*", "\\", "!!"]
)
def test_finds_nothing(text, workspace, dana):
    assert found(workspace, text) == []


@pytest.mark.parametrize(
    "text", ["a\0b", "'; drop table--", "x" * 200, "&|!():*<->", "'" * 50, "%_%", "٣٤٥٦٧"]
)
def test_takes_any_text(text, workspace, dana):
    assert found(workspace, text) == []


def test_empty_text_finds_nobody(workspace, dana):
    assert found(workspace, "  ") == []


@pytest.mark.parametrize("text", ["dana", "thursday", "555-0119", "8812", "dana@reyes.example.com"])
def test_stays_in_the_workspace_whatever_leads_it_is_given(text, workspace, dana):
    other = factories.make_workspace()
    assert found(other, text) == []
    assert search(Lead.objects.all(), other, text).hits == []


def test_very_long_message_can_be_stored_and_found(workspace):
    lead = factories.make_lead(workspace)
    words = " ".join(f"w{number}" for number in range(300_000))
    factories.make_message(lead, f"unmistakable {words}")
    assert found(workspace, "unmistakable") == [lead]


def test_text_of_nothing_but_numbers_can_be_stored(workspace):
    lead = factories.make_lead(workspace)
    factories.make_message(lead, " ".join(f"555-{number:04}" for number in range(6_000)))
    assert found(workspace, "555-0119") == [lead]


@pytest.mark.parametrize(
    "text",
    [
        "josé müller",
        "Jose Muller",
        "JOSÉ",
        "müll",
        "Cafe Zurich",
        "café",
        "łodz",
        "strasse",
        "straße",
        "иван",
        "ИВА",
    ],
)
def test_accents_and_capitals_do_not_count_in_names_and_in_messages(text, workspace):
    named = factories.make_lead(
        workspace, first_name="José", last_name="Müller Иван", company="Café Zürich, Łódź, Straße", email=""
    )
    writer = factories.make_lead(workspace, first_name="n", last_name="n", company="n")
    factories.make_message(writer, "Bitte an JOSÉ MÜLLER (Иван) vom Cafe\u0301 Zürich, Łódź, Straße 4")
    assert set(found(workspace, text)) == {named, writer}


SPELLINGS = ["+1 555 555 0203", "(555) 555-0203", "555.555.0203", "5555550203", "1-555-555-0203"]


@pytest.mark.parametrize("written", SPELLINGS)
def test_finds_a_phone_number_inside_a_message_in_any_spelling(written, workspace):
    lead = factories.make_lead(workspace)
    factories.make_message(lead, f"Call me: {written} 2026-11-28, or mail.")
    for typed in [*SPELLINGS, "555-0203", "001 555 555 0203"]:
        assert found(workspace, typed) == [lead], typed
    assert found(workspace, "555-555-0204") == found(workspace, "+1 666 555 0203") == []


@pytest.mark.parametrize(
    "text",
    [
        "Émile & Søns",
        "o'Brien-Smith",
        "a.b@c-d.example",
        "½ ½",
        "ﬁrst ＡＢ",
        "東京都 (株)",
        "Ἀθῆναι",
        "x" * 300,
    ],
)
def test_names_are_cut_by_the_database_as_messages_are_by_us(text, workspace):
    lead = factories.make_lead(workspace, first_name=text[:120], last_name="", company=text[:200], email="")
    vectors = Cast(LEAD_WORDS, TextField()), Cast(LEAD_WORDS_HERE, TextField())
    names, here = Lead.objects.filter(pk=lead.pk).values_list(*vectors)[0]
    expected = {word for part in (text[:120], text[:200]) for word in words_of(part)}
    assert {entry.strip("'")[:64] for entry in names.split()} == expected
    mark = mark_of(workspace.pk)
    assert {entry.strip("'")[: 3 + 64] for entry in here.split()} == {mark + word for word in expected}


def marked(workspace, text: str) -> str:
    (hit,) = search(leads_in(workspace, "all"), workspace, text).hits
    return "".join(f"[{part}]" if is_hit else part for part, is_hit in hit.snippet)


@pytest.mark.parametrize(
    "text, shown",
    [
        ("thursday", "Could we do [Thursday] after lunch? It is a six-month contract."),
        ("thurs lunch", "Could we do [Thursday] after [lunch]? It is a six-month contract."),
        ("six-month", "…Thursday after lunch? It is a [six]-[month] contract."),
        ("crews", "Re: [crews]"),
        ("dana", ""),
    ],
)
def test_shows_where_the_message_has_it(text, shown, workspace, dana):
    assert marked(workspace, text) == shown


def test_snippet_of_a_long_message_is_around_the_hit_and_marks_numbers_and_accents(workspace):
    lead = factories.make_lead(workspace)
    factories.make_message(lead, f"{'word ' * 500}Anruf unter (555) 555-0203, später Grüße {'word ' * 500}")
    for text, hit in (
        ("+15555550203", "[(555) 555-0203]"),
        ("gruss", ""),
        ("grus", ""),
        ("spater grüße", "[später] [Grüße]"),
    ):
        shown = marked(workspace, text) if hit else ""
        assert hit in shown and len(shown) < 300
        assert not hit or (shown.startswith("…") and shown.endswith("…"))


def people(workspace, count: int, text: str = "thanks a lot") -> list[Lead]:
    """Leads with a message each, the newest first."""
    now, leads = timezone.now(), []
    for number in range(count):
        at = now - timedelta(hours=number)
        lead = factories.make_lead(
            workspace, first_name=f"n{number}", last_name="", company="", last_message_at=at
        )
        factories.make_message(lead, text, received_at=at)
        leads.append(lead)
    return leads


def pages(workspace, text: str, size: int) -> list[list[Lead]]:
    read, after = [], ""
    while True:
        result = search(leads_in(workspace, "all"), workspace, text, after=after, size=size)
        read.append([Lead.objects.get(pk=hit.lead_id) for hit in result.hits])
        if result.after is None:
            return read
        after = result.after


@pytest.fixture(params=["few leads", "newest messages", "index", "too many for the index"])
def way(request, monkeypatch):
    """Each way by which the search reads, with numbers as small as a test's data."""
    if request.param != "few leads":
        monkeypatch.setattr(search_module, "FEW", 1)
        monkeypatch.setattr(search_module, "NEWEST", dict.fromkeys(search_module.NEWEST, 100))
    if request.param in ("index", "too many for the index"):
        monkeypatch.setattr(search_module, "NEWEST", dict.fromkeys(search_module.NEWEST, 3))
    if request.param == "too many for the index":
        monkeypatch.setattr(search_module, "OLDER", 2)
    return request.param


def test_newest_hit_comes_first_page_after_page_and_nobody_twice(way, workspace):
    leads = people(workspace, 7)
    factories.make_message(leads[6], "many thanks", received_at=timezone.now())
    for lead in leads[:2]:
        factories.make_message(lead, "thanks again", received_at=timezone.now() - timedelta(days=2))
    factories.make_message(leads[3], "something else")
    order = [leads[6], *leads[:6]]

    read = pages(workspace, "thanks", size=2)

    assert [lead for page in read for lead in page] == order
    if way != "too many for the index":
        assert [len(page) for page in read] == [2, 2, 2, 1]


def test_lead_that_is_found_by_itself_and_by_messages_stands_once_at_its_last_message(way, workspace):
    leads = people(workspace, 5, "regards, n2")
    Lead.objects.filter(pk=leads[4].pk).update(company="n2 works")

    read = [lead for page in pages(workspace, "n2", size=2) for lead in page]

    assert read == leads


def test_search_stays_in_the_list_that_it_is_made_in(way, workspace):
    leads = people(workspace, 6)
    Lead.objects.filter(pk__in=[leads[1].pk, leads[4].pk]).update(needs_reply=True)
    hits = search(leads_in(workspace, "needs-reply"), workspace, "thanks").hits
    if way != "too many for the index":
        assert [hit.lead_id for hit in hits] == [leads[1].pk, leads[4].pk]


def test_count_goes_on_from_page_to_page(workspace):
    people(workspace, 5)
    leads, after, counts = leads_in(workspace, "all"), "", []
    while after is not None:
        page = search(leads, workspace, "thanks", after=after, size=2)
        counts.append(page.count)
        after = page.after
    assert counts == [5, 5, 5]


@pytest.mark.parametrize("cursor", ["x", "1.x-y", "2.99999999999999999999-1", "-1", "1.5-", "0.1-1"])
def test_invalid_cursor_is_no_page(cursor, workspace, dana):
    with pytest.raises(Http404):
        search(leads_in(workspace, "all"), workspace, "dana", after=cursor)


def test_the_column_of_the_search_is_read_by_no_page(workspace, dana):
    with CaptureQueriesContext(connection) as queries:
        message = Message.objects.select_related("lead").get(lead=dana)
        message.refresh_from_db()
        dana.messages.first()
    assert not any('"found_by"' in query["sql"] for query in queries)


@pytest.fixture
def crowd(workspace, dana, monkeypatch):
    """So many rows that reading them all is the worse plan, and "words" in each message."""
    monkeypatch.setattr(search_module, "FEW", 10)
    monkeypatch.setattr(search_module, "NEWEST", dict.fromkeys(search_module.NEWEST, 120))
    own = [
        Lead(
            workspace=workspace,
            first_name=f"n{number}",
            email=f"n{number}@example.org",
            phone=f"+1444{number:07}",
            last_message_at=timezone.now(),
        )
        for number in range(1_500)
    ]
    Lead.objects.bulk_create(own)
    Message.objects.bulk_create(
        Message(
            workspace=workspace,
            lead=lead,
            source="emailbison_reply",
            external_id=lead.first_name,
            direction="inbound",
            channel="email",
            text=f"words of {lead.first_name}",
            sent_at=timezone.now(),
        )
        for lead in own
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_lead, inbox_message")


def plans(workspace, text: str) -> str:
    """How PostgreSQL carried out the statements of a search."""
    with CaptureQueriesContext(connection) as queries:
        search(leads_in(workspace, "all"), workspace, text)
    with connection.cursor() as cursor:
        # The tables of a test are so small that reading them whole may be cheaper.
        cursor.execute("SET LOCAL enable_seqscan = off")
        lines = []
        for query in queries:
            cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {query['sql']}")
            lines += [line for (line,) in cursor.fetchall()]
    return "\n".join(lines)


def test_rare_words_are_looked_up_in_an_index(workspace, crowd):
    indexes = {
        "dana": "lead_names_here",
        "thursday": "message_search",
        "555-0119": "lead_phone_digits",
        "words zzz": "message_search",
    }
    found = {text: plans(workspace, text).splitlines() for text in indexes}
    for text, index in indexes.items():
        assert any(index in line and "never executed" not in line for line in found[text]), text


def test_a_name_that_others_have_often_is_read_from_the_workspaces_own_entries(workspace, crowd):
    other = factories.make_workspace(id=UUID(int=workspace.pk.int ^ 1))
    Lead.objects.bulk_create(
        Lead(workspace=other, first_name="Zara", email=f"z{number}@example.org") for number in range(300)
    )
    factories.make_lead(workspace, first_name="Zara", last_message_at=factories.ago(days=9))
    (line,) = [line for line in plans(workspace, "zara").splitlines() if "on lead_names" in line]
    assert "(actual rows=1" in line, line


def test_frequent_words_are_found_among_the_newest_messages_without_the_index(workspace, crowd):
    lines = [line for line in plans(workspace, "words").splitlines() if "on message_search" in line]
    assert lines and all("never executed" in line for line in lines)


def test_a_word_with_an_invisible_sign_in_it_is_marked(workspace):
    factories.make_message(factories.make_lead(workspace), "Our war\u00adran\u200bty ends")
    assert marked(workspace, "warranty") == "Our [war\u00adran\u200bty] ends"
