"""Carries the OpenAI SDK's HTTP calls through ProviderSession. The SDK itself cannot limit the total time."""

import httpx2

from integrations.http.session import ProviderSession
from jobs.deadline import Deadline

OWN_HEADERS = {"host", "content-length", "accept-encoding", "connection"}
"""Headers that ProviderSession sets itself."""
DECODED = {"content-encoding", "content-length", "transfer-encoding"}


class SeamTransport(httpx2.BaseTransport):
    """Carries one HTTP call of OpenAI's SDK through ProviderSession. It is safe to repeat a question."""

    def __init__(self, session: ProviderSession, operation: str, deadline: Deadline) -> None:
        self._session = session
        self._operation = operation
        self._deadline = deadline

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        response = self._session.request(
            request.method,
            str(request.url),
            operation=self._operation,
            deadline=self._deadline,
            data=request.read(),
            headers={name: text for name, text in request.headers.items() if name.lower() not in OWN_HEADERS},
            idempotent=True,
        )
        headers = {name: text for name, text in response.headers.items() if name.lower() not in DECODED}
        return httpx2.Response(response.status, headers=headers, content=response.content, request=request)
