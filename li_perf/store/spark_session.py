"""A Spark session: opened where the engine listens, closed behind the work, its failures told as sentences."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any

from li_perf.errors import Denied, ServerError, Unanswered, UserError
from li_perf.store.engines import Engine

CONNECT_SECONDS = 10.0
LONGEST_REASON = 300
AGAIN = "Nothing is lost: the same command does it again; without LI_PERF_ENGINE it is done on this machine."
NEEDS = {
    "sc": "pyspark.sql.connect",
    "spark": "pyspark.core",  # which Spark's client alone has not
}
# UTC on both ends; a value that does not fit its type is an error, and not an unknown.
CONFIGURATION = {"spark.sql.session.timeZone": "UTC", "spark.sql.ansi.enabled": "true"}
# A checkpoint of Spark 4.2 remembers what was inferred of columns by names that are gone: a union of such falls over it
# ("key not found"). An engine that refuses this setting is not that Spark.
WITHOUT_INFERENCE = ("spark.sql.constraintPropagation.enabled", "false")


@contextmanager
def connected(engine: Engine) -> Iterator[Any]:
    """A session of our own. Raises UserError where its client is missing, ServerError where nobody listens."""
    _check_installed(engine)
    _greet(engine)
    with answering(engine):
        session = _opened(engine)
    try:
        with answering(engine):
            for name, value in CONFIGURATION.items():
                session.conf.set(name, value)
        _try_setting(session, *WITHOUT_INFERENCE)
        yield session
    finally:
        with suppress(Exception):  # the work is done, or its own failure is what counts
            session.stop()


@contextmanager
def answering(engine: Engine) -> Iterator[None]:
    """Whatever the engine or the way to it fails in becomes a ServerError."""
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, *_transport()) as error:
        raise _refusal(engine, error) from None


def _opened(engine: Engine) -> Any:
    from pyspark.sql import SparkSession

    if engine.kind == "sc":
        return SparkSession.builder.remote(engine.url).create()
    builder = SparkSession.builder.master(engine.url).appName("li_perf")
    return builder.config("spark.ui.showConsoleProgress", "false").getOrCreate()


def _try_setting(session: Any, name: str, value: str) -> None:
    from pyspark.errors import PySparkException

    with suppress(PySparkException):
        session.conf.set(name, value)


def _check_installed(engine: Engine) -> None:
    said = f"LI_PERF_ENGINE is {engine.shown}"
    if any(find_spec(name) is None for name in ("pyspark", "pandas", "pyarrow")):
        raise UserError(f"{said}, and Spark's client is not installed. `pip install 'li-perf[spark]'` installs it.")
    if find_spec(NEEDS[engine.kind]) is None:
        raise UserError(f"{said}: a master needs all of Spark, in its own version: `pip install pyspark==…`.")
    if engine.kind == "spark" and not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise UserError(f"{said}: a master needs Java on this machine, too. Install it, or name an sc:// address.")


def _greet(engine: Engine) -> None:
    """Spark's own clients try for ten minutes before they say that nobody listens."""
    for place in engine.hosts:
        with suppress(OSError), socket.create_connection(place, timeout=CONNECT_SECONDS):
            return
    raise Unanswered(f"Nobody listens at {engine.shown} (LI_PERF_ENGINE). {AGAIN}")


def _transport() -> tuple[type[Exception], ...]:
    """What the ways to a server raise: gRPC to Spark Connect, Py4J to a driver in Java."""
    found: list[type[Exception]] = []
    with suppress(ImportError):
        from grpc import RpcError

        found.append(RpcError)
    with suppress(ImportError):
        from py4j.protocol import Py4JError

        found.append(Py4JError)
    return tuple(found)


def _refusal(engine: Engine, error: Exception) -> ServerError:
    text = str(error).strip()
    if any(word in text for word in ("UNAUTHENTICATED", "PERMISSION_DENIED")):
        return Denied(f"{engine.shown} (LI_PERF_ENGINE) refused us: its token is missing, wrong or no longer valid.")
    reason = _without_secrets(engine, _first_reason(text) or type(error).__name__)[:LONGEST_REASON]
    return Unanswered(f"{engine.shown} (LI_PERF_ENGINE) would not do our analysis: {reason.rstrip('.')}. {AGAIN}")


def _first_reason(text: str) -> str:
    """The first line that says why; Py4J's own says only which of its calls it was."""
    lines = [line.strip(": ") for line in text.splitlines() if not line.startswith("An error occurred while calling")]
    return lines[0] if lines else ""


def _without_secrets(engine: Engine, text: str) -> str:
    """What stands behind the host may be a token, whatever it is called."""
    for parameter in engine.url.partition("/;")[2].split(";"):
        _, _, value = parameter.partition("=")
        text = text.replace(value, "…") if len(value) > 5 else text
    return text
