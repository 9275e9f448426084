"""The command line's root, to which each module here adds its verbs."""

from __future__ import annotations

from typing import Annotated

import typer

from li_perf import __version__

app = typer.Typer(
    help="A city's 311 service requests, turned into answers that survive a fact check.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def about(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """A city's 311 service requests, turned into answers that survive a fact check."""
    if version:
        print(__version__)
        raise typer.Exit
