"""What Example Mail's refusals mean, where the status does not say it: its codes stand in `error`."""

from integrations.errors import ACCOUNT_SUSPENDED, SENDER_DOWN, ProviderAuthError, ProviderRejected
from integrations.http.session import Response, ResponseVerdict


def classify(response: Response) -> ResponseVerdict | None:
    """None where the status says it all."""
    body = response.data if isinstance(response.data, dict) else {}
    code = str(body.get("error") or "")
    if code == "plan_ended":
        return ResponseVerdict(ProviderAuthError, code=ACCOUNT_SUSPENDED)
    if code == "mailbox_disconnected":
        return ResponseVerdict(ProviderRejected, code=SENDER_DOWN, cannot_send=True)
    return None
