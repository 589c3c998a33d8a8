"""The API view `exports/leads.csv`."""

from collections.abc import Iterator
from datetime import datetime

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from api.base import ApiView
from api.forms import camel
from inbox.leads import labels
from inbox.models import Lead, Workspace, audit
from inbox.pages import csvs

AT_ONCE = 500
COLUMNS = (
    *("id", "email", "phone", "linkedin_url", "first_name", "last_name", "company", "title"),
    *("campaign__name", "assigned_to", "tag", "needs_reply", "opted_out_at", "bounced_at", "booked_at"),
    *("last_message_at", "created_at", "labels"),
)
HEAD = [camel(name.partition("__")[0]) for name in COLUMNS]


class LeadsCsv(ApiView):
    scopes = {"GET": "export:read"}
    file_type = "text/csv"

    def get(self, request: Request) -> StreamingHttpResponse:
        """Streams all leads as CSV, which a spreadsheet opens without running formulas."""
        audit.record(self.workspace.pk, self.token, "leads.exported", self.workspace)
        rows = csvs.lines(HEAD, _rows(self.workspace))
        return StreamingHttpResponse(rows, content_type=csvs.TYPE, headers=csvs.attached("leads"))


def _rows(workspace: Workspace) -> Iterator[tuple[object, ...]]:
    """The CSV rows of the workspace's leads, read page by page, so that memory use does not depend on their number."""
    leads = labels.with_names(Lead.objects.filter(workspace=workspace, sample=False)).order_by("pk")
    page = list(leads.values_list(*COLUMNS)[:AT_ONCE])
    while page:
        for row in page:
            *columns, names = (text.isoformat() if isinstance(text, datetime) else text for text in row)
            yield *columns, ", ".join(names)
        page = list(leads.filter(pk__gt=page[-1][0]).values_list(*COLUMNS)[:AT_ONCE])
