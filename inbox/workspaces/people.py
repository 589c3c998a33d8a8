"""Changes and removes the members of a workspace, and mails links for setting a password.

New members are invited (inbox.workspaces.invitations). A workspace always keeps an owner, even if two people act at the
same time, because each change of a role and each removal first locks the rows of all owners.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import PermissionDenied
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from inbox.models import Membership, SavedView, Snippet, User, Workspace, audit
from integrations.mail import is_off
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.enqueue import enqueue
from jobs.errors import TransientError
from jobs.kinds import kind_name

Role = Membership.Role
PASSWORD_MAIL = kind_name("account.password_mail", __name__)


NO_OWNER = "A workspace needs an owner. Make someone else an owner first."
CHANGED = "Someone else just changed this person’s role. Check it, then try again."


class NotAllowed(PermissionDenied):
    """A change of members or invitations was refused. The text states the reason for users."""


def check_rank(by: Membership, *roles: str) -> None:
    """Raises NotAllowed if `roles` contains the role of owners and `by` is not an owner."""
    if Role.OWNER in roles and not by.at_least(Role.OWNER):
        raise NotAllowed("Only owners can add, change or remove owners.")


def check_owner_stays(membership: Membership, role: str | None) -> None:
    """Raises NotAllowed if `membership` is the last owner's and `role` is another one, or None for removal. Takes no
    lock, so this check is only for forms; `change_role` and `remove` check again.
    """
    owners = Membership.objects.filter(workspace_id=membership.workspace_id, role=Role.OWNER)
    if membership.role == Role.OWNER != role and not owners.exclude(pk=membership.pk).exists():
        raise NotAllowed(NO_OWNER)


def change_role(by: Membership, membership: Membership, role: str) -> None:
    """Changes the role of a member. Raises NotAllowed if only an owner may do so, if no owner would be left, or if the
    role has changed since `membership` was read.
    """
    check_rank(by, role, membership.role)
    with _an_owner_left(membership.workspace_id):
        if not _as_read(membership).update(role=role):
            raise NotAllowed(CHANGED)
        audit.record(
            by.workspace_id, by.user, "member.role", membership, changes={"role": [membership.role, role]}
        )


def set_takes_leads(by: Membership, membership: Membership, takes: bool) -> None:
    with transaction.atomic():
        Membership.objects.filter(pk=membership.pk).update(takes_leads=takes)
        changes = {"takes_leads": [membership.takes_leads, takes]}
        audit.record(by.workspace_id, by.user, "member.takes_leads", membership, changes=changes)


def set_away(membership: Membership, until: datetime | None) -> None:
    """Sets the time until which the rotation assigns this member no leads; None ends the absence."""
    with transaction.atomic():
        Membership.objects.filter(pk=membership.pk).update(away_until=until)
        stated = until.isoformat() if until else None
        audit.record(membership.workspace_id, membership.user, "member.away", membership, until=stated)


def remove(by: Membership, membership: Membership) -> None:
    """Removes a member from the workspace. The database unassigns their leads (lead_assigned_to_member). Their own
    snippets and saved views are deleted; the user and shared rows stay. Raises NotAllowed as `change_role` does.
    """
    check_rank(by, membership.role)
    with _an_owner_left(membership.workspace_id):
        audit.record(by.workspace_id, by.user, "member.removed", membership, user_id=membership.user_id)
        if not _as_read(membership).delete()[0]:
            raise NotAllowed(CHANGED)
        for model in (Snippet, SavedView):
            model.objects.filter(workspace_id=membership.workspace_id, owner_id=membership.user_id).delete()


def password_opens(user: User | AnonymousUser | None) -> bool:
    """Whether a password may open the account of `user`. Under OIDC_ONLY, it opens only an emergency account."""
    return not settings.OIDC_ONLY or getattr(user, "emergency", False)


class PasswordTokens(PasswordResetTokenGenerator):
    """Creates and checks the tokens of links for setting a password. A link proves ownership of the email address.
    Admins could once see links with tokens of Django's default generator, so `key_salt` makes those tokens invalid.
    """

    key_salt = "holdfast.password-link"

    def check_token(self, user: User | None, token: str | None) -> bool:
        return super().check_token(user, token) and password_opens(user)


password_tokens = PasswordTokens()


def password_path(user: User) -> str:
    """Returns the path of a page where `user` can set a password once, within PASSWORD_RESET_TIMEOUT (s). Only mails
    and operators may show it.
    """
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("password-new", args=[uid, password_tokens.make_token(user)])


def request_password_mail(email: str) -> None:
    """Enqueues a mail with a link for setting a password, at most once a minute. For an address without an active user,
    the job mails nothing, but it is enqueued as well, so that the time of a request does not reveal who has an account.
    """
    address = email.strip().lower()
    user = User.objects.filter(email=address, is_active=True).only("pk").first()
    digest = salted_hmac(PASSWORD_MAIL, address).hexdigest()
    key = f"{PASSWORD_MAIL}:{digest}:{timezone.now():%Y%m%d%H%M}"
    enqueue(PASSWORD_MAIL, workspace_id=None, dedupe_key=key, payload={"user_id": user and user.pk})


def mail_password_link(ctx: JobContext) -> dict[str, str]:
    """Mails the link for setting a password (a job). Raises TransientError if the mail server refuses the mail."""
    user = User.objects.filter(pk=ctx.payload["user_id"], is_active=True).first()
    if user is None:
        return {"skipped": "There’s no active account."}
    if not password_opens(user):
        return {"skipped": "This account can only log in through the company."}
    link = settings.PUBLIC_URL + password_path(user)
    text = (
        f"Set a new password for Holdfast:\n\n{link}\n\nIf you didn’t ask for this, you can ignore this "
        "email.\n"
    )
    return send("Holdfast: your password", text, user.email)


def send(subject: str, text: str, email: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    """Sends one mail and returns {"sent": "email"}, or {"skipped": reason} without a server. Raises TransientError."""
    if is_off():
        return {"skipped": "EMAIL_URL isn’t set."}
    drop_connection()
    try:
        EmailMessage(" ".join(subject.split()), text, None, [email], headers=headers).send()
    except OSError as error:
        raise TransientError("the mail server rejected the message") from error
    return {"sent": "email"}


def members_of(workspace: Workspace) -> list[Membership]:
    """Returns the memberships of `workspace` with their users, by role (owners first) and name."""
    rows = Membership.objects.filter(workspace=workspace).select_related("user__second_factor")
    return sorted(rows, key=lambda row: (-Membership.RANK[row.role], str(row.user).lower()))


def _as_read(membership: Membership) -> QuerySet[Membership]:
    return Membership.objects.filter(pk=membership.pk, role=membership.role)


@contextlib.contextmanager
def _an_owner_left(workspace_id: UUID) -> Iterator[None]:
    with transaction.atomic():
        owners = Membership.objects.filter(workspace_id=workspace_id, role=Role.OWNER)
        list(owners.select_for_update().order_by("pk"))
        yield
        if not owners.exists():
            raise NotAllowed(NO_OWNER)
