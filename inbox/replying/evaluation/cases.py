"""The labelled file: a company and its facts on one line, then replies to it, what each asks and which fact answers it.

A line is a JSON object. A company stands before the replies to it. docs/reference/drafts.md shows both kinds.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from inbox.models.lead import Channel
from inbox.models.workspace_fact import ANSWER_CHARS, QUESTION_CHARS, WorkspaceFact
from inbox.understanding.evaluate import BadLine
from inbox.understanding.language import LANGUAGES

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Groups = Annotated[list[Annotated[list[Words], Field(min_length=1)]], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Line = TypeVar("Line", bound=_Strict)


class Known(_Strict):
    """A fact of a company. `shows`: a text says it where of each group one expression is in it. `wrong`: expressions
    that contradict it. For kind `never`, whoever shows it has said what is never said."""

    key: Words
    kind: Literal[tuple(WorkspaceFact.Kind.values)]  # type: ignore[valid-type]
    question: Annotated[Words, Field(max_length=QUESTION_CHARS)]
    answer: Annotated[str, Field(max_length=ANSWER_CHARS)]
    shows: Groups
    wrong: list[Words] = []


class Company(_Strict):
    """Who answers, and what they may say."""

    company: Words
    name: Words
    persona_name: Words
    tone: str
    service_description: str
    signature: str = ""
    facts: Annotated[list[Known], Field(min_length=1)]


class Ask(_Strict):
    """Something that a reply asks. `fact`: the key of the fact that answers it; None: none does, so that it must be
    left to a person, openly. `about` is "price" where a price or discount is asked for that no fact holds."""

    question: Words
    fact: str | None
    about: Literal["price"] | None = None


class Said(_Strict):
    """An earlier message."""

    by: Literal["us", "lead"] = Field(alias="from")
    text: Words


class Reply(_Strict):
    """What a person wrote, in `language`."""

    id: Words
    company: Words
    channel: Literal[tuple(Channel.values)]  # type: ignore[valid-type]
    language: Literal[LANGUAGES]  # type: ignore[valid-type]
    first_name: Words
    thread: list[Said] = []
    reply: Words
    asks: list[Ask]


@dataclass(frozen=True, slots=True)
class Case:
    """One reply, and the company that it is written to."""

    reply: Reply
    company: Company

    def fact(self, ask: Ask) -> Known | None:
        """The fact that answers `ask`."""
        return next((fact for fact in self.company.facts if fact.key == ask.fact), None)


def read_cases(lines: Iterable[bytes]) -> Iterator[Case]:
    """The replies of the file. Raises BadLine, which names line, field and fix, at the first that cannot be used."""
    companies: dict[str, Company] = {}
    seen: set[str] = set()
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        data = _object(number, raw)
        if "facts" in data:
            company = _read(number, Company, data)
            _check_company(number, company, companies)
            companies[company.company] = company
            continue
        reply = _read(number, Reply, data)
        _check_reply(number, reply, companies, seen)
        seen.add(reply.id)
        yield Case(reply, companies[reply.company])


def _object(number: int, raw: bytes) -> dict[str, Any]:
    try:
        data = json.loads(raw.decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise BadLine(number, "(the line)", f"not a JSON object ({error})") from None
    if not isinstance(data, dict):
        raise BadLine(number, "(the line)", f"expected a JSON object, got {type(data).__name__}")
    return data


def _read(number: int, kind: type[Line], data: dict[str, Any]) -> Line:
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadLine(number, ".".join(map(str, first["loc"])), first["msg"]) from None


def _check_company(number: int, company: Company, companies: dict[str, Company]) -> None:
    if company.company in companies:
        raise BadLine(number, "company", f"“{company.company}” stands on an earlier line already")
    keys = [fact.key for fact in company.facts]
    for place, fact in enumerate(company.facts):
        if keys.index(fact.key) != place:
            raise BadLine(number, f"facts.{place}.key", f"“{fact.key}” is the key of an earlier fact already")
        if not fact.answer.strip() and fact.kind != WorkspaceFact.Kind.NEVER:
            raise BadLine(number, f"facts.{place}.answer", "only a fact of kind never may have no answer")


def _check_reply(number: int, reply: Reply, companies: dict[str, Company], seen: set[str]) -> None:
    if reply.id in seen:
        raise BadLine(number, "id", f"“{reply.id}” is the id of an earlier reply already")
    company = companies.get(reply.company)
    if company is None:
        raise BadLine(
            number, "company", f"no line before this one has the facts of a company “{reply.company}”"
        )
    usable = {fact.key for fact in company.facts if fact.kind != WorkspaceFact.Kind.NEVER}
    for place, ask in enumerate(reply.asks):
        if ask.fact is not None and ask.fact not in usable:
            raise BadLine(
                number,
                f"asks.{place}.fact",
                f"“{ask.fact}” is no fact of {company.company} that can be an answer; null where none answers it",
            )
        if ask.about and ask.fact is not None:
            raise BadLine(number, f"asks.{place}.about", "only where fact is null")
