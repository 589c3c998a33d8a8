"""A notice as one e-mail to the workspace's owners and admins: handed to the mail server once.

A server that cannot be reached, or says no, has not sent it; one that breaks off in between may have.
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
NO_WAY = "EMAIL_URL is not set, or no admin has an address"
REFUSED = "the mail server did not take it"
State = Notice.State


class End(NamedTuple):
    """What became of a notice: its state (of Notice.State) and why."""

    state: str
    reason: str = ""

    @property
    def may_be_tried_again(self) -> bool:
        return self.state == State.FAILED and self.reason != NO_WAY


def post(notice: Notice) -> End:
    """Mail `notice` to those who may act on it. Raises nothing of the mail server's."""
    to = recipients(notice.workspace)
    if not to or is_off():
        return End(State.FAILED, NO_WAY)
    subject = f"Holdfast: {notice.health.integration} of {notice.workspace.name}"
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
        return End(State.UNKNOWN, "the mail server broke off")
    finally:
        with suppress(OSError):
            server.close()
    return End(State.SENT)


def answers() -> bool:
    """Whether there is a mail server, and it lets us in. Sends nothing."""
    if is_off():
        return False
    server = get_connection()
    try:
        server.open()
    except OSError:
        return False
    server.close()
    return True


def recipients(workspace: Workspace) -> list[str]:
    """The addresses of the workspace's owners and admins."""
    roles = [Membership.Role.OWNER, Membership.Role.ADMIN]
    admins = Membership.objects.filter(workspace=workspace, role__in=roles, user__is_active=True)
    return list(admins.exclude(user__email="").order_by("pk").values_list("user__email", flat=True))
