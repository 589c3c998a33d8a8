"""What can be wrong with the model's answer, and what OpenAI's error answers mean.

Reference: https://platform.openai.com/docs/guides/error-codes
"""

from integrations.errors import (
    ProviderAuthError,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRejected,
    safe_code,
)
from integrations.http import Response, Verdict


class OpenAINotConfigured(ProviderMisconfigured):
    """No model is connected: OPENAI_API_KEY is not set."""


class AnswerUnusable(ProviderFault):
    """The model answered, but with nothing of use; `code`: max_output_tokens, empty, not_json, schema, failed."""


class AnswerRefused(ProviderRejected):
    """The model or its content filter refuses; `code`: refusal, content_filter. Asking again changes nothing."""


def classify(response: Response) -> Verdict | None:
    """None where the status says it all. A used-up quota comes as a 429, though no waiting helps."""
    if response.ok:
        return None
    body = response.data if isinstance(response.data, dict) else {}
    error = body.get("error") if isinstance(body.get("error"), dict) else {}
    code = safe_code(error.get("code")) or safe_code(error.get("type"))
    if code in ("insufficient_quota", "billing_hard_limit_reached") or response.status in (401, 403):
        return Verdict(ProviderAuthError, code=code)
    if response.status in (400, 404, 422):
        return Verdict(ProviderRejected, code=code)
    if response.status == 409:  # a lock that was not free in time: the same request may pass in a moment
        return Verdict(ProviderFault, code=code, sent=None)
    return None
