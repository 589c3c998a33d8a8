"""The models of a person's second factor: the key that their phone shares with us, and the recovery codes."""

import time
from typing import ClassVar

from django.db import models
from django_otp.models import Device
from django_otp.oath import TOTP
from django_otp.util import random_hex

from integrations.fields import EncryptedJSONField, Unreadable
from jobs.columns import unique

TOLERANCE = 1
"""The number of 30 s steps by which a phone's clock may differ from ours."""


class SecondFactor(Device):  # type: ignore[misc]  # django-otp has no types
    """The app on a person's phone that shows codes. It counts as a second factor only after a first code has set
    `confirmed`.

    django-otp's own device is not used: its key is stored in plain text, and anybody's wrong codes lock the owner out.
    """

    user = models.OneToOneField("inbox.User", on_delete=models.CASCADE, related_name="second_factor")
    key = EncryptedJSONField(default=random_hex)
    last_step = models.BigIntegerField(default=-1, help_text="The 30 s step of the last code used.")
    objects: ClassVar[models.Manager["SecondFactor"]] = models.Manager()

    def verify_token(self, token: str) -> bool:
        """Whether `token` is a current, unused code. Of several requests with the same code, only one gets True."""
        step = self.step_of(token)
        if step is None or step <= self.last_step:
            return False
        older = SecondFactor.objects.filter(pk=self.pk, last_step__lt=step)
        return bool(older.update(last_step=step))

    def step_of(self, token: str) -> int | None:
        """Returns the number of the 30 s step (now, or at most TOLERANCE from now) whose code is `token`, or None."""
        if isinstance(self.key, Unreadable) or not (
            token.isascii() and token.isdecimal() and len(token) == 6
        ):
            return None
        totp = TOTP(bytes.fromhex(self.key))
        totp.time = time.time()
        return totp.t() if totp.verify(int(token), TOLERANCE) else None


class RecoveryCode(models.Model):
    """The SHA-256 of a code that permits one login without the phone. With 79 random bits, it needs no salt."""

    user = models.ForeignKey("inbox.User", on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [unique("recovery_code_once", "user", "digest")]

    def __str__(self) -> str:
        return f"A recovery code of {self.user}"
