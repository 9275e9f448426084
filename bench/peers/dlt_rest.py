"""dlt with its declarative REST source, in parallel, into DuckDB; one call a question."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dlt_settings
from errand import Errand, errand
from orjson import dumps


def main(errand: Errand) -> None:
    dlt = dlt_settings.configured(errand)
    from dlt.sources.rest_api import rest_api_source  # reads the settings when it is imported

    @dlt.resource(name="question")
    def questions() -> Iterator[list[dict[str, str]]]:
        yield [{"question": question} for question in errand.questions]

    source = rest_api_source(
        {
            "client": {"base_url": f"{errand.ais}/", "paginator": "single_page"},
            "resources": [
                questions(),
                {
                    "name": "answer",
                    "parallelized": True,
                    "endpoint": {"path": "search/{resources.question.question}", "data_selector": "$"},
                    "processing_steps": [{"map": _row}],
                },
            ],
        }
    )
    dlt_settings.load(dlt, errand, source.with_resources("answer"))


def _row(document: dict[str, Any]) -> dict[str, Any]:
    account = document["features"][0]["properties"]["opa_account_num"]
    return {"question": document["query"], "account": account, "body": dumps(document).decode()}


if __name__ == "__main__":
    main(errand())
