"""The home page, the account page, and the preferences of a person."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import FormView

from inbox.models import Membership, User
from inbox.pages.access import LAST_WORKSPACE, signed_in
from inbox.pages.account import notices
from inbox.pages.account.notices import NoticesForm
from inbox.pages.safe_next import next_url
from inbox.pages.team import desks_of
from inbox.workspaces import invitations
from integrations.mail import is_off


class NameForm(forms.ModelForm):  # type: ignore[type-arg]
    """The first and last name that colleagues see. Saving it writes only these two columns."""

    class Meta:
        model = User
        fields = ("first_name", "last_name")
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
        }

    def save(self, commit: bool = True) -> User:
        self.instance.save(update_fields=self._meta.fields)
        return self.instance  # type: ignore[no-any-return]  # django-stubs does not know which model it is


class Account(FormView):  # type: ignore[type-arg]
    """`/account/`: the user's name, absences and notices."""

    template_name = "registration/account.html"
    form_class = NameForm
    success_url = reverse_lazy("account")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"instance": signed_in(self.request)}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        desks, browser = desks_of(signed_in(self.request)), notices.chosen(self.request)
        forms = [NoticesForm(instance=member, prefix=f"notices-{member.pk}") for member, _ in desks]
        return super().get_context_data(**kwargs, desks=desks, told=forms, browser=browser, mail_off=is_off())

    def form_valid(self, form: NameForm) -> HttpResponse:
        user = form.save()
        messages.success(self.request, f"You are {user.name} from now on.")
        return super().form_valid(form)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """`/`: redirects to the inbox of the workspace that the user saw last, or of the first one.

    Open invitations come first, unless the query string has `later`. A user without a workspace gets a plain page.
    """
    memberships = Membership.objects.filter(user=signed_in(request)).order_by("workspace__name")
    last = request.session.get(LAST_WORKSPACE)
    membership = (last and memberships.filter(workspace_id=last).first()) or memberships.first()
    if "later" not in request.GET and invitations.waiting_for(signed_in(request)).exists():
        return redirect("invitations")
    if membership is None:
        return render(request, "registration/no_workspace.html")
    return redirect("inbox:list", membership.workspace_id)


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Stores `theme`, `density` or `single_keys` ("on" or "off": shortcuts of one key), and redirects to `next`."""
    changes: dict[str, str | bool] = {}
    if request.POST.get("theme") in User.Theme.values:
        changes["theme"] = request.POST["theme"]
    if request.POST.get("density") in User.Density.values:
        changes["density"] = request.POST["density"]
    if request.POST.get("single_keys") in ("on", "off"):
        changes["single_key_shortcuts"] = request.POST["single_keys"] == "on"
    if changes:
        User.objects.filter(pk=signed_in(request).pk).update(**changes)
    return HttpResponseRedirect(next_url(request, "/"))
