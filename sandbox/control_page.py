"""The sandbox's control page: tables of its state, and commands as plain forms, without scripts or inline styles."""

import functools
import html
import string
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.faults import PROCESSED_BY_DEFAULT
from sandbox.provider import STATUS_CODES
from sandbox.registry import players
from sandbox.web import Response

if TYPE_CHECKING:
    from sandbox.core import Sandbox

STATIC = Path(__file__).parent / "static"
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
ROWS = 25


@functools.cache
def _file(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")


def stylesheet() -> Response:
    return Response(200, _file("control.css").encode(), "text/css; charset=utf-8")


def page(sandbox: "Sandbox") -> Response:
    """Returns the sandbox's control page as HTML. Every value in it is escaped."""
    summary = sandbox.summary(limit=ROWS)
    statuses = ["ok", *STATUS_CODES, *(status for player in players().values() for status in player.statuses)]
    content = string.Template(_file("control.html")).substitute(
        requests=summary["totals"]["requests"],
        sends=summary["totals"]["sends"],
        providers=_options(players()),
        kinds=_options(PROCESSED_BY_DEFAULT),
        statuses=_options(statuses),
        faults=_faults(summary["faults"]),
        accounts=_table(summary["accounts"], ("provider", "account", "status")),
        webhooks=_table(summary["webhooks"], ("provider", "account", "url", "attempts", "echo")),
        counts=_table(summary["counts"], ("provider", "method", "route", "status", "n")),
        last_sends=_table(summary["sends"][::-1], ("at", "provider", "account", "kind", "to", "text")),
        deliveries=_table(
            summary["deliveries"][::-1], ("at", "provider", "account", "url", "status", "ms", "error")
        ),
    )
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(200, content.encode(), "text/html; charset=utf-8", headers)


def _options(names: Any) -> str:
    return "".join(f"<option>{html.escape(name)}</option>" for name in names)


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...], last: str = "") -> str:
    if not rows:
        return '<div class="box"><p class="none">None.</p></div>'
    head = "".join(f"<th>{column}</th>" for column in columns) + ("<th></th>" if last else "")
    lines = "".join(f"<tr>{_cells(row, columns)}{last.format(id=row.get('id'))}</tr>" for row in rows)
    return f'<div class="box"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _cells(row: dict[str, Any], columns: tuple[str, ...]) -> str:
    values = ("" if row.get(column) is None else str(row[column])[:300] for column in columns)
    return "".join(f'<td class="text">{html.escape(cell)}</td>' for cell in values)


def _faults(faults: list[dict[str, Any]]) -> str:
    clear = (
        '<td><form method="post" action="/_control/faults/{id}/clear">'
        '<button type="submit" aria-label="Clear fault {id}">Clear</button></form></td>'
    )
    columns = (
        "id",
        "provider",
        "kind",
        "path",
        "account",
        "count",
        "probability",
        "ms",
        "seconds",
        "seen",
        "fired",
    )
    return _table(faults, columns, clear)
