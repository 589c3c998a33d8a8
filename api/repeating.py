"""Makes it safe to repeat a write: for 24 hours, a request with the same Idempotency-Key gets the first response.

One transaction locks the token and key, does the write and stores the response. If the process dies, either both the
write and the response are stored or neither. A 409 response is not stored, because the request changed nothing and may
succeed later (docs/adr/0088-programs-repeat-without-fear.md).
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from api.base import ApiView
from api.problems import REFUSALS, TYPE, Conflict, Unprocessable
from inbox.models import locks
from integrations.models import IdempotencyKey

HEADER = "Idempotency-Key"
LIFETIME = timedelta(hours=24)
LONGEST = 200

Write = Callable[..., Response]


def repeatable(write: Write) -> Write:
    """A decorator for those methods of an ApiView that write. The decorated method runs in one transaction.
    `view.lead_id` is the lead that the response is about. When that lead is erased, the stored response is emptied.
    """

    @wraps(write)
    def repeatable_write(view: ApiView, request: Request, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER, "")
        if len(key) > LONGEST or (view.needs_key and not key):
            raise serializers.ValidationError({HEADER: [f"Send a key of 1 to {LONGEST} characters."]})
        with transaction.atomic():
            return _under_key(view, request, write, key, kwargs) if key else write(view, request, **kwargs)

    vars(repeatable_write)["repeatable"] = True
    return repeatable_write


def _under_key(view: ApiView, request: Request, write: Write, key: str, kwargs: dict[str, Any]) -> Response:
    if not locks.take("idempotency", view.token.pk, key):
        raise Conflict("A request with this key is still running. Try again in a moment.", "still_running")
    rows = IdempotencyKey.objects.filter(token=view.token, key=key)
    rows.filter(created_at__lt=timezone.now() - LIFETIME).delete()
    body_hash = _hash(request)
    if row := rows.first():
        return _replayed(row, body_hash)
    try:
        with transaction.atomic():
            response = write(view, request, **kwargs)
    except (APIException, Http404, *REFUSALS) as error:
        response = view.handle_exception(error)
    if response.status_code == HTTPStatus.CONFLICT:
        return response
    answer = json.loads(JSONRenderer().render(response.data) or "null")
    try:
        IdempotencyKey.objects.create(
            token=view.token,
            key=key,
            body_hash=body_hash,
            status=response.status_code,
            answer={"body": answer},
            lead_id=view.lead_id,
        )
    except IntegrityError as error:
        raise Conflict(
            "A request with this key is still running. Try again in a moment.", "still_running"
        ) from error
    return response


def _hash(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True)
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()


def _replayed(row: IdempotencyKey, body_hash: str) -> Response:
    if row.body_hash != body_hash:
        raise Unprocessable("This key was already used for a different request.", "idempotency_key_reused")
    if not row.answer:  # the lead of the stored response was erased
        raise Http404
    content_type = TYPE if row.status >= 400 else None
    headers = {"Idempotent-Replayed": "true"}
    return Response(row.answer["body"], status=row.status, headers=headers, content_type=content_type)
