"""What Slack's refusals mean: the Web API's, HTTP 200 with `ok: false`, and a webhook's plain text.

The codes: docs/reference/slack.md, Refusals.
References: https://docs.slack.dev/reference/methods/chat.postMessage#errors,
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling-errors
"""

from integrations.errors import ProviderAuthError, ProviderFault, ProviderRateLimited, ProviderRejected
from integrations.http import Response, Verdict

AUTH = {
    "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission",
    "missing_scope", "not_allowed_token_type", "org_login_required", "ekm_access_denied", "access_denied",
    "invalid_token", "no_service", "no_team", "team_disabled",
}  # fmt: skip
"""The app, its token or its rights: a workspace admin has to act."""
CHANNEL = {"channel_not_found", "is_archived", "not_in_channel", "restricted_action", "channel_is_archived"}
"""The channel, not the app: only a look at the channel proves that it is there again."""
PASSING = {
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "rollup_error",
    "team_added_to_org",
}
"""Slack's own trouble; part of the operation may have succeeded."""
LIMITED = {"ratelimited", "rate_limited", "message_limit_exceeded"}


def classify(response: Response) -> Verdict | None:
    """For both kinds of address. Everything unknown that is refused is permanent."""
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
        return Verdict(ProviderAuthError, code=code)
    if code in PASSING:
        return Verdict(ProviderFault, code=code, sent=None)
    if code in LIMITED:
        return Verdict(ProviderRateLimited, code=code)
    if response.status in (401, 403):
        return Verdict(ProviderAuthError, code=code)
    return Verdict(ProviderRejected, code=code)
