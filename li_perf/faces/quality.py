"""quality, as a person reads it: each figure with its share, its n and what it means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from li_perf.steps.quality import Figure, Quality


def quality_text(found: Quality) -> str:
    """Sums first, then what is wrong, then what is missing."""
    return "\n".join([*_sums(found), *_figures(found), *_nulls(found), *_listed("Rejected", found.rejects)])


def _sums(found: Quality) -> Iterator[str]:
    sums, became, fresh = found.sums, found.sums.became, found.freshness
    yield f"{found.city}: {found.tickets:,} requests, opened from {fresh.oldest_opening} to {fresh.newest_opening}."
    yield f"The newest change that a row speaks of: {fresh.newest_update or 'none'}. Times are UTC."
    yield (
        f"{became.received:,} rows received = {became.new:,} new + {became.changed:,} changed + {became.unchanged:,} "
        f"unchanged + {became.earlier:,} earlier + {became.rejected:,} rejected: "
        + ("adds up." if sums.adds_up else "does NOT add up; `li-perf clean --afresh` reads all pages again.")
    )
    if sums.waiting:
        yield f"{sums.waiting:,} more rows are not in yet: `li-perf clean {found.city}` reads finished downloads."
    twice = found.repeated
    yield (
        f"{twice.rows:,} rows were of requests that were there already. "
        f"{twice.requests:,} requests had several rows in one clean, at most {twice.most:,}."
    )


def _figures(found: Quality) -> Iterator[str]:
    yield "\nWhat is odd:"
    yield from (f"  {_share(each)}  {each.name}: {each.definition}" for each in found.figures)
    yield from _listed("Types that no table names", found.unnamed_types)


def _nulls(found: Quality) -> Iterator[str]:
    yield "\nWhat is missing, by column:"
    yield from (f"  {_share(each)}  {each.name}" for each in found.nulls if each.count)
    if full := [each.name for each in found.nulls if not each.count]:
        yield f"  Always there: {', '.join(full)}."


def _share(each: Figure) -> str:
    percent = "   n/a " if each.share is None else f"{100 * each.share:6.2f}%"
    return f"{percent} ({each.count:,} of {each.n:,})"


def _listed(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    if counts:
        yield f"\n{title}:"
        yield from (f"  {count:>9,}  {name}" for name, count in counts.items())
