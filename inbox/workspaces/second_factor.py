"""A person's second factor: a code from an app on their phone, or one of their recovery codes.

inbox.workspaces.throttling limits guesses in such a way that a stranger cannot lock the person out.
"""

import base64
import hashlib
import secrets
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from inbox.models import Membership, RecoveryCode, SecondFactor, User, Workspace, audit
from inbox.models.session import end_sessions
from inbox.workspaces import throttling
from inbox.workspaces.people import NotAllowed, send
from jobs.context import JobContext
from jobs.enqueue import enqueue
from jobs.kinds import kind_name

MAIL = kind_name("account.factor_mail", __name__)
MAILS = {
    "set_up": (
        "a phone was set up for your two-step login",
        "A phone was set up for the two-step login of your Holdfast account. Logging in now takes a code "
        "from that phone, and you’ve been logged out everywhere else.\n\nIf this wasn’t you, someone knows "
        "your password. Contact your operator right away so they can remove that phone.\n",
    ),
    "removed": (
        "your two-step login was turned off",
        "The two-step login of your Holdfast account was turned off, by you, an owner of your workspace or "
        "an operator. Until you set it up again, your password is all anyone needs.\n\nIf you didn’t ask "
        "for this, change your password now and contact your operator.\n",
    ),
}
"""The mails about changes of a second factor: (subject, text) by change."""
CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""The characters of recovery codes, without i, l, o, 0 and 1, which look like each other."""
NOT_ALL_YOURS = (
    "{} runs this installation or is in a workspace you don’t own. Ask an operator to reset it with "
    "manage.py reset_second_factor."
)


def has_factor(user: User) -> bool:
    """Whether a password login of `user` also needs a code."""
    return bool(SecondFactor.objects.filter(user=user, confirmed=True).exists())


@transaction.atomic
def new_factor(user: User, begun: int | None) -> SecondFactor:
    """Returns the factor of `user` with the id `begun`, which this session has created, or a new unconfirmed factor.
    Deletes the unconfirmed factor of another session, as a thief may have opened the page first and seen its key.
    """
    User.objects.select_for_update().get(pk=user.pk)  # two sessions at once must not get the same key
    SecondFactor.objects.filter(user=user, confirmed=False).exclude(pk=begun).delete()
    return SecondFactor.objects.get_or_create(user=user, defaults={"name": "Phone", "confirmed": False})[0]


def next_key(factor: SecondFactor, session_key: str | None) -> str:
    """Returns the key for a new phone of a user who has a factor. It is derived from the session, so it is the same at
    each request; it is stored only when the user confirms it.
    """
    text = f"{factor.key} {session_key}"
    return salted_hmac("second factor of a new phone", text, algorithm="sha256").hexdigest()[:40]


def address_for_app(factor: SecondFactor) -> str:
    """Returns the URI of the QR code that the app reads (Key Uri Format of Google Authenticator)."""
    label = quote(f"Holdfast:{factor.user.email}")
    return f"otpauth://totp/{label}?{urlencode({'secret': key_in_words(factor), 'issuer': 'Holdfast'})}"


def key_in_words(factor: SecondFactor) -> str:
    """Returns the key of `factor` in base32, for a person who types it into the app."""
    return base64.b32encode(bytes.fromhex(factor.key)).decode()


def confirm(factor: SecondFactor, code: str, session_key: str | None) -> list[str] | None:
    """Returns None if `code` is wrong. Otherwise, confirms the factor and stores its key, ends all other sessions,
    notifies the user by mail, and returns new recovery codes.
    """
    user = factor.user
    if not factor.verify_token(code):
        return None
    with transaction.atomic():
        rows = SecondFactor.objects.filter(pk=factor.pk, confirmed=factor.confirmed)
        if not rows.update(confirmed=True, key=factor.key):
            return None
        audit.record(None, user, "second_factor.set_up", user)
        end_sessions(user.pk, but=session_key)
        _enqueue_mail(user, "set_up")
        return new_codes(user)


@transaction.atomic
def new_codes(user: User) -> list[str]:
    """Replaces the recovery codes of `user`, and returns the new codes, which cannot be read later."""
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(16)) for _ in range(CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(code)) for code in codes)
    audit.record(None, user, "second_factor.codes", user)
    return ["-".join(code[place : place + 4] for place in range(0, len(code), 4)) for code in codes]


def accepts(request: HttpRequest, user: User, code: str) -> bool:
    """Whether `code` is an unused code of the app or recovery code of `user`. The code is then used up. A wrong code
    counts as an attempt; if the client must wait, AxesMiddleware informs the client.
    """
    text = _plain(code)
    name = (throttling.CODES_OF + user.email)[:255]  # the length of the column of django-axes
    if _spend(user, text):  # accepted even under the limits, because nobody can guess 79 bits
        throttling.forget_tries(request, name)
        return True
    with transaction.atomic():
        # Simultaneous guesses wait here for each other, because each must see the count of the earlier guesses.
        factor = SecondFactor.objects.select_for_update().filter(user=user, confirmed=True).first()
        if not throttling.may_try(request, name):
            return False
        if factor is not None and factor.verify_token(text):
            throttling.forget_tries(request, name)
            return True
        throttling.note_try(request, name)
    return False


def is_recovery(code: str) -> bool:
    """Whether `code` has the form of a recovery code, and not that of a code from the app."""
    return not _plain(code).isdecimal()


def complaint(user: User, code: str) -> str:
    """Returns the message to `user`, whose `code` was refused."""
    factor = SecondFactor.objects.filter(user=user, confirmed=True).first()
    if is_recovery(code):
        return "That recovery code is invalid or has already been used."
    if factor is not None and factor.step_of(_plain(code)) is not None:
        return "That code has already been used. Wait for the next one."
    return (
        "That code is invalid. Enter the newest one, and check that your phone sets its clock automatically."
    )


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "")


def _spend(user: User, code: str) -> bool:
    if not RecoveryCode.objects.filter(user=user, digest=_digest(code)).delete()[0]:
        return False
    audit.record(None, user, "second_factor.code_used", user, left=user.recovery_codes.count())
    return True


def _digest(code: str) -> str:
    return hashlib.sha256(code.lower().encode()).hexdigest()


@transaction.atomic
def remove(user: User, actor: User | None, *, session_key: str | None = None) -> bool:
    """Removes the factor and the recovery codes of `user`, ends their sessions except the one with `session_key`, and
    notifies them by mail. Returns False if the user has no second factor. `actor` is None for an operator.
    """
    RecoveryCode.objects.filter(user=user).delete()
    if not SecondFactor.objects.filter(user=user).delete()[0]:
        return False
    end_sessions(user.pk, but=session_key)
    audit.record(None, actor, "second_factor.removed", user)
    _enqueue_mail(user, "removed")
    return True


def reset(by: Membership, member: Membership) -> bool:
    """Removes the factor of a member who has lost phone and recovery codes, as `remove` does. `by` is the owner whom
    the member has asked. Raises NotAllowed unless `by` owns all workspaces of the member, or if the member is an
    operator.
    """
    user, role = member.user, Membership.Role.OWNER
    owned = Membership.objects.filter(user=by.user, role=role).values("workspace")
    outside = Membership.objects.filter(user=user).exclude(workspace__in=owned)
    if not by.at_least(role) or outside.exists() or _runs_installation(user):
        raise NotAllowed(NOT_ALL_YOURS.format(user))
    return remove(user, by.user)


def has_helper(user: User) -> bool:
    """Whether another person owns all workspaces of `user`, and so may `reset` the factor of `user`."""
    rows = Membership.objects.filter(role=Membership.Role.OWNER, workspace__memberships__user=user)
    owners = rows.exclude(user=user).filter(user__is_active=True).values("user")
    owners_of_all = owners.annotate(count=Count("workspace")).filter(count=user.memberships.count())
    return owners_of_all.exists() and not _runs_installation(user)


def _runs_installation(user: User) -> bool:
    return user.has_perm("inbox.see_all_workspaces")


def _enqueue_mail(user: User, change: str) -> None:
    key = f"{MAIL}:{secrets.token_hex(8)}"
    enqueue(MAIL, workspace_id=None, dedupe_key=key, payload={"user_id": user.pk, "change": change})


def mail_change(ctx: JobContext) -> dict[str, str]:
    """Mails a person that their second factor has changed (a job). Raises TransientError if the mail server refuses."""
    user = User.objects.filter(pk=ctx.payload["user_id"], is_active=True).first()
    if user is None:
        return {"skipped": "There’s no active account."}
    subject, text = MAILS[ctx.payload["change"]]
    return send(f"Holdfast: {subject}", text, user.email)


@transaction.atomic
def require(workspace: Workspace, actor: User, is_required: bool) -> None:
    """Sets whether the members of `workspace` need a second factor."""
    Workspace.objects.filter(pk=workspace.pk).update(requires_second_factor=is_required)
    changes = {"requires_second_factor": [workspace.requires_second_factor, is_required]}
    audit.record(workspace.pk, actor, "workspace.change", workspace, changes=changes)


def required_by(user: User) -> list[str]:
    """Returns the names of the workspaces, and "This installation", that require a second factor of `user`."""
    rows = Workspace.objects.filter(memberships__user=user, requires_second_factor=True)
    names = list(rows.order_by("name").values_list("name", flat=True))
    needs_admin = settings.OPERATORS_NEED_FACTOR and _runs_installation(user)
    return [*names, "This installation"] if needs_admin else names
