"""A hundred approved drafts (30 in `make test`), a provider that loses answers, a worker that is killed: each once."""

import pytest

from sandbox import SandboxServer
from tests import forms
from tests.faults.sends import campaign

pytestmark = [
    pytest.mark.faults,
    pytest.mark.timeout(1_200),
    pytest.mark.shortened,
    pytest.mark.slow(seconds=65),
]

PLAN = forms.either(
    campaign.Plan(drafts=30, dropped=0.2, timed_out=0.2, kills=5, seconds=12), campaign.Plan()
)


def test_every_accepted_message_exists_once_and_every_uncertain_one_is_settled_or_listed(stage):
    with SandboxServer() as sandbox:
        report = campaign.run(stage, sandbox, PLAN)
    report.print()

    assert report.verdict() == []
    assert report.approved == PLAN.drafts and report.kills == PLAN.kills
    assert report.faults["accept_drop"] > 0 and report.faults["accept_timeout"] + report.faults["hang"] > 0
