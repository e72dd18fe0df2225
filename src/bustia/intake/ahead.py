"""Making the next items of a series while the caller is still busy with the present one."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["made_ahead"]

T = TypeVar("T")


def made_ahead(items: Iterable[T], depth: int) -> Generator[T]:
    """Give the items in order; another thread makes up to ``depth`` of them ahead.

    What goes wrong in making an item is raised where that item would have come. A caller that
    stops early waits for the item being made, and no further one is made.
    """
    series = iter(items)
    end = object()
    pool = ThreadPoolExecutor(1, "ahead")
    try:
        waiting = deque(pool.submit(next, series, end) for _ in range(depth))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(pool.submit(next, series, end))
            yield item  # type: ignore[misc]  # all but the end are items
    finally:
        pool.shutdown(cancel_futures=True)
