"""What a server answered from one time that it let us in again to the next: the rate that a long window bears."""

from __future__ import annotations

LONG = 6.0  # seconds: less than that says little, as we held off for most of it
BRIEF = 2.0  # seconds shut: that long we may have held off for nothing
IDLE = 5.0  # seconds without a slot and without a pause: nobody asked


class Cycle:
    """Begun with the first slot, and again when the server answers behind its refusals; times are loop times."""

    def __init__(self) -> None:
        self._answers = 0
        self._since = self._slot_at = self._refused_at = 0.0

    def slot(self, now: float, *, held_until: float) -> None:
        """A slot is used. A time in which nobody asked is left out."""
        idle = now - max(self._slot_at, held_until)
        if idle > IDLE:
            self._since += idle if self._since else now
        self._slot_at = now

    def answered(self) -> None:
        self._answers += 1

    def refused(self, now: float) -> None:
        """From now on, until it ends."""
        self._refused_at = now

    def end(self, now: float) -> tuple[float, float] | None:
        """Answers a second and seconds, the refusals' time included; None where it is too short, and so goes on."""
        if now - self._refused_at < BRIEF:
            self._since += now - self._refused_at
        seconds, answers = now - self._since, self._answers
        if seconds < LONG or not answers:
            return None
        self._since, self._answers = now, 0
        return answers / seconds, seconds
