"""The published schema, attacked in process: programs send what it allows and what it forbids."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api import access
from api.schema import document
from integrations.models import Scope
from tests import factories, forms
from tests.api import examples, reference
from tests.api.conftest import Program, program_of
from tests.api.test_walls import operations as stated_operations
from tests.api.test_walls import rows_of

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FIXED = settings(
    max_examples=forms.either(8, 80),
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
"""The same requests in every run."""
FEWEST = 2
"""An operation without parameters and body has hardly more than two different requests."""
ADDRESS = "/openapi.json"


class Rollback(Exception):
    """Ends an example: the next one starts from the same rows."""


class Programs:
    """The product, called with a program's token. It serves the schema too."""

    def __init__(self, program: Program) -> None:
        self.product, self.program = WSGIHandler(), program

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == ADDRESS:
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(document()).encode()]
        environ.pop("HTTP_ACCEPT_ENCODING", None)  # the werkzeug client of schemathesis unpacks nothing
        environ["HTTP_AUTHORIZATION"] = f"Bearer {self.program.text}"
        return self.product(environ, start_response)


@pytest.fixture
def unlimited(monkeypatch):
    monkeypatch.setattr(access.TokenThrottle, "allow_request", lambda *_: True)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations(program: Program) -> Iterator:
    schema = schemathesis.openapi.from_wsgi(ADDRESS, Programs(program))
    return (operation.ok() for operation in schema.get_all_operations())


def attack_all(program: Program, rows: dict[str, object]) -> Counter[tuple[str, str]]:
    """Sends each operation what the schema allows and forbids, about rows that exist. Returns the number of checked
    answers by path and method.
    """
    checked: Counter[tuple[str, str]] = Counter()
    for operation in operations(program):
        cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode])

        @FIXED
        @given(cases)
        def attack(case: Case) -> None:
            case.path_parameters = {name: str(rows[name]) for name in case.path_parameters or {}}
            with pytest.raises(Rollback), transaction.atomic():
                case.call_and_validate(checks=CHECKS)
                checked[case.path, case.method] += 1
                raise Rollback

        attack()
    return checked


@pytest.mark.slow
@pytest.mark.shortened
@pytest.mark.django_db
@pytest.mark.parametrize("scopes", [Scope.values, [Scope.LEADS_READ]], ids=["all", "one"])
def test_no_request_gets_another_answer_than_the_schema_says(scopes, unlimited, workspace):
    factories.make_integration(workspace, credentials={"api_key": "k"})
    checked = attack_all(program_of(workspace, *scopes), rows_of(workspace))
    assert set(checked) == described_operations() and min(checked.values()) >= FEWEST


def described_operations() -> set[tuple[str, str]]:
    return {
        (address, method.upper())
        for address, operations in document()["paths"].items()
        for method in operations
    }


def test_the_schema_has_every_operation():
    stated = {
        (reference.PARAMETER.sub(r"{\1}", f"/api/v1/{address}"), method)
        for address, method, _ in stated_operations()
    }
    assert described_operations() == stated


def test_the_reference_describes_each_type_that_it_names():
    page = reference.page()
    described = {name.lower() for name in re.findall(r"^### (\w+)$", page, re.MULTILINE)}
    assert set(re.findall(r"\(#(\w+)\)", page)) == described | {"types"} and len(described) > 20


@pytest.mark.parametrize("name", reference.PAGES)
def test_the_published_reference_is_that_of_the_product(name):
    """A change that is meant: `DEBUG=1 python -m tests.api.reference` writes it anew."""
    assert reference.PAGES[name]() == (reference.FOLDER / name).read_text(encoding="utf-8")


@pytest.mark.django_db
def test_the_examples_are_what_the_product_answers(program):
    """A change that is meant: with RENEW=1 in the environment this test writes them anew; then the reference."""
    answers = examples.recorded(program)
    if os.environ.get("RENEW") == "1":
        examples.FILE.write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")
    assert answers == json.loads(examples.FILE.read_text(encoding="utf-8"))


def test_every_body_and_every_answer_in_json_has_an_example():
    for address, operations in json.loads(reference.schema())["paths"].items():
        for method, operation in operations.items():
            answers = [answer for status, answer in operation["responses"].items() if status < "300"]
            for place in [*answers, operation.get("requestBody", {})]:
                media = place.get("content", {}).get("application/json")
                assert media is None or "example" in media, f"{method} {address}"
