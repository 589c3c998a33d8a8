"""How an EmailBison account is: whose key it is, and whether its mailboxes send."""

from integrations import health, mailboxes
from integrations.checks import Test, Wrong, same_account
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import SENDER_DOWN
from integrations.models import Integration
from jobs.deadline import Deadline


def probe(account: Integration, deadline: Deadline) -> None:
    """Whose key it is; and, where a mailbox had refused to send or is said to be lost, how its mailboxes are."""
    client = EmailBisonClient.for_integration(account)
    client.account(deadline)
    known = health.row(account)
    if known.lost_mailboxes or known.reason == SENDER_DOWN:
        down = {one.email.lower() for one in client.sender_emails(deadline) if one.is_down}
        mailboxes.look_for(account, down)
        if known.reason == SENDER_DOWN and not down:
            health.record(account, health.Signal(health.Kind.WORKED))


def check_key(test: Test) -> str:
    test.found = EmailBisonClient.for_integration(test.account).account(test.deadline)
    return f"It opens {test.found.workspace_name}." if test.found.workspace_name else ""


def check_account(test: Test) -> str:
    same_account(str(test.found.workspace_id or ""), test.account.external_account_id)
    return (
        f"Workspace {test.found.workspace_id}." if test.found.workspace_id else "EmailBison does not name it."
    )


def check_senders(test: Test) -> str:
    count = len(EmailBisonClient.for_integration(test.account).sender_emails(test.deadline))
    if not count:
        raise Wrong("It has no sender address.", "Connect a mailbox in EmailBison.")
    return f"{count} sender address{'' if count == 1 else 'es'}."
