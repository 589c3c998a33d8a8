"""Computes the bars of the overview page's charts as SVG attributes, because pages have no inline styles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from insights.overview_numbers import Overview
from jobs import durations

WIDTH = 100
ROW = 10
MARKS = 5
LATE = ("Over a day", "Not yet")


@dataclass(frozen=True)
class Rect:
    """One bar of a chart, as SVG attributes. Positions and sizes are in units of its `Plot`."""

    x: float
    y: float
    width: float
    height: float
    tone: str = ""
    title: str = ""


@dataclass(frozen=True)
class Plot:
    """One chart. `label` describes it in words, and `axis` lists the marks below it from left to right."""

    width: float
    height: float
    label: str
    rects: list[Rect]
    axis: tuple[str, ...] = ()


def bars(rows: Sequence[Sequence[tuple[float, str]]]) -> list[Plot]:
    """Returns one stacked horizontal bar for each row of a table; all bars have one scale. A table row is a list of
    (value, tone), and the tone selects the bar's colour. The page shows the same numbers in words.
    """
    longest = max((sum(length for length, _ in values) for values in rows), default=0) or 1
    return [Plot(WIDTH, ROW, "", list(_stack(values, longest))) for values in rows]


def _stack(values: Sequence[tuple[float, str]], longest: float) -> Iterator[Rect]:
    x = 0.0
    for length, tone in values:
        width = WIDTH * length / longest
        if width:
            yield Rect(round(x, 2), 0, round(width, 2), ROW, tone, f"{length:g}")
        x += width


def days(overview: Overview, first: date, last: date) -> Plot:
    """Returns the chart of replies by day. The lower part of each bar shows the positive replies of the day."""
    counts = {day: (count, good) for day, count, good in overview.days}
    highest = max((count for count, _ in counts.values()), default=0) or 1
    span = (last - first).days + 1
    rects = []
    for number in range(span):
        day = first + timedelta(days=number)
        count, good = counts.get(day, (0, 0))
        upper, lower = 100 * (count - good) / highest, 100 * good / highest
        title = f"{durations.day(day)}: {count}, {good} positive"
        for y, height, tone in ((100 - lower, lower, "ok"), (100 - lower - upper, upper, "")):
            if height:
                rects.append(Rect(number + 0.12, round(y, 2), 0.76, round(height, 2), tone, title))
    label = f"Replies by day over {span} days: {overview.replies} in total, {highest} on the busiest day"
    marks = [first + timedelta(days=round(part * (span - 1) / (MARKS - 1))) for part in range(MARKS)]
    return Plot(span, 100, label, rects, tuple(f"{day.day} {day:%b}" for day in marks))


def of(overview: Overview) -> dict[str, list[tuple[Any, Plot]]]:
    """Returns the overview page's tables as a dict, which maps a table's name to its rows, each with its bar."""

    def with_bars(rows: Sequence[Any], values: list[list[tuple[float, str]]]) -> list[tuple[Any, Plot]]:
        return list(zip(rows, bars(values), strict=True))

    campaigns, objections = overview.campaigns, overview.objections
    return {
        "campaigns": with_bars(
            campaigns, [[(row.positive, "ok"), (row.people - row.positive, "")] for row in campaigns]
        ),
        "objections": with_bars(
            objections,
            [[(row.positive, "ok"), (row.neutral, ""), (row.negative, "bad")] for row in objections],
        ),
        "answers": with_bars(
            overview.answers,
            [[(count, "warn" if label in LATE else "")] for label, count in overview.answers],
        ),
        "funnel": with_bars(
            overview.funnel,
            [[(count, "ok" if label == "Booked" else "")] for label, count in overview.funnel],
        ),
    }
