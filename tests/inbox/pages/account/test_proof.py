"""Steps that ask again who is there, with what was typed kept."""

import re
import time
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse

from inbox.models import Membership, SendingPolicy, User, Workspace
from inbox.workspaces import identity
from integrations.models import Integration
from tests import factories
from tests.factories import PASSWORD

DAYS = {"keep_messages_days": "365", "keep_bodies_days": "7", "keep_model_calls_days": "30"}
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture
def owner(people) -> Client:
    return made_old(people.owner)


def made_old(client: Client) -> Client:
    """`client`, whose person proved more than 15 minutes ago who they are."""
    session = client.session
    session[identity.PROVEN] = int(time.time()) - identity.FRESH_S - 1
    session.save()
    return client


def is_question(answer) -> bool:
    return answer.status_code == 200 and "Confirm it’s you" in answer.content.decode()


def fields(answer) -> dict[str, str]:
    hidden = dict(HIDDEN.findall(answer.content.decode()))
    hidden.pop("csrfmiddlewaretoken", None)
    return hidden


def test_a_step_asks_again_keeps_what_was_typed_and_asks_no_more_for_a_while(owner, workspace):
    place = reverse("inbox:retention", args=[workspace.pk])
    question = owner.post(place, DAYS)
    assert is_question(question) and fields(question) == DAYS

    wrong = owner.post(place, fields(question) | {"proof": "wrong"})
    assert (
        is_question(wrong)
        and "That password or code is wrong" in wrong.content.decode()
        and fields(wrong) == DAYS
    )
    workspace.refresh_from_db()
    assert workspace.keep_messages_days is None

    done = owner.post(place, fields(wrong) | {"proof": PASSWORD})

    assert done.status_code == 302
    workspace.refresh_from_db()
    assert (workspace.keep_messages_days, workspace.keep_bodies_days) == (365, 7)
    assert not is_question(owner.post(place, DAYS | {"keep_bodies_days": "8"}))
    assert is_question(made_old(owner).post(place, DAYS))


def test_a_fresh_log_in_is_a_proof(people, workspace):
    assert people.owner.post(reverse("inbox:retention", args=[workspace.pk]), DAYS).status_code == 302


def test_a_proof_of_the_future_is_none_as_the_clock_was_set_back(people, workspace):
    session = people.owner.session
    session[identity.PROVEN] = int(time.time()) + 24 * 3600
    session.save()
    assert is_question(people.owner.post(reverse("inbox:retention", args=[workspace.pk]), DAYS))


def test_a_session_from_before_the_upgrade_is_asked(people, workspace):
    session = people.owner.session
    for key in (identity.PROVEN, identity.STRENGTH):
        del session[key]
    session.save()
    assert is_question(people.owner.post(reverse("inbox:retention", args=[workspace.pk]), DAYS))


def test_what_was_typed_keeps_its_characters_and_each_of_several_values(owner, workspace):
    text = 'a "quoted" <b> & two\nlines'
    place = reverse("inbox:people-add", args=[workspace.pk])
    page = owner.post(place, {"email": text, "role": "owner", "x": ["1", "2"]}).content.decode()
    assert page.count('name="x"') == 2
    assert "a &quot;quoted&quot; &lt;b&gt; &amp; two" in page


def test_guesses_at_the_password_stop_and_nothing_that_was_typed_is_kept_with_them(
    owner, workspace, settings
):
    settings.AXES_ENABLED = True
    place = reverse("inbox:integration-new", args=[workspace.pk, "openai"])
    secret = {"api_key": "sk-live-very-secret"}
    tried = [owner.post(place, secret | {"proof": f"guess-{n}"}) for n in range(settings.AXES_FAILURE_LIMIT)]

    assert [answer.status_code for answer in tried] == [200] * (settings.AXES_FAILURE_LIMIT - 1) + [429]
    assert owner.post(place, secret | {"proof": PASSWORD}).status_code == 429
    attempts = str(AccessAttempt.objects.values())
    assert "very-secret" not in attempts and "guess-" not in attempts
    assert not Integration.objects.filter(workspace=workspace, provider="openai").exists()


def test_an_export_asks_and_leads_on_to_the_file(owner, workspace):
    place = reverse("inbox:corrections", args=[workspace.pk])
    to_question = owner.get(place)["Location"]
    assert to_question == f"/account/proof/?next={place.replace('/', '%2F')}"
    assert is_question(owner.get(to_question))

    assert owner.post(to_question, {"proof": PASSWORD})["Location"] == place
    assert owner.get(place).status_code == 200
    assert owner.get("/account/proof/?next=https://evil.example/")["Location"] == "/"


def test_only_what_switches_auto_on_asks(owner, workspace, monkeypatch):
    place = reverse("inbox:policy", args=[workspace.pk])
    values = {"confidence_threshold": "0.9", "min_delay_s": "60", "max_delay_s": "120"}

    assert owner.post(place, values | {"mode": "off"}).status_code == 302
    assert is_question(owner.post(place, values | {"mode": "auto"}))
    assert SendingPolicy.objects.get().mode == "off"


def test_only_what_makes_an_owner_asks(owner, people, workspace):
    add = reverse("inbox:people-add", args=[workspace.pk])
    member = Membership.objects.get(user=people.users.member)
    change = reverse("inbox:person", args=[workspace.pk, member.pk])

    assert owner.post(add, {"email": "new@example.com", "role": "member"}).status_code == 302
    for more in ({}, {"do": "x"}):
        assert is_question(owner.post(add, {"email": "boss@example.com", "role": "owner"} | more))
    assert owner.post(change, {"do": "role", "role": "admin"}).status_code == 302
    assert is_question(owner.post(change, {"do": "role", "role": "owner"}))
    member.refresh_from_db()
    assert member.role == "admin"


def test_the_admin_asks_for_the_same_steps(db, workspace):
    root = Client()
    user = factories.make_user(is_staff=True, is_superuser=True)
    root.force_login(user)
    made_old(root)
    ben = factories.make_member(workspace, Membership.Role.ADMIN)
    membership = Membership.objects.get(user=ben)
    place = f"/admin/inbox/membership/{membership.pk}/change/"
    wanted = {"role": "owner", "_save": "Save"}

    question = root.post(place, wanted)
    assert is_question(question) and fields(question) == wanted
    for other in (
        "/admin/inbox/user/add/",
        f"/admin/inbox/user/{ben.pk}/password/",
        f"/admin/inbox/user/{ben.pk}/delete/",
        "/admin/auth/group/add/",
    ):
        assert is_question(root.post(other, {}))
    assert root.get(place).status_code == 200

    assert root.post(place, fields(question) | {"proof": PASSWORD}).status_code == 302
    membership.refresh_from_db()
    assert membership.role == "owner"


def test_an_outsider_is_not_asked_and_learns_nothing(people, workspace):
    outsider = made_old(people.outsider)
    assert outsider.post(reverse("inbox:retention", args=[workspace.pk]), DAYS).status_code == 404
    assert made_old(people.viewer).post(reverse("inbox:retention", args=[workspace.pk])).status_code == 403
    assert Workspace.objects.get(pk=workspace.pk).keep_messages_days is None


def test_one_place_says_who_is_there_and_how_surely(people, rf):
    request = rf.get("/")
    request.user, request.session = people.users.owner, people.owner.session
    who = identity.identity_of(request)
    assert (who.actor, who.strength, who.is_fresh) == (people.users.owner, identity.Strength.PASSWORD, True)
    assert time.time() - who.proven_at < timedelta(minutes=1).total_seconds()
    assert isinstance(who.actor, User)
