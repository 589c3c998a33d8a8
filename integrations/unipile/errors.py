"""Classifies Unipile's refusals by their `type` (docs/reference/unipile.md, Refusals).

A table says for each type whom it concerns: the account, our own key, a limit, the recipient, or nobody. A new type
needs a row there and in the test's table. References: https://developer.unipile.com/docs/errors, and for version 2,
whose types begin with the party that refuses, https://developer.unipile.com/v2.0/reference/error-responses
"""

import re

from django.db import models

from integrations.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderFault,
    ProviderRateLimited,
    ProviderRejected,
)
from integrations.http.session import Response, ResponseVerdict

LIMIT_PAUSE_MS = 3_600_000
"""The pause of work after a limit of LinkedIn is reached. Unipile does not say when the limit ends."""


class Group(models.TextChoices):
    """The subject of a refusal, which shows who can fix it."""

    ACCOUNT_DOWN = "account_down", "the account is disconnected. Its owner must reconnect it"
    RESTRICTED = "restricted", "LinkedIn has restricted the account"
    OUR_KEY = "our_key", "Unipile refused the installation’s key. Ask the operator to fix it"
    THROTTLED = "throttled", "the account has reached a limit for now"
    RECIPIENT = "recipient", "this person can’t be reached this way"
    CREDITS = "credits", "no InMail credits are left"
    FEATURE = "feature", "the account’s plan doesn’t include this"
    BENIGN = "benign", "already so"
    PROVIDER = "provider", "Unipile or LinkedIn failed"


TYPES: dict[Group, tuple[type[ProviderError], tuple[str, ...]]] = {
    Group.ACCOUNT_DOWN: (ProviderAuthError, (
        "disconnected_account", "invalid_credentials", "expired_credentials", "wrong_account", "multiple_sessions",
        "invalid_proxy_credentials", "checkpoint_error", "insufficient_privileges", "account_mismatch",
        "session_mismatch", "unknown_authentication_context", "action_required", "invalid_account",
        "provider/invalid_authorization", "provider/invalid_credentials", "provider/account_mismatch",
        "provider/invalid_checkpoint_code", "provider/unknown_authentication_context", "api/proxy_auth_error",
    )),
    Group.RESTRICTED: (ProviderAuthError, ("account_restricted", "api/account_restricted")),
    Group.OUR_KEY: (ProviderAuthError, (
        "missing_credentials", "api/missing_authorization", "api/expired_authorization",
        "api/invalid_auth_format", "api/inactive_subscription",
    )),
    Group.THROTTLED: (ProviderRateLimited, (
        "too_many_requests", "cannot_resend_yet", "cannot_resend_within_24hrs", "connection_limit_reached",
        "limit_exceeded", "api/too_many_requests", "provider/too_many_requests",
    )),
    Group.RECIPIENT: (ProviderRejected, (
        "invalid_recipient", "no_connection_with_recipient", "blocked_recipient", "user_unreachable",
        "recipient_cannot_be_reached", "not_allowed_inmail", "invalid_resource_identifier",
    )),
    Group.CREDITS: (ProviderRejected, ("insufficient_credits", "payment_error")),
    Group.FEATURE: (ProviderRejected, (
        "disconnected_feature", "feature_not_subscribed", "subscription_required", "insufficient_permissions",
        "resource_access_restricted", "api/insufficient_permissions", "provider/insufficient_permissions",
        "api/not_implemented", "provider/method_not_allowed",
    )),
    Group.BENIGN: (ProviderRejected, ("already_connected", "already_invited_recently")),
    Group.PROVIDER: (ProviderFault, (
        "provider_unreachable", "provider/server_error", "provider/timeout", "api/internal_error",
        "api/proxy_error", "api/proxy_timeout",
    )),
}  # fmt: skip
"""The error that the types of each group mean."""
GROUPS = {code: group for group, (_, codes) in TYPES.items() for code in codes}


def group_of(code: str) -> Group | None:
    return GROUPS.get(code)


def classify(response: Response) -> ResponseVerdict | None:
    """Classifies a response by its `type`, or by its status and words if GROUPS lacks the type."""
    if response.ok:
        return None
    body = response.data if isinstance(response.data, dict) else {}
    code = str(body.get("type") or "").removeprefix("errors/")
    if code not in GROUPS:
        text = str(body.get("detail") or "") or response.content[:2000].decode(errors="replace")
        code = _by_wording(response.status, text) or code
    group = GROUPS.get(code)
    if group is None:
        return ResponseVerdict(ProviderRejected, code=code) if response.status in (403, 404) else None
    limited = group is Group.THROTTLED and response.status != 429
    return ResponseVerdict(
        TYPES[group][0],
        code=code,
        retry_after_ms=LIMIT_PAUSE_MS if limited else None,
        sent=None if group is Group.PROVIDER else False,
    )


def _by_wording(status: int, text: str) -> str:
    if status == 401:
        down = re.search(r"disconnected|reconnect", text, re.I)
        return "disconnected_account" if down else "missing_credentials"
    if status == 402:
        return "insufficient_credits"
    if status == 422 and re.search(r"recipient.{0,40}cannot be reached", text, re.I | re.S):
        return "recipient_cannot_be_reached"
    if status in (400, 403, 422) and re.search(r"\b(credits?|balance)\b", text, re.I):
        return "insufficient_credits"
    return ""
