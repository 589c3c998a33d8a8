"""The models that may be used, with their prices and the efforts that each accepts.

A model with an effort that it does not accept gives a 400 at every call, so the pair is refused here with a clear
message. Prices are OpenAI's list prices in dollars per million tokens (https://platform.openai.com/docs/pricing).
Cached input costs a tenth.
"""

from dataclasses import dataclass

from integrations.errors import ProviderMisconfigured


@dataclass(frozen=True, slots=True)
class Model:
    """`efforts` are the accepted values of reasoning.effort. Prices (dollars per million tokens) may be unknown."""

    efforts: tuple[str, ...]
    input_usd: float | None
    output_usd: float | None

    def cost_microusd(self, *, input_tokens: int, cached_tokens: int, output_tokens: int) -> int | None:
        """Returns the cost in millionths of a dollar (prices are per million tokens); None if a price is unknown."""
        if self.input_usd is None or self.output_usd is None:
            return None
        fresh = max(0, input_tokens - cached_tokens)
        return round((fresh + cached_tokens / 10) * self.input_usd + output_tokens * self.output_usd)


MODELS = {
    "gpt-5-nano": Model(("minimal", "low", "medium", "high"), 0.05, 0.40),
    "gpt-5-mini": Model(("minimal", "low", "medium", "high"), 0.25, 2.00),
    "gpt-5": Model(("minimal", "low", "medium", "high"), 1.25, 10.00),
    "gpt-5.1": Model(("none", "low", "medium", "high"), 1.25, 10.00),
    "gpt-5.2": Model(("none", "low", "medium", "high", "xhigh"), 1.75, 14.00),
}


def checked(model: str, effort: str) -> Model:
    """Returns the model's entry in the catalog. Raises ProviderMisconfigured, which names valid models or efforts."""
    entry = MODELS.get(model)
    if entry is None:
        raise ProviderMisconfigured(f"openai: the model “{model}” is not one of: {', '.join(MODELS)}.")
    if effort and effort not in entry.efforts:
        raise ProviderMisconfigured(
            f"openai: the effort “{effort}” is not one of {model}'s: {', '.join(entry.efforts)}."
        )
    return entry
