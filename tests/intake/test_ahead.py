"""Making items ahead in another thread: same items, same errors, no work once the caller stops."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from bustia.intake.ahead import made_ahead


def test_items_come_in_order() -> None:
    """What is made ahead is what the series would have given, in its order."""
    assert list(range(50)) == list(made_ahead(range(50), 3))
    assert not list(made_ahead([], 3))


def test_items_are_made_while_the_caller_is_busy() -> None:
    """The second item is made before the caller asks for it, in another thread."""
    second = threading.Event()
    makers: set[str] = set()

    def series() -> Iterator[int]:
        makers.add(threading.current_thread().name)
        yield 1
        second.set()
        yield 2

    with closing(made_ahead(series(), 1)) as items:
        assert next(items) == 1
        assert second.wait(10)
        assert list(items) == [2]
    assert threading.current_thread().name not in makers


def test_error_comes_where_its_item_would() -> None:
    """Items before a failure still arrive; then the failure itself is raised."""

    def series() -> Iterator[int]:
        yield 1
        raise ValueError("the second one can't be made")

    items = made_ahead(series(), 3)
    assert next(items) == 1
    with pytest.raises(ValueError, match="second one"):
        next(items)


def test_nothing_is_made_once_the_caller_stops() -> None:
    """A caller that gives up leaves no thread behind, and no more than the depth was made."""
    made: list[int] = []

    def series() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    with closing(made_ahead(series(), 2)) as items:
        next(items)
    assert len(made) <= 4
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ahead")]
