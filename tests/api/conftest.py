"""A program of one workspace, as the tests of the API call it."""

import json
from dataclasses import dataclass

import pytest
from django.test import Client

from inbox.workspaces import programs
from integrations.models import ApiToken, Scope
from tests import factories

BASE = "/api/v1/"


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
