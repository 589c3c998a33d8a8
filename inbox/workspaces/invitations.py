"""Invites people to a workspace by email. Only the owner of the invited address can accept, by the mailed link or after
login.

After login, a person can accept only if the address is proven (User.address_proven_at), because somebody else may know
the password of an unproven account. A person who opens the mailed link without a proven account chooses a new password;
an old password stops working.

An invitation can be accepted only while its inviter may still invite people with its role. A person who resends the
invitation becomes its inviter.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Sum
from django.urls import reverse
from django.utils import timezone

from inbox.models import Invitation, Membership, User, audit, locks
from inbox.workspaces.people import NotAllowed, check_rank, send
from jobs.context import JobContext
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name

State = Invitation.State
Role = Membership.Role
MAIL = kind_name("account.invitation_mail", __name__)
SALT = "holdfast.invitation"
VALID_FOR = timedelta(days=7)
MAIL_PAUSE = timedelta(minutes=10)
MAILS_A_DAY = 50
"""The maximum number of mails per workspace and day. The limit is low, because an admin can choose any recipient."""
OVER = "This invitation is no longer valid."


@transaction.atomic
def invite(by: Membership, email: str, role: str) -> Invitation:
    """Invites the person with the address `email` to the workspace of `by` with `role`, and enqueues the mail. The
    person need not have an account. The invitation is valid for seven days.

    Raises NotAllowed if the address belongs to a member or is already invited, if a mail went there within ten minutes,
    if the workspace has reached MAILS_A_DAY, or if only an owner may give that role.
    """
    check_rank(by, role)
    email, now = email.strip().lower(), timezone.now()
    if Membership.objects.filter(workspace_id=by.workspace_id, user__email=email).exists():
        raise NotAllowed(f"{email} is already in this workspace.")
    invitations = Invitation.objects.filter(workspace_id=by.workspace_id, email=email)
    invitations.filter(state=State.OPEN, expires_at__lte=now).update(state=State.EXPIRED, decided_at=now)
    if invitations.filter(state=State.OPEN).exists():
        raise NotAllowed(f"{email} is already invited.")
    _check_mails(by.workspace_id, email, now)
    try:
        with transaction.atomic():
            invitation = Invitation.objects.create(
                workspace_id=by.workspace_id,
                email=email,
                role=role,
                invited_by=by.user,
                expires_at=now + VALID_FOR,
                mailed_at=now,
            )
    except IntegrityError:
        raise NotAllowed(f"{email} is already invited.") from None
    audit.record(by.workspace_id, by.user, "invitation.sent", invitation, role=role)
    _enqueue_mail(invitation)
    return invitation


@transaction.atomic
def send_again(by: Membership, invitation: Invitation) -> None:
    """Resends the invitation in the name of `by`. Raises NotAllowed if it is closed, or at a limit of `invite`."""
    check_rank(by, invitation.role)
    now = timezone.now()
    _check_mails(by.workspace_id, invitation.email, now)
    renewed = Invitation.objects.filter(pk=invitation.pk, state=State.OPEN).update(
        mailed_at=now, mails=F("mails") + 1, expires_at=now + VALID_FOR, invited_by=by.user
    )
    if not renewed:
        raise NotAllowed(OVER)
    audit.record(by.workspace_id, by.user, "invitation.sent_again", invitation)
    invitation.refresh_from_db()
    _enqueue_mail(invitation)


@transaction.atomic
def withdraw(by: Membership, invitation: Invitation) -> None:
    """Withdraws the invitation as the member `by`. Raises NotAllowed if it is closed, or if only an owner may do so."""
    check_rank(by, invitation.role)
    if not _close(invitation, State.WITHDRAWN):
        raise NotAllowed(OVER)
    audit.record(by.workspace_id, by.user, "invitation.withdrawn", invitation)


@transaction.atomic
def decline(invitation: Invitation) -> None:
    """Declines the invitation. The caller has verified the invited person. Raises NotAllowed if it is closed."""
    if not _close(invitation, State.DECLINED):
        raise NotAllowed(OVER)
    audit.record(invitation.workspace_id, None, "invitation.declined", invitation)


@transaction.atomic
def accept(invitation: Invitation, user: User) -> Membership:
    """Makes `user`, who is logged in, a member, and returns the membership. Raises NotAllowed if the invited address is
    not theirs or not proven, if the invitation is closed, or if its inviter may no longer invite.
    """
    theirs = User.objects.filter(pk=user.pk, email=invitation.email, address_proven_at__isnull=False)
    if not theirs.exists():
        raise NotAllowed("Open the link in the email to confirm your address and join.")
    return _join(invitation, user)


@transaction.atomic
def accept_by_mail(invitation: Invitation, password: str | None = None) -> Membership:
    """Makes the holder of the mailed link a member, with a new account if necessary, and returns the membership.

    `password` becomes the account's password if the address was not proven; otherwise it is ignored. Raises NotAllowed
    if a required password is missing, if the account is switched off, or as `accept` for an invalid invitation.
    """
    User.objects.get_or_create(email=invitation.email, defaults={"password": make_password(None)})
    user = User.objects.select_for_update().get(email=invitation.email)
    if not user.is_active:
        raise NotAllowed(OVER)
    if user.address_proven_at is None:
        if password is None:
            raise NotAllowed("Choose a password to join.")
        user.set_password(password)
        user.address_proven_at = timezone.now()
        user.save(update_fields=["password", "address_proven_at"])
    return _join(invitation, user)


def waiting_for(user: User) -> QuerySet[Invitation]:
    """Returns the invitations that `user` can accept, now or after proving the email address."""
    return _standing(Invitation.objects.filter(email=user.email))


def open_in(workspace_id: UUID) -> QuerySet[Invitation]:
    """Returns the workspace's open invitations, including those for which `stands` is False."""
    return _with_inviter(Invitation.objects.filter(workspace_id=workspace_id, state=State.OPEN))


def stands(invitation: Invitation) -> bool:
    """Whether an invitation (read by this module) is not expired, and its inviter may still invite to its role."""
    return invitation.expires_at > timezone.now() and _may_invite(
        vars(invitation)["inviter_role"], invitation.role
    )


def path(invitation: Invitation) -> str:
    """Returns the path of the page for answering an invitation without login. Only mails and operators may show it."""
    return reverse("invitation", args=[signing.dumps(invitation.pk, salt=SALT)])


def read(token: str) -> Invitation | None:
    """Returns the invitation for the token of a mailed link; None for a forged token or an invalid invitation."""
    try:
        pk = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return _standing(Invitation.objects.filter(pk=pk)).first()


def mail(ctx: JobContext) -> dict[str, str]:
    """Mails a valid invitation (a job). Raises TransientError if the mail server does not accept the mail."""
    invitation = _standing(Invitation.objects.filter(pk=ctx.payload["invitation_id"])).first()
    if invitation is None:
        return {"skipped": "The invitation is no longer valid."}
    who, workspace = invitation.invited_by, invitation.workspace.name
    assert who is not None  # `_standing` selects only invitations whose inviter is a member
    asker = f"{who} ({who.email})"
    text = (
        f"{asker} has invited you to join {workspace} on Holdfast as "
        f"{invitation.get_role_display().lower()}.\n\nAccept or decline here by "
        f"{invitation.expires_at:%d %B %Y}:\n\n{settings.PUBLIC_URL}{path(invitation)}\n\nIf you weren’t "
        "expecting this, you can ignore this email.\n"
    )
    return send(f"Holdfast: join {workspace}", text, invitation.email)


def _check_mails(workspace_id: UUID, email: str, now: datetime) -> None:
    """Raises NotAllowed if too many mails were sent. A lock makes other invitations wait until the transaction ends."""
    locks.hold("invitation mails", workspace_id)
    recent = Invitation.objects.filter(workspace_id=workspace_id, mailed_at__gt=now - timedelta(days=1))
    if recent.filter(email=email, mailed_at__gt=now - MAIL_PAUSE).exists():
        raise NotAllowed(f"An email went to {email} less than ten minutes ago. Wait before sending another.")
    if (recent.aggregate(sum=Sum("mails"))["sum"] or 0) >= MAILS_A_DAY:
        raise NotAllowed(
            f"You’ve sent {MAILS_A_DAY} invitations in a day, which is the limit. Send more tomorrow."
        )


def _enqueue_mail(invitation: Invitation) -> None:
    enqueue_about(MAIL, invitation, "invitation_id", key=f"{invitation.pk}:{invitation.mails}")


def _close(invitation: Invitation, state: str) -> bool:
    now = timezone.now()
    still = Invitation.objects.filter(pk=invitation.pk, state=State.OPEN)
    if state == State.ACCEPTED:
        still = still.filter(expires_at__gt=now)
    return bool(still.update(state=state, decided_at=now))


def _join(invitation: Invitation, user: User) -> Membership:
    if not _close(invitation, State.ACCEPTED):
        raise NotAllowed(OVER)
    invitation.refresh_from_db()  # this transaction has locked the row, so its values no longer change
    if invitation.invited_by_id is None:
        raise NotAllowed(OVER)
    inviter = Membership.objects.filter(
        workspace_id=invitation.workspace_id, user_id=invitation.invited_by_id, user__is_active=True
    )
    role = inviter.select_for_update(of=("self",)).values_list("role", flat=True).first()
    if not _may_invite(role, invitation.role):
        raise NotAllowed(OVER)
    membership, created = Membership.objects.get_or_create(
        workspace_id=invitation.workspace_id, user=user, defaults={"role": invitation.role}
    )
    if created:
        by = {"invitation_id": invitation.pk, "invited_by": invitation.invited_by_id}
        audit.record(invitation.workspace_id, user, "member.added", membership, role=membership.role, **by)
    return membership


def _may_invite(inviter_role: str | None, role: str) -> bool:
    needed = Role.OWNER if role == Role.OWNER else Role.ADMIN
    return inviter_role is not None and Membership.RANK[inviter_role] >= Membership.RANK[needed]


def _with_inviter(rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
    theirs = Membership.objects.filter(
        workspace=OuterRef("workspace"), user=OuterRef("invited_by"), user__is_active=True
    )
    return rows.select_related("workspace", "invited_by").annotate(
        inviter_role=Subquery(theirs.values("role")[:1])
    )


def _standing(rows: QuerySet[Invitation]) -> QuerySet[Invitation]:
    rows = _with_inviter(rows).filter(state=State.OPEN, expires_at__gt=timezone.now())
    return rows.filter(Q(inviter_role=Role.OWNER) | Q(inviter_role=Role.ADMIN) & ~Q(role=Role.OWNER))
