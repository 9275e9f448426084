"""Crawlee with its queue on the file system, its own way to go on (or in memory, which is faster); one call a question.

A hundred at a time from the start on uvloop, no sessions to rotate, its own (fastest) HTTP client; answers into SQLite.
"""

from __future__ import annotations

from contextlib import closing
from logging import WARNING, getLogger
from typing import Any

import orjson
import uvloop
from crawlee import ConcurrencySettings, Request, service_locator
from crawlee.configuration import Configuration
from crawlee.crawlers import HttpCrawler, HttpCrawlingContext
from crawlee.storage_clients import FileSystemStorageClient, MemoryStorageClient
from errand import Errand, Keeping, errand, opened


def crawler(errand: Errand) -> HttpCrawler:
    service_locator.set_configuration(
        Configuration(storage_dir=str(errand.folder / "crawlee"), purge_on_start=False)  # type: ignore[call-arg]
    )
    in_memory = errand.variant == "memory"
    service_locator.set_storage_client(MemoryStorageClient() if in_memory else FileSystemStorageClient())
    always = errand.concurrency
    return HttpCrawler(
        concurrency_settings=ConcurrencySettings(
            min_concurrency=always, desired_concurrency=always, max_concurrency=always
        ),
        use_session_pool=False,
        max_request_retries=4,
        configure_logging=False,
    )


async def main(errand: Errand) -> None:
    getLogger("crawlee").setLevel(WARNING)
    crawling = crawler(errand)
    with closing(opened(errand.store)) as store:
        keeping = Keeping(store, every=errand.every)

        @crawling.router.default_handler
        async def handle(context: HttpCrawlingContext[Any]) -> None:
            body = await context.http_response.read()
            account = orjson.loads(body)["features"][0]["properties"]["opa_account_num"]
            keeping.add(str(context.request.user_data["question"]), account, body)

        await crawling.run(
            [Request.from_url(errand.url(question), user_data={"question": question}) for question in errand.questions],
            purge_request_queue=False,
        )
        keeping.commit()


if __name__ == "__main__":
    uvloop.run(main(errand()))
