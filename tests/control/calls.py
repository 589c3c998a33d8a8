"""Calls to the providers: each abort, whatever its cause, is logged as one and the call is made again."""

import json
import logging
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from django.conf import settings

from tests.control.models import Account, Lead, Message

logger = logging.getLogger(__name__)
ATTEMPTS = 3


class CallAborted(Exception):
    """No call came to an end."""


def call(method: str, url: str, headers: Mapping[str, str], body: object, seconds: float) -> Any:
    """Returns the JSON of the answer. Raises HTTPError for a refusal, and CallAborted."""
    payload = None if body is None else json.dumps(body).encode()
    request = Request(url, payload, {"Content-Type": "application/json", **headers}, method=method)
    for _ in range(ATTEMPTS):
        try:
            with urlopen(request, timeout=seconds) as answer:
                return json.load(answer)
        except (OSError, HTTPException, ValueError) as error:
            if isinstance(error, HTTPError) and error.code < 500 and error.code != 429:
                raise
            logger.error("AbortError: This operation was aborted")
    raise CallAborted(url)


def sent_mails(lead: Lead) -> list[dict[str, Any]]:
    path = f"/api/leads/{lead.provider_id}/sent-emails"
    answer = call("GET", settings.EMAILBISON_URL + path, _bison(lead.account), None, settings.FETCH_S)
    mails: list[dict[str, Any]] = answer["data"]
    return mails


def send_mail(lead: Lead, reply: Message, text: str) -> None:
    """Answers a reply of the lead by mail."""
    body = {
        "message": text,
        "sender_email_id": 311,
        "to_emails": [{"name": "", "email_address": lead.email}],
        "content_type": "html",
        "inject_previous_email_body": False,
    }
    path = f"/api/replies/{reply.external_id.partition(':')[2]}/reply"
    call("POST", settings.EMAILBISON_URL + path, _bison(lead.account), body, settings.FETCH_S)


def send_on_linkedin(lead: Lead, text: str) -> None:
    body = {
        "account_id": lead.account.linkedin_account,
        "attendees_ids": [lead.linkedin_id],
        "text": text,
    }
    headers = {"X-API-KEY": "key-unipile"}
    call("POST", f"{settings.UNIPILE_URL}/api/v1/chats", headers, body, settings.FETCH_S)


def ask_model(prompt: str) -> str:
    """Returns what the model writes."""
    headers = {"Authorization": "Bearer key-openai"}
    body = {"model": "gpt-5-mini", "input": prompt}
    answer = call("POST", f"{settings.OPENAI_URL}/responses", headers, body, settings.DRAFT_S)
    return json.dumps(answer["output"])


def _bison(account: Account) -> dict[str, str]:
    return {"Authorization": f"Bearer {account.emailbison_key}"}
