"""Classifies Slack's refusals: the Web API answers 200 with `ok: false`, and a webhook answers with plain text.

The codes are in docs/reference/slack.md, Refusals. References:
https://docs.slack.dev/reference/methods/chat.postMessage#errors,
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling-errors
"""

from integrations.errors import ProviderAuthError, ProviderFault, ProviderRateLimited, ProviderRejected
from integrations.http.session import Response, ResponseVerdict

AUTH = {
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission",
    "missing_scope", "not_allowed_token_type", "org_login_required", "ekm_access_denied", "access_denied",
    "invalid_token", "no_service", "no_team", "team_disabled",
}  # fmt: skip
"""Codes about the app, its token or its permissions. A workspace admin must act."""
CHANNEL = {"channel_not_found", "is_archived", "not_in_channel", "restricted_action", "channel_is_archived"}
"""Codes about the channel. Only a look-up of the channel proves that it is available again."""
PASSING = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "rollup_error",
    "team_added_to_org",
}
"""Codes of Slack's own failures. Part of the operation may have succeeded."""
LIMITED = {"ratelimited", "rate_limited", "message_limit_exceeded"}


def classify(response: Response) -> ResponseVerdict | None:
    """Classifies a response of Slack. An unknown refusal counts as permanent."""
    if response.status == 429 or response.status >= 500:
        return None
    if isinstance(response.data, dict):
        if response.ok and response.data.get("ok") is not False:
            return None
        code = str(response.data.get("error") or "")
    elif response.ok:
        return None
    else:
        code = response.content[:64].decode(errors="replace").strip()
    if code in AUTH:
        return ResponseVerdict(ProviderAuthError, code=code)
    if code in PASSING:
        return ResponseVerdict(ProviderFault, code=code, sent=None)
    if code in LIMITED:
        return ResponseVerdict(ProviderRateLimited, code=code)
    if response.status in (401, 403):
        return ResponseVerdict(ProviderAuthError, code=code)
    return ResponseVerdict(ProviderRejected, code=code)
