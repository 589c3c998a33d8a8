"""The way back: the provider's page, the owner's link without login, and proof that it is the same person."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.health import probes, writer
from integrations.models import WorkspaceIntegrationHealth
from jobs.redaction import redact_path
from tests.factories import make_member
from tests.world import World, forget_calls

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNT = "uni_acc_owner"


@pytest.fixture
def linkedin(world: World):
    forget_calls()
    writer.forget_successes()
    account = world.connect("unipile", ACCOUNT, api_key="key-unipile")
    assert probes.check_now(account).ok
    world.sandbox.set_account("unipile", ACCOUNT, "disconnected")
    assert not probes.check_now(account).ok
    return account


@pytest.fixture
def admin(world):
    client = Client()
    client.force_login(make_member(world.workspace, role="admin"))
    return client


def state(account) -> tuple[str, str]:
    row = WorkspaceIntegrationHealth.objects.get(integration=account)
    return row.state, row.reason


def ask(admin, account, what: str) -> str:
    url = reverse("inbox:health-account", args=[account.workspace_id, account.pk])
    return admin.post(url, {"do": what}).content.decode()


def owner_path(admin, account) -> str:
    return re.search(r'value="http://testserver(/reconnect/[^"]+)"', ask(admin, account, "owner-link"))[1]


def test_reconnect_leads_on_by_a_link_as_a_form_may_not_leave_the_site(admin, linkedin, world):
    page = ask(admin, linkedin, "reconnect")
    assert re.search(rf'href="{world.sandbox.url("unipile")}/hosted/\w+"', page)


def test_owner_s_page_needs_no_log_in_and_asks_the_provider_on_a_press_only(admin, linkedin, world):
    path = owner_path(admin, linkedin)
    before = len(world.sandbox.requests(provider="unipile"))
    assert b"Reconnect LinkedIn" in Client().get(path).content
    assert len(world.sandbox.requests(provider="unipile")) == before  # a link preview uses nothing up
    assert "/hosted/" in Client().post(path).content.decode()


def test_owner_s_link_ends_when_the_account_is_back(admin, linkedin, world):
    path = owner_path(admin, linkedin)
    world.sandbox.set_account("unipile", ACCOUNT, "ok")
    assert probes.check_now(linkedin).ok
    response = Client().post(path)
    assert b"connected again" in response.content and b"/hosted/" not in response.content
    world.sandbox.set_account("unipile", ACCOUNT, "disconnected")
    probes.check_now(linkedin)
    assert Client().get(path).status_code == 410  # another outage, another link


def test_owner_s_link_ends_after_a_day(admin, linkedin):
    path = owner_path(admin, linkedin)
    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        assert Client().get(path).status_code == 410


def test_a_link_that_was_made_up_opens_nothing(db):
    assert Client().get("/reconnect/WyJ4Il0:abc:def/").status_code == 410


def test_coming_back_from_the_provider_has_the_account_checked(admin, linkedin, world):
    path = owner_path(admin, linkedin)
    world.sandbox.set_account("unipile", ACCOUNT, "ok")
    assert "We’re checking" in Client().get(path + "?done=1").content.decode()
    world.work()
    assert state(linkedin)[0] == "connected"
    assert b"Your account is connected again" in Client().get(path + "?done=1").content


def test_somebody_else_who_logs_in_does_not_heal_it(admin, linkedin, world):
    world.sandbox.set_account("unipile", ACCOUNT, "ok", {"owner_id": "ACoSOMEBODYELSE"})
    assert not probes.check_now(linkedin).ok
    assert state(linkedin) == ("disconnected", "another_account")
    page = admin.get(reverse("inbox:health", args=[linkedin.workspace_id])).content.decode()
    assert "reconnected with someone else’s account" in page


def test_calls_that_work_for_somebody_else_prove_nothing(linkedin, world):
    from integrations.unipile.client import UnipileClient
    from jobs.deadline import Deadline

    world.sandbox.set_account("unipile", ACCOUNT, "ok", {"owner_id": "ACoSOMEBODYELSE"})
    probes.check_now(linkedin)
    UnipileClient.for_integration(linkedin).inmail_balance(Deadline.after_ms(5000))
    assert state(linkedin)[0] == "disconnected"
    world.sandbox.set_account("unipile", ACCOUNT, "ok", {"owner_id": linkedin.config["owner_id"]})
    assert probes.check_now(linkedin).ok
    assert state(linkedin)[0] == "connected"


def test_an_account_that_is_well_has_nothing_to_reconnect(admin, linkedin, world):
    world.sandbox.set_account("unipile", ACCOUNT, "ok")
    probes.check_now(linkedin)
    url = reverse("inbox:health-account", args=[linkedin.workspace_id, linkedin.pk])
    assert admin.post(url, {"do": "owner-link"}).status_code == 302


def test_an_owner_s_token_is_kept_out_of_logs():
    assert "abc" not in redact_path("/reconnect/abc:def/")
