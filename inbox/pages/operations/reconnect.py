"""The page on which an account's owner reconnects it: without a log-in, by the signed link that an admin sent."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from inbox.health import owner_link, reconnect
from inbox.workspaces.accounts import account_name
from integrations.health import probes

AFTERWARDS = "done"
"""The query parameter with which the provider's page returns here."""


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def owner(request: HttpRequest, token: str) -> HttpResponse:
    """`/reconnect/<token>/`: tells an account's owner what is wrong. A POST gets the provider's reconnect page and
    shows a link to it.
    """
    try:
        health = owner_link.read(token)
    except owner_link.LinkExpired as expired:
        return _page(request, {"expired": True, "back": expired.back}, 200 if expired.back else 410)
    context: dict[str, object] = {"account": account_name(health), "workspace_name": health.workspace.name}
    if AFTERWARDS in request.GET:
        probes.enqueue_probe(health.integration)
        context["checking"] = True
    elif request.method == "POST":
        back = request.build_absolute_uri(f"{request.path}?{AFTERWARDS}=1")
        context["link"] = reconnect.hosted_link(health.integration, back)
    return _page(request, context)


def _page(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    return render(request, "health/owner.html", context, status=status)
