"""Where an account's owner reconnects it: a page without log-in, behind a signed link that an admin has sent."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from inbox.health import owner_link, reconnect, watch
from inbox.health.wording import account_name

AFTERWARDS = "done"
"""The query that the provider's page comes back with."""


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def owner(request: HttpRequest, token: str) -> HttpResponse:
    """`/reconnect/<token>/`: says what is the matter; a POST makes the provider's page, which one goes on to."""
    try:
        health = owner_link.read(token)
    except owner_link.LinkExpired as expired:
        return _page(request, {"expired": True, "back": expired.back}, 200 if expired.back else 410)
    context = {"account": account_name(health), "workspace_name": health.workspace.name}
    if AFTERWARDS in request.GET:
        watch.enqueue_probe(health.integration)
        context["checking"] = True
    elif request.method == "POST":
        back = request.build_absolute_uri(f"{request.path}?{AFTERWARDS}=1")
        context["link"] = reconnect.hosted_link(health.integration, back)
    return _page(request, context)


def _page(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    return render(request, "health/owner.html", context, status=status)
