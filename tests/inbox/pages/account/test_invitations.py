"""Who is asked to join a workspace: nothing is opened before the owner of the address has said yes."""

import re

import pytest
import time_machine
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from inbox.intake.retention import old_invitations
from inbox.models import AuditEntry, Invitation, Membership, User
from inbox.workspaces import invitations
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.redaction import redact_path
from jobs.worker import drain
from tests import factories

Role, State = Membership.Role, Invitation.State
CFO = "cfo@victim.example"
GUESSED = "what-the-attacker-chose"
NEW = "correct-horse-battery"
PASSWORDS = {"new_password1": NEW, "new_password2": NEW}


@pytest.fixture
def url(workspace):
    return lambda name, *args: reverse(f"inbox:{name}", args=[workspace.pk, *args])


@pytest.fixture
def admin(workspace):
    client = Client()
    client.force_login(factories.make_member(workspace, Role.ADMIN, email="ana@northwind.example"))
    return client


@pytest.fixture
def invite(people, url):
    """Have a workspace's owner, or `by`, ask `email` to join; returns the link that the mail holds."""

    def invite(email: str = CFO, role: str = Role.MEMBER, by: Client | None = None) -> str:
        assert (by or people.owner).post(url("people-add"), {"email": email, "role": role}).status_code == 302
        return invitations.path(Invitation.objects.get(email=email.lower(), state=State.OPEN))

    return invite


@pytest.fixture
def proven(db) -> User:
    """Somebody who set their password by a link in a mail, and is in another workspace."""
    elsewhere = factories.make_workspace("Acme")
    return factories.make_member(elsewhere, email=CFO, address_proven_at=timezone.now())


@pytest.fixture
def unproven(db) -> User:
    """An account as Acme's admin could make it before: nobody knows who chose its password."""
    return factories.make_member(factories.make_workspace("Acme"), email=CFO, password=GUESSED)


def logged_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def role_of(email: str, workspace) -> str | None:
    return (
        Membership.objects.filter(user__email=email, workspace=workspace)
        .values_list("role", flat=True)
        .first()
    )


def answer(client: Client, invitation: Invitation, do: str = "accept"):
    return client.post(reverse("invitation-answer", args=[invitation.pk]), {"do": do})


def test_a_password_that_another_made_for_an_address_opens_no_workspace_that_adds_it(
    people, workspace, unproven, url
):
    people.owner.post(url("people-add"), {"email": CFO, "role": "admin"})

    attacker = Client()
    assert attacker.login(username=CFO, password=GUESSED)
    assert attacker.get(url("list")).status_code == 404
    assert workspace.name not in attacker.get("/", follow=True).content.decode()


def test_an_admin_makes_no_account_for_an_address_and_sees_no_link(people, workspace, url):
    page = people.owner.post(
        url("people-add"), {"email": CFO, "role": "member"}, follow=True
    ).content.decode()

    assert not User.objects.filter(email=CFO).exists()
    for one in workspace.memberships.all():
        assert people.owner.post(url("person", one.pk), {"do": "link"}).status_code == 404
    assert "/password/new/" not in page
    assert "/invitation/" not in page


def test_adding_looks_the_same_whether_the_address_has_an_account_or_not(people, proven, url):
    def added(email: str) -> str:
        page = people.owner.post(
            url("people-add"), {"email": email, "role": "member"}, follow=True
        ).content.decode()
        people.owner.post(url("invitation", Invitation.objects.get(email=email).pk), {"do": "withdraw"})
        people.owner.get(url("people"))  # shows what has been said, once
        # What differs on any two pages: tokens, ids, times, and how far the live request has read (data-since).
        return re.sub(
            r'value="\w{64}"|invitations/\d+|>[\d:]+<|data-since="[^"]*"', "", page.replace(email, "X")
        )

    with time_machine.travel(timezone.now(), tick=False):
        assert added(CFO) == added("new@victim.example")


def test_somebody_new_joins_by_the_link_in_the_mail_and_sets_a_password(
    transactional_db, people, workspace, url, settings
):
    settings.PUBLIC_URL = "https://holdfast.example"
    people.owner.post(url("people-add"), {"email": "New@Example.com", "role": "admin"})
    drain()
    (message,) = mail.outbox
    assert message.to == ["new@example.com"]
    assert "to join Northwind on Holdfast as admin" in message.body
    link = re.search(r"https://holdfast\.example(/invitation/\S+)", message.body)[1]

    client = Client()
    assert "Join Northwind?" in client.get(link).content.decode()
    assert client.post(link, {"do": "accept"} | PASSWORDS)["Location"] == url("list")

    assert client.get(url("list")).status_code == 200
    assert role_of("new@example.com", workspace) == Role.ADMIN
    assert Client().login(username="new@example.com", password=NEW)
    assert Client().get(link).status_code == 410
    assert AuditEntry.objects.get(action="member.added").data["role"] == "admin"


def test_a_password_that_is_too_easy_is_refused_and_nobody_is_in(invite, workspace):
    link = invite()

    page = Client().post(link, {"do": "accept", "new_password1": "password", "new_password2": "password"})

    assert page.status_code == 400
    assert "too common" in page.content.decode()
    assert not User.objects.filter(email=CFO).exists()


def test_nobody_joins_without_a_password_of_their_own(invite, workspace, unproven):
    link = invite()

    assert Client().post(link, {"do": "accept"}).status_code == 400
    assert logged_in(unproven).post(link, {"do": "accept"}).status_code == 400
    with pytest.raises(invitations.NotAllowed):
        invitations.accept_by_mail(Invitation.objects.get())
    assert role_of(CFO, workspace) is None


def test_joining_by_mail_ends_a_password_that_others_may_know(invite, workspace, unproven, url):
    attacker, link = logged_in(unproven), invite()

    owner = Client()
    assert "others may know" in owner.get(link).content.decode()
    owner.post(link, {"do": "accept"} | PASSWORDS)

    assert owner.get(url("list")).status_code == 200
    assert attacker.get(url("list")).status_code == 302  # to the login
    assert not Client().login(username=CFO, password=GUESSED)
    unproven.refresh_from_db()
    assert unproven.address_proven_at is not None


def test_an_account_that_is_proven_joins_by_mail_and_keeps_its_password(invite, workspace, proven, url):
    link = invite()
    client = Client()
    assert "new_password1" not in client.get(link).content.decode()

    page = client.post(link, {"do": "accept"} | PASSWORDS).content.decode()

    assert "You’ve joined Northwind" in page
    assert role_of(CFO, workspace) == Role.MEMBER
    assert client.get(url("list")).status_code == 302  # a mail alone logs nobody in
    assert Client().login(username=CFO, password=factories.PASSWORD)


def test_after_log_in_one_is_asked_and_accepts(invite, workspace, proven, url):
    invite(role=Role.ADMIN)
    client = logged_in(proven)

    page = client.get("/", follow=True).content.decode()
    assert "invited cfo@victim.example to join <b>Northwind</b> as admin" in page
    assert "/invitations/?" not in client.get("/?later=1")["Location"]
    assert answer(client, Invitation.objects.get())["Location"] == url("list")

    assert client.get(url("list")).status_code == 200
    assert role_of(CFO, workspace) == Role.ADMIN


def test_after_log_in_one_declines_and_is_asked_no_more(invite, workspace, proven):
    link = invite()
    client = logged_in(proven)

    answer(client, Invitation.objects.get(), "decline")

    assert "There’s no pending invitation" in client.get(reverse("invitations")).content.decode()
    assert Client().post(link, {"do": "accept"}).status_code == 410
    assert (Invitation.objects.get().state, role_of(CFO, workspace)) == (State.DECLINED, None)


@pytest.mark.parametrize("do", ["accept", "decline"])
def test_who_only_knows_the_password_answers_nothing(invite, workspace, unproven, do):
    invite()
    client = logged_in(unproven)

    assert "Set a new password by email" in client.get("/", follow=True).content.decode()
    assert answer(client, Invitation.objects.get(), do).status_code in (404, 409)

    assert (Invitation.objects.get().state, role_of(CFO, workspace)) == (State.OPEN, None)


def test_a_password_link_by_mail_proves_the_address(transactional_db, invite, workspace, unproven):
    invite()
    Client().post(reverse("password-forgotten"), {"email": CFO})
    drain()
    body = next(one.body for one in mail.outbox if "/password/new/" in one.body)
    client = Client()
    form = client.get(re.search(r"/password/new/\S+", body)[0], follow=True)
    client.post(form.redirect_chain[-1][0], PASSWORDS)

    assert answer(client, Invitation.objects.get()).status_code == 302
    assert role_of(CFO, workspace) == Role.MEMBER


def test_a_link_that_an_admin_was_shown_before_opens_nothing(unproven):
    uid = urlsafe_base64_encode(force_bytes(unproven.pk))
    shown = reverse("password-new", args=[uid, default_token_generator.make_token(unproven)])

    assert "was used" in Client().get(shown, follow=True).content.decode()


def test_the_page_says_how_who_was_added_before_and_never_came_gets_a_password(people, workspace, url):
    factories.make_member(workspace, email=CFO, password=None)

    assert "No password yet" in people.owner.get(url("people")).content.decode()
    assert "No password yet" not in people.member.get(url("people")).content.decode()


def test_a_change_of_the_password_proves_nothing(unproven):
    asked = PASSWORDS | {"old_password": GUESSED}

    assert logged_in(unproven).post(reverse("password-change"), asked).status_code == 302
    unproven.refresh_from_db()
    assert unproven.address_proven_at is None


def test_nobody_answers_for_another(invite, workspace, proven, people):
    invite(email="somebody@else.example")
    invitation = Invitation.objects.get()

    assert answer(logged_in(proven), invitation).status_code == 404
    assert answer(Client(), invitation)["Location"].startswith("/login/")
    with pytest.raises(invitations.NotAllowed):
        invitations.accept(invitation, proven)
    assert invitation.state == State.OPEN


def test_a_link_counts_for_the_address_it_went_to_whoever_is_logged_in(invite, workspace, proven, people):
    link = invite()

    page = people.outsider.get(link).content.decode()
    assert f"You’re logged in as {people.users.outsider.email}" in page
    people.outsider.post(link, {"do": "accept"})

    assert role_of(CFO, workspace) == Role.MEMBER
    assert role_of(people.users.outsider.email, workspace) is None


@pytest.mark.parametrize("token", ["nonsense", "MQ:1abc:xyz"])
def test_a_link_that_we_never_made_opens_nothing(db, token):
    assert Client().get(reverse("invitation", args=[token])).status_code == 410


def test_an_account_that_is_switched_off_does_not_join(invite, workspace, proven):
    link = invite()
    User.objects.filter(pk=proven.pk).update(is_active=False)

    assert Client().post(link, {"do": "accept"}).status_code == 410
    assert role_of(CFO, workspace) is None


def test_an_invitation_ends_after_a_week(invite, workspace, proven):
    link = invite()
    Invitation.objects.update(expires_at=factories.ago(seconds=1))

    assert Client().post(link, {"do": "accept"}).status_code == 410
    assert answer(logged_in(proven), Invitation.objects.get()).status_code == 404
    with pytest.raises(invitations.NotAllowed):
        invitations.accept(Invitation.objects.get(), proven)
    assert role_of(CFO, workspace) is None


def test_a_withdrawn_invitation_opens_nothing_and_is_not_mailed(
    transactional_db, invite, people, proven, url, workspace
):
    link = invite()

    people.owner.post(url("invitation", Invitation.objects.get().pk), {"do": "withdraw"})
    drain()

    assert mail.outbox == []
    assert Client().post(link, {"do": "accept"}).status_code == 410
    assert role_of(CFO, workspace) is None


@pytest.mark.parametrize("now", [Role.MEMBER, Role.VIEWER, None])
def test_an_invitation_of_somebody_who_may_no_longer_invite_opens_nothing(
    invite, admin, workspace, proven, now
):
    link = invite(by=admin)
    of_admin = Membership.objects.filter(user__email="ana@northwind.example")
    of_admin.update(role=now) if now else of_admin.delete()

    assert Client().post(link, {"do": "accept"}).status_code == 410
    with pytest.raises(invitations.NotAllowed):
        invitations.accept(Invitation.objects.get(), proven)
    assert role_of(CFO, workspace) is None


def test_an_owner_who_is_an_admin_now_has_invited_no_owner(invite, people, workspace, proven):
    link = invite(role=Role.OWNER)
    Membership.objects.filter(user=people.users.owner).update(role=Role.ADMIN)

    assert Client().post(link, {"do": "accept"}).status_code == 410
    with pytest.raises(invitations.NotAllowed):
        invitations.accept(Invitation.objects.get(), proven)
    assert role_of(CFO, workspace) is None


def test_another_admin_takes_an_invitation_over_by_sending_it_again(
    invite, people, admin, workspace, proven, url
):
    link = invite(by=admin)
    Membership.objects.filter(user__email="ana@northwind.example").delete()
    Invitation.objects.update(mailed_at=factories.ago(minutes=11))
    page = people.owner.get(url("people")).content.decode()
    assert "No longer valid" in page

    people.owner.post(url("invitation", Invitation.objects.get().pk), {"do": "again"})

    assert Client().post(link, {"do": "accept"}).status_code == 200
    assert role_of(CFO, workspace) == Role.MEMBER


def test_only_an_owner_asks_an_owner_or_touches_that_invitation(invite, people, admin, url):
    page = admin.post(url("people-add"), {"email": CFO, "role": "owner"})
    assert page.status_code == 400
    assert "Only owners can" in page.content.decode()

    invite(role=Role.OWNER)
    Invitation.objects.update(mailed_at=factories.ago(minutes=11))
    for do in ("again", "withdraw"):
        admin.post(url("invitation", Invitation.objects.get().pk), {"do": do})
    assert (Invitation.objects.get().state, Invitation.objects.get().mails) == (State.OPEN, 1)


def test_an_address_is_mailed_once_in_ten_minutes_whatever_is_pressed(invite, people, url):
    invite()
    first = Invitation.objects.get()

    again = people.owner.post(url("invitation", first.pk), {"do": "again"}, follow=True).content.decode()
    people.owner.post(url("invitation", first.pk), {"do": "withdraw"})
    anew = people.owner.post(url("people-add"), {"email": CFO, "role": "member"})

    assert "less than ten minutes ago" in again
    assert "less than ten minutes ago" in anew.content.decode()
    assert BackgroundJob.objects.filter(kind=invitations.MAIL).count() == 1


def test_it_is_mailed_again_after_a_while_and_runs_from_then(transactional_db, invite, people, url):
    invite()
    drain()
    Invitation.objects.update(mailed_at=factories.ago(minutes=11), expires_at=factories.ago(days=1))

    people.owner.post(url("invitation", Invitation.objects.get().pk), {"do": "again"})
    drain()

    assert len(mail.outbox) == 2
    assert Invitation.objects.get().expires_at > timezone.now()


def test_a_workspace_mails_so_many_invitations_a_day(invite, people, workspace, url):
    invite()
    Invitation.objects.update(mails=invitations.MAILS_A_DAY)

    page = people.owner.post(url("people-add"), {"email": "another@example.com", "role": "member"})

    assert page.status_code == 400
    assert "invitations in a day" in page.content.decode()


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.DECLINED, State.ACCEPTED, "run out"])
def test_who_is_not_in_can_be_asked_again(invite, workspace, state):
    invite()
    past = {"mailed_at": factories.ago(days=8), "expires_at": factories.ago(days=1)}
    Invitation.objects.update(**past, state=State.OPEN if state == "run out" else state)

    invite()

    assert Invitation.objects.filter(state=State.OPEN).count() == 1


@pytest.mark.parametrize("email", [CFO, CFO.upper()])
def test_who_is_asked_already_is_not_asked_twice(invite, people, url, email):
    invite()

    page = people.owner.post(url("people-add"), {"email": email, "role": "admin"})

    assert "is already invited" in page.content.decode()
    assert Invitation.objects.get().role == Role.MEMBER


def test_who_came_in_another_way_keeps_their_role(invite, workspace, proven):
    link = invite(role=Role.ADMIN)
    Membership.objects.create(workspace=workspace, user=proven, role=Role.VIEWER)

    Client().post(link, {"do": "accept"})

    assert role_of(CFO, workspace) == Role.VIEWER


@pytest.mark.parametrize("do", ["again", "withdraw"])
def test_invitations_are_for_admins_of_their_workspace(invite, people, workspace, url, do):
    invite()
    at = url("invitation", Invitation.objects.get().pk)

    assert people.member.post(at, {"do": do}).status_code == 403
    assert people.outsider.post(at, {"do": do}).status_code == 404
    elsewhere = people.users.outsider.memberships.get().workspace_id
    there = reverse("inbox:invitation", args=[elsewhere, Invitation.objects.get().pk])
    assert people.outsider.post(there, {"do": do}).status_code == 404
    assert CFO in people.owner.get(url("people")).content.decode()
    assert CFO not in people.member.get(url("people")).content.decode()
    assert Invitation.objects.get().state == State.OPEN


def test_without_mail_the_pages_say_so_and_an_operator_prints_the_link(invite, people, url, settings, capsys):
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    settings.PUBLIC_URL = "https://holdfast.example"
    assert "manage.py password_link" in people.owner.get(url("people")).content.decode()
    assert "doesn’t send email" in Client().get(reverse("password-mailed")).content.decode()
    invite()

    call_command("password_link", CFO.upper())
    link = capsys.readouterr().out.strip().removeprefix("https://holdfast.example")
    client = Client()
    client.post(link, {"do": "accept"} | PASSWORDS)

    assert client.get(url("list")).status_code == 200


def test_a_link_that_an_operator_printed_proves_the_address(unproven, capsys):
    call_command("password_link", CFO)

    client = Client()
    form = client.get(re.search(r"/password/new/\S+", capsys.readouterr().out)[0], follow=True)
    client.post(form.redirect_chain[-1][0], PASSWORDS)

    unproven.refresh_from_db()
    assert unproven.address_proven_at is not None
    assert unproven.check_password(NEW)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"email": "other@example.com"}, "No account or pending invitation has that address"),
        ({"is_active": False}, "That account is inactive"),
    ],
)
def test_no_link_is_printed_for(unproven, change, said):
    User.objects.filter(pk=unproven.pk).update(**change)

    with pytest.raises(CommandError, match=said):
        call_command("password_link", CFO)


def test_the_log_never_holds_a_link():
    assert redact_path("/invitation/MQ:1abc:xyz/") == "/invitation/[token]"


def test_an_address_is_forgotten_some_months_after_it_was_asked(invite):
    invite()
    Invitation.objects.update(expires_at=factories.ago(days=89))
    assert old_invitations(Deadline.after_ms(5_000)) == 0
    Invitation.objects.update(expires_at=factories.ago(days=91))
    assert old_invitations(Deadline.after_ms(5_000)) == 1
