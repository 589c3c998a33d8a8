"""The pages on which an invited person accepts or declines an invitation, by the mailed link or after logging in."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from inbox.models import Invitation, User
from inbox.pages.access import signed_in
from inbox.pages.account.login import enter
from inbox.pages.forms import action_of
from inbox.workspaces import invitations
from inbox.workspaces.people import NotAllowed
from integrations.mail import is_off


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def by_mail(request: HttpRequest, token: str) -> HttpResponse:
    """`/invitation/<token>/`: shows an invitation. A POST accepts or declines it, as `do` says.

    Responds with 410 if the invitation is no longer open. A person who has not yet proven that the email address is
    theirs must set a new password to accept.
    """
    invitation = invitations.read(token)
    if invitation is None:
        return _by_mail(request, status=410)
    account = User.objects.filter(email=invitation.email).first()
    form = None
    if not settings.OIDC_ONLY and (account is None or account.address_proven_at is None):
        form = SetPasswordForm(account or User(email=invitation.email))
    context: dict[str, Any] = {
        "invitation": invitation,
        "form": form,
        "account": account,
        "company_first": settings.OIDC_ONLY and request.user != account,
    }
    if request.method == "GET":
        return _by_mail(request, **context)
    try:
        if action_of(request, "accept", "decline") == "decline":
            invitations.decline(invitation)
            return _by_mail(request, **context, done="declined")
        return _accept(request, context)
    except NotAllowed:  # the invitation was withdrawn or answered after it was read
        return _by_mail(request, status=410)


def _accept(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    if context["company_first"]:
        return _by_mail(request, **context, status=403)
    password = None
    if context["form"]:
        context["form"] = form = SetPasswordForm(context["form"].user, request.POST)
        if not form.is_valid():
            return _by_mail(request, **context, status=400)
        password = form.cleaned_data["new_password1"]
    membership = invitations.accept_by_mail(context["invitation"], password)
    if password is not None:
        return enter(request, membership.user, _in(request, context["invitation"]).url)
    if request.user != membership.user:
        return _by_mail(request, **context, done="joined")
    return _in(request, context["invitation"])


@require_safe
def waiting(request: HttpRequest) -> HttpResponse:
    """`/invitations/`: lists the invitations that the user has neither accepted nor declined."""
    return _own(request)


@require_POST
def answer(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Accepts or declines one of the user's invitations, as the field `do` says."""
    invitation = get_object_or_404(invitations.waiting_for(signed_in(request)), pk=invitation_id)
    try:
        if action_of(request, "accept", "decline") == "accept":
            invitations.accept(invitation, signed_in(request))
            return _in(request, invitation)
        if signed_in(request).address_proven_at is None:
            raise Http404("This invitation doesn’t exist.")
        invitations.decline(invitation)
    except NotAllowed as reason:
        return _own(request, error=str(reason), status=409)
    return redirect("home")


def _in(request: HttpRequest, invitation: Invitation) -> HttpResponseRedirect:
    messages.success(request, f"You’ve joined {invitation.workspace.name}.")
    return redirect("inbox:list", invitation.workspace_id)


def _by_mail(request: HttpRequest, *, status: int = 200, **context: object) -> HttpResponse:
    return render(request, "registration/invitation.html", context, status=status)


def _own(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    context = {"waiting": invitations.waiting_for(signed_in(request)), "error": error, "mail_off": is_off()}
    return render(request, "registration/invitations.html", context, status=status)
