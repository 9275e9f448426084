"""status and plan, as a person reads them."""

from __future__ import annotations

from typing import Any

import msgspec

from li_perf.engine.vitals import Vitals
from li_perf.faces.report_values import visible
from li_perf.faces.words import NOT_ASKED, pace, server_in_words, span
from li_perf.steps.plan import Plan, WithPrefill
from li_perf.steps.status import Status

SILENT_SECONDS = 60.0  # a run at work is seen every five seconds, but for some busy ones
SOURCES = {"ais": "from AIS", "opa": "from the City's table of properties", "local": NOT_ASKED}


def status_text(found: Status) -> str:
    """A few lines: period, downloads, questions by state, failures, silver, measures, pace and time left."""
    ended = f"finished {found.finished_at}" if found.is_finished else "not finished"
    lines = [f"{found.city} {found.since} until {found.until}: begun {found.started_at}, {ended}"]
    for table, download in found.downloads.items():
        counted = f" of {download['counted']:,}" if download["counted"] is not None else ""
        lines.append(f"  {table}: {download['received']:,}{counted} rows received")
    lines += _looked_up(found) + _made(found)
    for server, outcomes in found.requests_sent.items():
        each = ", ".join(f"{outcome}: {count:,}" for outcome, count in outcomes.items())
        lines.append(f"  requests to {server}: {sum(outcomes.values()):,} ({each})")
    lines += [f"  failed: {reason} {count:,}" for reason, count in (found.failures or {}).items()]
    lines += [f"  {_server(each)}" for each in found.servers.values()]
    if found.answers_a_second:
        left = f", {span(found.seconds_left)} left" if found.seconds_left else ""
        lines.append(f"  AIS has answered {pace(found.answers_a_second)} in the last minute{left}")
    if not found.is_finished:
        lines.append(_seen(found))
    lines += [
        f"Not finished: {since} until {until}; `li-perf run --since {since} --until {until}` goes on."
        for since, until in found.unfinished
    ]
    return "\n".join(visible(line) for line in lines)


def _looked_up(found: Status) -> list[str]:
    """What became of addresses and parcels; nothing for a city that looks none up."""
    if found.questions is None or found.fetches is None:
        return []
    lines = [f"  addresses: {_states(found.questions)}", f"  parcels and cases: {_states(found.fetches)}"]
    if found.answers:
        sources = ", ".join(f"{count:,} {SOURCES.get(name, name)}" for name, count in found.answers.items())
        lines.append(f"  answers: {sources}; {found.asked_again:,} took more than one call")
    return lines


def _made(found: Status) -> list[str]:
    """Silver and measures; for a city with inspections, whose runs end without them, only where there are any."""
    is_needed = found.questions is None
    lines = []
    if found.silver is not None or is_needed:
        silver = "none yet" if found.silver is None else f"{found.silver:,} of all downloads"
        lines.append(f"  requests in silver: {silver}")
    if found.measured_as_of or is_needed:
        lines.append(f"  measures: {f'as of {found.measured_as_of}' if found.measured_as_of else 'none yet'}")
    return lines


def _server(each: dict[str, Any]) -> str:
    return server_in_words(msgspec.convert({name: value for name, value in each.items() if name != "at"}, Vitals))


def _seen(found: Status) -> str:
    if found.seconds_since_seen is None:
        return "If it is not at work, `li-perf resume` goes on."
    seen = f"Last seen at work {span(found.seconds_since_seen)} ago"
    return f"{seen}: `li-perf resume` goes on." if found.seconds_since_seen > SILENT_SECONDS else f"{seen}."


def plan_text(found: Plan) -> str:
    """What a run would cost, without prefill and with it."""
    about = "about " if found.is_estimate else ""
    failed = f", {found.failed:,} failed (`li-perf retry` asks them again)" if found.failed else ""
    due = f", {found.due:,} of them too old" if found.due else ""
    requests = "" if found.requests is None else f"{found.requests:,} requests, "
    estimate = " (an estimate, by the share of 2025)" if found.is_estimate else ""
    lines = [
        f"{requests}{about}{found.questions:,} distinct addresses{estimate}, "
        f"{found.answered:,} answered already{due}{failed}.",
        f"AIS: {about}{found.ais_calls:,} calls, {_minutes(found.ais_seconds)}.",
        f"Carto: {about}{found.carto_calls:,} calls, {_minutes(found.carto_seconds)}, beside the look-ups.",
    ]
    return "\n".join(lines + (_with_prefill(found.with_prefill) if found.with_prefill else []))


def _with_prefill(way: WithPrefill) -> list[str]:
    if way.table_share is None:
        ais = (
            f"between {way.ais_calls_least:,} calls, {_minutes(way.ais_seconds_least)}, if the City's table answers "
            f"every address, and {way.ais_calls_most:,} calls, {_minutes(way.ais_seconds_most)}, if it answers none."
        )
    else:
        ais = (
            f"about {way.ais_calls_most:,} calls, {_minutes(way.ais_seconds_most)}, as the City's table answered "
            f"{way.table_share:.0%} of the addresses last time."
        )
    return [
        f"With --prefill (an estimate): AIS: {ais}",
        f"With --prefill (an estimate): Carto: about {way.carto_calls:,} calls, {_minutes(way.carto_seconds)}, "
        "most of it before the look-ups.",
    ]


def _states(states: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {state}" for state, count in sorted(states.items())) or "none yet"


def _minutes(seconds: float | None) -> str:
    if seconds is None:
        return "without a pace"
    return span(seconds)
