"""The background jobs of the seeded year that retention has left: of replies, sends, probes and polls."""

from collections.abc import Iterator
from random import Random
from typing import Any

from demo.scale.copying import NULL, as_json, as_time
from demo.scale.tables import Tables
from demo.scale.talk import Said
from demo.scale.workspaces import Place
from demo.scale.year import DAY, HOUR, MINUTE, SECOND, Year, dashed, uuid_at
from inbox.health.reply_polls import POLL
from inbox.intake.messages import PROCESS
from inbox.leads.tags import DRAFTED
from inbox.pipeline.table import STEPS
from inbox.replying.send_claims import SEND
from inbox.replying.slack_cards import POST
from integrations import registry
from integrations.errors import ProviderRejected, ProviderUnreachable
from integrations.health.probes import PROBE
from jobs.errors import TimeLimitExceeded
from jobs.kinds import policy_of
from jobs.models import BackgroundJob, JobAttempt, JobStep

FAILS = 0.004
ERRORS: tuple[tuple[type[Exception], str], ...] = (
    (ProviderRejected, "emailbison: request refused (HTTP 422)."),
    (ProviderUnreachable, "ghl: unavailable (HTTP 503)."),
    (KeyError, "KeyError at inbox/pipeline/answer_steps.py:draft:88"),
    (TimeLimitExceeded, "The job ignored its Deadline and was interrupted."),
)
CAUSES = [(f"{error.__module__}.{error.__qualname__}", said) for error, said in ERRORS]
REASONS = [
    (step.name, next((one.reason for one in step.skipped_for if isinstance(one.reason, str)), ""))
    for step in STEPS
]
"""Each step of a reply with a reason to skip it; "" for those that are never skipped."""
FEW = ("rules", "draft", "gates", "review", "notices")
PROBED_FOR, PROBE_EVERY = 2 * DAY, HOUR // 2


class Jobs:
    """Writes the made-up background jobs of the seeded year, with their steps and attempts."""

    def __init__(self, tables: Tables, year: Year) -> None:
        self.year = year
        self.jobs, self.steps, self.attempts = tables[BackgroundJob], tables[JobStep], tables[JobAttempt]

    def of_reply(self, place: Place, said: Said, at: int, rng: Random) -> str:
        """Writes the job that worked on the made-up reply `said`, which came at `at` (milliseconds since 1970), with
        its steps, and the job that showed its draft in Slack, if it got one. Returns the first one's id, or "" if it
        would be deleted by now because of its age.
        """
        payload, key = {"message_id": dashed(said.id)}, f"{PROCESS}:{dashed(said.id)}"
        job = self._put(PROCESS, place.id, payload, key, at, rng, waits=not said.tag)
        if job and said.tag:
            drafted = said.tag in DRAFTED
            for number, (name, reason) in enumerate(REASONS):
                began = at + (number + 1) * 200
                skipped = reason and rng.random() < 0.8 and not (drafted and name in FEW)
                self._step(job, name, "skipped" if skipped else "done", reason if skipped else "", began)
            if drafted:
                key = f"{POST}:{job}"
                self._put(POST, place.id, {"draft_id": dashed(said.id)}, key, at + 10 * SECOND, rng)
        return job

    def of_send(self, place: Place, said: Said, rng: Random) -> None:
        """Writes the job that sent the made-up message `said` of ours, unless it would be deleted by now because of its
        age.
        """
        key = f"{SEND}:{dashed(said.send)}:0"
        self._put(SEND, place.id, {"send_id": dashed(said.send)}, key, said.at - 4 * SECOND, rng)

    def of_accounts(self, place: Place, rng: Random) -> None:
        """Writes the jobs of the last two days that checked every made-up account and asked it for messages."""
        for provider, account in place.connected:
            for kind, every in self._recurring(provider):
                first = self.year.until - PROBED_FOR + rng.randrange(every)
                for at in range(first, self.year.until - MINUTE, every):
                    key = f"{kind}:{dashed(account)}:{at}"
                    self._put(kind, place.id, {"integration_id": dashed(account)}, key, at, rng)

    def _recurring(self, provider: str) -> Iterator[tuple[str, int]]:
        if provider in registry.stating("probe"):
            yield PROBE, PROBE_EVERY
        if provider in registry.stating("poll_every"):
            yield POLL, int(registry.spec_of(provider).poll_every.total_seconds()) * SECOND  # type: ignore[union-attr]

    def _put(
        self,
        kind: str,
        workspace: str,
        payload: dict[str, Any],
        key: str,
        at: int,
        rng: Random,
        *,
        waits: bool = False,
    ) -> str:
        policy, failed = policy_of(kind), rng.random() < FAILS
        kept = policy.keep_failed_days if failed else policy.keep_done_days
        if self.year.age_days(at) >= kept:
            return ""
        job, took = uuid_at(at, rng), int(rng.lognormvariate(6.5, 1))
        began = at + int(rng.expovariate(1 / 400))
        ended = min(began + took, self.year.until)
        error_class, error = rng.choice(CAUSES) if failed else ("", "")
        status = "queued" if waits else "failed" if failed else "succeeded"
        tries = 0 if waits else policy.attempts if failed else 1
        self.jobs.add(
            at,
            job,
            kind,
            workspace,
            as_json(payload),
            key,
            status,
            policy.lane,
            str(policy.priority),
            as_time(at),
            as_time(at),
            str(tries),
            NULL if waits else as_time(began),
            NULL if waits or failed else "{}",
            error_class,
            error,
            f"{sum(map(ord, error + kind)):016x}" if failed else "",
            as_time(at),
            NULL if waits else as_time(ended),
        )
        if not waits:
            outcome = "failed" if failed else "succeeded"
            worker = f"host-{1 + rng.randrange(2)}:{2_000 + rng.randrange(8)}"
            self.attempts.add(
                began,
                job,
                str(tries),
                outcome,
                as_time(began),
                as_time(ended),
                str(took),
                worker,
                error_class,
                error,
            )
        return job

    def _step(self, job: str, name: str, status: str, reason: str, at: int) -> None:
        self.steps.add(at, job, name, "idempotent", status, reason, as_time(at), as_time(at + 150))
