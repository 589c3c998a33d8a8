"""Passing a message on: a text and a link for one's own mail program, with no part of it taken for an instruction."""

from datetime import UTC, datetime
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from inbox.pages.conversation import forwarding
from tests import factories


def page(client, message) -> str:
    path = f"/w/{message.workspace_id}/messages/{message.pk}/forward/"
    return unescape(client.get(path).content.decode())


def test_a_message_becomes_a_text_with_links_and_a_mail_to_a_colleague(people, workspace, lead):
    message = factories.make_message(
        lead,
        "See the plan.",
        subject="Re: winter",
        from_name="Dana Reyes",
        from_address="dana@example.com",
        sent_at=datetime(2026, 11, 2, 15, 0, tzinfo=UTC),
        attachments=[{"name": "plan.pdf", "id": "7", "url": "https://send.meetinboxxia.com/7"}],
    )
    html = page(people.viewer, message)
    assert f"http://testserver/w/{workspace.pk}/inbox/{lead.pk}/#message-{message.pk}" in html
    assert f"plan.pdf: http://testserver/w/{workspace.pk}/messages/{message.pk}/files/1/" in html
    assert (
        "From: Dana Reyes <dana@example.com>\nDate: " in html and "Date: 2 November 2026, 10:00 EST" in html
    )
    assert f"mailto:{people.users.member.email}?subject=Fwd%3A%20Re%3A%20winter&body=" in html
    assert f"mailto:{people.users.viewer.email}" not in html
    assert (
        f"/messages/{message.pk}/forward/"
        in people.viewer.get(f"/w/{workspace.pk}/inbox/{lead.pk}/").content.decode()
    )


def test_what_a_lead_wrote_adds_nothing_to_the_mail(people, lead):
    evil = "Hi&bcc=all@evil.example\r\nBcc: x@evil.example?cc=y@evil.example"
    link, cut = forwarding.mail_link("ana@example.com", f"Fwd: {evil}", evil)
    parts = parse_qs(urlsplit(link).query)
    assert set(parts) == {"subject", "body"} and not cut
    assert "evil" not in urlsplit(link).path


@pytest.mark.parametrize("letter", ["a", "я", "🙂", "\n"])
def test_a_long_text_is_cut_to_what_a_link_can_hold(letter):
    link, cut = forwarding.mail_link("ana@example.com", "Fwd", letter * 5_000)
    assert cut and 1_500 < len(link) <= forwarding.LONGEST_LINK
