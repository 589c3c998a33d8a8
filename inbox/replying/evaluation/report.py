"""Counts the results of an evaluation run, and lists the faults of each draft."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from inbox.replying import provenance
from inbox.replying.evaluation.cases import Case
from inbox.replying.evaluation.drafts import Usage
from inbox.replying.evaluation.judging import Drafted, Judged, judge

OUTCOMES = ("answered", "deferred", "neither")


@dataclass
class Report:
    """Counts the outcomes of questions that a fact answers (`known`), that no fact answers (`unknown`), and that are
    about `prices`. The questions of a reply without a draft count as "neither".
    """

    n: int = 0
    written: int = 0
    known: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    prices: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    """The number of faulty statements, by fault."""
    drafts_with: Counter[str] = field(default_factory=Counter)
    language: Counter[str] = field(default_factory=Counter)
    within: int = 0
    held: int = 0
    revised: int = 0
    misses: list[dict[str, Any]] = field(default_factory=list)
    drafts: list[dict[str, Any]] = field(default_factory=list)

    def add(self, case: Case, drafted: Drafted | None, why: str = "") -> None:
        """Counts one reply and its draft. If no draft was written, `drafted` is None, and `why` is the reason."""
        self.n += 1
        if drafted is None:
            self._outcomes(case, ("neither",) * len(case.reply.asks))
            self._miss(case, "draft", why)
            return
        judged = judge(case, drafted)
        self.written += 1
        self.held += bool(drafted.problems)
        self.revised += drafted.revised
        self.drafts.append({"id": case.reply.id, "text": drafted.text, "problems": list(drafted.problems)})
        self._outcomes(case, judged.outcomes)
        self._statements(case, judged)
        self._form(case, judged)

    def _outcomes(self, case: Case, outcomes: tuple[str, ...]) -> None:
        for ask, outcome in zip(case.reply.asks, outcomes, strict=True):
            (self.known if ask.fact else self.unknown)[outcome] += 1
            if ask.about == "price":
                self.prices[outcome] += 1
            if outcome != ("answered" if ask.fact else "deferred"):
                self._miss(case, f"{'fact ' + ask.fact if ask.fact else 'no fact'}: {outcome}", ask.question)

    def _statements(self, case: Case, judged: Judged) -> None:
        for what, statements in (
            ("unsourced", judged.unsourced),
            ("contradiction", judged.contradictions),
            ("never said", judged.never),
        ):
            self.found[what] += len(statements)
            self.drafts_with[what] += bool(statements)
            for statement in statements:
                self._miss(case, what, statement)

    def _form(self, case: Case, judged: Judged) -> None:
        right = judged.language == case.reply.language
        self.language["right" if right else "wrong" if judged.language else "undecided"] += 1
        if judged.language and not right:
            self._miss(case, "language", f"{judged.language}, not {case.reply.language}")
        self.within += not judged.too
        if judged.too:
            self._miss(case, "length", f"too {judged.too} for {case.reply.channel}")

    def _miss(self, case: Case, what: str, detail: str) -> None:
        self.misses.append({"id": case.reply.id, "what": what, "detail": detail})

    def as_json(self, model: dict[str, Any], usage: Usage) -> dict[str, Any]:
        """Returns counts and faults for scripts. `usage` has the sums over the model calls; the cost is in dollars."""
        return {
            "model": model,
            "drafts": {"n": self.n, "written": self.written, "held": self.held, "revised": self.revised},
            "questions": {
                "with_fact": _shares(self.known),
                "without_fact": _shares(self.unknown),
                "prices_without_fact": _shares(self.prices),
            },
            "statements": {
                what.replace(" ", "_"): {"n": self.found[what], "drafts": self.drafts_with[what]}
                for what in ("unsourced", "contradiction", "never said")
            },
            "language": {"n": self.written}
            | {outcome: self.language[outcome] for outcome in ("right", "wrong", "undecided")},
            "length": {"n": self.written, "within": self.within},
            "usage": {
                "calls": usage.calls,
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "cost_usd": None if usage.cost_microusd is None else usage.cost_microusd / 1_000_000,
            },
            "misses": self.misses,
            "texts": self.drafts,
        }

    def lines(self, model: dict[str, Any], usage: Usage) -> Iterator[str]:
        yield f"{self.n} replies, {model['name']} at {model['base_url']}"
        if model["sandbox"]:
            yield "The sandbox wrote these drafts. The counts test the connections and say nothing about a model."
        yield f"{'':<34}{'n':>6}{'answered':>10}{'deferred':>10}{'neither':>9}"
        for title, counts in (
            ("questions that a fact answers", self.known),
            ("questions that no fact answers", self.unknown),
            ("  of these, prices and discounts", self.prices),
        ):
            yield f"{title:<34}{counts.total():>6}" + "".join(
                f"{counts[outcome]:>{width}}" for outcome, width in zip(OUTCOMES, (10, 10, 9), strict=True)
            )
        yield (
            f"statements without a source: {self.found['unsourced']} in {self.drafts_with['unsourced']} of "
            f"{self.written} drafts; contradicting a fact: {self.found['contradiction']}; forbidden phrases: "
            f"{self.found['never said']}"
        )
        yield (
            f"language: {self.language['right']} right, {self.language['wrong']} wrong, "
            f"{self.language['undecided']} undecided of {self.written}; length: {self.within} of {self.written} fit"
        )
        yield f"drafts: {self.written} of {self.n} written, {self.held} held for a problem, {self.revised} revised"
        yield (
            f"{usage.calls} calls, {usage.input_tokens} tokens in, {usage.output_tokens} out, "
            f"{provenance.dollars(usage.cost_microusd)} at list price"
        )
        for miss in self.misses:
            yield f"{miss['id']}  {miss['what']}: {miss['detail']}"


def _shares(counts: Counter[str]) -> dict[str, int]:
    return {"n": counts.total()} | {outcome: counts[outcome] for outcome in OUTCOMES}
