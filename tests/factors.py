"""A person's second factor in tests: one that is set up, and the code that its phone shows."""

import time

from django_otp.oath import TOTP

from inbox.models import SecondFactor, User


def make_factor(user: User) -> SecondFactor:
    return SecondFactor.objects.create(user=user, name="Phone", confirmed=True)


def code_of(factor: SecondFactor, steps: int = 0) -> str:
    """What the phone shows now, or so many steps of 30 s later."""
    totp = TOTP(bytes.fromhex(SecondFactor.objects.get(pk=factor.pk).key), drift=steps)
    totp.time = time.time()
    return f"{totp.token():06}"
