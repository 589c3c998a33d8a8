"""The base classes of all API views, which accept JSON and respond with JSON or application/problem+json."""

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from rest_framework import serializers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from api import access, changes, problems
from api.forms import Input, ListQuery, RowSerializer
from api.schema import Schema
from inbox.models import Lead, Workspace
from integrations import rawjson
from integrations.events import PayloadInvalid
from integrations.models import ApiToken

BODY_LIMIT = 256 * 1024


class BodyTooLarge(APIException):
    status_code = 413
    default_detail, default_code = "The body is larger than 256 KiB.", "payload_too_large"


class JsonParser(BaseParser):
    """Parses JSON. Raises ParseError for a body that is not JSON, and BodyTooLarge for a body over BODY_LIMIT bytes."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read(BODY_LIMIT + 1)
        if len(body) > BODY_LIMIT:
            raise BodyTooLarge
        try:
            return rawjson.parse(body)
        except PayloadInvalid as error:
            raise ParseError(f"The body {error.fields['body']}.") from None


class JsonAlways(BaseContentNegotiation):
    """Makes every response JSON, even if the header `Accept` or the parameter `format` asks for another format."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        content_type = (request.content_type or JsonParser.media_type).partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """Base class of API views, which serve the one workspace that the request's token belongs to. `scopes` declares
    which scope each method requires, or `access.ANY`; a space separates two scopes. No method may be left out.
    """

    authentication_classes = (access.TokenAuthentication,)
    permission_classes = (access.HasScope,)
    throttle_classes = (access.TokenThrottle,)
    parser_classes = (JsonParser,)
    content_negotiation_class = JsonAlways
    http_method_names = ["get", "post", "patch", "delete"]
    schema: Any = Schema()
    query_class: type[Input] = Input
    input_class: type[Input] = Input
    serializer_class: type[serializers.BaseSerializer[Any]] | None = None
    answers: dict[str, type[serializers.BaseSerializer[Any]]] = {}
    """The serializers of those methods whose responses do not use `serializer_class`."""
    is_list = False
    """Whether a GET responds with a page of rows, each in the form of `serializer_class`."""
    statuses: dict[str, int] = {}
    """The status of a successful response, for those methods where it is not 200."""
    file_type = ""
    """The content type of the view's responses, or "" if they are JSON."""
    scopes: dict[str, str] = {}
    needs_key = False
    """Whether the view's writes need an Idempotency-Key."""
    query: dict[str, Any]
    """The validated query of the request."""
    lead_id: UUID | None = None
    """The id of the lead that the response to a write is about."""

    @property
    def token(self) -> ApiToken:
        return cast(ApiToken, self.request.auth)

    @property
    def workspace(self) -> Workspace:
        return self.token.workspace

    def get_exception_handler(self) -> Any:
        return problems.answer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.check_query(request)

    def check_query(self, request: Request) -> None:
        """Validates the query of a GET with `query_class`, and requires that any other request has no query. Raises
        ValidationError for an invalid query or a repeated parameter, because only one of the two values would count.
        """
        form = self.query_class if request.method == "GET" else Input
        repeated = [name[:80] for name, texts in request.query_params.lists() if len(texts) > 1]
        if repeated:
            raise serializers.ValidationError({name: ["Give it once."] for name in repeated[:20]}, "repeated")
        self.query = self._checked(form(data=request.query_params.dict()))

    def body(self) -> dict[str, Any]:
        """The request's body, validated by `input_class`. Raises ValidationError."""
        return self._checked(self.input_class(data=self.request.data))

    @staticmethod
    def _checked(form: Input) -> dict[str, Any]:
        form.is_valid(raise_exception=True)
        return dict(form.validated_data)

    def answer(self, row: Any) -> Response:
        """A response with `row`, in the serializer and with the status that the view declares for the method."""
        method = str(self.request.method)
        form = self.answers.get(method) or self.serializer_class
        assert form is not None  # only views that serve a file or refuse every request have no serializer
        return Response(form(row).data, status=self.statuses.get(method, 200))

    def lead(self, pk: UUID) -> Lead:
        """The lead with the id `pk` in the token's workspace. Stores the id in the view's `lead_id`. Raises Http404."""
        lead: Lead = self.row(Lead.objects.filter(sample=False), pk)
        self.lead_id = lead.pk
        return lead

    def row(self, rows: Any, pk: UUID) -> Any:
        """The row with the id `pk` in the token's workspace. If the row belongs to a lead, stores the lead's id in the
        view's `lead_id`. Raises Http404.
        """
        row = rows.filter(workspace=self.workspace, pk=pk).first()
        if row is None:
            raise Http404
        self.lead_id = getattr(row, "lead_id", self.lead_id)
        return row


class RowView(ApiView):
    """A view of the row of `rows` whose id is in the URL."""

    rows: QuerySet[Any]

    def get(self, request: Request, **key: UUID) -> Response:
        (pk,) = key.values()
        return self.answer(self.row(self.rows, pk))


class ListView(ApiView):
    """A view that lists `rows` in the order of their last change. `query_class` validates the query, and `columns` maps
    the names of its parameters to look-ups.
    """

    query_class: type[Input] = ListQuery
    serializer_class: type[RowSerializer]
    is_list = True
    rows: QuerySet[Any]
    columns: dict[str, str]

    def select(self, query: dict[str, Any]) -> QuerySet[Any]:
        """The rows that match the validated `query`."""
        return self.rows.filter(
            **{look_up: query[name] for name, look_up in self.columns.items() if name in query}
        )

    def get(self, request: Request) -> Response:
        rows, cursor = changes.page(self.select(self.query), self.query, self.workspace)
        return Response({"data": self.serializer_class(rows, many=True).data, "nextCursor": cursor})


class NoSuchAddress(ApiView):
    """Responds with 404 to every URL below `/api/v1/` that has no other view."""

    schema = None
    scopes = {"GET": access.ANY, "POST": access.ANY, "PATCH": access.ANY, "DELETE": access.ANY}

    def _refuse(self, request: Request, rest: str = "") -> None:
        raise Http404

    check_query = get = post = patch = delete = _refuse
