"""Calls that send: the sandbox takes what the provider's page names, and refuses what it does not, as the page says."""

import pytest

from tests.recorded import documented

CALLS = {
    f"{provider} {name}": (provider, body)
    for provider in ("emailbison", "instantly")
    for name, body in documented(provider, "calls").items()
}
REQUIRED = [(name, field) for name, (_, body) in CALLS.items() for field in body["required"]]


def post(call, name, body):
    provider, page = CALLS[name]
    return call(provider, "POST", page["path"], json=body)


@pytest.mark.parametrize("name", CALLS)
def test_the_published_example_is_taken(call, name):
    assert post(call, name, CALLS[name][1]["example"]).status_code < 300


@pytest.mark.parametrize(("name", "field"), REQUIRED)
def test_a_required_field_that_is_missing_is_named(call, sandbox, name, field):
    page = CALLS[name][1]
    refused = post(call, name, {key: value for key, value in page["example"].items() if key != field})
    assert refused.status_code == page["status"]
    assert field in refused.text or field.replace("_", " ") in refused.text
    assert sandbox.sends() == []


@pytest.mark.parametrize("name", CALLS)
def test_a_field_that_the_page_does_not_name_is_refused(call, sandbox, name):
    page = CALLS[name][1]
    refused = post(call, name, page["example"] | {"unheard_of": "x"})
    assert refused.status_code == page["status"]
    assert "unheard" in refused.text and sandbox.sends() == []
