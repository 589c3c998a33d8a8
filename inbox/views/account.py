"""Coming in, going home, and what a person likes."""

from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from inbox.access import LAST_WORKSPACE
from inbox.forms.login import LoginForm
from inbox.models import Membership, User
from inbox.safe_next import next_url


class Login(LoginView):
    """Log in by e-mail address. Without `remember` the session ends with the browser."""

    authentication_form = LoginForm

    def form_valid(self, form: LoginForm) -> HttpResponse:
        response = super().form_valid(form)
        if not form.cleaned_data["remember"]:
            self.request.session.set_expiry(0)
        return response


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The inbox of the workspace the user was in last, or of the first one; a plain page for a user without any."""
    own = Membership.objects.filter(user=request.user).order_by("workspace__name")
    last = request.session.get(LAST_WORKSPACE)
    membership = (last and own.filter(workspace_id=last).first()) or own.first()
    if membership is None:
        return render(request, "registration/no_workspace.html")
    return redirect("inbox:list", membership.workspace_id)


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Store `theme` ("", "light", "dark") or `single_keys` ("on", "off") and go back to `next`."""
    changes = {}
    if request.POST.get("theme") in User.Theme.values:
        changes["theme"] = request.POST["theme"]
    if request.POST.get("single_keys") in ("on", "off"):
        changes["single_key_shortcuts"] = request.POST["single_keys"] == "on"
    if changes:
        User.objects.filter(pk=request.user.pk).update(**changes)
    return HttpResponseRedirect(next_url(request, "/"))
