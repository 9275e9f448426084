"""The second server's part of enrich: the violations of a batch of accounts or cases, and their done-marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from li_perf.engine.question import Answer, Question
from li_perf.errors import Failed
from li_perf.model import State
from li_perf.sources import sql
from li_perf.sources.portal import Page
from li_perf.steps.job import Job
from li_perf.store import fetches, pages
from li_perf.store.fetches import ACCOUNT, CASE

COLUMN = {ACCOUNT: "opa_account_num", CASE: "casenumber"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Violations:
    """Fetches violations with these columns."""

    job: Job
    columns: Sequence[str]

    async def fetch(self, kind: str, block: Sequence[Any]) -> None:
        """Fetch the violations of a batch; page and done-marks become durable together.

        A batch that fails is halved until the value that spoils it stands alone and is marked failed.
        """
        try:
            statement, answer = await self._ask(kind, block)
        except Failed as failed:
            await self._split(kind, block, failed)
            return
        await self._keep(kind, block, statement, answer)

    async def _ask(self, kind: str, block: Sequence[Any]) -> tuple[str, Answer[Page]]:
        dataset = self.job.inspections.violations
        order = [key for key in dataset.portal.key if key in self.columns]
        statement = sql.select(
            dataset.table, self.columns, where=[sql.within(COLUMN[kind], [row.value for row in block])], order=order
        )
        question = Question(key=statement, request=dataset.portal.request(statement), read=dataset.portal.read)
        return statement, await self.job.portal.ask(question)

    async def _keep(self, kind: str, block: Sequence[Any], statement: str, answer: Answer[Page]) -> None:
        job = self.job
        page = pages.page_change(
            run_id=job.run.id,
            dataset=job.inspections.violations.table,
            request=statement,
            next_request=None,
            row_count=len(answer.value.rows),
            body=answer.reply.body,
        )
        done = fetches.settle(job.run.id, kind, block, state=State.ANSWERED, calls=answer.attempts)
        await job.ledger.save(page, done)

    async def _split(self, kind: str, block: Sequence[Any], failed: Failed) -> None:
        if len(block) == 1:
            reason = failed.fault.reason
            lost = fetches.settle(
                self.job.run.id, kind, block, state=State.FAILED, calls=failed.attempts, reason=reason
            )
            await self.job.ledger.save(lost)
            return
        half = len(block) // 2
        await self.fetch(kind, block[:half])
        await self.fetch(kind, block[half:])
