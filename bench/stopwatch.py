"""Times functions of the product from outside, by wrapping them for a while."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from typing import Any

__all__ = ["Stopwatch", "Target"]

Target = tuple[str, str, str]
"""A stage, a module, and a function or a class's method in it (``Class.method``)."""


class Stopwatch:
    """Seconds by stage. What a timed function calls that is timed too counts only there."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.missing: list[str] = []
        """Targets that don't exist, so that what they did stands under another stage."""
        self._inner = [0.0]

    @contextmanager
    def timing(self, targets: Iterable[Target]) -> Iterator[None]:
        """Time all calls of some functions, until the end of the block."""
        before: list[tuple[Any, str, Any]] = []
        try:
            for stage, module, path in targets:
                owner, name = _find(module, path)
                if owner is None:
                    self.missing.append(f"{module}.{path}")
                    continue
                function = getattr(owner, name)
                before.append((owner, name, function))
                setattr(owner, name, self._timed(stage, function))
            yield
        finally:
            for owner, name, function in reversed(before):
                setattr(owner, name, function)

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            began = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                whole = time.perf_counter() - began
                self.seconds[stage] += whole - self._inner.pop()
                self._inner[-1] += whole

        return timed


def _find(module: str, path: str) -> tuple[Any, str]:
    """Give what holds a function and its name there; None where there is no such function."""
    try:
        owner: Any = import_module(module)
    except ImportError:
        return None, ""
    *outer, name = path.split(".")
    for part in outer:
        owner = getattr(owner, part, None)
    return (owner, name) if hasattr(owner, name) else (None, "")
