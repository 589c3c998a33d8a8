"""Sends a notice as one email to the workspace's owners and admins. The mail server gets the mail once. If the server
refuses it, it was not sent. If the connection breaks, it may have been sent.
"""

import logging
import smtplib
from contextlib import suppress
from typing import NamedTuple

from django.core.mail import EmailMessage, get_connection

from inbox.models import Membership, Workspace
from integrations.mail import is_off
from integrations.models import Notice
from jobs.db import drop_connection

logger = logging.getLogger(__name__)

ADMINS = "workspace admins"
NO_WAY = "EMAIL_URL isn’t set, or no admin has an address"
REFUSED = "the mail server didn’t accept the message"
CUT_SHORT = "the worker stopped while sending"
State = Notice.State


class End(NamedTuple):
    """The outcome of sending a notice by mail: its state (Notice.State), and the reason if it is not SENT."""

    state: str
    reason: str = ""

    @property
    def may_be_tried_again(self) -> bool:
        return self.state == State.FAILED and self.reason != NO_WAY


def post(notice: Notice, about: str = "") -> End:
    """Sends `notice` as one email. Its subject names `about`, or by default the notice's account. Errors of the mail
    server are not raised; the returned End states them.
    """
    to = recipients(notice.workspace)
    if not to or is_off():
        return End(State.FAILED, NO_WAY)
    account = notice.health.integration if notice.health else "test notification"
    subject = f"Holdfast: {about or account} in {notice.workspace.name}"
    drop_connection()
    server = get_connection()
    try:
        server.open()
        message = EmailMessage(" ".join(subject.split()), notice.text, None, to, connection=server)
    except OSError:  # smtplib's errors are of this class
        return End(State.FAILED, REFUSED)
    try:
        message.send()
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused):
        return End(State.FAILED, REFUSED)
    except OSError:
        return End(State.UNKNOWN, "the mail server closed the connection")
    finally:
        with suppress(OSError):
            server.close()
    return End(State.SENT)


def trouble() -> str:
    """Returns why mail cannot be sent; "" if a mail server is configured and accepts our login. Sends no mail."""
    if is_off():
        return "EMAIL_URL is not set"
    server = get_connection()
    try:
        server.open()
    except OSError as error:
        return f"the mail server rejected our login ({type(error).__name__}: {error})"[:300]
    server.close()
    return ""


def recipients(workspace: Workspace) -> list[str]:
    roles = [Membership.Role.OWNER, Membership.Role.ADMIN]
    admins = Membership.objects.filter(workspace=workspace, role__in=roles, user__is_active=True)
    return list(admins.exclude(user__email="").order_by("pk").values_list("user__email", flat=True))
