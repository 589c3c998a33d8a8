"""Who is in the workspace. Everybody sees it; admins let people in, change roles, and take people out."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from inbox import people
from inbox.access import workspace_view
from inbox.forms.workspace import PersonForm
from inbox.models import Membership

ADMIN = Membership.Role.ADMIN


@require_safe
@workspace_view()
def member_list(request: HttpRequest) -> HttpResponse:
    """`w/<workspace>/people/`"""
    return _page(request, PersonForm())


@require_POST
@workspace_view(ADMIN)
def add(request: HttpRequest) -> HttpResponse:
    """Let `email` in as `role`."""
    form = PersonForm(request.POST)
    if form.is_valid():
        try:
            added = people.add(request.membership, **form.cleaned_data)
        except people.NotAllowed as reason:
            form.add_error("email", str(reason))
        else:
            messages.success(request, f"{added.user.email} is in.")
            return redirect("inbox:people", request.workspace.pk)
    return _page(request, form, status=400)


@require_POST
@workspace_view(ADMIN)
def change(request: HttpRequest, membership_id: int) -> HttpResponse:
    """`do`: role (to `role`), takes (`takes`: on or off), remove, or link (show where the person sets a password)."""
    rows = Membership.objects.select_related("user").filter(workspace=request.workspace)
    membership = get_object_or_404(rows, pk=membership_id)
    if request.POST.get("do") == "link":
        if not people.may_have_link(membership):
            raise Http404("No such link.")
        return _page(request, PersonForm(), link_of=membership)
    try:
        said = _do(request, membership)
    except people.NotAllowed as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, said)
    left = membership.pk == request.membership.pk and request.POST["do"] == "remove"
    return redirect("home") if left else redirect("inbox:people", request.workspace.pk)


def _do(request: HttpRequest, membership: Membership) -> str:
    what, by = request.POST.get("do"), request.membership
    if what == "remove":
        people.remove(by, membership)
        return f"{membership.user} is out of this workspace."
    if what == "takes":
        people.set_takes_leads(by, membership, request.POST.get("takes") == "on")
        return "Saved."
    role = request.POST.get("role")
    if what != "role" or role not in Membership.Role.values:
        raise Http404("No such action.")
    people.change_role(by, membership, role)
    return f"{membership.user} is {Membership.Role(role).label.lower()} now."


def _page(
    request: HttpRequest, form: PersonForm, *, link_of: Membership | None = None, status: int = 200
) -> HttpResponse:
    acts = request.membership.at_least(ADMIN)
    rows = people.members_of(request.workspace)
    context = {
        "form": form,
        "acts": acts,
        "roles": Membership.Role.choices,
        "people": [(row, acts and people.may_have_link(row)) for row in rows],
        "link": link_of and request.build_absolute_uri(people.password_path(link_of.user)),
        "link_of": link_of,
    }
    return render(request, "workspace/people.html", context, status=status)
