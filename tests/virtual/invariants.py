"""What must hold of every voyage, whatever the plan was; each finding is a sentence."""

from __future__ import annotations

import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from support.runs import rows
from support.truth import truth
from virtual.front import LATE, Seen
from virtual.plan import SERVERS, Kind, Mishap
from virtual.voyage import LATER, Session, Voyage

from li_perf.engine.refusals import LONGEST
from li_perf.errors import Denied, Misdirected, Outage, Unanswered
from li_perf.signals import Interrupted
from li_perf.simulator.addresses import Kind as Address
from li_perf.simulator.simulation import busiest_second
from li_perf.sources.ais import KNOWN_GOOD
from li_perf.steps.vigil import WITHOUT

TRIES = 5
FAULTS = {"ais": 8, "carto": 4}  # distinct questions that open the breaker
GREETINGS = 3
RESERVE, SHARE = 10, 0.1  # of the retry budget
SOONER = 3  # probes, after 2, 4 and 8 seconds, before the rhythm of all others
RECOVERY = 3_600.0  # seconds within which a run is over when nothing goes wrong any more
TITLES = {"ais": "AIS", "carto": "Carto"}
LISTED, QUOTED = re.compile(r"(\w+) IN \((.*)\) ORDER BY"), re.compile(r"'((?:[^']|'')*)'")
LEVELS = {"L0": "is_l0", "M1": "is_m1", "M2": "is_m2", "M3(60)": "is_m3", "M4(60)": "is_m4", "M6(60)": "is_m6"}


def broken(voyage: Voyage) -> Iterator[str]:
    """Every promise that was not kept."""
    if voyage.findings is None:
        yield f"not finished after {len(voyage.sessions)} sessions"
        return
    for promise in (_settled, _failures, _true, _asked_once, _endings, _paced, _probed, _budgeted, _timely):
        yield from promise(voyage)


def _settled(voyage: Voyage) -> Iterator[str]:
    """Every question ends answered or failed, and nothing of the second server is left."""
    for table, final in (("lookup", ("answered", "failed")), ("fetch", ("answered",))):
        for state, count in rows(voyage.settings, f"select state, count(*) from {table} group by state"):
            if state not in final:
                yield f"{count} rows of {table} are {state}"


def _failures(voyage: Voyage) -> Iterator[str]:
    """A question fails for faults of its own, and poison always does."""
    failed = {question for (question,) in rows(voyage.settings, "select question from lookup where state = 'failed'")}
    own = Counter(seen.what for seen in voyage.front.log if seen.server == "ais" and _is_own(voyage, seen))
    for question in failed - voyage.poison - _exceptions(voyage):
        if own[question] < TRIES:
            yield f"{question!r} failed of {own[question]} faults of its own: {_story(voyage, question)}"
    for question in voyage.poison - failed:
        yield f"{question!r} cannot be answered and did not fail"


def _is_own(voyage: Voyage, seen: Seen) -> bool:
    return isinstance(seen.fault, Mishap) and seen.fault is not Mishap.SILENT


def _exceptions(voyage: Voyage) -> set[str]:
    return {text for text, address in voyage.city.addresses.items() if address.kind is Address.SERVER_EXCEPTION}


def _story(voyage: Voyage, what: str) -> str:
    return ", ".join(f"{seen.at:.1f} s {seen.fault or 'good'}" for seen in voyage.front.log if seen.what == what)


def _true(voyage: Voyage) -> Iterator[str]:
    """Outcomes, accounts and matches are the generator's, but for the questions that failed."""
    failed = {question for (question,) in rows(voyage.settings, "select question from lookup where state = 'failed'")}
    known = voyage.city.addresses
    lost = {text: replace(known[text], outcome="lookup_failed", accounts=()) for text in failed}
    real = truth(replace(voyage.city, addresses=known | lost))
    found = rows(voyage.settings, "select service_request_id, address_outcome, accounts from ticket")
    there = {number: (outcome, tuple(json.loads(accounts))) for number, outcome, accounts in found}
    for number in sorted(real.requests.keys() | there.keys()):
        if there.get(number) != (real.outcomes.get(number), real.accounts.get(number)):
            yield f"request {number} is {there.get(number)}, not {real.outcomes[number]} {real.accounts[number]}"
    for level, flag in LEVELS.items():
        query = f"select distinct service_request_id from match where {flag}"
        if {number for (number,) in rows(voyage.settings, query)} != real.levels[level]:
            yield f"level {level} differs from the truth"


def _asked_once(voyage: Voyage) -> Iterator[str]:
    """No question, page, account or case is asked about again once it was answered; probes and counts are, and what
    has no parcel once a session, as it was not believed yet when that ended."""
    exceptions = _exceptions(voyage)
    without = {text for text, address in voyage.city.addresses.items() if address.outcome in WITHOUT}
    good = Counter(named for seen in voyage.front.log if seen.fault is None for named in _names(seen))
    for named, count in good.items():
        most = len(voyage.sessions) if named in without else 1
        if count > most and named != KNOWN_GOOD and named not in exceptions:
            yield f"{named!r} was answered {count} times"


def _names(seen: Seen) -> list[str]:
    """What a request asks about: the question, the accounts or cases, or, of a download, the page."""
    if seen.server == "ais":
        return [seen.what]
    if listed := LISTED.search(seen.what):
        return [f"{listed[1]} {value}" for value in QUOTED.findall(listed[2])]
    return [seen.what] if "ORDER BY" in seen.what else []


def _endings(voyage: Voyage) -> Iterator[str]:
    """A run ends before it is finished when it is told to, or a server is out for longer than the limit."""
    for session in voyage.sessions:
        if session.ended_by is None or isinstance(session.ended_by, Interrupted):
            continue
        if not _is_fair(voyage, session):
            yield f"session {session.number} ended at {session.end:.1f} s: {session.ended_by!r}"


def _is_fair(voyage: Voyage, session: Session) -> bool:
    error = session.ended_by
    server = next(name for name, title in TITLES.items() if str(error).startswith(title))
    here = [seen for seen in voyage.front.log if seen.session == session.number and seen.server == server]
    if isinstance(error, Denied):
        return here[-1].fault is Kind.DENIED
    if isinstance(error, Unanswered):
        return max(Counter(seen.what for seen in here if seen.fault).values(), default=0) >= TRIES
    never_answered = all(seen.fault for seen in here)
    if isinstance(error, Misdirected) or "Check the address" in str(error):
        return never_answered
    assert isinstance(error, Outage), error
    limit = voyage.plan.outage_limit
    stretches = voyage.plan.stretches(server, gap=2 * voyage.plan.probe)
    return any(end - start > limit and start <= session.end for start, end in stretches)


def _paced(voyage: Voyage) -> Iterator[str]:
    for server in SERVERS:
        most = busiest_second(seen.at for seen in voyage.front.log if seen.server == server)
        if most > voyage.plan.rates[server] + 1:
            yield f"{most} requests to {server} in a second"


def _probed(voyage: Voyage) -> Iterator[str]:
    """In an outage a server sees what was on its way, what tells that it is one, and probes."""
    for server in SERVERS:
        workers = voyage.plan.concurrency[server]
        telling = FAULTS[server] if workers >= FAULTS[server] else workers * TRIES
        for start, end in voyage.plan.stretches(server, gap=0.0):
            calls = [seen for seen in voyage.front.log if seen.server == server and start <= seen.at < end]
            calls = [seen for seen in calls if isinstance(seen.fault, Kind) or seen.fault in (LATE, "leap")]
            sessions = sum(session.start < end and session.end > start for session in voyage.sessions)
            asking = _asking(calls, end - start, voyage.plan.probe)
            most = asking + telling + workers + (GREETINGS + SOONER) * sessions
            if len(calls) > most:
                yield f"{len(calls)} calls to {server} from {start:.0f} to {end:.0f} s, more than {most:.0f}"


def _asking(calls: list[Seen], seconds: float, probe: float) -> float:
    """How often it is found out whether an outage is over; one of both kinds is two, each as long as it is seen."""
    silent = [seen.at for seen in calls if seen.fault is Kind.SILENT]
    others = [seen.at for seen in calls if isinstance(seen.fault, Kind) and seen.fault is not Kind.SILENT]
    if not silent:
        return seconds / probe
    if not others:
        return _knocks(seconds)
    return _knocks(silent[-1] - silent[0]) + (others[-1] - others[0]) / probe


def _knocks(seconds: float) -> float:
    """How often a server that refuses without saying for how long is asked again: behind full jitter, LONGEST at most.

    So large a number of renewals is had by chance less than once in 10,000 times (mean and variance: Cox 1962, 4.2).
    """
    mean, variance = LONGEST / 2, LONGEST**2 / 12
    return math.log2(LONGEST) + seconds / mean + 4 * math.sqrt(seconds * variance / mean**3)


def _budgeted(voyage: Voyage) -> Iterator[str]:
    """Retries of questions' own faults stay below the budget's share, of calls or, without first calls, of time."""
    for server in SERVERS:
        asked: dict[tuple[int, str], list[Seen]] = defaultdict(list)
        for seen in voyage.front.log:
            if seen.server == server:
                asked[seen.session, seen.what].append(seen)
        retries = sum(_is_own(voyage, before) for calls in asked.values() for before in calls[:-1])
        seconds = sum(session.end - session.start for session in voyage.sessions)
        most = RESERVE * len(voyage.sessions) + SHARE * (len(asked) + voyage.plan.rates[server] * seconds)
        if retries > most:
            yield f"{retries} retries at {server}, more than {most:.0f}"


def _timely(voyage: Voyage) -> Iterator[str]:
    if voyage.front.age > voyage.plan.end + LATER + RECOVERY:
        yield f"it took until {voyage.front.age:.0f} s, and nothing went wrong after {voyage.plan.end:.0f} s"
