"""Plays the seven failures on the control and on the product, judges what came out, and shows it as one table.

It holds only if the control shows all seven, and the product none, stores each delivery once, and is as before within
30 s of each harm.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sandbox import SandboxServer
from tests.campaign import seven
from tests.campaign.products import Control, Holdfast, Product
from tests.campaign.seven import ENDED, IDLE, LOST, SEVEN, TWICE, Plan, Play, Row
from tests.campaign.stage import PooledStage

NORMAL_S = 30
"""After each harm the product is as before within so many seconds."""
Result = dict[str, dict[str, Row]]
"""The rows of each product."""
PRODUCTS: dict[str, type[Product]] = {kind.name: kind for kind in (Control, Holdfast)}
WRONG = (*SEVEN, LOST, TWICE, IDLE, ENDED)


FULL = seven.Plan(
    deliveries=20_000, pages=48, replies=64, sends=1_000, conversations=120, kills=100, harms=3, accounts=3
)


SIZES = ("deliveries", "sends", "kills", "harms")


@dataclass
class Form:
    """`short`: as in `make test`. `only`: the products that play. `untimed`: however long it takes until all is as
    before. Each of SIZES is the plan's where it is -1."""

    seeds: tuple[int, ...] = (1, 2, 3)
    short: bool = False
    only: tuple[str, ...] = tuple(PRODUCTS)
    deliveries: int = -1
    sends: int = -1
    kills: int = -1
    harms: int = -1
    untimed: bool = False


LONG = Form()


def play(directory: Path, form: Form) -> tuple[str, list[str]]:
    """Returns the table, and what does not hold."""
    sizes = {name: getattr(form, name) for name in SIZES if getattr(form, name) >= 0}
    plan = dataclasses.replace(seven.Plan() if form.short else FULL, **sizes)
    results = [played(directory, plan, seed, form.only) for seed in form.seeds]
    return show(results), [line for result in results for line in wrong(result, timed=not form.untimed)]


def played(directory: Path, plan: Plan, seed: int, names: Iterable[str] = PRODUCTS) -> Result:
    """The products under the plan, one after the other on one PostgreSQL."""
    place = directory / str(seed)
    place.mkdir()
    with PooledStage(place) as stage:
        return {name: _play(stage, PRODUCTS[name], dataclasses.replace(plan, seed=seed)) for name in names}


def _play(stage: PooledStage, kind: type[Product], plan: Plan) -> dict[str, Row]:
    with SandboxServer() as sandbox:
        product = kind(stage, sandbox, plan.accounts)
        product.open()
        stage.wait(product.ready, "the web server")
        try:
            return Play(stage, sandbox, product, plan).run()
        finally:
            stage.clear()


def wrong(result: Result, *, timed: bool) -> list[str]:
    """What does not hold: a failure that the control does not show or the product does; with `timed`, slow repairs."""
    control, product = result.get(Control.name), result.get(Holdfast.name, {})
    lines = [f"the control shows no {name}" for name in SEVEN if control and not control[name].count]
    for name in WRONG if product else ():
        row = product[name]
        lines += [f"{name}: {row.count} of {row.total}, such as {row.examples[:3]}"] * bool(row.count)
    if timed:
        slow = {name: row.normal_s for name, row in product.items() if (row.normal_s or 0) > NORMAL_S}
        lines += [f"{name}: as before only after {seconds} s" for name, seconds in slow.items()]
    return lines


def show(results: list[Result]) -> str:
    """A table in Markdown. Counts are sums over the seeds, and times the longest."""
    lines = ["| | control | as before after | Holdfast | as before after |", "|---|---|---|---|---|"]
    names = list(dict.fromkeys(name for result in results for rows in result.values() for name in rows))
    for name in names:
        cells = [cell for product in PRODUCTS for cell in _cells(results, product, name)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cells(results: list[Result], product: str, name: str) -> tuple[str, str]:
    rows = [result[product][name] for result in results if name in result.get(product, {})]
    times = [row.normal_s for row in rows if row.normal_s is not None]
    if not rows:
        return "", ""
    count, total = sum(row.count for row in rows), sum(row.total for row in rows)
    counted = f"{count} of {total}" if name in WRONG else f"{total} ×"
    return counted, f"{max(times)} s" if times else "–"
