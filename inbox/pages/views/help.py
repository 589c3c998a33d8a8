"""The pages that explain the product to setters and admins."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inbox.pages import help as pages
from inbox.pages.access import WorkspaceRequest, workspace_view


@require_safe
@workspace_view()
def help_page(request: WorkspaceRequest, name: str) -> HttpResponse:
    """`w/<workspace>/help/<name>/`: one of the pages of docs/ that are written for users."""
    try:
        title, body = pages.rendered(name)
    except (KeyError, OSError):
        raise Http404("No such page.") from None
    return render(request, "workspace/help.html", {"title": title, "body": body})
