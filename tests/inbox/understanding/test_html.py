"""HTML bodies: read as text with what the client marked as quoted, and cleaned before they are shown."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.understanding.html import _TOKEN, READABLE, html_lines, sanitize_html
from inbox.understanding.text import newest_text

HEADER = (
    "<b>From:</b> Alex &lt;alex@outreach.example.com&gt;<br>"
    "<b>Sent:</b> Tuesday, November 3, 2026 10:02 AM<br><b>To:</b> Rex"
)
GMAIL_ATTRIBUTION = (
    '<div class="gmail_attr">On Tue, Nov 3, 2026 at 10:02 AM Alex &lt;a@x.example.com&gt; wrote:</div>'
)


@pytest.mark.parametrize(
    ("html", "text"),
    [
        (
            f'<div>Yes.</div><div class="gmail_quote">{GMAIL_ATTRIBUTION}'
            '<blockquote class="gmail_quote">unsubscribe</blockquote></div>',
            "Yes.",
        ),
        (
            f'<div class="gmail_quote">{GMAIL_ATTRIBUTION}<blockquote>How much?</blockquote><div>Forty tons.</div>'
            "<blockquote>When?</blockquote><div>Friday.</div></div>",
            "Forty tons. Friday.",
        ),
        (
            '<div>Yes.</div><div class="gmail_signature">Rex<br>Dunn Fence</div>',
            "Yes.",
        ),
        (
            f'<div>Yes.</div><div id="Signature">Rex</div><div id="appendonsend"></div><hr>'
            f'<div id="divRplyFwdMsg">{HEADER}</div><div>unsubscribe</div>',
            "Yes.",
        ),
        (
            f'<p class="MsoNormal">Yes.</p><div style="border-top:solid"><p class="MsoNormal">{HEADER}</p></div>'
            '<p class="MsoNormal">unsubscribe</p>',
            "Yes.",
        ),
        (
            '<p>Yes.</p><div class="moz-cite-prefix">Den 03.11.2026, skrev Alex:</div><blockquote>stop</blockquote>',
            "Yes.",
        ),
        ('<div>Yes.</div><div class="yahoo_quoted">On Tuesday Alex wrote: unsubscribe</div>', "Yes."),
        ("<div>Yes &amp; no<br>maybe&nbsp;so</div>", "Yes & no maybe so"),
        ("<style>p{}</style><script>x()</script><p>Yes.</p><p style='display:none'>stop</p>", "Yes."),
        ('<div class="gmail_signature">I write in here.</div>', "I write in here."),
    ],
)
def test_html_alone_is_read(html, text):
    assert newest_text(None, html, sender="Rex Dunn <rex@x.example.com>").text.split() == text.split()


def test_html_in_the_text_field_is_read_as_html():
    assert newest_text("<div>Call me.</div><blockquote>stop</blockquote>", None).text == "Call me."


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<a href="javascript:alert(1)">x</a>',
        '<p onclick="alert(1)">x</p>',
        '<p style="background:url(https://x.example.com/a.png)">x</p>',
        '<iframe src="https://x.example.com"></iframe>',
        '<form action="https://x.example.com"><input name="a"></form>',
        "<svg><script>alert(1)</script></svg>",
        '<math><mi xlink:href="javascript:alert(1)">x</mi></math>',
        '<img src="https://x.example.com/p.gif" onerror="alert(1)">',
    ],
)
def test_nothing_active_and_nothing_remote_is_shown(html):
    shown = sanitize_html(html).lower()
    for danger in (
        "script",
        "javascript",
        "onclick",
        "onerror",
        "style",
        "iframe",
        "<form",
        "<img",
        "<input",
    ):
        assert danger not in shown


def test_links_open_without_telling_where_from():
    assert 'rel="noopener noreferrer nofollow"' in sanitize_html('<a href="https://x.example.com">x</a>')


def test_images_are_shown_only_when_asked_and_only_over_https():
    html = '<img src="https://x.example.com/a.png"><img src="http://x.example.com/b.png"><img src="data:x">'
    assert sanitize_html(html) == ""
    allowed = sanitize_html(html, allow_images=True)
    assert "https://x.example.com/a.png" in allowed
    assert "b.png" not in allowed
    assert "data:" not in allowed


def test_text_of_hopelessly_nested_html_is_still_read():
    html = "<div>" * 3_000 + "Yes." + "</div>" * 3_000
    assert newest_text(None, html).text == "Yes."
    assert "Yes." in sanitize_html(html)


PIECES = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<br>",
        "<div class='gmail_attr'>",
        "</div>",
        "<blockquote>",
        "</blockquote>",
        "<!-- note -->",
    ]
    + [
        '<span id="a>b">',
        "</span>",
        "<style>p{}</style>",
        "<a href='x\"y'>",
        "</a>",
        "<b",
        ">",
        "<",
        '"',
        "&",
        "&lt;",
    ]
    + [
        "<svg>",
        "<textarea>",
        "</textarea>",
        "<o:p>",
        "<td>",
        "</td>",
        "words ",
        "\n",
        "\u00a0",
        "<img src=x>",
        "=",
        "'",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_every_character_that_the_cleaner_leaves_is_read(html):
    assert _TOKEN.sub("", READABLE.clean(html)) == ""


@given(st.lists(PIECES, max_size=40).map("".join))
def test_text_is_that_of_the_standard_librarys_parser(html):
    class Text(HTMLParser):
        text = ""

        def handle_data(self, data):
            self.text += data

    parser = Text()
    parser.feed(READABLE.clean(html))
    parser.close()
    ours = "".join(line.text for line in html_lines(html))
    assert "".join(ours.split()) == "".join(parser.text.split())
