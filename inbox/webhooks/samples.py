"""Delivers an invented reply, so that people see what happens to a reply before the first real reply has arrived.

The reply has the form of the account's provider, and takes the path of every delivery. Only the attribute `sample` of
its view differs, and no address leads to such a view (docs/adr/0071-a-sample-is-marked-by-its-view.md).
"""

import json
import logging
from io import BytesIO
from uuid import UUID, uuid4

from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.db.models import QuerySet
from django.urls import resolve
from django.utils import timezone

from inbox.models import Lead, User, WebhookDelivery, Workspace, audit
from inbox.workspaces.creation import webhook_path
from integrations import registry
from integrations.events import Person
from integrations.models import Integration, WebhookKey
from integrations.spec import SampleReply, WebhookSource

logger = logging.getLogger(__name__)
MOST = 10
"""The maximum number of invented replies per workspace at a time, because the model reads and answers each of them."""
NORA = Person(
    email="nora.lund@sample.invalid",
    phone="+15555550199",
    linkedin_member_id="sample-nora-lund",
    first_name="Nora",
    last_name="Lund",
    company="Lund Ceramics",
)
"""This person does not exist: no address ends in .invalid, and no telephone number has the area code 555."""
SUBJECT = "Re: a quick question"
TEXT = "Sounds useful. What would the first month look like, and could we talk on Thursday?"


class NoSample(Exception):
    """No invented reply can be delivered. The text is a sentence for users with the remedy."""


def send(integration: Integration, user: User) -> Lead:
    """Posts an invented reply to the account's webhook address within this process. Returns the sample lead that the
    event creates.

    Raises NoSample if the account accepts no sample, or if the workspace already has 10.
    """
    source = registry.address_of(integration.provider)
    if source is None or not source.sample:
        raise NoSample(f"{integration.label} doesn’t deliver messages, so there’s nothing to test.")
    if not integration.enabled:
        raise NoSample(f"{integration.label} is off. Turn it on in the account’s settings.")
    if WebhookDelivery.objects.filter(lead__in=of(integration.workspace_id), sample=True).count() >= MOST:
        raise NoSample(f"There are already {MOST} test events. Remove them first.")
    answer = _post(source, _key(integration), integration.external_account_id)
    if not answer.get("leadId"):
        # the declared sample has a defect, or somebody has given a lead the sample's address
        logger.error("sample not taken", extra={"source": source.name, "answer": answer.get("error")})
        raise NoSample("The test event failed. Open it under Deliveries to see why.")
    lead = Lead.objects.get(pk=str(answer["leadId"]), workspace_id=integration.workspace_id)
    audit.record(integration.workspace_id, user, "sample.sent", integration, lead=str(lead.pk))
    return lead


def _key(integration: Integration) -> str:
    key = WebhookKey.objects.usable().filter(integration=integration).order_by("-created_at").first()
    if key is None:
        raise NoSample("The account has no webhook URL yet. Create one with Rotate under Accounts.")
    if key.is_unreadable:
        raise NoSample(
            "The webhook URL’s key can’t be read with the current FIELD_ENCRYPTION_KEYS. Rotate it under "
            "Accounts."
        )
    return str(key.secret)


def _post(source: WebhookSource, key: str, account_id: str) -> dict[str, object]:
    assert source.sample  # the caller has checked that the account accepts samples
    reply = SampleReply(
        id=f"sample-{uuid4()}",
        person=NORA,
        subject=SUBJECT,
        text=TEXT,
        account_id=account_id,
        at=timezone.now(),
    )
    path = webhook_path(source.name, key)
    match = resolve(path)
    view = match.func.view_class.as_view(**match.func.view_initkwargs, sample=True)  # type: ignore[attr-defined]
    answer: dict[str, object] = view(_request(path, source.sample(reply)), **match.kwargs).data
    return answer


def _request(path: str, body: dict[str, object]) -> WSGIRequest:
    raw = json.dumps(body).encode()
    return WSGIRequest(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(raw)),
            "HTTP_USER_AGENT": "Holdfast (test event)",
            "SERVER_NAME": "holdfast",
            "SERVER_PORT": "443",
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(raw),
        }
    )


def of(workspace_id: UUID) -> QuerySet[Lead]:
    """Returns the sample leads of the workspace."""
    return Lead.objects.filter(workspace_id=workspace_id, sample=True)


def remove(workspace: Workspace, user: User) -> int:
    """Deletes the workspace's samples with their messages, drafts and deliveries. Returns the number of leads."""
    with transaction.atomic():
        leads = [lead.pk for lead in of(workspace.pk).select_for_update().order_by("pk")]
        WebhookDelivery.objects.filter(workspace=workspace, lead__in=leads, sample=True).delete()
        of(workspace.pk).filter(pk__in=leads).delete()
        if leads:
            audit.record(workspace.pk, user, "samples.removed", workspace, count=len(leads))
    return len(leads)
