"""Whether the account of a run adds up, and what a reader must be told of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from li_perf.analysis.findings import Check, Lookups, Prefill, Source
from li_perf.store.prefills import LEAST_AGREEMENT


def checks(lookups: Lookups, prefill: Prefill | None, sources: Sequence[Source]) -> list[Check]:
    """The checks of what was asked, received and kept."""
    audit = [_audited(prefill)] if prefill else []
    return [*_adds_up(lookups, sources), _all_fetched(lookups), *audit]


def _adds_up(lookups: Lookups, sources: Sequence[Source]) -> list[Check]:
    states = lookups.answered + lookups.failed + lookups.pending
    checks = [
        Check(
            name="Every question is answered, failed or pending",
            passed=states == lookups.asked and lookups.pending == 0,
            detail=f"{lookups.asked:,} asked = {lookups.answered:,} answered + {lookups.failed:,} failed + "
            f"{lookups.pending:,} pending",
        ),
        Check(
            name="Every answer has its source",
            passed=sum(lookups.by_source.values()) == lookups.answered,
            detail=f"{lookups.answered:,} answered = "
            + (" + ".join(f"{answers:,} {source}" for source, answers in lookups.by_source.items()) or "none"),
        ),
    ]
    for source in sources:
        expected = source.counted_after
        checks.append(
            Check(
                name=f"{source.table}: as many rows came as the server counted, and each is kept or accounted for",
                passed=(expected is None or expected == source.received) and source.duplicates >= 0,
                detail=f"counted {'–' if expected is None else f'{expected:,}'}, received {source.received:,} = "
                f"{source.kept:,} kept + {source.duplicates:,} repeated + {source.rejected:,} rejected",
            )
        )
    return checks


def _all_fetched(lookups: Lookups) -> Check:
    count = lookups.fetches_failed + lookups.fetches_pending
    return Check(
        name="The violations of every parcel and case were fetched",
        passed=count == 0,
        detail=f"{count:,} parcels or cases were not; {_remedy(lookups)}" if count else "all fetched",
    )


def _audited(prefill: Prefill) -> Check:
    is_in_doubt = prefill.agreement is None or prefill.agreement < LEAST_AGREEMENT
    return Check(
        name="Answers are pre-filled only where AIS agrees with 99 % of those audited",
        passed=not (prefill.prefilled and is_in_doubt),
        detail=f"{prefill.agreed:,} of {prefill.audited:,} audited agree; {prefill.prefilled:,} pre-filled",
    )


def warnings(lookups: Lookups) -> list[str]:
    """What a reader must be told before the limits that hold for every run."""
    return [*_of_unresolved(lookups), *_of_outdated(lookups)]


def _of_unresolved(lookups: Lookups) -> Iterator[str]:
    unfetched = lookups.fetches_failed + lookups.fetches_pending
    if lookups.unresolved_requests or unfetched:
        yield (
            f"{lookups.unresolved_requests:,} requests are unresolved: {lookups.failed + lookups.pending:,} addresses "
            f"have no answer and {unfetched:,} parcels or cases no violations yet. They count as unmatched; "
            f"{_remedy(lookups)}."
        )


def _of_outdated(lookups: Lookups) -> Iterator[str]:
    if lookups.outdated:
        are = "1 answer is" if lookups.outdated == 1 else f"{lookups.outdated:,} answers are"
        yield (
            f"{are} older than {lookups.max_age_days} days, as the address service gave no newer one. "
            "Accounts may have changed since; the next `li-perf run` asks again."
        )


def _remedy(lookups: Lookups) -> str:
    is_interrupted = lookups.pending or lookups.fetches_pending
    return "`li-perf resume` goes on with the run" if is_interrupted else "`li-perf retry` asks again"
