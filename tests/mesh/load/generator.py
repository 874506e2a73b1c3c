"""Sending requests at a fixed rate, however long their answers take."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Mapping
from types import TracebackType

from .answer import Answer, Outcome, recognise
from .target import Connections, Target

MAX_SECONDS = 600.0  # a load that nobody stops ends by itself


class Load:
    """An open loop: requests leave at ``rate`` a second, so that a server that stands still is seen as failures, not as silence.

    It ends when its ``with`` block does, after ``count`` requests, or after ``seconds``; then outstanding answers are
    waited for, ``timeout`` seconds at most each. ``with`` runs it in a thread, ``async with`` in the running event loop.
    A request that would be one more than ``in_flight`` is not sent and counts as a failure.
    """

    def __init__(
        self,
        target: Target,
        rate: float = 50.0,
        *,
        count: int | None = None,
        seconds: float = MAX_SECONDS,
        timeout: float = 10.0,
        connections: Connections = Connections.BOTH,
        versions: Mapping[str, float] | None = None,
        in_flight: int = 1000,
    ) -> None:
        if rate <= 0 or seconds <= 0 or timeout <= 0:
            raise ValueError(f"rate, seconds and timeout must be positive, not {rate:g}, {seconds:g} and {timeout:g}")
        self.target, self.rate, self.count, self.seconds = target, rate, count, seconds
        self.timeout, self.connections, self.versions, self.in_flight = (
            timeout,
            connections,
            dict(versions or {}),
            in_flight,
        )
        self.answers: list[Answer] = []
        self.sent = 0
        self.lag = 0.0
        """The longest time, in seconds, that a request left late because the generator itself was held up."""
        self.started = 0.0
        """The value of time.monotonic() when the load began; every ``Answer.at`` counts from it."""
        self._stop = asyncio.Event()
        self._pending: set[asyncio.Task[None]] = set()
        self._begun = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._error: BaseException | None = None

    @property
    def failures(self) -> list[Answer]:
        """The answers that are not ok, in the order they were sent."""
        return sorted((answer for answer in self.answers if not answer.ok), key=lambda answer: answer.at)

    @property
    def elapsed(self) -> float:
        """Seconds since the load began."""
        return time.monotonic() - self.started if self.started else 0.0

    @property
    def running(self) -> bool:
        """Whether requests are still being sent."""
        return bool(self.started) and not self._stop.is_set()

    def since(self, at: float, until: float = float("inf")) -> list[Answer]:
        """Return the answers to requests that were sent between two times, in seconds since the load began."""
        return [answer for answer in list(self.answers) if at <= answer.at < until]

    def counts(self, at: float = 0.0, until: float = float("inf")) -> Counter[str]:
        """Count the ok answers of each version among those `since` returns."""
        return Counter(answer.version or "" for answer in self.since(at, until) if answer.ok)

    async def run(self) -> None:
        """Send until one of the bounds is reached or `stop` is called, then wait for what is outstanding."""
        await self.target.open()
        self.started = time.monotonic()
        self._begun.set()
        try:
            while not self._stop.is_set() and self.sent != self.count:
                due = self.sent / self.rate
                if due >= self.seconds:
                    break
                await self._wait_until(due)
                if self._stop.is_set():
                    break
                self._send(due)
            self._stop.set()
            while self._pending:
                await asyncio.wait(self._pending)
        finally:
            self._stop.set()
            await self.target.close()

    async def _wait_until(self, due: float) -> None:
        if (wait := due - self.elapsed) > 0:
            try:
                await asyncio.wait_for(self._stop.wait(), wait)
            except TimeoutError:
                return
        else:
            await asyncio.sleep(0)  # behind: let answers in all the same

    def _send(self, due: float) -> None:
        new = self.connections is Connections.NEW or (self.connections is Connections.BOTH and self.sent % 2 == 1)
        self.sent += 1
        at = self.elapsed
        self.lag = max(self.lag, at - due)
        if len(self._pending) >= self.in_flight:
            self.answers.append(
                Answer(at, 0.0, None, None, f"not sent: {self.in_flight} requests were unanswered", new)
            )
            return
        task = asyncio.ensure_future(self._exchange(at, new))
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    async def _exchange(self, at: float, new: bool) -> None:
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(self.timeout + 1):  # a target that forgets its own limit
                outcome = await self.target.send(new, self.timeout)
        except TimeoutError:
            outcome = Outcome(None, error=f"no answer within {self.timeout:g} s")
        except Exception as fault:  # a fault of the target is a failure that is seen
            outcome = Outcome(None, error=f"the load generator itself failed: {type(fault).__name__}: {fault}")
        latency = time.perf_counter() - begun
        version, error = recognise(outcome, self.versions)
        self.answers.append(Answer(at, latency, outcome.status, version, error, new))

    def stop(self) -> None:
        """Send nothing more. May be called from any thread."""
        if self._loop is None:
            self._stop.set()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop.set)

    async def __aenter__(self) -> Load:
        self._task = asyncio.ensure_future(self.run())
        while not self.started and not self._task.done():
            await asyncio.sleep(0.001)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        await self._task

    def __enter__(self) -> Load:
        self._thread = threading.Thread(target=self._run_in_thread, name="load", daemon=True)
        self._thread.start()
        self._begun.wait()
        return self

    def _run_in_thread(self) -> None:
        async def run() -> None:
            self._loop = asyncio.get_running_loop()
            await self.run()

        try:
            asyncio.run(run())
        except BaseException as error:  # handed to the thread that waits
            self._error = error
        finally:
            self._begun.set()

    def wait(self) -> None:
        """Wait until the load has ended by its own bounds. Only inside ``with``."""
        assert self._thread is not None
        self._thread.join()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self.wait()
        if self._error is not None and error is None:
            raise self._error
