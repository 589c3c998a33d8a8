"""Cleans a provider's own words about a refusal, so that they can be stored and shown to users
(docs/adr/0037-a-refusal-is-shown-in-the-provider-s-words.md).

An error response often quotes the request: the key, an address, a text. So everything that was in our request is
removed from the provider's message, and everything that looks like an address, a number, a link, a key or a name.
"""

import json
import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import requests

LIMIT = 200
GAP = "…"
MESSAGE = ("message", "detail", "error_description", "error", "msg", "title", "reason", "data", "description")
"""The fields in which providers put their message (docs/reference, refusals of each provider), most useful first."""
DEPTH = 4
SHORTEST = 3
"""The length from which values of the request are removed. Shorter ones occur in any sentence."""
LONGEST_VALUE = 80
"""A longer value of the request is somebody's text. RUN of its words in a row are removed, and quotations from it."""
RUN = 3
PLAIN_KEYS = {"type", "status", "limit", "page"}
"""Fields of our requests whose values are words of the API and not personal data."""
OUR_HEADERS = {
    "user-agent",
    "accept",
    "content-type",
    "content-length",
    "version",
    "accept-encoding",
    "connection",
}
SCHEMES = {"Bearer", "Basic", "Token"}
PATTERNS = [
    re.compile(r"\b(?:https?|wss?)://\S+|\bwww\.\S+", re.I),
    re.compile(r"[^\s<>\"'(]+@[^\s<>\"'),;]+"),
    re.compile(r"\b(?:Bearer|Basic|Token)\s+\S+", re.I),
    re.compile(r"\b(?:xox[a-z]|xapp|sk|pk|pit|key|rk|ghp|eyJ)[-_.][\w.*-]{4,}", re.I),
    re.compile(r"(?=[\w.*+/=|-]*\d)[\w.*+/=|-]{16,}"),
    re.compile(r"\+?\(?\d[\d\s().-]{5,}\d"),
    re.compile(r"\d{5,}"),
]
QUOTED = re.compile(r"[\"'“‘«`]([^\"'”’»`]{1,400})[\"'”’»`]")
WORDS_OF_APIS = {
    "a", "accepted", "access", "account", "accounts", "active", "address", "addresses", "administrator", "admins",
    "all", "already", "an", "and", "any", "api", "app", "are", "argument", "as", "ask", "at", "attachment", "auth",
    "authentication", "authorization", "bad", "balance", "be", "been", "before", "billing", "blocked", "body",
    "bounced", "by", "calendar", "call", "called", "calls", "campaign", "campaigns", "can", "cannot", "card",
    "change", "channel", "check", "code", "company", "configured", "connected", "connection", "contact", "contacts",
    "content", "could", "credentials", "credit", "credits", "customer", "daily", "data", "date", "deactivated",
    "delivery", "denied", "did", "disabled", "disconnected", "do", "does", "domain", "due", "duplicate", "during",
    "each", "either", "email", "empty", "enabled", "error", "exceeded", "exist", "exists", "expected", "expired",
    "failed", "failure", "feature", "field", "fields", "file", "first", "for", "forbidden", "format", "found",
    "from", "given", "gmail", "google", "has", "have", "history", "host", "hour", "however", "html", "http", "id",
    "identifier", "if", "illegal", "imap", "in", "inbox", "incorrect", "instance", "instantly", "insufficient",
    "integration", "internal", "invalid", "invitation", "ip", "is", "item", "its", "json", "just", "key", "last",
    "later", "lead", "least", "length", "like", "limit", "linkedin", "list", "location", "log", "login", "long",
    "look", "mail", "mailbox", "many", "maximum", "may", "message", "messages", "method", "microsoft", "minimum",
    "missing", "more", "must", "my", "name", "need", "needed", "new", "next", "no", "none", "not", "nothing",
    "number", "object", "occurred", "of", "office", "on", "one", "only", "open", "operation", "or", "organization",
    "other", "our", "outlook", "over", "overloaded", "owner", "page", "parameter", "parameters", "parent", "part",
    "password", "path", "paused", "payload", "payment", "pending", "permission", "permissions", "phone", "plan",
    "please", "policy", "possible", "profile", "property", "provided", "provider", "query", "quota", "rate", "re",
    "reached", "read", "reason", "recipient", "reconnect", "record", "refused", "registered", "rejected", "reply",
    "request", "requests", "required", "resource", "response", "restricted", "retry", "route", "running", "say",
    "scope", "see", "seems", "select", "selected", "send", "sender", "sending", "sent", "server", "service",
    "session", "set", "settings", "short", "should", "slack", "smartlead", "sms", "smtp", "some", "something",
    "sorry", "source", "status", "stopped", "sub", "subject", "subscription", "success", "such", "support",
    "suspended", "system", "task", "team", "temporarily", "temporary", "text", "texts", "than", "that", "the",
    "there", "these", "they", "this", "thread", "time", "timeout", "title", "to", "today", "token", "too", "trial",
    "try", "twilio", "type", "unable", "unauthorized", "unavailable", "unexpected", "unipile", "unknown",
    "unprocessable", "unregistered", "unsubscribed", "unsupported", "until", "update", "upgrade", "url", "use",
    "used", "user", "users", "using", "valid", "validation", "value", "values", "verification", "verify", "wait",
    "wallet", "warming", "was", "we", "webhook", "were", "what", "when", "which", "while", "with", "within",
    "without", "work", "workspace", "would", "wrong", "you", "your",
}  # fmt: skip
"""Words that APIs use. Any other capitalised word is treated as a name."""
BORING = {status.phrase.casefold() for status in HTTPStatus} | {"error", "false", "true", "failed", "fail"}


def words_of(body: Any, content: bytes, request: requests.PreparedRequest) -> str:
    """Returns the message of a provider's error response, without everything that was in our request or looks private.

    The text has at most LIMIT characters. "…" replaces what was removed. The text is "" if nothing useful for users is
    left. `body` is the response's JSON, or None; then `content`, the response's bytes, is used if it is a short plain
    text. `request` is the request that the provider responds to.
    """
    parts: list[str] = []
    for text in _texts(body) if body is not None else _plain(content):
        text = _clean(text)
        if _says_something(text) and text not in " ".join(parts):
            parts.append(text)
    words = _scrubbed(" ".join(parts)[: 10 * LIMIT], request)
    if not re.search(r"[^\W\d_]{3}", words):
        return ""
    return words if len(words) <= LIMIT else words[: LIMIT - 1].rsplit(" ", 1)[0].rstrip(".,;: ") + GAP


def _texts(node: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for child in node[:3]:
            yield from _texts(child, depth + 1)
    elif isinstance(node, dict) and depth < DEPTH:
        candidates = (list(_texts(node.get(name), depth + 1)) for name in MESSAGE)
        first: list[str] = next((texts for texts in candidates if any(map(_says_something, texts))), [])
        yield from first
        fields = node.get("errors")
        if isinstance(fields, dict):  # EmailBison uses Laravel, which lists invalid fields like this
            for name, texts in list(fields.items())[:3]:
                yield from (f"{str(name).replace('_', ' ')}: {text}" for text in _texts(texts, depth + 1))
        else:
            yield from _texts(fields, depth + 1)


def _says_something(text: str) -> bool:
    return bool(text.strip()) and text.strip().casefold().rstrip(".!") not in BORING


def _plain(content: bytes) -> Iterator[str]:
    text = content[: 2 * LIMIT].decode(errors="replace")
    if "<" not in text and "\ufffd" not in text:  # a web page says nothing to users
        yield text


def _clean(text: str) -> str:
    text = re.sub(r"<[^>]{0,200}>", " ", text)
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _scrubbed(text: str, request: requests.PreparedRequest) -> str:
    values, long_text = _sent(request)
    text = QUOTED.sub(lambda match: GAP if match[1].casefold() in long_text else match[0], text)
    for secret in sorted(values, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", GAP, text, flags=re.I)
    for pattern in PATTERNS:
        text = pattern.sub(GAP, text)
    text = _without_names(_without_runs(text, long_text))
    return re.sub(rf"{GAP}(?:\W*{GAP})+", GAP, text).strip()


def _without_runs(text: str, long_text: str) -> str:
    """Returns the text without runs of words that are also in the request."""
    words = text.split()
    quoted: set[int] = set()
    for start in range(len(words) - RUN + 1):
        if " ".join(words[start : start + RUN]).casefold() in long_text:
            quoted.update(range(start, start + RUN))
    return " ".join(GAP if number in quoted else word for number, word in enumerate(words))


def _without_names(text: str) -> str:
    """Returns the text without capitalised words that APIs do not use, because they may be names."""

    def is_name(word: str) -> bool:
        core = word.strip("()[]\"'“”‘’,.;:!?")
        return core[:1].isupper() and core[1:].islower() and core.casefold() not in WORDS_OF_APIS

    return " ".join(GAP if is_name(word) else word for word in text.split())


def _sent(request: requests.PreparedRequest) -> tuple[set[str], str]:
    """Returns the short values in the request (also credentials and path segments), and all its text in one string."""
    parts = urlsplit(request.url or "")
    values = [unquote(part) for part in parts.path.split("/") if re.search(r"\d", part)]
    values += [text for _, text in parse_qsl(parts.query)]
    for name, text in request.headers.items():
        if name.lower() not in OUR_HEADERS:
            values += [part for part in _decoded(text).split() if part not in SCHEMES]
    values += _leaves(_body(request))
    short = {text.strip() for text in values if SHORTEST <= len(text.strip()) <= LONGEST_VALUE}
    return short, _clean(" ".join(values)).casefold()


def _body(request: requests.PreparedRequest) -> Any:
    body = _decoded(request.body or "")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return dict(parse_qsl(body, max_num_fields=1_000)) if body else None


def _leaves(node: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    if isinstance(node, dict) and depth < 20:
        for key, child in node.items():
            yield from _leaves(child, str(key), depth + 1)
    elif isinstance(node, list) and depth < 20:
        for child in node:
            yield from _leaves(child, name, depth + 1)
    elif isinstance(node, str | int) and not isinstance(node, bool) and name not in PLAIN_KEYS:
        yield str(node)


def _decoded(text: str | bytes) -> str:
    return text.decode(errors="replace") if isinstance(text, bytes) else text
