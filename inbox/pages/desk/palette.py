"""Finds the leads whose name, address or number matches the words in the palette."""

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from inbox.leads.folders import leads_in
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.desk.filters import SEARCH_LIMIT
from inbox.pages.desk.search import search

MOST = 6


@require_safe
@workspace_view()
def leads_named(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/named/?q=…`: at most six leads, those with the newest message first, as JSON."""
    leads = leads_in(request.workspace, "all")
    text = request.GET.get("q", "")[:SEARCH_LIMIT]
    hits = search(leads, request.workspace, text, size=MOST, by_messages=False)
    rows = leads.in_bulk([hit.lead_id for hit in hits.hits])
    matches = [rows[hit.lead_id] for hit in hits.hits if hit.lead_id in rows]
    return JsonResponse(
        {
            "leads": [
                {
                    "name": lead.display_name,
                    "about": lead.company or lead.email,
                    "url": f"{reverse('inbox:conversation', args=[request.workspace.pk, lead.pk])}?view=all",
                }
                for lead in matches
            ]
        }
    )
