"""Tokens: the one answer to every refusal, scopes, sources, limits, and what they leave behind."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from api import access, decisions, system_checks, urls
from api.base import ApiView, ListView
from inbox.models import AuditEntry
from inbox.workspaces import programs
from integrations.models import ApiToken, RateWindow, Scope
from tests import factories
from tests.api.conftest import program_of

NEVER = ("", "hf_12345678_" + "x" * 43, "x" * 500, "\u00e9")


def refusal(answer) -> dict:
    body = answer.json()
    body.pop("requestId")
    return body


def test_a_token_shows_itself_and_nothing_secret(program, django_assert_num_queries):
    answer = program.get("me/")
    body = answer.json()
    assert answer.status_code == 200
    assert body["token"]["id"] == str(program.token.pk) and body["workspace"]["name"]
    assert body["scopes"] == sorted(Scope.values)
    assert (
        program.text not in answer.content.decode()
        and program.token.token_hash not in answer.content.decode()
    )


def test_every_token_that_is_not_usable_has_the_same_answer(workspace):
    revoked, expired, elsewhere = (program_of(workspace) for _ in range(3))
    programs.revoke_token(revoked.token, by=None)
    ApiToken.objects.filter(pk=expired.token.pk).update(expires_at=timezone.now())
    ApiToken.objects.filter(pk=elsewhere.token.pk).update(sources=["203.0.113.0/24"])
    answers = [one.get("me/") for one in (revoked, expired, elsewhere)]
    answers += [Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {text}"}) for text in NEVER]
    answers += [
        Client().get("/api/v1/me/"),
        Client().get("/api/v1/me/", headers={"Authorization": "Basic eA=="}),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({json.dumps(refusal(answer)) for answer in answers}) == 1
    assert all(answer["Content-Type"] == "application/problem+json" for answer in answers)
    assert all(answer["WWW-Authenticate"] == "Bearer" for answer in answers)


def test_a_token_is_found_by_one_look_up_and_a_later_request_writes_no_use(
    program, django_assert_num_queries
):
    program.get("me/")
    with django_assert_num_queries(2):  # the token, and the limit of requests
        program.get("me/")


def test_the_last_use_is_recorded_again_after_a_minute(program):
    program.get("me/")
    first = ApiToken.objects.get().last_used_at
    program.get("me/")
    assert ApiToken.objects.get().last_used_at == first
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))
    program.get("me/")
    assert ApiToken.objects.get().last_used_at > first


def test_a_token_with_sources_works_from_there_alone(workspace):
    program = program_of(workspace, sources=["198.51.100.0/24", "127.0.0.1"])
    assert program.get("me/").status_code == 200
    assert program.client.get("/api/v1/me/", REMOTE_ADDR="198.51.101.1").status_code == 401


def test_too_many_requests_are_told_when_to_come_again(program, monkeypatch):
    monkeypatch.setattr(access, "REQUESTS", 1)
    monkeypatch.setattr(access, "WINDOW_S", 60.0)
    assert program.get("me/").status_code == 200
    answer = program.get("me/")
    assert answer.status_code == 429 and answer.json()["type"] == "throttled"
    assert 0 < int(answer["Retry-After"]) <= 60
    assert list(RateWindow.objects.values_list("key", flat=True)) == [f"api:{program.token.pk}"]


def test_a_token_does_not_see_the_limit_of_another(workspace, monkeypatch):
    monkeypatch.setattr(access, "REQUESTS", 1)
    monkeypatch.setattr(access, "WINDOW_S", 60.0)
    assert [program_of(workspace).get("me/").status_code for _ in range(2)] == [200, 200]


def test_an_unknown_address_and_method_are_problems(program):
    missing, posted = program.get("nothing/here/"), program.post("me/")
    labels = program.post("leads/01a22f98-d63a-7360-b390-11ebf66733e6/labels/", {"add": ["hot"]})
    assert (labels.status_code, labels.json()["type"]) == (404, "not_found")  # docs/programs.md: not yet
    assert (missing.status_code, missing.json()["type"]) == (404, "not_found")
    assert (posted.status_code, posted.json()["type"]) == (405, "method_not_allowed")
    assert {missing["Content-Type"], posted["Content-Type"]} == {"application/problem+json"}


def test_an_unknown_address_is_missing_whatever_its_query(program):
    assert program.get("nothing/?label=hot&label=warm").status_code == 404


def test_an_address_without_its_last_slash_says_so(program):
    assert program.get("leads").json()["detail"] == "Addresses end with a slash."
    assert program.get("nowhere/").json()["detail"] == "This workspace has nothing at this address."


def test_another_content_type_is_refused_with_the_right_one(program):
    headers = {"Authorization": f"Bearer {program.text}", "Idempotency-Key": "k1"}
    answer = program.client.post(
        "/api/v1/sends/", "a=1", content_type="application/x-www-form-urlencoded", headers=headers
    )
    assert answer.status_code == 415 and answer.json()["detail"] == "Send the body as application/json."


def test_an_error_names_its_request(program):
    answer = program.get("nothing/", **{"X-Request-Id": "abcdefgh-1"})
    assert answer.json()["requestId"] == answer["X-Request-Id"] == "abcdefgh-1"


@pytest.mark.parametrize("accepted", ["text/html", "application/xml", "*/*"])
def test_the_answer_is_json_whatever_is_asked_for(program, accepted):
    assert program.get("me/", Accept=accepted)["Content-Type"] == "application/json"
    assert program.get("me/?format=html", Accept=accepted)["Content-Type"] == "application/problem+json"


def test_a_view_without_a_scope_keeps_the_product_from_starting(monkeypatch):
    class Open(ApiView):
        def get(self, request): ...

    assert not system_checks.check_views()
    monkeypatch.setattr(urls, "urlpatterns", [urls.path("open/", Open.as_view())])
    assert [error.id for error in system_checks.check_views()] == ["api.E001"]
    Open.scopes = {"GET": "leads:own"}
    assert [error.id for error in system_checks.check_views()] == ["api.E002"]


@pytest.mark.parametrize(
    ("base", "fields", "error"),
    [
        (ListView, {"scopes": {"GET": "leads:read"}}, "api.E003"),
        (decisions.Decision, {}, "api.E003"),
        (ApiView, {"scopes": {"POST": "leads:write"}, "post": lambda view, request: None}, "api.E004"),
    ],
)
def test_a_view_that_lacks_a_part_keeps_the_product_from_starting(monkeypatch, base, fields, error):
    partial = type("Partial", (base,), fields)
    monkeypatch.setattr(urls, "urlpatterns", [urls.path("partial/", partial.as_view())])
    assert [problem.id for problem in system_checks.check_views()] == [error]


def test_a_token_is_made_and_revoked_in_the_audit(workspace):
    person = factories.make_member(workspace)
    token, text = programs.create_token(workspace, "Zapier", ["leads:read"], by=person)
    assert text.startswith(f"hf_{token.visible}_") and len(text) == len("hf__") + 8 + 43
    assert programs.revoke_token(token, by=token) and not programs.revoke_token(token, by=person)
    entries = AuditEntry.objects.filter(object_id=str(token.pk)).order_by("pk")
    assert [(row.action, row.actor, row.program, row.author) for row in entries] == [
        ("token.created", person, None, str(person)),
        ("token.revoked", None, token, "Zapier"),
    ]


def test_create_token_prints_what_works(workspace):
    output = StringIO()
    call_command(
        "create_token", workspace.name, "CRM", "--scope", "leads:read", "--days", "1", "--json", stdout=output
    )
    report = json.loads(output.getvalue())
    answer = Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {report['token']}"})
    assert answer.json()["token"]["id"] == report["id"] and answer.json()["scopes"] == ["leads:read"]
    left = ApiToken.objects.get().expires_at - timezone.now()
    assert timedelta(hours=23) < left <= timedelta(days=1)


@pytest.mark.parametrize("wrong", [{"name": " "}, {"days": 0}, {"scope": ["all"]}, {"workspace": "nobody"}])
def test_create_token_refuses_what_is_not_usable(workspace, wrong):
    options = {"workspace": workspace.name, "name": "CRM", "scope": ["leads:read"], "days": None} | wrong
    with pytest.raises(CommandError):
        words = [f"--scope={scope}" for scope in options["scope"]]
        words += [f"--days={options['days']}"] if options["days"] is not None else []
        call_command("create_token", options["workspace"], options["name"], *words)
    assert not ApiToken.objects.exists()
