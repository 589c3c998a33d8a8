"""Who belongs to a workspace: roles, removing, and the link by which a person sets a password.

Who comes in is asked first: see inbox.invitations.

An owner is always left, whatever two people do at once: what takes an owner away locks the workspace's owners first.
"""

import contextlib
from collections.abc import Iterator
from uuid import UUID

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from inbox import audit
from inbox.models import Lead, Membership, User, Workspace
from integrations.mail import is_off
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.enqueue import enqueue
from jobs.errors import TransientError
from jobs.registry import kind_name

Role = Membership.Role
PASSWORD_MAIL = kind_name("account.password_mail", __name__)


class NotAllowed(ValueError):
    """What was asked for cannot be done; the text says why, for people."""


def check_rank(by: Membership, *roles: str) -> None:
    """Raises NotAllowed where one of `roles` is an owner's and `by` is none."""
    if Role.OWNER in roles and not by.at_least(Role.OWNER):
        raise NotAllowed("Only an owner makes, changes or removes owners.")


def change_role(by: Membership, membership: Membership, role: str) -> None:
    """Raises NotAllowed where it takes an owner to do so, or no owner would be left."""
    check_rank(by, role, membership.role)
    with _an_owner_left(membership.workspace_id):
        Membership.objects.filter(pk=membership.pk).update(role=role)
        audit.record(by.workspace_id, by.user, "member.role", membership, old=membership.role, new=role)


def set_takes_leads(by: Membership, membership: Membership, takes: bool) -> None:
    """Whether leads are given to this person in turn."""
    with transaction.atomic():
        Membership.objects.filter(pk=membership.pk).update(takes_leads=takes)
        audit.record(by.workspace_id, by.user, "member.takes_leads", membership, takes=takes)


def remove(by: Membership, membership: Membership) -> None:
    """Take a person out of the workspace; their leads there are nobody's again, their account stays.

    Raises NotAllowed where it takes an owner to do so, or no owner would be left.
    """
    check_rank(by, membership.role)
    with _an_owner_left(membership.workspace_id):
        audit.record(by.workspace_id, by.user, "member.removed", membership, user_id=membership.user_id)
        theirs = Lead.objects.filter(workspace_id=membership.workspace_id, assigned_to=membership.user_id)
        theirs.update(assigned_to=None)
        Membership.objects.filter(pk=membership.pk).delete()


class PasswordTokens(PasswordResetTokenGenerator):
    """Of links that go to the address by mail, or that an operator hands over: who has one proves the address.

    Django's own generator made links that a workspace's admins could see; those open nothing here.
    """

    key_salt = "holdfast.password-link"


password_tokens = PasswordTokens()


def password_path(user: User) -> str:
    """Where this person sets a password: works once, for PASSWORD_RESET_TIMEOUT. For mails and operators only."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("password-new", args=[uid, password_tokens.make_token(user)])


def request_password_mail(email: str) -> None:
    """Have a link mailed to the account of that address, if there is one; once a minute at most."""
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is not None:
        key = f"{PASSWORD_MAIL}:{user.pk}:{timezone.now():%Y%m%d%H%M}"
        enqueue(PASSWORD_MAIL, workspace_id=None, dedupe_key=key, payload={"user_id": user.pk})


def mail_password_link(ctx: JobContext) -> dict[str, str]:
    """The handler of PASSWORD_MAIL. Raises TransientError as `send` does."""
    user = User.objects.filter(pk=ctx.payload["user_id"], is_active=True).first()
    if user is None:
        return {"skipped": "The account is gone."}
    link = settings.PUBLIC_URL + password_path(user)
    text = f"Set a new password for Holdfast:\n\n{link}\n\nIf you did not ask for this, do nothing.\n"
    return send("Holdfast: your password", text, user.email)


def send(subject: str, text: str, email: str) -> dict[str, str]:
    """One mail, and a job's result that says so. Raises TransientError where the mail server does not take it."""
    if is_off():
        return {"skipped": "EMAIL_URL is not set."}
    drop_connection()
    try:
        send_mail(" ".join(subject.split()), text, None, [email])
    except OSError as error:
        raise TransientError("the mail server did not take the message") from error
    return {"sent": "email"}


def members_of(workspace: Workspace) -> list[Membership]:
    """Everybody in the workspace, owners first."""
    rows = Membership.objects.filter(workspace=workspace).select_related("user")
    return sorted(rows, key=lambda row: (-Membership.RANK[row.role], str(row.user).lower()))


@contextlib.contextmanager
def _an_owner_left(workspace_id: UUID) -> Iterator[None]:
    with transaction.atomic():
        owners = Membership.objects.filter(workspace_id=workspace_id, role=Role.OWNER)
        list(owners.select_for_update().order_by("pk"))
        yield
        if not owners.exists():
            raise NotAllowed("A workspace needs an owner: make somebody else one first.")
