"""The addresses: webhooks, a lead’s page, sends, packs, and what the platform’s cron calls each minute."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tests.control import calls
from tests.control.models import Account, Draft, Lead, Message, Pack, Reading, Send

logger = logging.getLogger(__name__)


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


@csrf_exempt
def email_webhook(request: HttpRequest, key: str) -> JsonResponse:
    """Stores a reply or a sent mail, and writes the draft of an answer while the provider waits."""
    account = get_object_or_404(Account, key=key)
    data = json.loads(request.body)["data"]
    mail, reply = data.get("scheduled_email"), data.get("reply")
    external_id = f"reply:{reply['id']}" if reply else f"sent:{mail['id']}"
    message = Message.objects.filter(external_id=external_id).first()
    if message:
        return JsonResponse({"success": True, "deduped": True, "leadId": str(message.lead_id)})
    lead = _lead(account, data["lead"]["email"], provider_id=str(data["lead"]["id"]))
    text = reply["text_body"] if reply else mail["email_body"]
    message = Message.objects.create(lead=lead, external_id=external_id, text=text)
    if reply:
        _write_draft(message)
    return JsonResponse({"success": True, "deduped": False, "leadId": str(lead.pk)})


@csrf_exempt
def linkedin_webhook(request: HttpRequest) -> JsonResponse:
    event = json.loads(request.body)
    message = event["message"]
    account = get_object_or_404(Account, linkedin_account=event["account_id"])
    external_id = f"linkedin:{message['id']}"
    if not Message.objects.filter(external_id=external_id).exists():
        email = f"{message['sender_id']}@linkedin.invalid"
        lead = _lead(account, email, linkedin_id=message["sender_id"])
        Message.objects.create(lead=lead, external_id=external_id, text=message["text"])
    row = Message.objects.get(external_id=external_id)
    return JsonResponse({"success": True, "leadId": str(row.lead_id)})


def _lead(account: Account, email: str, **ids: str) -> Lead:
    lead = Lead.objects.filter(account=account, email__iexact=email).first()
    return lead or Lead.objects.create(account=account, email=email, **ids)


def _write_draft(message: Message) -> None:
    try:
        text = calls.ask_model(f"Answer this reply of a prospect: {message.text}")
    except (calls.CallAborted, HTTPError):
        logger.error("Failed to generate AI draft")
        return
    Draft.objects.create(message=message, text=text)


def lead_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Shows the conversation, with the mails that EmailBison lists at this moment."""
    lead = get_object_or_404(Lead.objects.select_related("account"), pk=pk)
    texts = [mail["email_body"] for mail in calls.sent_mails(lead)]
    texts += lead.messages.values_list("text", flat=True)
    return HttpResponse("<br>".join(texts))


@csrf_exempt
def send(request: HttpRequest, pk: int) -> JsonResponse:
    """Sends a mail at once, or puts down a LinkedIn message for the cron."""
    lead = get_object_or_404(Lead.objects.select_related("account"), pk=pk)
    body = json.loads(request.body)
    if body["channel"] == "linkedin":
        Send.objects.create(lead=lead, channel="linkedin", text=body["text"], state="due")
        return JsonResponse({"state": "due"}, status=202)
    reply = lead.messages.filter(external_id__startswith="reply:").latest("pk")
    row = Send.objects.create(lead=lead, channel="email", text=body["text"], state="sending")
    try:
        calls.send_mail(lead, reply, row.text)
        row.state = "sent"
    except (calls.CallAborted, HTTPError):
        row.state = "failed"
    row.save()
    return JsonResponse({"state": row.state}, status=200 if row.state == "sent" else 502)


def follow_ups(request: HttpRequest) -> JsonResponse:
    """The cron of LinkedIn messages. What a provider refuses is in the log, and due again in a minute."""
    sent = 0
    for row in Send.objects.filter(state="due").select_related("lead__account"):
        try:
            calls.send_on_linkedin(row.lead, row.text)
        except (calls.CallAborted, HTTPError) as error:
            logger.error("Unipile request failed: %s", error)
            continue
        row.state, sent = "sent", sent + 1
        row.save()
    return JsonResponse({"success": True, "sent": sent})


@csrf_exempt
def new_pack(request: HttpRequest, key: str) -> JsonResponse:
    account = get_object_or_404(Account, key=key)
    pack = Pack.objects.create(account=account, question=json.loads(request.body)["question"])
    return JsonResponse({"id": pack.pk})


def context_packs(request: HttpRequest) -> JsonResponse:
    """The cron of packs: reads all conversations of each waiting one, all at once."""
    packs = list(Pack.objects.filter(state="waiting"))
    Pack.objects.filter(pk__in=[pack.pk for pack in packs]).update(state="done")
    for pack in packs:
        leads = Lead.objects.filter(account=pack.account, messages__external_id__startswith="reply:")
        ids = list(leads.values_list("pk", flat=True))
        with ThreadPoolExecutor(len(ids) or 1) as readers:
            list(readers.map(lambda lead_id, pack=pack: _read(pack, lead_id), ids))
    return JsonResponse({"success": True, "packs": len(packs)})


def _read(pack: Pack, lead_id: int) -> None:
    """Reads one conversation over a connection of its own, which it keeps while the model answers."""
    try:
        texts = Message.objects.filter(lead=lead_id).values_list("text", flat=True)
        text = calls.ask_model(f"{pack.question}\n" + "\n".join(texts))
        Reading.objects.create(pack=pack, lead_id=lead_id, text=text)
    finally:
        connection.close()


urlpatterns = [
    path("healthz", healthz),
    path("webhooks/email/<slug:key>/", email_webhook),
    path("webhooks/linkedin/", linkedin_webhook),
    path("leads/<int:pk>/", lead_page),
    path("leads/<int:pk>/send/", send),
    path("packs/<slug:key>/", new_pack),
    path("cron/followups/", follow_ups),
    path("cron/context-packs/", context_packs),
]
