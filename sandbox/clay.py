"""Simulates Clay as far as Holdfast uses it: a table accepts rows and, if a webhook is configured, posts a result for
each.

The sandbox invents the result from the row, so equal rows get equal results. Tables with "linkedin" in their names find
a profile, other tables a phone number. For rows with "nobody" in the name or address, nothing is found.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.outbox import Webhook
from sandbox.provider import Call, Provider
from sandbox.state import Shelf
from sandbox.web import Request, Response, Router, json_response

routes = Router()


@dataclass
class Table:
    rows: dict[int, dict[str, Any]] = field(default_factory=Shelf)


class Clay(Provider):
    name = "clay"
    routes = routes
    new_data = Table
    texts = {400: "Webhook could not be processed", 500: "Webhook could not be processed"}

    def credential(self, request: Request) -> str:
        return request.path.strip("/")

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        return {"error": text}

    def signature(self, webhook: Webhook, payload: bytes) -> dict[str, str]:
        return {"x-clay-signature": webhook.signature(payload) if webhook.hmac else webhook.secret}


@routes.on("POST", "/{table}", "/{folder}/{table}", "/{folder}/{part}/{table}")
def add_row(call: Call) -> Response:
    row = call.request.data
    number = call.account.next_id()
    call.store.rows[number] = row
    call.sent("row", number, to=str(row.get("leadId") or ""), text=json.dumps(row, sort_keys=True))
    kind = "linkedin" if "linkedin" in call.account.name.lower() else "phone"
    searched = f"{row.get('fullName')} {row.get('emailAddress')}".lower()
    call.tell(_result(kind, row, success="nobody" not in searched))
    return json_response({"success": True})


def _result(kind: str, row: dict[str, Any], *, success: bool) -> dict[str, Any]:
    callback: dict[str, Any] = {"leadId": row.get("leadId"), "enrichmentType": kind}
    if not success:
        return callback | {"status": "not_found"}
    name = str(row.get("fullName") or row.get("emailAddress") or "someone")
    if kind == "linkedin":
        slug = re.sub(r"[^a-z0-9]+", "-", name.partition("@")[0].lower()).strip("-")
        return callback | {"status": "success", "linkedinUrl": f"https://www.linkedin.com/in/{slug}-example"}
    number = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 10_000
    return callback | {"status": "success", "phone": f"+1555555{number:04d}"}


PLAYER = Clay()
