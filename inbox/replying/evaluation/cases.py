"""Reads the file of labelled replies. Each line is a JSON object: first a company with its facts, then replies to it.
Each reply lists its questions and the facts that answer them (docs/reference/drafts.md).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from inbox.models.lead import WRITTEN_ON
from inbox.models.workspace_fact import ANSWER_CHARS, QUESTION_CHARS, WorkspaceFact
from inbox.understanding.evaluate import BadLine, parsed
from inbox.understanding.language import LANGUAGES

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Groups = Annotated[list[Annotated[list[Words], Field(min_length=1)]], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class LabelledFact(_Strict):
    """A fact of a company. A text states it if it contains one expression of each group in `shows`, and contradicts it
    if it contains an expression of `wrong`.
    """

    key: Words
    kind: Literal[tuple(WorkspaceFact.Kind.values)]  # type: ignore[valid-type]
    question: Annotated[Words, Field(max_length=QUESTION_CHARS)]
    answer: Annotated[str, Field(max_length=ANSWER_CHARS)]
    shows: Groups
    wrong: list[Words] = []


class Company(_Strict):
    company: Words
    name: Words
    persona_name: Words
    tone: str
    service_description: str
    signature: str = ""
    facts: Annotated[list[LabelledFact], Field(min_length=1)]


class Ask(_Strict):
    """A question in a reply. `fact`: None if no fact answers it. `about`: "price" for an unknown price or discount."""

    question: Words
    fact: str | None
    about: Literal["price"] | None = None


class Turn(_Strict):
    by: Literal["us", "lead"] = Field(alias="from")
    text: Words


class Reply(_Strict):
    id: Words
    company: Words
    channel: Literal[tuple(dict(WRITTEN_ON))]  # type: ignore[valid-type]
    language: Literal[LANGUAGES]  # type: ignore[valid-type]
    first_name: Words
    thread: list[Turn] = []
    reply: Words
    asks: list[Ask]


@dataclass(frozen=True, slots=True)
class Case:
    reply: Reply
    company: Company

    def fact(self, ask: Ask) -> LabelledFact | None:
        return next((fact for fact in self.company.facts if fact.key == ask.fact), None)


def read_cases(lines: Iterable[bytes]) -> Iterator[Case]:
    """Yields the replies in the lines of a file. Raises BadLine with number, field and fault of the first bad line."""
    companies: dict[str, Company] = {}
    reply_ids: set[str] = set()
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        if "facts" in parsed(number, dict[str, Any], raw):
            company = parsed(number, Company, raw)
            _check_company(number, company, companies)
            companies[company.company] = company
            continue
        reply = parsed(number, Reply, raw)
        _check_reply(number, reply, companies, reply_ids)
        reply_ids.add(reply.id)
        yield Case(reply, companies[reply.company])


def _check_company(number: int, company: Company, companies: dict[str, Company]) -> None:
    if company.company in companies:
        raise BadLine(number, "company", f"“{company.company}” is already on an earlier line")
    keys = [fact.key for fact in company.facts]
    for place, fact in enumerate(company.facts):
        if keys.index(fact.key) != place:
            raise BadLine(number, f"facts.{place}.key", f"an earlier fact already has the key “{fact.key}”")
        if not fact.answer.strip() and fact.kind != WorkspaceFact.Kind.NEVER:
            raise BadLine(
                number, f"facts.{place}.answer", "only a fact of the kind “never” can have no answer"
            )


def _check_reply(number: int, reply: Reply, companies: dict[str, Company], reply_ids: set[str]) -> None:
    if reply.id in reply_ids:
        raise BadLine(number, "id", f"an earlier reply already has the ID “{reply.id}”")
    company = companies.get(reply.company)
    if company is None:
        raise BadLine(number, "company", f"no earlier line has the facts of the company “{reply.company}”")
    usable = {fact.key for fact in company.facts if fact.kind != WorkspaceFact.Kind.NEVER}
    for place, ask in enumerate(reply.asks):
        if ask.fact is not None and ask.fact not in usable:
            raise BadLine(
                number,
                f"asks.{place}.fact",
                f"“{ask.fact}” isn’t a fact of {company.company} that can be an answer. Use null if no fact is",
            )
        if ask.about and ask.fact is not None:
            raise BadLine(number, f"asks.{place}.about", "can only be given if fact is null")
