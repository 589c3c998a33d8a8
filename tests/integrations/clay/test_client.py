"""Rows for Clay: once, at the table's pace, put off and never dropped."""

import pytest
from django.utils import timezone

from integrations.clay.client import ClayClient, Table
from integrations.errors import ProviderMisconfigured, ProviderRateLimited
from integrations.models import Integration, RateWindow
from jobs.deadline import Deadline
from tests.integrations.fault_server import FaultServer, answer
from tests.racing import at_once

pytestmark = pytest.mark.django_db


def client_at(url):
    return ClayClient.for_integration(
        Integration(provider="clay", config={"linkedin_table_url": url, "phone_table_url": ""})
    )


def test_a_row_reaches_its_table(sandbox, soon):
    url = f"{sandbox.url('clay')}/linkedin"
    client_at(url).add_row(Table.LINKEDIN, {"leadId": "1", "fullName": "Dana Reyes"}, soon)
    assert [(send["kind"], send["to"]) for send in sandbox.sends(provider="clay")] == [("row", "1")]


def test_the_eleventh_row_in_a_minute_is_put_off(soon):
    with FaultServer(answer(raw=b"ok")) as server:
        for _ in range(10):
            client_at(server.url).add_row(Table.LINKEDIN, {"leadId": "1"}, soon)
        with pytest.raises(ProviderRateLimited) as caught:
            client_at(server.url).add_row(Table.LINKEDIN, {"leadId": "1"}, soon)
        assert server.calls == 10
    assert 55_000 < caught.value.retry_after_ms <= 60_000
    assert caught.value.sent is False


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_of_many_rows_at_once_ten_go_out_and_each_other_is_told_when_to_come_back():
    def add() -> None:
        client_at(server.url).add_row(Table.LINKEDIN, {"leadId": "1"}, Deadline.after_ms(20_000))

    with FaultServer(answer(raw=b"ok")) as server:
        ended = at_once(*[add] * 25)
        assert server.calls == 10
    late = [error for error in ended if error is not None]
    assert {type(error) for error in late} == {ProviderRateLimited}
    assert len(late) == 15
    assert all(error.run_at > timezone.now() and error.sent is False for error in late)


def test_the_tables_address_is_stored_nowhere(soon):
    with FaultServer(answer(raw=b"ok")) as server:
        client_at(f"{server.url}/secret-table").add_row(Table.LINKEDIN, {}, soon)
    assert "secret" not in RateWindow.objects.get().key


def test_a_table_that_is_not_set_is_named(settings, soon):
    settings.CLAY_PHONE_TABLE_WEBHOOK_URL = ""
    with pytest.raises(ProviderMisconfigured, match="phone_table_url"):
        client_at("http://127.0.0.1:9").add_row(Table.PHONE, {}, soon)
