"""Explains in one line why a draft goes out automatically, or why it waits for a person."""

from dataclasses import dataclass

from inbox.models import Draft, GateResult, Lead, Workspace
from inbox.models.lead import Channel
from inbox.replying.gates import TEXT_PASSES

READY = "Ready:"
UNSIGNED = "No signature: the message ends without a name."


@dataclass(frozen=True)
class DraftLine:
    """The line above the checks of a draft: tone, icon, the emphasised `head`, and `words`.

    `gates` are the checks, failed ones first. For a draft that counts down, `head` is empty and `words` follow the
    time. `unsigned` is true for an email without a signature.
    """

    tone: str
    icon: str
    head: str
    words: str
    gates: list[GateResult]
    unsigned: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether the draft waits for a person only, as all its checks pass."""
        return self.head == READY


def draft_line(lead: Lead, draft: Draft, gates: list[GateResult]) -> DraftLine:
    """Returns the line for `draft` to `lead`.

    `gates` are the draft's gate results. They are empty if nothing goes out automatically; then the check of the
    draft's text replaces them.
    """
    held = [gate for gate in gates if not gate.passed]
    score = f"{len(gates) - len(held)} of {len(gates)} checks pass." if gates else ""
    checks = held + [gate for gate in gates if gate.passed] or _of_text(draft)
    if lead.sample:
        return DraftLine("info", "info", "A sample:", " nothing goes out.", checks)
    if unsigned := draft.channel == Channel.EMAIL and not is_signed(lead.workspace):
        checks = [GateResult(passed=False, evidence=UNSIGNED), *checks]
    if draft.send_at:
        return DraftLine("ok", "clock", "", f": {score}" if gates else "", checks)
    held = held or [check for check in checks if not check.passed and check.evidence != UNSIGNED]
    if reason := draft.status_reason or (held[0].evidence if held else ""):
        more = f" And {len(held) - 1} more." if len(held) > 1 else ""
        reason = reason.removeprefix("Held: ").rstrip(".")
        more += " No signature yet." if unsigned else ""
        return DraftLine("warn", "pause", "Held:", f" {reason}.{more} {score}", checks, unsigned)
    if unsigned:
        return DraftLine(
            "warn", "pause", "No signature yet.", f" {score} Review it, then send it.", checks, True
        )
    if gates:
        return DraftLine("ok", "ok", READY, f" {score} Review it, then send it.", checks)
    if checks:
        return DraftLine("ok", "ok", READY, " The text passed its check. Review it, then send it.", checks)
    return DraftLine("", "info", "Ready to review.", " The text hasn’t been checked.", checks)


def is_signed(workspace: Workspace) -> bool:
    """Whether emails of the workspace end with a name or a signature."""
    return bool(workspace.persona_name.strip() or workspace.signature.strip())


def _of_text(draft: Draft) -> list[GateResult]:
    """Returns the check of the draft's text as gate results; [] if the text was not checked."""
    problems = draft.verification.get("problems")
    if problems is None:
        return []
    failures = [GateResult(passed=False, evidence=problem) for problem in problems]
    return failures or [GateResult(passed=True, evidence=TEXT_PASSES)]
