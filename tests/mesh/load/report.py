"""What a person sees of a load: a bar while it runs, a summary at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import ceil

from .answer import Answer
from .generator import Load

BAR = 40  # characters of a whole bar
BLOCKS = " ▏▎▍▌▋▊▉█"


def bar(share: float, width: int = BAR) -> str:
    """Draw a share (0 to 1) in eighths of a character."""
    eighths = round(share * width * 8)
    return ("█" * (eighths // 8) + BLOCKS[eighths % 8].strip()).ljust(width)


def percentile(latencies: Sequence[float], percent: float) -> float:
    """Return the smallest latency that ``percent`` of the latencies do not exceed; 0 where there are none."""
    if not latencies:
        return 0.0
    ordered = sorted(latencies)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def live_line(load: Load, window: float = 2.0, width: int = BAR) -> str:
    """Describe the last ``window`` seconds on one line, with the share of each version as part of one bar."""
    recent = load.since(load.elapsed - window)
    counts = Counter(answer.version or "?" for answer in recent if answer.ok)
    total = sum(counts.values()) or 1
    shares = "  ".join(
        f"{name} {100 * count / total:5.1f} % {bar(count / total, width // max(len(counts), 1))}"
        for name, count in sorted(counts.items())
    )
    return f"{load.elapsed:6.1f} s  {len(load.answers):6d} answers  {len(load.failures)} failed  {shares}"


def summary(load: Load) -> Iterator[str]:
    """Describe the whole load: the split, the latencies, and each failure with its time."""
    answers, failures = load.answers, load.failures
    yield f"{load.sent} requests at {load.rate:g} a second: {len(answers) - len(failures)} answered well, {len(failures)} failed"
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.ok:
            groups.setdefault(answer.version or "?", []).append(answer)
    total = sum(map(len, groups.values())) or 1
    widest = max(map(len, groups), default=0)
    for name, group in sorted(groups.items()):
        latencies = [answer.latency * 1000 for answer in group]
        middle, slow, slowest = (percentile(latencies, percent) for percent in (50, 99, 100))
        share = len(group) / total
        yield f"  {name:{widest}}  {len(group):7d}  {100 * share:6.2f} %  {bar(share)}  p50 {middle:.1f} ms  p99 {slow:.1f} ms  longest {slowest:.1f} ms"
    if load.lag > 0.1:
        yield f"  the generator itself was up to {load.lag * 1000:.0f} ms late: this machine is too busy for the rate"
    for failure in failures:
        yield f"  {failure}"
