"""Computes what changed between two builds of a pack: conversations, outcomes and claims."""

from dataclasses import dataclass

from insights.models import ContextPack, ConversationInsight


@dataclass(frozen=True)
class Difference:
    """What changed between two builds of a context pack. `outcomes` has (label, before, now) where the numbers differ.
    The counts of threads are of conversations that only the newer or only the older build has.
    """

    new_threads: int
    gone_threads: int
    outcomes: list[tuple[str, int, int]]
    new_claims: list[str]
    gone_claims: list[str]


def between(before: ContextPack, now: ContextPack) -> Difference:
    """What changed between two complete builds of a context pack. Two claims count as one if their words are equal,
    apart from case and spaces.
    """
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
