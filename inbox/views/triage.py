"""Done, snooze, unread for ticked rows or the open conversation, and undo."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import date
from django.urls import reverse
from django.views.decorators.http import require_POST

from inbox import triage
from inbox.access import workspace_view
from inbox.forms.conversation import TriageForm
from inbox.models import Lead
from inbox.pagination import cursor_of, keyset_page
from inbox.views.threads import ORDER, filtered


@require_POST
@workspace_view()
def decide(request: HttpRequest) -> HttpResponse:
    """`do` (done, unread, snooze) for the leads in `lead`; the query string is that of the list.

    With `open` (the conversation it was pressed in) done and snooze go on to the next older one of the list.
    """
    form = TriageForm({**request.POST.dict(), "lead": request.POST.getlist("lead")})
    if not form.is_valid():
        messages.error(request, form.problem())
        return HttpResponseRedirect(_list_url(request))
    fields = {
        "done": triage.DONE,
        "unread": triage.UNREAD,
        "snooze": triage.snoozed(form.snooze_until(request.workspace.opens_at))
        if form.action == "snooze"
        else {},
    }[form.action]
    target = _after(request, form) or _list_url(request)
    outcome = triage.change(request.workspace, form.cleaned_data["lead"], fields)
    _tell(request, form, outcome)
    return HttpResponseRedirect(target)


@require_POST
@workspace_view()
def undo(request: HttpRequest) -> HttpResponse:
    """Take the decision back that `token` stands for."""
    try:
        count = triage.undo(request.workspace, request.POST.get("token", ""))
    except BadSignature:
        messages.error(request, "That is too long ago to undo.")
    else:
        messages.info(request, "Undone." if count else "Nothing to undo: a newer message came in.")
    return HttpResponseRedirect(_list_url(request))


def _list_url(request: HttpRequest) -> str:
    return f"{reverse('inbox:list', args=[request.workspace.pk])}?{urlencode(request.GET.dict())}"


def _after(request: HttpRequest, form: TriageForm) -> str:
    """The conversation that follows the open one in the list, if that is where the button was pressed."""
    if form.action == "unread" or not request.POST.get("open"):
        return ""
    lead = Lead.objects.filter(workspace=request.workspace, pk=form.cleaned_data["lead"][0].lead_id).first()
    if lead is None or lead.last_message_at is None:
        return ""
    following = keyset_page(filtered(request)[2], ORDER, after=cursor_of(lead, ORDER), size=1).rows
    if not following:
        return ""
    url = reverse("inbox:conversation", args=[request.workspace.pk, following[0].pk])
    return f"{url}?{urlencode(request.GET.dict())}"


def _tell(request: HttpRequest, form: TriageForm, outcome: triage.Outcome) -> None:
    who = outcome.leads[0].display_name if len(outcome.leads) == 1 else f"{len(outcome.leads)} conversations"
    what = {
        "done": f"Done: {who}",
        "unread": f"Unread: {who}",
        "snooze": f"Snoozed {who} until {date(form.cleaned_data['until'], 'j F')}"
        if form.action == "snooze"
        else "",
    }[form.action]
    if outcome.leads:
        messages.success(request, what, extra_tags=outcome.undo)
    if outcome.missed:
        messages.warning(request, f"{outcome.missed} left as it was: a newer message came in, or it is gone.")
