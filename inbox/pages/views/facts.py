"""The pages of a workspace's facts. Everybody may read them; admins write them, by hand or from a file."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from inbox.models import Membership, WorkspaceFact
from inbox.models.workspace_fact import MOST
from inbox.pages import csvs, factbook_csv
from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.pages.forms.facts import WORDS, FactFileForm, FactForm
from inbox.workspaces import factbook

ADMIN = Membership.Role.ADMIN
Kind = WorkspaceFact.Kind


@require_safe
@workspace_view()
def fact_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/facts/?q=<words>`: lists the facts about the company that drafted answers may use, by kind; with
    `q` those that hold the words.
    """
    words = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:200]
    facts = list(factbook.listed(request.workspace, words))
    context = {
        "groups": [(kind, WORDS[kind], [fact for fact in facts if fact.kind == kind]) for kind in Kind],
        "found": len(facts),
        "total": len(facts) if not words else factbook.listed(request.workspace).count(),
        "most": MOST,
        "q": words,
        "acts": request.membership.at_least(ADMIN),
    }
    return render(request, "facts/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(ADMIN)
def new(request: WorkspaceRequest, kind: str) -> HttpResponse:
    """`…/facts/new/<kind>/`: adds a fact about the company that drafted answers may use. `kind` is one of
    WorkspaceFact.Kind.
    """
    if kind not in Kind.values:
        raise Http404("No such kind of fact.")
    form = FactForm(kind, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            factbook.add(request.workspace, request.user, kind=kind, **form.cleaned_data)
        except factbook.Refused as reason:
            form.add_error("question", str(reason))
        else:
            messages.success(request, "Added. The next draft knows it.")
            return redirect("inbox:facts", request.workspace.pk)
    return _form(request, form, Kind(kind))


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(ADMIN)
def edit(request: WorkspaceRequest, fact_id: uuid.UUID) -> HttpResponse:
    """`…/facts/<fact>/`: changes a fact about the company that drafted answers may use, or
    deletes it with `do`=delete.
    """
    facts = WorkspaceFact.objects.select_related("workspace", "updated_by").filter(
        workspace=request.workspace
    )
    fact = get_object_or_404(facts, pk=fact_id)
    if request.method == "POST" and request.POST.get("do") == "delete":
        factbook.delete(fact, request.user)
        messages.success(request, "Deleted. Drafts that are written from now on do not know it.")
        return redirect("inbox:facts", request.workspace.pk)
    values = {"question": fact.question, "answer": fact.answer, "position": fact.position}
    form = FactForm(fact.kind, request.POST or None, initial=values)
    if request.method == "POST" and form.is_valid():
        try:
            if request.POST.get("seen") != fact.updated_at.isoformat():
                raise factbook.Refused(factbook.MOVED)
            factbook.change(fact, request.user, **form.cleaned_data)
        except factbook.Refused as reason:
            form.add_error("question", str(reason))
        else:
            messages.success(request, "Saved. Drafts that wait keep their text.")
            return redirect("inbox:facts", request.workspace.pk)
    return _form(request, form, Kind(fact.kind), fact)


def _form(
    request: WorkspaceRequest, form: FactForm, kind: Kind, fact: WorkspaceFact | None = None
) -> HttpResponse:
    version = request.POST.get("seen") or (fact and fact.updated_at.isoformat())
    context = {"form": form, "kind": kind, "words": WORDS[kind], "fact": fact, "seen": version}
    return render(request, "facts/form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view(ADMIN)
def import_csv(request: WorkspaceRequest) -> HttpResponse:
    """`…/facts/import/`: shows what importing a CSV file would do to the workspace's facts. With `do`=apply it imports
    the file, if that still does what the page showed (`seen`).
    """
    if request.method != "POST":
        return render(request, "facts/import.html", {"form": FactFileForm()})
    form = FactFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "facts/import.html", {"form": form}, status=422)
    text, plan, problem = form.cleaned_data["text"], None, ""
    try:
        if request.POST.get("do") == "apply":
            done = factbook_csv.apply(request.workspace, request.user, text, digest=form.cleaned_data["seen"])
            summary = f"{len(done.added)} added, {len(done.changed)} changed."
            if not done.refused:
                messages.success(request, summary)
                return redirect("inbox:facts", request.workspace.pk)
            messages.warning(request, f"{summary} The rows below were refused: correct them and check again.")
            text = done.refused_text
        plan = factbook_csv.plan(request.workspace, text)
    except factbook_csv.Moved:
        plan = factbook_csv.plan(request.workspace, text)
        problem = "The text or the facts have changed since. This is what it would do now."
    except factbook_csv.Unreadable as reason:
        problem = str(reason)
    shown = FactFileForm(initial={"text": text, "seen": plan.digest if plan else ""})
    context = {"form": shown, "plan": plan, "text": text, "problem": problem}
    return render(request, "facts/import.html", context, status=422 if problem else 200)


@require_safe
@workspace_view()
def export_csv(request: WorkspaceRequest) -> HttpResponse:
    """`…/facts/export.csv`: downloads all facts of the workspace as a CSV file that can be imported again."""
    facts: dict[str, list[tuple[str, str, str]]] = {kind: [] for kind in Kind}
    for fact in factbook.listed(request.workspace):
        facts[fact.kind].append((fact.kind, fact.question, fact.answer))
    rows = [row for kind in Kind for row in facts[kind]]
    return csvs.answer(f"facts-{timezone.localdate():%Y-%m-%d}", factbook_csv.COLUMNS, rows)


@require_safe
@workspace_view()
def example_csv(request: WorkspaceRequest) -> HttpResponse:
    """`…/facts/example.csv`: downloads an example of a CSV file for import, with one fact of each kind."""
    return csvs.answer("facts-example", factbook_csv.COLUMNS, factbook_csv.EXAMPLE)
