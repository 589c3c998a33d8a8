"""The page of the rules that tag replies without a model, and the download of corrections as labelled data."""

import json
from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from inbox.models.lead import Channel
from inbox.pages.access import ADMIN, WorkspaceRequest, asks_again, workspace_view
from inbox.pipeline import agreement
from inbox.pipeline.agreement import count_corrections, labelled
from inbox.replying import prompts
from inbox.understanding import installed_weights, rules


@workspace_view()
def rule_list(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/rules/`: lists the rules in their order of evaluation, each with the number of its decisions."""
    of_rule = agreement.by_rule(request.workspace.pk)
    lines = [
        (
            rule,
            rule.label.replace("_", " ").capitalize(),
            ", ".join(Channel(channel).label for channel in sorted(rule.channels)),
            of_rule.get(rule.id, agreement.Agreement()),
        )
        for rule in rules.RULES
    ]
    context = {
        "lines": lines,
        "decided": any(of_one.decided for of_one in of_rule.values()),
        "agreed": any(of_one.looked_at for of_one in of_rule.values()),
        "days": agreement.DAYS,
        "version": rules.RULES_VERSION,
        "taught": installed_weights.in_use,
        "prompt": prompts.load("tag"),
        "corrections": count_corrections(request.workspace),
    }
    return render(request, "understanding/rules.html", context)


@workspace_view(ADMIN)
@asks_again(reading=True)
def corrections(request: WorkspaceRequest) -> StreamingHttpResponse:
    """`w/<workspace>/corrections.jsonl`: streams the corrected replies, one per line, for evaluate_replies."""

    def lines() -> Iterator[str]:
        for row in labelled(request.workspace):
            yield json.dumps(row, ensure_ascii=False) + "\n"

    answer = StreamingHttpResponse(lines(), content_type="application/x-ndjson")
    answer["Content-Disposition"] = 'attachment; filename="corrections.jsonl"'
    return answer
