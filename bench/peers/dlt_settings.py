"""dlt set up for this errand: whatever may run side by side does, and nothing is sent home."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import uvloop
from errand import Errand


def configured(errand: Errand) -> Any:
    """The module dlt, which reads its settings from the environment."""
    os.environ |= {
        "EXTRACT__WORKERS": str(errand.concurrency),
        "EXTRACT__MAX_PARALLEL_ITEMS": str(errand.concurrency),
        "EXTRACT__NEXT_ITEM_MODE": "fifo",
        "EXTRACT__FUTURES_POLL_INTERVAL": "0.001",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "WARNING",
        "DLT_DATA_DIR": str(errand.folder / "dlt"),
    }
    import dlt

    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    return dlt


def load(dlt: Any, errand: Errand, answers: Any) -> None:
    """Extract, normalise and load, as `pipeline.run` does; a restarted run first finishes what an earlier one left."""
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        destination=dlt.destinations.duckdb(str(errand.folder / "answers.duckdb")),
        dataset_name="bench",
        pipelines_dir=str(errand.folder / "pipelines"),
    )
    pipeline.run(answers, loader_file_format="jsonl")
