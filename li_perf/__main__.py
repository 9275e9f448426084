"""`python -m li_perf`; ready to be stopped from the first moment on, also as process 1 of a container."""

import signal
import sys

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    from li_perf.cli import main

    main()
