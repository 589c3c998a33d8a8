"""Computes the differences between two builds of a pack: conversations, outcomes and claims."""

from dataclasses import dataclass

from insights.models import ContextPack, ConversationInsight


@dataclass(frozen=True)
class Difference:
    """The differences between two builds. `outcomes` has (label, before, now) where the numbers differ."""

    new_threads: int
    gone_threads: int
    outcomes: list[tuple[str, int, int]]
    new_claims: list[str]
    gone_claims: list[str]


def between(before: ContextPack, now: ContextPack) -> Difference:
    """Compares two complete builds. Claims are equal if their words are, ignoring case and spaces."""
    old, new = (set(pack.threads.values_list("lead_id", flat=True)) for pack in (before, now))
    old_claims, new_claims = _claims(before), _claims(now)
    return Difference(
        new_threads=len(new - old),
        gone_threads=len(old - new),
        outcomes=[
            (label, was, is_)
            for name, label in ConversationInsight.Outcome.choices
            if (was := before.metrics.get(name, 0)) != (is_ := now.metrics.get(name, 0))
        ],
        new_claims=[text for key, text in new_claims.items() if key not in old_claims],
        gone_claims=[text for key, text in old_claims.items() if key not in new_claims],
    )


def _claims(pack: ContextPack) -> dict[str, str]:
    claims = (pack.synthesis or {}).get("claims", [])
    return {" ".join(claim["text"].lower().split()): claim["text"] for claim in claims}
