"""A hundred approved drafts, a provider that loses its answers, a worker killed twenty times: each message once."""

import pytest

from sandbox import SandboxServer
from tests.faults.sends import campaign

pytestmark = [pytest.mark.faults, pytest.mark.crash, pytest.mark.timeout(1_200)]


def test_every_accepted_message_exists_once_and_every_uncertain_one_is_settled_or_listed(stage):
    with SandboxServer() as sandbox:
        report = campaign.run(stage, sandbox, campaign.Plan())
    report.print()

    assert report.verdict() == []
    assert report.approved == 100 and report.kills == 20
    assert report.faults["accept_drop"] > 0 and report.faults["accept_timeout"] + report.faults["hang"] > 0
