"""Messages of a run at work, on standard error: a sentence each, or a JSON object each."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

import msgspec


class Json(logging.Formatter):
    """One JSON object a message: when, how grave, from where, and the sentence."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(said).decode()


class ToStandardError(logging.Handler):
    """Writes to what standard error is at the moment."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), file=sys.stderr, flush=True)


def set_up(*, as_json: bool = False) -> None:
    """Send warnings and what is graver to standard error."""
    root = logging.getLogger()
    for before in [each for each in root.handlers if isinstance(each, ToStandardError)]:
        root.removeHandler(before)
    handler = ToStandardError()
    handler.setFormatter(Json() if as_json else logging.Formatter("%(message)s"))
    root.addHandler(handler)
    logging.getLogger("li_perf.faces.api").setLevel(logging.INFO)  # a line an answer
