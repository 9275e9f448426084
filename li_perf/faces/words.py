"""Times, servers and made-up cities in words that several faces say."""

from __future__ import annotations

from collections.abc import Sequence

from li_perf.engine.verdict import Verdict
from li_perf.engine.vitals import Vitals

NOT_ASKED = "too long to be asked"  # what is said of an address that no server could read
HELD = 1.0  # seconds of waiting that are worth a word


def made_up_city(title: str) -> str:
    """What stands at the top of all that is of a simulated city."""
    return f"This city is made up: its figures are for trying things out and say nothing of {title}."


def span(seconds: float) -> str:
    """A time of so many seconds, no more exactly than one wants to know it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def pace(rate: float) -> str:
    """Things a second."""
    return f"{rate:,.0f}/s" if rate >= 100 else f"{rate:.1f}/s" if rate >= 0.05 else "less than 0.1/s"


def servers_in_words(servers: Sequence[Vitals], *, between: str = "; ") -> str:
    """How servers are being asked."""
    return between.join(server_in_words(each) for each in servers)


def remarkable(servers: Sequence[Vitals]) -> list[Vitals]:
    """Those of which there is something to say where nothing is asked of them, or not yet."""
    return [each for each in servers if each.is_paused or each.held > HELD or each.in_flight or _so_far(each)]


def server_in_words(each: Vitals) -> str:
    """How one server is being asked: what keeps it from being asked first, then what has happened so far."""
    facts = [*_now(each), *_so_far(each)]
    return f"{each.server}: {', '.join(facts)}"


def _now(each: Vitals) -> list[str]:
    if each.is_paused:
        return ["does not answer, paused"]
    if each.held > HELD:
        return [f"not asked for {span(each.held)}"]
    most = [f"at most {pace(each.rate)}"] if each.rate is not None else []
    return [*most, f"{each.in_flight} in flight, limit {each.limit}"]


def _so_far(each: Vitals) -> list[str]:
    counts = (
        (each.calls.get(Verdict.SERVICE, 0), "repeat", "repeats"),
        (each.retries, "retry", "retries"),
        (each.openings, "outage", "outages"),
    )
    return [f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count]
