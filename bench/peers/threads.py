"""`requests` in a hundred threads, a session each; one call a question, every 500 answers a commit."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing

import orjson
import requests
from errand import Errand, Keeping, errand, opened, unanswered


def main(errand: Errand) -> None:
    own = threading.local()

    def look_up(question: str) -> tuple[str, str, bytes]:
        if not hasattr(own, "session"):
            own.session = requests.Session()
            own.session.trust_env = False
        response = own.session.get(errand.url(question), timeout=30)
        response.raise_for_status()
        account = orjson.loads(response.content)["features"][0]["properties"]["opa_account_num"]
        return question, account, response.content

    with closing(opened(errand.store)) as store, ThreadPoolExecutor(errand.concurrency) as pool:
        keeping = Keeping(store, every=errand.every)
        asked = [pool.submit(look_up, question) for question in unanswered(store, errand.questions)]
        for answer in as_completed(asked):
            keeping.add(*answer.result())
        keeping.commit()


if __name__ == "__main__":
    main(errand())
