"""One question's way: the calls made and the refusals met."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from li_perf.wire import Reply


@dataclass(slots=True)
class Trail:
    """`attempts` counts calls sent; times are loop times; `reply` is the last one."""

    attempts: int = 0
    refusals: int = 0
    sent_at: float = 0.0
    refused_at: float | None = None
    reply: Reply = field(default_factory=lambda: Reply(status=0))

    def sent(self) -> None:
        self.attempts += 1
        self.sent_at = asyncio.get_running_loop().time()

    def refused(self) -> float:
        """Note a refusal; when the first one was met."""
        self.refusals += 1
        self.refused_at = self.refused_at or asyncio.get_running_loop().time()
        return self.refused_at
