"""Helpers that all provider clients use: an account's session and credentials, paths, list answers, and files."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from integrations import destinations, registry
from integrations.attachments import LARGEST
from integrations.errors import ProviderMisconfigured, ProviderRejected, SecretsUnreadable
from integrations.http.hosts import address_of
from integrations.http.ratelimit import RateLimit
from integrations.http.session import ProviderSession
from integrations.models import Integration
from jobs.deadline import Deadline

PATH_PART = re.compile(r"(?!\.+\Z)[^\s/\\?#%;\x00-\x1f\x7f]+")
"""An id that stays one part of a path, however often its escapes are read and its dots followed on the way."""


def secrets_of(integration: Integration) -> dict[str, str]:
    """The provider account's own credentials by name; {} if it has none. Raises SecretsUnreadable if no configured key
    can decrypt them. The installation's credentials must not be used then: they may open another account.
    """
    if integration.is_unreadable:
        raise SecretsUnreadable(integration.provider)
    credentials: dict[str, str] = integration.credentials
    return credentials


def has_secrets(integration: Integration) -> bool:
    """Whether the provider account has credentials of its own, even if they cannot be read. Decrypts nothing."""
    return integration.has_secrets


def required_secret(integration: Integration, name: str) -> str:
    """The credential `name` that calls to the provider carry: the account's own, else the
    installation's if it may go to this address.

    Raises ProviderMisconfigured if there is none, and SecretsUnreadable if it cannot be decrypted.
    """
    secret = str(secrets_of(integration).get(name) or destinations.installation_key(integration)).strip()
    if not secret:
        raise ProviderMisconfigured(
            f"{integration.label}: {name} is not set. Set it in the integration's settings."
        )
    return secret


def base_url_of(integration: Integration) -> str:
    """The base URL of calls with this account: its own, else the provider's default. Raises
    ProviderMisconfigured if there is neither.
    """
    url = destinations.base_url(integration)
    if not url:
        raise ProviderMisconfigured(
            f"{integration.label}: base_url is not set. Set it in the integration's settings."
        )
    return url


def session_for(
    integration: Integration, *, base_url: str, headers: Mapping[str, str] | None = None, **options: Any
) -> ProviderSession:
    """A ProviderSession (which makes the HTTP calls) for the account, under its provider's rate limit.

    `options` are other fields of ProviderSession.
    """
    limit = registry.spec_of(integration.provider).call_limit
    if limit:
        key = f"{integration.provider}:{integration.external_account_id or integration.pk}"
        options["rate_limit"] = RateLimit(key, limit.calls, limit.window_s)
    return ProviderSession(
        provider=integration.provider,
        base_url=base_url,
        headers=headers or {},
        workspace_id=integration.workspace_id,
        integration_id=integration.pk,
        account=integration.external_account_id,
        **options,
    )


def path_part(provider: str, text: str) -> str:
    """The id `text` as one part of the path of a call to `provider`. Ids come from webhooks, and with one such as ".."
    the call would go to another path. Raises ProviderRejected for such an id.
    """
    if not PATH_PART.fullmatch(text):
        raise ProviderRejected(provider, code="invalid_id", sent=False)
    return quote(text, safe="")


def items_of(body: Any, *names: str) -> list[dict[str, Any]]:
    """The JSON objects of an API answer that is a list: a bare array, or an array under `data` or one of `names`,
    nested at most twice. Items that are no objects are left out.

    Raises ValueError if there is no list. ProviderSession turns that into ProviderFault.
    """
    for _ in range(3):
        if isinstance(body, list):
            return [entry for entry in body if isinstance(entry, dict)]
        if not isinstance(body, dict):
            break
        body = next((body[name] for name in (*names, "data") if name in body), None)
    raise ValueError("no list in the answer")


def file_from(session: ProviderSession, path: str, deadline: Deadline) -> bytes:
    """The file at `path`, which begins with a slash or is a whole URL: at most LARGEST bytes, asked for once, within
    the Deadline alone. Raises a ProviderError, and HostRefused if the provider may not be called there.
    """
    return replace(session, max_retries=0).request(
        "GET",
        path,
        operation="file",
        deadline=deadline,
        headers={"Accept": "*/*"},
        timeout_ms=math.ceil(deadline.remaining_ms()),
        file_limit=LARGEST,
        parse=lambda response: response.content,
    )


def file_at(
    integration: Integration, url: str, headers: Mapping[str, str], deadline: Deadline, **options: Any
) -> bytes:
    """The file at `url`, which a message named. `headers` hold the key, so they are sent only to the address to which
    the account's calls go. Raises what `file_from` raises.
    """
    same_address = address_of(integration.provider, url) == destinations.leads_to(integration)
    session = session_for(integration, base_url="", headers=headers if same_address else {}, **options)
    return file_from(session, url, deadline)
