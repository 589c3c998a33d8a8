"""The pages of context packs: the list, one pack with its evidence, and the actions. Only members may act."""

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from inbox.health import receipts
from inbox.pages import csvs
from inbox.pages.access import ADMIN, FORM, MEMBER, POST, WorkspaceRequest, asks_again, workspace_view
from inbox.pages.pagination import page_of
from insights import citation_links, packs
from insights.forms import PackForm, QuestionForm
from insights.models import ContextPack, PackThread

PAGE = 20
SHOWN_CLAIMS = 3


@workspace_view(methods=FORM)
def pack_list(request: WorkspaceRequest) -> HttpResponse:
    """Lists the newest build of each context pack. A POST to the list requests a new context pack."""
    form = PackForm(request.POST or None, workspace=request.workspace)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            requested = packs.request(
                request.workspace,
                request.user,
                question=values["question"],
                window=values["window"],
                campaigns=list(values["campaigns"]),
                custom=form.custom(),
                keep_fresh=values["keep_fresh"],
            )
        except packs.CampaignGone as why:
            form.add_error("campaigns", str(why))
        else:
            return _built(request, *requested)
    page = page_of(request, _newest(request), "created_at", size=PAGE)
    cards = [_card(pack) for pack in page.rows]
    context = _common(request) | {"form": form, "page": page, "cards": cards}
    context["building"] = any(pack.under_way for pack in page.rows)
    fragment = bool(request.headers.get("HX-Request")) and request.method == "GET"
    template = "insights/_cards.html" if fragment else "insights/packs.html"
    return render(request, template, context, status=400 if form.errors else 200)


@workspace_view()
def pack(request: WorkspaceRequest, pack_id: uuid.UUID) -> HttpResponse:
    """Shows one context pack: progress, answer, the conversations as evidence, and follow-up questions."""
    own_pack = _own(request, pack_id)
    threads = list(_threads(own_pack))
    good = own_pack if own_pack.status == ContextPack.Status.COMPLETE else own_pack.previous
    questions = list(own_pack.questions.select_related("asked_by"))
    shown = citation_links.show(
        request.workspace.pk,
        good.synthesis if good else None,
        own_pack.early_answer,
        *(q.answer for q in questions),
    )
    quotes = citation_links.quotes(request.workspace.pk, threads)
    context = _common(request) | {
        "pack": own_pack,
        "good": good,
        "synthesis": shown[0],
        "early": shown[1] if own_pack.under_way else None,
        "questions": list(zip(questions, shown[2:], strict=True)),
        "threads": [(thread, quotes[thread.pk]) for thread in threads],
        "form": QuestionForm(),
        "difference": packs.difference(own_pack.previous, own_pack)
        if own_pack.previous and own_pack.status == ContextPack.Status.COMPLETE
        else None,
        "waiting": any(question.status == "pending" for question in questions),
        "completeness": receipts.between(request.workspace, own_pack.window_from, own_pack.window_to),
    }
    return render(request, "insights/pack.html", context)


@workspace_view()
def progress(request: WorkspaceRequest, pack_id: uuid.UUID) -> HttpResponse:
    """Renders the part of a pack's page that reloads during a build. After the build, the browser reloads the page."""
    own_pack = _own(request, pack_id)
    waiting = own_pack.questions.filter(status="pending").exists()
    response = render(
        request, "insights/_progress.html", _common(request) | {"pack": own_pack, "waiting": waiting}
    )
    if not own_pack.under_way and not waiting:
        response["HX-Trigger"] = "holdfast:reload"
    return response


@workspace_view(MEMBER, POST)
def ask(request: WorkspaceRequest, pack_id: uuid.UUID) -> HttpResponse:
    """Stores a follow-up question about a context pack. A pack without a read conversation cannot answer."""
    own_pack = _own(request, pack_id)
    form = QuestionForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Enter a question of 1 to 500 characters.")
    elif not own_pack.threads.filter(status=PackThread.Status.DONE).exists():
        messages.error(request, "Holdfast hasn’t read any conversations yet. Ask again in a moment.")
    else:
        try:
            packs.ask(
                own_pack, request.user, form.cleaned_data["question"], form.cleaned_data["client_token"]
            )
        except packs.TokenUsed:
            raise BadRequest("client_token: must be this page’s token.") from None
    return redirect("insights:pack", request.workspace.pk, own_pack.pk)


@workspace_view(MEMBER, POST)
def decide(request: WorkspaceRequest, pack_id: uuid.UUID) -> HttpResponse:
    """Builds the context pack again (`do=again`) or stops its build (`do=stop`)."""
    own_pack = _own(request, pack_id)
    if request.POST.get("do") == "stop":
        stopped = packs.stop(own_pack, request.user)
        messages.info(request, "Stopped." if stopped else "The build had already ended.")
    else:
        try:
            return _built(request, *packs.build_again(own_pack, request.user))
        except packs.CampaignGone as why:
            messages.error(request, str(why))
    return redirect("insights:pack", request.workspace.pk, own_pack.pk)


@workspace_view()
@asks_again(reading=True)
def pack_csv(request: WorkspaceRequest, pack_id: uuid.UUID) -> HttpResponse:
    """Downloads the context pack's claims and conversations as CSV, one row for each cited message or conversation."""
    own_pack = _own(request, pack_id)
    (shown,) = citation_links.show(request.workspace.pk, own_pack.synthesis)
    rows: list[tuple[object, ...]] = []
    for claim in shown.claims if shown else []:
        rows += [
            ("Finding", claim.text, link.label, request.build_absolute_uri(link.url))
            for link in claim.citations
        ]
    for thread in _threads(own_pack):
        summary = thread.insight.data.get("summary", "") if thread.insight else thread.error
        rows.append(("Conversation", summary, thread.lead.display_name, thread.get_outcome_display()))
    complete = receipts.between(request.workspace, own_pack.window_from, own_pack.window_to).label
    head = ["Kind", "Text", "Person", "Message or outcome", "Complete"]
    return csvs.answer(f"pack-{own_pack.pk}", head, [(*row, complete) for row in rows])


def _built(request: WorkspaceRequest, pack: ContextPack, created: bool) -> HttpResponse:
    messages.info(request, "Building the pack." if created else "This pack is already being built.")
    return redirect("insights:pack", request.workspace.pk, pack.pk)


def _common(request: WorkspaceRequest) -> dict[str, Any]:
    return {
        "shows_cost": request.membership.at_least(ADMIN),
        "may_ask": request.membership.at_least(MEMBER),
        "now": timezone.now(),
    }


def _with_counts(rows: QuerySet[ContextPack]) -> QuerySet[ContextPack]:
    return rows.annotate(
        done=Count("threads", filter=Q(threads__status="done")),
        failed=Count("threads", filter=Q(threads__status="failed")),
        over=Count("threads", filter=~Q(threads__status="pending")),
    )


def _newest(request: WorkspaceRequest) -> QuerySet[ContextPack]:
    own_packs = ContextPack.objects.filter(workspace=request.workspace)
    newest = own_packs.filter(scope_key=OuterRef("scope_key")).order_by("-id").values("pk")[:1]
    rows = _with_counts(own_packs.filter(pk=Subquery(newest)))
    return rows.select_related("previous").prefetch_related("campaigns")


def _own(request: WorkspaceRequest, pack_id: uuid.UUID) -> ContextPack:
    rows = _with_counts(ContextPack.objects.filter(workspace=request.workspace))
    return get_object_or_404(rows.select_related("previous", "created_by", "workspace"), pk=pack_id)


def _threads(pack: ContextPack) -> QuerySet[PackThread]:
    return pack.threads.select_related("lead", "insight").order_by("position")


def _card(pack: ContextPack) -> dict[str, Any]:
    """Returns the data of a context pack for the list, with the first claims of its newest good build."""
    good = pack if pack.status == ContextPack.Status.COMPLETE else pack.previous
    (shown,) = citation_links.show(pack.workspace_id, good.synthesis if good else None)
    claims = shown.claims[:SHOWN_CLAIMS] if shown else []
    return {"pack": pack, "good": good, "claims": claims}
