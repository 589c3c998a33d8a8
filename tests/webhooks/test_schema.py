"""The OpenAPI schema that is served, attacked in process: genuine senders post what it allows and what it forbids."""

from collections.abc import Iterator
from io import BytesIO

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

from integrations.registry import webhook_sources
from tests import forms
from tests.webhooks.doors import DOORS, Target, install_secrets
from tests.webhooks.posting import calendly_headers

pytestmark = [pytest.mark.slow, pytest.mark.shortened]

WEBHOOKS = "/api/webhooks"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FIXED = settings(
    max_examples=forms.either(15, 100),
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
"""The same requests in every run."""


class Rollback(Exception):
    """Ends an example: the next one starts from the same rows."""


class Senders:
    """The product, called by senders that sign what they post, and bring their key where none is in the path."""

    def __init__(self, target: Target) -> None:
        self.product = WSGIHandler()
        self.bearers = {f"{WEBHOOKS}/{name}/": f"Bearer {key}" for name, key in target.poster.keys.items()}
        self.signatures = {door.address(target): door.signature for door in DOORS.values()}
        self.signatures[f"{WEBHOOKS}/calendly/"] = calendly_headers

    def __call__(self, environ, start_response):
        path, body = environ["PATH_INFO"], environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(body)
        headers = self.signatures[path](body) if path in self.signatures else {}
        if path in self.bearers and environ["REQUEST_METHOD"] == "POST":
            headers["Authorization"] = self.bearers[path]
        for name, value in headers.items():
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
        return self.product(environ, start_response)


@pytest.fixture
def target(db, settings) -> Target:
    install_secrets(settings)
    return Target.create("Northwind", "LocNorthwind01")


@pytest.fixture
def operations(target) -> Iterator[list]:
    """Of the schema as it is served. The requests stay in the test's transaction, as those of Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    schema = schemathesis.openapi.from_wsgi("/api/schema/", Senders(target))
    yield [found.ok() for found in schema.get_all_operations()]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("source", webhook_sources())
def test_no_request_gets_another_answer_than_the_schema_says(target, operations, source):
    own = {"key": target.poster.keys.get(source), "workspace_id": str(target.poster.workspace.pk)}
    mine = [one for one in operations if one.path.startswith(f"{WEBHOOKS}/{source}/")]
    assert mine
    for operation in mine:
        modes = GenerationMode if operation.method == "post" else [GenerationMode.POSITIVE]
        cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

        @FIXED
        @given(cases)
        def attack(case: Case) -> None:
            if case.method == "POST":  # a GET keeps the key that was made up
                case.path_parameters = {name: own[name] for name in case.path_parameters}
            with pytest.raises(Rollback), transaction.atomic():
                case.call_and_validate(checks=CHECKS)
                raise Rollback

        attack()


def test_every_operation_of_the_schema_is_attacked(operations):
    prefixes = tuple(f"{WEBHOOKS}/{source}/" for source in webhook_sources())
    assert [one.path for one in operations if not one.path.startswith(prefixes)] == []
