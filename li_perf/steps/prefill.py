"""prefill: answers from the City's own table what stands there beyond doubt, once AIS has agreed with a sample of it.

Nothing is answered before the sample is: whatever happens until then, AIS is simply asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from li_perf.cities.city import Pairs
from li_perf.engine.work import Channel, together
from li_perf.errors import Denied, Drifted, ServerError, Shrunk, Unanswered
from li_perf.model import WITH_ANSWER, Outcome, State
from li_perf.sources import ais, opa, parcels, sql
from li_perf.steps.enrich import feed
from li_perf.steps.job import Job, Progress
from li_perf.steps.look_ups import LookUps
from li_perf.steps.paging import fetch_all
from li_perf.steps.pairs import QUESTION, Gathered, gather
from li_perf.store import prefills, questions, selection
from li_perf.store.prefills import LEAST_AGREEMENT, Verdict
from li_perf.store.query import Tables
from li_perf.store.seeding import seed_questions
from li_perf.wire import Reply

LEAST_ANSWERED = 0.5  # of the sample: an agreement of a few answers says nothing


async def prefill(job: Job) -> None:
    """The first pass of a run that began with it, unless it is behind it. Raises Outage or Stopped; nothing is lost."""
    pairs = job.inspections.pairs
    if pairs is None or not job.run.settings.get("prefill") or await prefills.verdict(job.ledger, job.run.id):
        return
    await seed_questions(job.ledger)
    left, size = await job.ledger.scalar(selection.count_to_ask()) or 0, job.run.settings["audit"]
    is_drawn = bool(await prefills.sample(job.ledger, job.run.id))
    if not is_drawn and left <= size:
        await _skip(job, pairs, f"{left:,} questions are left, no more than the audit of {size:,} would ask")
        return
    try:
        await fetch_all(job, pairs.properties, [sql.present(pairs.properties.portal.key[0])])
    except (Denied, Drifted, Shrunk, Unanswered) as error:
        await _skip(job, pairs, _reason(error))
        return
    with Tables(spill=job.ledger.path.with_suffix(".spill")) as tables:
        found = await gather(job, pairs, tables)
        if not is_drawn and not found.matched:
            await _skip(job, pairs, f"none of {found.left:,} addresses stands there as it is written")
            return
        if not is_drawn:
            await prefills.draw(job.ledger, job.run.id, _drawn(job, tables, size))
        await _ask_the_sample(job)
        await _conclude(job, tables, found)


def _reason(error: ServerError) -> str:
    return str(error).partition(" Nothing ")[0].partition(" Try again")[0].rstrip(".")


async def _skip(job: Job, pairs: Pairs, reason: str) -> None:
    await prefills.skip(job.ledger, job.run.id, Verdict(status="skipped", reason=reason), pairs.properties.table)
    job.tell(Progress(step="prefill", done=0, note=f"AIS is asked: {reason}"))


def _drawn(job: Job, tables: Tables, size: int) -> list[tuple[str, str]]:
    """A sample that depends on the run and the questions alone: those whose hash under the run's number is least."""
    order = f"md5('{job.run.id}:' || question), question"
    return [(q, account) for q, account in tables.rows(f"select * from matched order by {order} limit {int(size)}")]


async def _ask_the_sample(job: Job) -> None:
    """Ask AIS about the sample, as about any question; what it answers stays, whatever the verdict."""
    addresses: Channel[str] = Channel(2 * job.ais.client.server.concurrency)
    sample = await prefills.sample(job.ledger, job.run.id)
    done = sum(_is_final(row) for row in sample)

    def kept(_: int) -> None:
        nonlocal done
        done += 1
        tell()

    def tell() -> None:
        asked = min(done, len(sample))  # what AIS was not believed is asked again
        job.tell(Progress(step="audit", done=asked, total=len(sample), vitals=job.vitals_of_ais))

    tell()
    look_ups = LookUps(job, kept)
    await together(
        feed(job, addresses, prefills.is_sampled(job.run.id)),
        look_ups.work_off(addresses, look_ups.answer),
    )
    job.halt.check()


def _is_final(row: Any) -> bool:
    return row.state in (State.ANSWERED, State.FAILED)


async def _conclude(job: Job, tables: Tables, found: Gathered) -> None:
    """Take the City's pairs for answers, all of them or, where AIS says otherwise too often, none."""
    sample = await prefills.sample(job.ledger, job.run.id)
    agreements = [agrees(row) for row in sample if row.source == "ais" and row.state in WITH_ANSWER]
    asked = {row.question for row in sample}
    tables.create("asked", QUESTION)
    tables.fill("asked", QUESTION, ((question,) for question in sorted(asked)))
    ((rest,),) = tables.rows("select count(*) from matched anti join asked using (question)")
    is_trusted = _is_trusted(len(sample), len(agreements), sum(agreements))
    verdict = Verdict(
        status="applied" if is_trusted else "refused",
        rows=found.rows,
        unreadable=found.unreadable,
        left=found.left + len(asked) - (found.matched - rest),
        matched=rest + len(asked),
        sampled=len(asked),
        audited=len(agreements),
        agreed=sum(agreements),
        prefilled=rest if is_trusted else 0,
    )
    if is_trusted:
        await prefills.apply(job.ledger, job.run.id, verdict, _answers(tables))
    else:
        await prefills.refuse(job.ledger, job.run.id, verdict)
    job.tell(Progress(step="prefill", done=verdict.prefilled, total=verdict.left, note=_in_words(verdict)))


def _is_trusted(sampled: int, audited: int, agreed: int) -> bool:
    return audited > 0 and audited >= LEAST_ANSWERED * sampled and agreed >= LEAST_AGREEMENT * audited


def agrees(row: Any) -> bool:
    """Whether AIS's answer to a question of the sample names the City's account, and no other."""
    said = ais.read(row.question, Reply(status=row.status, body=questions.received(row.body)))
    meaning = parcels.meaning(said, None)
    return meaning.outcome is Outcome.PARCEL_EXACT and meaning.accounts == (row.account,)


def _answers(tables: Tables) -> Iterator[list[dict[str, Any]]]:
    matched = "select question, account from matched anti join asked using (question) order by question"
    for block in tables.blocks(matched):
        yield [_answer(question, account) for question, account in block]


def _answer(question: str, account: str) -> dict[str, Any]:
    body = opa.body(question, account)
    meaning = opa.meaning(body)
    _, (row,) = questions.settle_lookup(
        question,
        state=State.ANSWERED,
        calls=0,
        source=prefills.SOURCE,
        body=body,
        outcome=meaning.outcome,
        accounts=msgspec.json.encode(meaning.accounts).decode(),
    )
    return dict(row)


def _in_words(verdict: Verdict) -> str:
    agreement = f"AIS agrees with {verdict.agreed:,} of {verdict.audited:,} audited"
    return agreement if verdict.status == "applied" else f"{agreement}: it is asked about all"
