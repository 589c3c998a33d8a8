"""Files that came with a message: named with type and size, fetched when somebody opens them, or said why not."""

import gc
import threading
import time

import pytest

from inbox.models import Message
from inbox.trace import asking
from integrations import registry
from integrations.attachments import Attachment, attachment, read
from integrations.errors import CallOutcome
from integrations.health import writer
from integrations.http.breaker import OPEN_AFTER_FAILURES, breakers
from integrations.http.hosts import HostRefused
from integrations.spec import stated
from jobs.deadline import Deadline
from sandbox import SandboxServer
from tests import factories
from tests.waiting import SLACK_S

KEY = "key-1"


@pytest.fixture(scope="module")
def server():
    with SandboxServer() as running:
        yield running


@pytest.fixture
def sandbox(server):
    server.reset()
    return server


@pytest.fixture
def account(workspace, sandbox):
    return factories.make_integration(
        workspace, config={"base_url": sandbox.url("emailbison")}, credentials={"api_key": KEY}
    )


def told(sandbox, **file) -> dict:
    """What EmailBison tells of a file, as our message stores it."""
    url = file.pop("url", f"{sandbox.url('emailbison')}/api/attachments/7")
    sandbox.emit(
        "emailbison",
        KEY,
        "LEAD_REPLIED",
        lead={"email": "dana@example.com"},
        text="See the plan.",
        attachments=[{"id": 7, "file_name": "plan.pdf"}],
        deliver=False,
    )
    return {"id": "7", "name": "plan.pdf", "url": url} | file


def message_with(lead, *found: dict, **fields) -> Message:
    return factories.make_message(lead, "See the plan.", attachments=list(found), **fields)


def opened(client, message, number=1):
    return client.get(f"/w/{message.workspace_id}/messages/{message.pk}/files/{number}/")


def page(client, message) -> str:
    return client.get(f"/w/{message.workspace_id}/inbox/{message.lead_id}/").content.decode()


def test_the_conversation_names_each_file_with_type_and_size(member, lead, account, sandbox):
    message = message_with(lead, told(sandbox, type="application/pdf", size=1_258_291))
    html = page(member, message)
    assert f'href="/w/{message.workspace_id}/messages/{message.pk}/files/1/">plan.pdf</a>' in html
    assert "application/pdf, 1.2\xa0MB" in html


def test_a_file_is_fetched_with_the_account_s_key_and_saved_never_shown(people, lead, account, sandbox):
    answer = opened(
        people.viewer, message_with(lead, told(sandbox, name="plan<script>.html", type="text/html"))
    )
    assert answer.getvalue() == b"The file plan.pdf of the sandbox.\n"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"] == 'attachment; filename="plan script .html"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert set(answer["Content-Security-Policy"].split("; ")) == {"default-src 'none'", "sandbox"}
    assert "no-store" in answer["Cache-Control"]


def test_the_key_goes_to_the_account_s_own_address_only(member, lead, account, sandbox):
    with SandboxServer() as elsewhere:
        url = f"{elsewhere.url('emailbison')}/api/attachments/7"
        text = opened(member, message_with(lead, told(sandbox, url=url))).content.decode()
        assert len(elsewhere.requests(provider="emailbison")) == 1
    # this sandbox takes any key for an account of its own, in which there would be no such file
    assert "The file couldn’t be opened. EmailBison didn’t provide this file: credentials refused." in text


@pytest.mark.parametrize(
    "url",
    [
        "https://files.example.com/plan.pdf",
        "https://169.254.169.254/latest/meta-data/",
        "http://send.meetinboxxia.com/plan.pdf",
        "https://send.meetinboxxia.com:8443/plan.pdf",
        "https://send.meetinboxxia.com@10.0.0.1/plan.pdf",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_is_not_the_provider_s_is_never_called(url, member, lead, account, settings):
    settings.ALLOW_LOOPBACK_PROVIDERS = False
    message = message_with(lead, {"name": "plan.pdf", "url": url})
    html, answer = page(member, message), opened(member, message)
    assert "This file isn’t stored at EmailBison, so Holdfast can’t fetch it." in html
    assert "The file couldn’t be opened." in answer.content.decode() and not answer.get("Content-Disposition")
    with pytest.raises(HostRefused):
        stated(registry.spec_of("emailbison").files).fetch(
            account, "1", read(message.attachments)[0], Deadline.after_ms(5_000)
        )
    assert (f'href="{url}"' in html) == url.startswith("https://")


def test_a_hanging_file_is_given_up_and_says_so(member, lead, account, sandbox, monkeypatch, settings):
    monkeypatch.setattr(asking, "FILE_BUDGET_MS", 300)
    settings.EMAILBISON_TIMEOUT_MS = (
        100  # of a call of ours; a file is waited for as long as the person waits
    )
    sandbox.fault(provider="emailbison", kind="hang", path="/attachments/")
    started = time.monotonic()
    text = opened(member, message_with(lead, told(sandbox))).content.decode()
    assert time.monotonic() - started < 0.3 + SLACK_S
    assert "EmailBison hadn’t sent the whole file after 0.3 s." in text and "Try again" in text


def test_a_refused_or_missing_file_says_nothing_about_the_account(member, lead, account, sandbox):
    message = message_with(lead, told(sandbox))
    sandbox.fault(provider="emailbison", kind="unauthorized", path="/attachments/", count=1)
    assert "credentials refused" in opened(member, message).content.decode()
    gone = message_with(lead, told(sandbox, url=f"{sandbox.url('emailbison')}/api/attachments/8"))
    assert "EmailBison no longer has this file." in opened(member, gone).content.decode()
    assert writer.row(account).reason == ""
    assert len(sandbox.requests(provider="emailbison", path="/attachments/")) == 2


def test_files_that_fail_stop_no_other_call(workspace, member, lead, account, sandbox):
    message = message_with(lead, told(sandbox))
    sandbox.fault(provider="emailbison", kind="server_error", path="/attachments/", count=OPEN_AFTER_FAILURES)
    for _ in range(OPEN_AFTER_FAILURES):
        assert (
            "EmailBison didn’t provide this file: provider failed."
            in opened(member, message).content.decode()
        )
    sandbox.fault(provider="emailbison", kind="rate_limit", path="/attachments/", retry_after=3_600)
    assert "EmailBison didn’t provide this file: rate limited." in opened(member, message).content.decode()
    breakers.leave(breakers.enter("emailbison", workspace.pk), CallOutcome.CANCELLED)


def test_a_larger_file_is_given_up_in_the_middle(member, lead, account, sandbox, monkeypatch):
    monkeypatch.setattr("integrations.client.LARGEST", 10)
    text = opened(member, message_with(lead, told(sandbox))).content.decode()
    assert "This file is larger than the limit of 25 MB." in text


def test_a_file_keeps_its_place_until_the_browser_has_it(member, lead, account, sandbox, monkeypatch):
    monkeypatch.setattr(asking, "FILE_SLOTS", threading.BoundedSemaphore(1))
    message = message_with(lead, told(sandbox))
    first = opened(member, message)
    assert "Other files are being fetched right now." in opened(member, message).content.decode()
    assert first["Content-Length"] == "34"
    assert len(first.getvalue()) == 34
    assert opened(member, message)["Content-Disposition"]  # and a browser that went away leaves its place
    gc.collect()
    assert opened(member, message)["Content-Disposition"]


@pytest.mark.parametrize("url", ["https://[x/a.png", "https://ex℀mple.com/a.png"])
def test_an_address_that_is_none_is_left_out_and_the_page_shows_the_rest(url, member, lead, account):
    assert attachment(name="a.png", url=url) == Attachment(name="a.png")
    message = message_with(lead, {"name": "a.png", "url": url}, {"url": url})
    html = page(member, message)
    assert "a.png" in html and "EmailBison doesn’t say where the file is, so Holdfast can’t fetch it." in html
    assert opened(member, message).status_code == 200


def test_a_provider_that_tells_of_no_files_says_where_they_are(member, lead):
    mail = message_with(lead, source="instantly_reply", raw_html="<p>See the plan.</p>")
    assert "Find them in its Unibox." in page(member, mail)
    with pytest.raises(asking.NotFetched, match="Find them in its Unibox."):
        asking.fetch_file(mail, Attachment(name="plan.pdf"))


@pytest.mark.parametrize(
    ("told_of", "said"),
    [
        ({"type": "img"}, "Unipile doesn’t say where the file is, so Holdfast can’t fetch it."),
        (
            {"url": "https://cdn.example.com/a.png"},
            "Unipile doesn’t give the file an ID, so Holdfast can’t fetch it.",
        ),
        ({"id": "1", "size": 26_214_401}, "This file is larger than the limit of 25 MB"),
    ],
)
def test_what_cannot_be_fetched_says_why(told_of, said, member, lead):
    html = page(member, message_with(lead, told_of, source="unipile_message"))
    assert said in html and ("Open it at cdn.example.com" in html) == ("url" in told_of)


def test_a_number_that_no_file_has_is_not_found(member, lead, account, sandbox):
    message = message_with(lead, told(sandbox))
    assert [opened(member, message, number).status_code for number in (0, 2)] == [404, 404]


def test_an_outsider_gets_no_file(people, lead, account, sandbox):
    assert opened(people.outsider, message_with(lead, told(sandbox))).status_code == 404
    assert sandbox.requests(provider="emailbison") == []
