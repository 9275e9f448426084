"""Scrapy with JOBDIR, its own way to go on, and a pipeline into SQLite; one call a question.

On uvloop, a hundred requests at a time to the one host, no delay, no robots.txt, no cookies, no middleware that only
crawling needs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
import scrapy
from errand import Errand, Keeping, errand, opened
from scrapy.crawler import CrawlerProcess


class Answers:
    """The item pipeline: so many answers a commit, as its settings say."""

    @classmethod
    def from_crawler(cls, crawler: Any) -> Answers:
        pipeline = cls()
        pipeline.path, pipeline.every = crawler.settings["STORE"], crawler.settings.getint("COMMIT_EVERY")
        return pipeline

    def open_spider(self) -> None:
        self.store = opened(self.path)
        self.keeping = Keeping(self.store, every=self.every)

    def close_spider(self) -> None:
        self.keeping.commit()
        self.store.close()

    def process_item(self, item: dict[str, Any]) -> dict[str, Any]:
        self.keeping.add(item["question"], item["account"], item["body"])
        return item


class Lookups(scrapy.Spider):
    """A request a question."""

    name = "lookups"
    errand: Errand

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for question in self.errand.questions:
            yield scrapy.Request(self.errand.url(question), cb_kwargs={"question": question})

    def parse(self, response: Any, question: str) -> Any:
        answer = orjson.loads(response.body)
        account = answer["features"][0]["properties"]["opa_account_num"]
        yield {"question": question, "account": account, "body": response.body}


def settings(errand: Errand, *, every: int) -> dict[str, Any]:
    return {
        "JOBDIR": str(errand.folder / "job"),
        "STORE": errand.store,
        "COMMIT_EVERY": every,
        "ITEM_PIPELINES": {Answers: 300},
        "CONCURRENT_REQUESTS": errand.concurrency,
        "CONCURRENT_REQUESTS_PER_DOMAIN": errand.concurrency,
        "CONCURRENT_ITEMS": errand.concurrency,
        "DOWNLOAD_DELAY": 0,
        "ROBOTSTXT_OBEY": False,
        "COOKIES_ENABLED": False,
        "REDIRECT_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "COMPRESSION_ENABLED": False,
        "HTTPPROXY_ENABLED": False,
        "REFERER_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "DOWNLOAD_FAIL_ON_DATALOSS": True,
        "LOG_LEVEL": "WARNING",
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
    }


def main(errand: Errand) -> None:
    Lookups.errand = errand
    process = CrawlerProcess(settings(errand, every=errand.every))
    process.crawl(Lookups)
    process.start()


if __name__ == "__main__":
    main(errand())
