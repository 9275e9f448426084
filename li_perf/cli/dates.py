"""Days as they are written on the command line."""

from __future__ import annotations

from datetime import date, datetime

from li_perf.errors import UserError
from li_perf.model import Period

SPARE_YEARS = 100  # before the last year that a date can have: of a period's end, and what is reckoned from it


def period(since: str | None, until: str | None, *, today: date) -> Period:
    """The period asked for; 2025 by default. Raises UserError for one that is reversed, in the future or no date."""
    first = day(since, "--since") if since else date(2025, 1, 1)
    last = day(until, "--until") if until else date(first.year + 1, 1, 1)
    if last <= first:
        raise UserError(
            f"The period ends ({last}) before it begins ({first}); --until is the first day that is not part of it."
        )
    if first > today:
        raise UserError(f"The period begins on {first}, which lies in the future. Choose an earlier --since.")
    return Period(since=first, until=last)


def day(text: str, flag: str) -> date:
    """The calendar day that a flag names. Raises UserError."""
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a calendar day has no zone
        found.replace(year=found.year + SPARE_YEARS, day=1)
        return found
    except ValueError:
        raise UserError(f"{flag} {text!r} is not a date; write it as 2025-01-31.") from None
