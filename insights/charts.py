"""Bars as plain SVG attributes: the content policy allows no style, and a screen reader gets the table beside them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from insights.numbers import Overview

WIDTH = 100
ROW = 10


@dataclass(frozen=True)
class Rect:
    """One bar in a plot that is WIDTH units wide or high."""

    x: float
    y: float
    width: float
    height: float
    tone: str = ""
    title: str = ""


@dataclass(frozen=True)
class Plot:
    """`label` says in words what the picture shows."""

    width: float
    height: float
    label: str
    rects: list[Rect]


def bars(parts: Sequence[tuple[str, Sequence[tuple[float, str]]]], label: str) -> Plot:
    """Rows of stacked horizontal bars: (name, [(value, tone), …]), all to one scale."""
    longest = max((sum(value for value, _ in values) for _, values in parts), default=0) or 1
    rects = []
    for number, (name, values) in enumerate(parts):
        x = 0.0
        for value, tone in values:
            width = WIDTH * value / longest
            if width:
                rects.append(
                    Rect(round(x, 2), number * ROW + 1, round(width, 2), ROW - 2, tone, f"{name}: {value:g}")
                )
            x += width
    return Plot(WIDTH, max(len(parts), 1) * ROW, label, rects)


def days(found: Overview, first: date, last: date) -> Plot:
    """Replies by day, positive ones below; days without any are gaps."""
    counts = {day: (count, good) for day, count, good in found.days}
    highest = max((count for count, _ in counts.values()), default=0) or 1
    span = (last - first).days + 1
    rects = []
    for number in range(span):
        day = first + timedelta(days=number)
        count, good = counts.get(day, (0, 0))
        upper, lower = 100 * (count - good) / highest, 100 * good / highest
        title = f"{day:%d %b}: {count}, {good} positive"
        for y, height, tone in ((100 - lower, lower, "ok"), (100 - lower - upper, upper, "")):
            if height:
                rects.append(Rect(number + 0.12, round(y, 2), 0.76, round(height, 2), tone, title))
    label = f"Replies by day over {span} days: {found.replies} in all"
    return Plot(span, 100, label, rects)


def of(found: Overview) -> dict[str, Plot]:
    """The plots of the overview, by name."""
    return {
        "campaigns": bars(
            [(row.name, [(row.positive, "ok"), (row.people - row.positive, "")]) for row in found.campaigns],
            "People who replied, by campaign; the first part of each bar is positive",
        ),
        "objections": bars(
            [
                (row.kind, [(row.positive, "ok"), (row.neutral, ""), (row.negative, "bad")])
                for row in found.objections
            ],
            "Objections and how they ended: well, open, badly",
        ),
        "answers": bars(
            [
                (label, [(count, "warn" if label in ("Over a day", "Not yet") else "")])
                for label, count in found.answers
            ],
            "Time until the first answer to a reply",
        ),
        "funnel": bars(
            [(label, [(count, "ok" if label == "Booked" else "")]) for label, count in found.funnel],
            "From written to, to booked",
        ),
    }
