"""The base class of the providers' clients. Its methods take a Deadline and raise the errors of integrations.errors."""

import math
import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any, NoReturn, Self, TypeVar
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel

from integrations import destinations, registry
from integrations.attachments import LARGEST
from integrations.errors import (
    INVALID_ID,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRejected,
    SecretsUnreadable,
)
from integrations.http.hosts import address_of
from integrations.http.ratelimit import RateLimit
from integrations.http.session import ProviderSession, Response, whole_response
from integrations.models import Integration
from jobs.deadline import Deadline

PATH_PART = re.compile(r"(?!\.+\Z)[^\s/\\?#%;\x00-\x1f\x7f]+")
"""Matches an id that is one path segment, even after a server has decoded its escapes and resolved its dots."""
T = TypeVar("T")
Row = TypeVar("Row", bound=BaseModel)


def secrets_of(integration: Integration) -> dict[str, str]:
    """Returns the account's own credentials by name. Raises SecretsUnreadable if no configured key can decrypt them."""
    if integration.is_unreadable:
        raise SecretsUnreadable(integration.provider)
    credentials: dict[str, str] = integration.credentials
    return credentials


def required_secret(integration: Integration, name: str) -> str:
    """Returns the account's own credential `name`, or else the installation's if it may be sent to this address."""
    secret = str(secrets_of(integration).get(name) or destinations.installation_key(integration)).strip()
    return secret or _missing(integration, name)


def base_url_of(integration: Integration) -> str:
    """Returns the base URL of the account's calls, its own or the provider's. Raises ProviderMisconfigured."""
    return destinations.base_url(integration) or _missing(integration, "base_url")


def account_id_of(integration: Integration) -> str:
    """Returns the account's id at the provider. Raises ProviderMisconfigured if the account has none."""
    setting = registry.spec_of(integration.provider).account_id
    return integration.external_account_id or _missing(integration, setting.name if setting else "account_id")


def _missing(integration: Integration, name: str) -> NoReturn:
    raise ProviderMisconfigured(f"{integration.label}: {name} isn’t set. Set it in the account’s settings.")


def session_for(
    integration: Integration, *, base_url: str, headers: Mapping[str, str] | None = None, **options: Any
) -> ProviderSession:
    """Returns a ProviderSession for the account under its provider's rate limit. `options` are further fields."""
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


def bearer_session(integration: Integration, **options: Any) -> ProviderSession:
    """Returns a session whose calls send the account's `api_key` as a bearer token."""
    headers = {"Authorization": f"Bearer {required_secret(integration, 'api_key')}"}
    return session_for(
        integration,
        base_url=base_url_of(integration),
        headers=headers | options.pop("headers", {}),
        **options,
    )


class ProviderClient:
    """Makes calls for one account."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.session_of is ProviderClient.session_of:
            raise ImproperlyConfigured(f"{cls.__module__}: {cls.__name__} has no session_of.")

    def __init__(self, session: ProviderSession) -> None:
        self._session = session

    @classmethod
    def for_integration(cls, integration: Integration) -> Self:
        """Returns a client for the account. Raises SecretsUnreadable, or ProviderMisconfigured without a setting."""
        secrets_of(integration)  # unreadable secrets are reported before a missing setting
        return cls(cls.session_of(integration))

    @staticmethod
    @abstractmethod
    def session_of(integration: Integration) -> ProviderSession:
        """Returns the session for calls of an account."""

    @property
    def account_id(self) -> str:
        return self._session.account

    def _get(
        self,
        path: str,
        operation: str,
        deadline: Deadline,
        parse: Callable[[Response], T],
        params: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> T:
        return self._session.request(
            "GET", path, operation=operation, deadline=deadline, params=params, parse=parse, **options
        )

    def _post(
        self,
        path: str,
        operation: str,
        deadline: Deadline,
        body: Mapping[str, Any] | None,
        parse: Callable[[Response], T] = whole_response,
        method: str = "POST",
        **options: Any,
    ) -> T:
        return self._session.request(
            method, path, operation=operation, deadline=deadline, json=body, parse=parse, **options
        )

    def _pages(
        self,
        path: str,
        operation: str,
        deadline: Deadline,
        parse: Callable[[Response], tuple[list[T], dict[str, Any]]],
        most: int,
        params: Mapping[str, Any] | None = None,
        *,
        whole: bool = True,
    ) -> Iterator[list[T]]:
        def read(position: dict[str, Any]) -> tuple[list[T], dict[str, Any]]:
            return self._get(path, operation, deadline, parse, {**(params or {}), **position})

        return pages(read, most, self._session.provider if whole else "")

    def _entries(self, *call: Any, **options: Any) -> Iterator[Any]:
        return chain.from_iterable(self._pages(*call, **options))

    def file_at(self, url: str, deadline: Deadline) -> bytes:
        """Returns the file at a webhook's URL. Raises HostRefused for a path, because the key would be sent with it."""
        address_of(self._session.provider, url)
        return self.file(url, deadline)

    def file(self, path: str, deadline: Deadline) -> bytes:
        """Returns the file at a path or URL, of at most LARGEST bytes. Makes one attempt, limited only by the Deadline.

        The session's headers contain the key, so they are sent only to the address of the session's calls. Raises
        HostRefused if the provider may not be called at that URL.
        """
        session = replace(self._session, max_retries=0, timeout_ms=math.ceil(deadline.remaining_ms()))
        home = address_of(session.provider, session.base_url)
        if not path.startswith("/") and address_of(session.provider, path) != home:
            session = replace(session, headers={}, params={})
        return session.request(
            "GET",
            path,
            operation="file",
            deadline=deadline,
            headers={"Accept": "*/*"},
            file_limit=LARGEST,
            parse=lambda response: response.content,
        )


def path_part(provider: str, text: str) -> str:
    """Returns the id `text` as one path segment. Ids come from webhooks, and the id ".." would change the call."""
    if not PATH_PART.fullmatch(text):
        raise ProviderRejected(provider, code=INVALID_ID, sent=False)
    return quote(text, safe="")


def number_part(provider: str, text: str) -> int:
    """Returns the numeric id in `text`. Raises ProviderRejected if `text` is not a number."""
    if not (text.isascii() and text.isdecimal()):
        raise ProviderRejected(provider, code=INVALID_ID, sent=False)
    return int(text)


def items_of(body: Any, *names: str) -> list[dict[str, Any]]:
    """Returns the JSON objects of a list: a bare array, or one under `data` or one of `names`, nested at most twice.

    Raises ValueError if the body contains no list; ProviderSession turns this into ProviderFault.
    """
    for _ in range(3):
        if isinstance(body, list):
            return [entry for entry in body if isinstance(entry, dict)]
        if not isinstance(body, dict):
            break
        body = next((body[name] for name in (*names, "data") if name in body), None)
    raise ValueError("no list in the answer")


def single(model: type[Row], *names: str) -> Callable[[Response], Row]:
    """Returns a parser for a response that is one object, or that contains it under one of `names`."""
    return lambda response: model.model_validate(
        next((response.data[name] for name in names if response.data.get(name)), response.data)
    )


def rows(model: type[Row], *names: str) -> Callable[[Response], list[Row]]:
    """Returns a parser for a response that is a list, as in `items_of`."""
    return lambda response: [model.model_validate(entry) for entry in items_of(response.data, *names)]


def page(
    model: type[Row], position: str, following: str, *names: str
) -> Callable[[Response], tuple[list[Row], dict[str, Any]]]:
    """Returns a parser for one page of a list. The next query passes the field `following` as parameter `position`."""

    def read(response: Response) -> tuple[list[Row], dict[str, Any]]:
        cursor = str(response.data.get(following) or "")
        return rows(model, *names)(response), {position: cursor} if cursor else {}

    return read


def pages(
    read: Callable[[dict[str, Any]], tuple[list[T], dict[str, Any]]], most: int, whole: str = ""
) -> Iterator[list[T]]:
    """Yields at most `most` pages of a list, and reads each page only when it is needed.

    `read(query)` returns a page and the query of the next page; the query is {} after the last page. The first query is
    {}. A repeated query ends the list, so that a provider's bug cannot make it endless. `whole` names the provider if
    the list must be complete. Then ProviderFault is raised if the list has more pages, or if a page with entries names
    an earlier page as the next one.
    """
    query: dict[str, Any] = {}
    queries = []
    for _ in range(most):
        entries, following = read(query)
        yield entries
        queries.append(query)
        query = following
        if not query or (query in queries and not entries):
            return
        if query in queries:
            break
    if whole:
        raise ProviderFault(whole, code="list_cut_off", sent=False)


def until_older(lists: Iterator[list[Any]], since: datetime) -> Iterator[Any]:
    """Yields the entries that are not before `since` (aware), and those without a time. The provider sorts the pages
    newest first, but by another time than `at` of the entries. Reading stops after the first page whose entries are all
    older.
    """
    for entries in lists:
        recent = [entry for entry in entries if entry.at is None or entry.at >= since]
        yield from recent
        if entries and not recent:
            return
