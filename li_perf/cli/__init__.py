"""The command line: arguments to acts, outcomes to exit codes."""

from __future__ import annotations

import logging
import sys

import typer
from typer.exceptions import TyperException

from li_perf.cli import acting, looking, measuring, serving, simulating, watching  # each adds its verbs
from li_perf.cli.app import app
from li_perf.errors import ServerError, UserError
from li_perf.faces import messages
from li_perf.session import NothingToResume
from li_perf.signals import Interrupted

__all__ = ["acting", "app", "exit_code", "looking", "main", "measuring", "serving", "simulating", "watching"]
log = logging.getLogger(__name__)


def main() -> None:
    """The entry point: every outcome has its exit code, every expected error is one sentence."""
    sys.exit(exit_code())


def exit_code(arguments: list[str] | None = None) -> int:
    """Do what the arguments say (those of the process by default) and return the exit code."""
    messages.set_up()
    try:
        return app(arguments, standalone_mode=False) or 0
    except TyperException as error:
        if said := error.format_message():
            stop = "" if said.endswith((".", "?", "!")) else "."
            log.error(f"li-perf: {said}{stop} `li-perf --help` lists what there is.")
        return 2
    except NothingToResume as nothing:
        print(nothing)
        return 0
    except Interrupted as stopped:
        log.warning(str(stopped))
        return stopped.exit_code
    except (UserError, ServerError) as error:
        log.error(f"li-perf: {error}")
        return 2 if isinstance(error, UserError) else 1
    except (typer.Abort, KeyboardInterrupt):
        return 130
