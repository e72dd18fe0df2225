"""Takes over the objects of a PDF as plain Python, for the judge.

pikepdf reads the file, and gives all objects at once as qpdf's JSON: names begin with a slash,
texts with ``u:``, other strings with ``b:``, and references are as ``12 0 R``. To ask pikepdf for
each entry of each dictionary costs several times as much.
"""

import json
from typing import Any

import pikepdf

from bustia.errors import UnpressableError

__all__ = ["Objects"]

_DEEPEST = 12


class Objects:
    """The objects of a file; streams are there as their dictionaries."""

    def __init__(self, pdf: pikepdf.Pdf) -> None:
        self._pdf = pdf
        found = list(pdf.objects)
        texts = [one.to_json(dereference=True) for one in found]
        values = json.loads(b"[%b]" % b",".join(texts))
        self._values: dict[str, Any] = {
            _reference(one): value for one, value in zip(found, values, strict=True)
        }
        self.root: dict[str, Any] = self._values[_reference(pdf.Root)]
        self.info: dict[str, Any] = json.loads(pdf.docinfo.to_json(dereference=True))
        self._pages = [_reference(page.obj) for page in pdf.pages]
        self.pages: list[dict[str, Any]] = [self._values[one] for one in self._pages]
        self.numbers = {one: number for number, one in enumerate(self._pages)}
        """Which page a reference is to, from 0 on."""

    def get(self, value: Any) -> Any:  # noqa: ANN401
        """Follow a reference; give any other value as it is."""
        if isinstance(value, str):
            found = self._values.get(value)
            if found is not None or (value.endswith(" R") and value[0].isdigit()):
                return found
        return value

    def dictionary(self, value: Any) -> dict[str, Any]:  # noqa: ANN401
        """Follow a reference to a dictionary; what is not there is empty."""
        found = self.get(value)
        return found if isinstance(found, dict) else {}

    def array(self, value: Any) -> list[Any]:  # noqa: ANN401
        """Follow a reference to an array; what is not there is empty, and one value is one."""
        found = self.get(value)
        return found if isinstance(found, list) else [] if found is None else [value]

    def stream(self, reference: str) -> bytes:
        """Give the data of a stream, decoded."""
        number, generation, _ = reference.split()
        data: bytes = self._pdf.get_object(int(number), int(generation)).read_bytes()
        return data

    def plain(self, value: Any, depth: int = 0) -> Any:  # noqa: ANN401
        """Follow all references in a value, but those to pages."""
        if isinstance(value, str):
            if not value.endswith(" R") or not value[0].isdigit():
                return value
            if value in self.numbers:
                return f"page {self.numbers[value] + 1}"
            if depth > _DEEPEST:
                raise UnpressableError("its attributes refer to each other")
            return self.plain(self._values.get(value), depth + 1)
        if isinstance(value, dict):
            return {key: self.plain(one, depth + 1) for key, one in value.items()}
        if isinstance(value, list):  # mostly of numbers
            return [
                one if isinstance(one, float | int) else self.plain(one, depth + 1) for one in value
            ]
        return value


def _reference(one: pikepdf.Object) -> str:
    number, generation = one.objgen
    return f"{number} {generation} R"
