from integrations import destinations
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import SENDER_DOWN
from integrations.health import writer
from integrations.health.checks import Test, Wrong, same_account
from integrations.models import Integration
from jobs.deadline import Deadline


def lacks(account: Integration) -> tuple[str, str] | None:
    """Returns the missing URL with a sentence for users, or None. Each customer of EmailBison has their own URL."""
    if destinations.base_url(account):
        return None
    return "base_url", "Required. Every EmailBison customer has their own URL."


def probe(account: Integration, deadline: Deadline) -> None:
    """Reads the key's workspace. If mailboxes are known to be down, also reads their states and records recoveries."""
    client = EmailBisonClient.for_integration(account)
    client.account(deadline)
    health = writer.row(account)
    if health.lost_mailboxes or health.reason == SENDER_DOWN:
        senders = client.sender_emails(deadline)
        writer.look_for_mailboxes(account, lambda: senders)
        if health.reason == SENDER_DOWN and not any(sender.is_down for sender in senders):
            writer.record(account, writer.Signal(writer.SignalKind.WORKED))


def check_key(test: Test) -> str:
    """Stores the key's workspace in `test.found` for the next check."""
    test.found = EmailBisonClient.for_integration(test.account).account(test.deadline)
    return f"The key opens {test.found.workspace_name}." if test.found.workspace_name else ""


def check_account(test: Test) -> str:
    """Raises Wrong if the key's workspace is not the account's. Passes if the account or EmailBison names none."""
    same_account(str(test.found.workspace_id or ""), test.account.external_account_id)
    return (
        f"Workspace {test.found.workspace_id}."
        if test.found.workspace_id
        else ("EmailBison doesn’t name the key’s workspace.")
    )


def check_senders(test: Test) -> str:
    count = len(EmailBisonClient.for_integration(test.account).sender_emails(test.deadline))
    if not count:
        raise Wrong("This workspace has no sender address.", "Connect a mailbox in EmailBison.")
    return f"{count} sender address{'' if count == 1 else 'es'}."
