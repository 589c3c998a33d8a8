"""The kinds of work and the ticks of insights; each handler is one line into the module that does it."""

from typing import Any

from insights import answering, booked, building, packs, upkeep
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.registry import job_kind
from jobs.ticks import tick


@job_kind(packs.BUILD, attempts=8, time_limit_ms=540_000, priority=70, max_age_hours=12)
def build_pack(ctx: JobContext) -> dict[str, Any]:
    """Read a pack's conversations and put them together."""
    return building.build(ctx)


@job_kind(packs.ANSWER, attempts=4, time_limit_ms=180_000, priority=30, max_age_hours=2)
def answer_question(ctx: JobContext) -> dict[str, Any]:
    """Answer a question about a pack."""
    return answering.run(ctx)


@job_kind(booked.SUMMARISE, attempts=4, time_limit_ms=240_000, priority=80)
def summarise_booked(ctx: JobContext) -> dict[str, Any]:
    """Read the conversation with somebody who booked."""
    return booked.run(ctx)


@tick("insights/context-packs", every_s=60, limits=upkeep.limits)
def context_packs_tick(deadline: Deadline) -> dict[str, int]:
    """Keep context packs going."""
    return upkeep.tick(deadline)


@tick("insights/booked-summaries", every_s=600, limits=booked.limits)
def booked_summaries_tick(deadline: Deadline) -> dict[str, int]:
    """Have booked conversations read."""
    return booked.tick(deadline)
