"""The commands that messages name, completed with what must be typed: the city, the folders, a demo's own command."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from li_perf.errors import LiPerfError

GOING_ON = ("run", "resume", "retry")
REPORTING = (*GOING_ON, "report")
VERBS = (*REPORTING, "download", "clean", "enrich", "match", "measure", "status", "verify")
FLAGS = " --json| --afresh| --since [0-9-]+ --until [0-9-]+"
NAMED = re.compile(rf"`li-perf ({'|'.join(VERBS)})({FLAGS})?`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a command works. Empty is what it works on where nothing is typed.

    `again` is a whole command that goes on with the run, where that is neither `run` nor `resume` nor `retry`.
    """

    city: str = ""
    data: str = ""
    output: str = ""
    again: str = ""


def command(verb: str, place: Place) -> str:
    """What to type for a verb to work on this place."""
    if place.again and verb in GOING_ON:
        return place.again
    folders = {"--data": place.data, "--output": place.output if verb in REPORTING else ""}
    flags = [f"{flag} {shlex.quote(folder)}" for flag, folder in folders.items() if folder]
    return " ".join(("li-perf", verb, *([place.city] if place.city else []), *flags))


def completed(text: str, place: Place) -> str:
    """The text with each command that stands alone in it completed; one that names its city already stays.

    A demo is no beginning for who named a place.
    """
    text = text if place == Place() else text.replace(" or `li-perf demo`", "")
    return NAMED.sub(lambda found: f"`{command(found[1], place)}{found[2] or ''}`", text)


@contextmanager
def completing(place: Place) -> Iterator[None]:
    """Complete the commands in the sentence of an error that leaves the block."""
    try:
        yield
    except LiPerfError as error:
        error.args = (completed(str(error), place), *error.args[1:])
        raise
