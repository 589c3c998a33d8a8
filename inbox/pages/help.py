"""Renders the two pages of docs/ that explain the product to its users.

It supports the Markdown that these pages use: headings, paragraphs, lists, tables, bold, emphasis, code and links.
"""

import re
from functools import cache
from pathlib import Path

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from inbox.pages.access import WorkspaceRequest, workspace_view

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {"setters": "for-setters.md", "admins": "for-admins.md"}
"""The files in docs/, by the page's name in the URL."""
LINK = re.compile(r"\[([^]]+)\]\(([\w-]+\.md)?(#[\w-]+)?\)")


@cache
def rendered(name: str) -> tuple[str, SafeString, list[tuple[str, str]]]:
    """Returns a page's title, its HTML, and its headings, each with its URL fragment.

    Raises KeyError for a name that is not in PAGES, and OSError if docs/ is missing.
    """
    title, _, text = (DOCS / PAGES[name]).read_text(encoding="utf-8").partition("\n")
    blocks = re.split(r"\n\s*\n", text.strip())
    headings = [(slug(heading), heading) for heading in re.findall(r"^## (.+)$", text, re.M)]
    return title.lstrip("# "), mark_safe("\n".join(map(_block, blocks))), headings


def slug(heading: str) -> str:
    """Returns the URL fragment of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _block(text: str) -> str:
    lines = text.split("\n")
    if text.startswith("## "):
        heading = lines[0].removeprefix("## ")
        return f'<h2 id="{slug(heading)}">{_words(heading)}</h2>'
    if text.startswith("|"):
        return _table(lines)
    if marker := re.match(r"- |\d+\. ", text):
        tag = "ul" if marker[0] == "- " else "ol"
        items = re.split(r"\n?^(?:- |\d+\. )", text, flags=re.M)[1:]
        return f'<{tag} class="stack">{"".join(f"<li>{_words(entry)}</li>" for entry in items)}</{tag}>'
    return f"<p>{_words(' '.join(lines))}</p>"


def _table(lines: list[str]) -> str:
    head, _, *rows = ([_words(cell.strip()) for cell in line.strip("|").split(" | ")] for line in lines)
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        '<div class="table-box" tabindex="0" role="region" aria-label="Table">'
        f'<table class="table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _words(text: str) -> str:
    text = escape(text)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    text = re.sub(r"\*([^*]+)\*", r"<em>\1</em>", text)
    return LINK.sub(_link, text)


def _link(match: re.Match[str]) -> str:
    words, page, fragment = match[1], match[2], match[3] or ""
    name = next((name for name, file in PAGES.items() if file == page), None)
    if page and name is None:
        return words
    return f'<a href="{f"../{name}/" if name else ""}{fragment}">{words}</a>'


@workspace_view()
def help_page(request: WorkspaceRequest, name: str) -> HttpResponse:
    """`w/<workspace>/help/<name>/`: shows one of the pages of docs/ that are written for users."""
    try:
        title, body, headings = rendered(name)
    except (KeyError, OSError):
        raise Http404("This page doesn’t exist.") from None
    return render(request, "workspace/help.html", {"title": title, "body": body, "headings": headings})
