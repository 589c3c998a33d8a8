"""The SDK's HTTP, through our seam: its own has no total time limit and retries by itself."""

import httpx2

from integrations.http import ProviderSession
from jobs.deadline import Deadline

OWN_HEADERS = {"host", "content-length", "accept-encoding", "connection"}
"""Set by our side of the seam."""
DECODED = {"content-encoding", "content-length", "transfer-encoding"}


class SeamTransport(httpx2.BaseTransport):
    """Carries one call of the SDK under `deadline`; the SDK lets through what ProviderSession.request raises.

    Asking a model again costs money and nothing else, so it counts as repeatable.
    """

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
            headers={
                name: value for name, value in request.headers.items() if name.lower() not in OWN_HEADERS
            },
            idempotent=True,
        )
        headers = {name: value for name, value in response.headers.items() if name.lower() not in DECODED}
        return httpx2.Response(response.status, headers=headers, content=response.content, request=request)
