"""The page of a workspace's members. All members can see it. Admins invite people, change roles and remove members."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format

from inbox.leads import assigning
from inbox.models import Invitation, Membership
from inbox.pages.access import ADMIN, FORM, MEMBER, POST, WorkspaceRequest, asks_again, workspace_view
from inbox.pages.forms import action_of, first_error, redirect_to, refusals_shown
from inbox.pages.team import Team, team_of
from inbox.workspaces import invitations, people, second_factor
from integrations.mail import is_off

AWAY_DAYS = 366


class PersonForm(forms.Form):
    email = forms.EmailField(label="Email")
    role = forms.ChoiceField(choices=Membership.Role.choices, initial=Membership.Role.MEMBER)


class AwayForm(forms.Form):
    """The day on which a member is back, and the membership of the colleague who takes over; "" for no one."""

    until = forms.DateField(
        error_messages={
            "required": "Away until: pick the day you’re back.",
            "invalid": "Away until: enter a date like 2027-01-31.",
        }
    )
    to = forms.TypedChoiceField(
        coerce=int, empty_value=None, required=False, error_messages={"invalid_choice": "Choose a colleague."}
    )

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        heirs = [(mate.membership_id, mate.name) for mate in team.heirs]
        self.fields["to"].choices = [("", ""), *heirs]  # type: ignore[attr-defined]  # it is a ChoiceField

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        today = timezone.localdate()
        if not today < until <= today + timedelta(days=AWAY_DAYS):
            raise forms.ValidationError("Away until: pick a day from tomorrow to a year from now.")
        return until


@workspace_view()
def member_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/people/`: lists the members. Admins also see the open invitations."""
    return _page(request, PersonForm())


def _names_owner(request: HttpRequest) -> bool:
    return request.POST.get("role") == Membership.Role.OWNER


def _harms(request: HttpRequest) -> bool:
    wanted = request.POST.get("do")
    return wanted == "reset" or (wanted == "role" and _names_owner(request))


@workspace_view(ADMIN, POST)
@asks_again(_names_owner)
def add(request: WorkspaceRequest) -> HttpResponse:
    """Invites a person to the workspace. If the invitation is refused, shows the page with the reason, as 400."""
    form = PersonForm(request.POST)
    if form.is_valid():
        try:
            invitation = invitations.invite(request.membership, **form.cleaned_data)
        except people.NotAllowed as reason:
            form.add_error("email", str(reason))
        else:
            return redirect_to(request, "inbox:people", success=f"{invitation.email} has been invited.")
    return _page(request, form, status=400)


@workspace_view(ADMIN, POST)
def invitation(request: WorkspaceRequest, invitation_id: int) -> HttpResponse:
    """Mails an invitation again, or withdraws it, as the field `do` ("again" or "withdraw") says."""
    rows = Invitation.objects.filter(workspace=request.workspace)
    invited, what = get_object_or_404(rows, pk=invitation_id), action_of(request, "again", "withdraw")
    with refusals_shown(request, people.NotAllowed):
        if what == "again":
            invitations.send_again(request.membership, invited)
            messages.success(request, f"{invited.email} has been invited again.")
        else:
            invitations.withdraw(request.membership, invited)
            messages.success(request, f"{invited.email} is no longer invited.")
    return redirect_to(request, "inbox:people")


@workspace_view(ADMIN, POST)
@asks_again(_harms)
def change(request: WorkspaceRequest, membership_id: int) -> HttpResponse:
    """Changes or removes a member. `do` is remove, reset (the second factor) or role. With role, it sets the posted
    `role` if the page showed another one (`was`), and whether the member gets new leads in turn (`takes`: on or off).
    """
    rows = Membership.objects.select_related("user").filter(workspace=request.workspace)
    membership = get_object_or_404(rows, pk=membership_id)
    with refusals_shown(request, people.NotAllowed):
        messages.success(request, _do(request, membership))
    is_self = membership.pk == request.membership.pk and request.POST["do"] == "remove"
    return redirect("home") if is_self else redirect_to(request, "inbox:people")


@workspace_view(ADMIN, FORM)
@asks_again()
def security(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/people/security/`: shows how securely the members log in.

    A POST requires a second factor of everyone, or allows passwords alone, as `do` (require or allow) says.
    """
    if request.method == "POST":
        wanted = action_of(request, "require", "allow")
        second_factor.require(request.workspace, request.membership.user, wanted == "require")
        words = "now required for everyone" if wanted == "require" else "no longer required"
        return redirect_to(request, "inbox:people-security", success=f"Two-step login is {words}.")
    return render(request, "workspace/security.html", {"members": people.members_of(request.workspace)})


@workspace_view(MEMBER, POST)
def away(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/people/away/`: marks the user as away `until` a day, and hands over their waiting conversations.

    The conversations go to the membership `to`, or to no one. `do`=back ends the absence.
    """
    me, form = request.membership, AwayForm(request.POST, team=team_of(request))
    if request.POST.get("do") == "back":
        people.set_away(me, None)
        messages.success(request, "Welcome back! You’re no longer away.")
    elif not form.is_valid():
        messages.error(request, first_error(form))
    else:
        until = form.cleaned_data["until"]
        people.set_away(me, timezone.make_aware(datetime.combine(until, time())))
        with refusals_shown(request, assigning.NotAMember):
            heir = assigning.receiver(request.workspace, form.cleaned_data["to"])
            count = assigning.hand_over(me, heir)
            who = heir.user.name if heir else "no one yet"
            words = f"{count} conversation{'' if count == 1 else 's'} reassigned to {who}."
            messages.success(request, f"You’re away until {date_format(until, 'j F')}. {words}")
    return redirect("account")


def _do(request: WorkspaceRequest, membership: Membership) -> str:
    what, by = request.POST.get("do"), request.membership
    if what == "remove":
        people.remove(by, membership)
        return f"{membership.user} is no longer in this workspace."
    if what == "reset":
        second_factor.reset(by, membership)
        return f"{membership.user} now only needs a password. They’ll get an email about it."
    role, takes = request.POST.get("role"), request.POST.get("takes")
    if what != "role" or role not in Membership.Role.values:
        raise Http404("This action doesn’t exist.")
    words = []
    if role != request.POST.get("was", membership.role):
        people.change_role(by, membership, role)
        words.append(f"is now {Membership.Role(role).label.lower()}")
    if takes and (takes == "on") != membership.takes_leads:
        people.set_takes_leads(by, membership, takes == "on")
        words.append("gets new leads in rotation" if takes == "on" else "gets no new leads")
    return f"{membership.user} {' and '.join(words)}." if words else "Nothing has changed."


def _page(request: WorkspaceRequest, form: PersonForm, *, status: int = 200) -> HttpResponse:
    acts = request.membership.at_least(ADMIN)
    open_ones = invitations.open_in(request.workspace.pk) if acts else []
    context = {
        "form": form,
        "acts": acts,
        "now": timezone.now(),
        "roles": Membership.Role.choices,
        "people": people.members_of(request.workspace),
        "invited": [(row, invitations.stands(row)) for row in open_ones],
        "mail_off": is_off(),
    }
    return render(request, "workspace/people.html", context, status=status)
