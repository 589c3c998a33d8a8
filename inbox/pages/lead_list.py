"""The leads of the list of conversations: those of its folder that its filters leave, as a query string names them."""

from django.db.models import QuerySet
from django.http import Http404

from inbox.leads.folders import DEFAULT_FOLDER, FOLDERS, Folder, leads_in, leads_looked_at
from inbox.models import Lead
from inbox.pages.access import WorkspaceRequest, signed_in
from inbox.pages.filters import LeadFilter

ORDER = "last_message_at"


def filtered(request: WorkspaceRequest) -> tuple[Folder, LeadFilter, QuerySet[Lead]]:
    """The folder, the filter and the matching leads for the list of conversations, as the request's query string names
    them. A search (`LeadFilter.words`) is still to be made among these leads. Raises Http404 for an unknown folder.
    """
    folder = FOLDERS.get(request.GET.get("view", DEFAULT_FOLDER))
    if folder is None:
        raise Http404("No such folder.")
    leads = leads_in(request.workspace, folder.key, signed_in(request).pk)
    lead_filter = LeadFilter(request.GET, leads, request=request)
    return folder, lead_filter, lead_filter.qs if lead_filter.is_valid() else leads.none()


def looked_at(request: WorkspaceRequest, folder: Folder, lead_filter: LeadFilter) -> QuerySet[Lead] | None:
    """The leads among which a filtered list is looked for, as `keyset_page` takes them (`among`); None if no filter is
    set.
    """
    if not lead_filter.narrows:
        return None
    return leads_looked_at(request.workspace, folder.key, signed_in(request).pk, end=lead_filter.span.end)
