"""People around one workspace: its owner, a member, a viewer, and an outsider with a workspace of their own."""

from types import SimpleNamespace

import pytest
from django.test import Client

from inbox.models import Membership
from tests import factories


class People(SimpleNamespace):
    """`users`, and the client of each by the same name: logged in when it is first asked for, as few tests use all."""

    def __getattr__(self, name: str) -> Client:
        client = Client()
        client.force_login(getattr(self.users, name))
        setattr(self, name, client)
        return client


@pytest.fixture
def workspace(db):
    return factories.make_workspace("Northwind", timezone="America/New_York")


@pytest.fixture
def people(workspace):
    """`people.owner`, `.member`, `.viewer` and `.outsider` are logged-in clients."""
    role = Membership.Role
    users = {
        name: factories.make_member(workspace, role[name.upper()]) for name in ("owner", "member", "viewer")
    }
    users["outsider"] = factories.make_member(factories.make_workspace("Bluebird"), role.OWNER)
    return People(users=SimpleNamespace(**users))


@pytest.fixture
def member(people):
    return people.member


@pytest.fixture
def lead(workspace):
    return factories.make_lead(workspace, first_name="Dana", last_name="Reyes", needs_reply=True, unread=True)
