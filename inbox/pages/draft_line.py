"""Sums up in one line why a draft goes out by itself, or why it waits for a person."""

from dataclasses import dataclass

from inbox.models import Draft, GateResult


@dataclass(frozen=True)
class DraftLine:
    """The line above the checks of a draft: tone and icon, and `head` (emphasised) with `words` behind it. For a draft
    that counts down, `words` stand behind the time and `head` is empty. `gates` are the checks.
    """

    tone: str
    icon: str
    head: str
    words: str
    gates: list[GateResult]


def draft_line(draft: Draft, gates: list[GateResult]) -> DraftLine:
    """Why `draft` goes out or waits. `gates` are its gate results."""
    held = [gate for gate in gates if not gate.passed]
    score = f"{len(gates) - len(held)} of {len(gates)} checks pass." if gates else ""
    if draft.send_at:
        return DraftLine("ok", "clock", "", f": {score}" if gates else "", gates)
    if reason := draft.status_reason or (held[0].evidence if held else ""):
        more = f" And {len(held) - 1} more." if len(held) > 1 else ""
        return DraftLine("warn", "pause", "Held:", f" {reason.rstrip('.')}.{more} {score}", gates)
    if gates:
        return DraftLine("ok", "ok", "Ready:", f" {score} It waits for you.", gates)
    return DraftLine("", "info", "Waits for you.", " Nothing has checked it.", gates)
