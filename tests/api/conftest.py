"""A program of one workspace, as the tests of the API call it."""

import json
from dataclasses import dataclass

import pytest
from django.db import connection
from django.test import Client

from inbox.workspaces import programs
from integrations.models import ApiToken, Scope
from tests import factories
from tests.waiting import until

BASE = "/api/v1/"
OLDER_ELSEWHERE = """
SELECT NOT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'
) AND EXISTS (
    SELECT FROM pg_stat_activity
    WHERE (datname <> current_database() OR backend_type <> 'client backend')
    AND backend_xid IS NOT NULL AND backend_xid::text::bigint < greatest(
        (SELECT max(changed_xid) FROM inbox_lead), (SELECT max(changed_xid) FROM inbox_message),
        (SELECT max(changed_xid) FROM inbox_draft), (SELECT max(xid) FROM inbox_event)
    )
)
"""


def no_older_transaction_elsewhere() -> bool:
    """Whether neither another test's database on the same server nor autovacuum runs a transaction that is older than
    the last change here. Lists end before it, as they cannot know that it changes none of their rows. A test that holds
    a transaction open does not wait, as another test may wait for it.
    """
    connection.ensure_connection()
    # psycopg's own cursor: it is no query of the request that a test counts.
    with connection.connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")  # a transaction reads pg_stat_activity only once
        return not cursor.execute(OLDER_ELSEWHERE).fetchone()[0]


@dataclass
class Program:
    """A program with a token. Each call returns Django's response."""

    token: ApiToken
    text: str
    client: Client

    def call(self, method: str, path: str, body: object = None, key: str = "", **headers: str):
        headers = {"Authorization": f"Bearer {self.text}"} | headers
        if key:
            headers["Idempotency-Key"] = key
        if method == "GET":
            until(no_older_transaction_elsewhere, "the older transactions of other tests end")
        content = "" if body is None else json.dumps(body)
        return self.client.generic(method, f"{BASE}{path}", content, "application/json", headers=headers)

    def get(self, path: str, **headers: str):
        return self.call("GET", path, **headers)

    def post(self, path: str, body: object = None, key: str = "", **headers: str):
        return self.call("POST", path, body or {}, key, **headers)


def program_of(workspace, *scopes: str, **fields) -> Program:
    token, text = programs.create_token(workspace, "CRM sync", scopes or Scope.values, by=None, **fields)
    return Program(token, text, Client())


@pytest.fixture
def workspace(db):
    return factories.make_workspace()


@pytest.fixture
def program(workspace) -> Program:
    return program_of(workspace)
