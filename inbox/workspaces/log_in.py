"""The login methods: a password, or the company's login (integrations.oidc). Only a membership opens a workspace."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from inbox.models import User
from inbox.workspaces import invitations, second_factor
from inbox.workspaces.people import NotAllowed, password_opens
from integrations.oidc import EndUser

NO_ACCOUNT = "{} has no account and no pending invitation here. Ask an admin of your workspace to invite you."
SOMEBODY_ELSE = "Someone else from your company has already logged in with {}. Ask an operator for help."


class EmergencyBackend(ModelBackend):
    """The password login under OIDC_ONLY. It accepts only emergency accounts (`manage.py emergency_account`)."""

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        return super().user_can_authenticate(user) and password_opens(user)


class CompanyBackend(ModelBackend):
    """Keeps sessions of the company's login valid while OIDC_ISSUER is the user's issuer. Accepts no password."""

    def authenticate(self, *_args: Any, **_credentials: Any) -> None:
        return None

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        issuer = (getattr(user, "company_key", None) or "").partition("#")[0].rstrip("/")
        return super().user_can_authenticate(user) and issuer == settings.OIDC_ISSUER != ""


def person_of(end_user: EndUser) -> User:
    """Returns the user for a person whom the company's login has proven: the user of an earlier such login, else the
    user with that address, else a new user if the address is invited. Raises NotAllowed if there is none.
    """
    key = f"{end_user.issuer}#{end_user.subject}"
    user = User.objects.filter(company_key=key).first() or _with_address(end_user, key)
    if user is None or not user.is_active:
        raise NotAllowed(NO_ACCOUNT.format(end_user.email))
    return user


def _with_address(end_user: EndUser, key: str) -> User | None:
    """Returns the user with the proven address, or a new user if the address is invited, and stores `key` in the user's
    row. Returns None if there is neither. Raises NotAllowed if the user has another key of this issuer.
    """
    try:
        with transaction.atomic():
            user = User.objects.filter(email=end_user.email).first() or _invited(end_user.email)
            if user is None:
                return None
            free = (
                Q(company_key=None) | Q(company_key=key) | ~Q(company_key__startswith=f"{end_user.issuer}#")
            )
            if not User.objects.filter(free, pk=user.pk).update(company_key=key):
                raise NotAllowed(SOMEBODY_ELSE.format(end_user.email))
            if user.address_proven_at is None:
                # Somebody else may know the password, and may have set up a second factor.
                second_factor.remove(user, None)
                user.set_unusable_password()
                User.objects.filter(pk=user.pk).update(
                    password=user.password, address_proven_at=timezone.now()
                )
    except IntegrityError:  # a simultaneous login in another window was faster
        pass
    return User.objects.filter(company_key=key).first()


def _invited(email: str) -> User | None:
    return User.objects.create_user(email) if invitations.waiting_for(User(email=email)).exists() else None
