"""`li-perf` and `python -m li_perf`: ready to be stopped from the first moment on, also as process 1 of a container."""

import signal
import sys


def main() -> None:
    """Heed signals, and only then import the rest, which takes most of a second."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda told, _: sys.exit(128 + told))
    from li_perf.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
