"""The errors of the model's answers, and the classification of OpenAI's error responses.

Reference: https://platform.openai.com/docs/guides/error-codes
"""

from integrations.errors import (
    ProviderAuthError,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRejected,
    safe_code,
)
from integrations.http.session import Response, ResponseVerdict
from integrations.payload import field_at

QUOTA = ("insufficient_quota", "billing_hard_limit_reached")
"""Codes of a used-up quota. Only questions get these codes, not the call that lists models."""


class OpenAINotConfigured(ProviderMisconfigured):
    """No model is connected: OPENAI_API_KEY is not set."""


class AnswerUnusable(ProviderFault):
    """The answer cannot be used. `code` is max_output_tokens, empty, not_json, schema, failed or unexpected_shape."""


class AnswerRefused(ProviderRejected):
    """The model or its content filter refused, and would refuse again. `code` is refusal or content_filter."""


def classify(response: Response) -> ResponseVerdict | None:
    """Classifies OpenAI's response. For a used-up quota (429), waiting does not help, so it is a ProviderAuthError."""
    if response.ok:
        return None
    error = field_at(response.data, "error")
    code = safe_code(field_at(error, "code")) or safe_code(field_at(error, "type"))
    if code in QUOTA or response.status in (401, 403):
        return ResponseVerdict(ProviderAuthError, code=code)
    if response.status in (400, 404, 422):
        return ResponseVerdict(ProviderRejected, code=code)
    if response.status == 409:  # a lock was not free in time, so the same request may soon work
        return ResponseVerdict(ProviderFault, code=code, sent=None)
    return None
