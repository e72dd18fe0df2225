"""Poppler and qpdf as judges of sealed documents."""

from pathlib import Path

from tests.tools.debian import program

__all__ = ["judged_good", "said_by_pdfsig", "said_by_qpdf"]


def said_by_pdfsig(file: Path) -> list[str]:
    """Give what Poppler finds of the signatures; it isn't to look for certificates at home."""
    answer = program("pdfsig").run("-nocert", file, HOME=file.parent)
    return [line.strip(" -\t") for line in answer.stdout.splitlines()]


def said_by_qpdf(file: Path) -> tuple[int, str]:
    """Give how qpdf ends, and whatever it has to say against a file."""
    answer = program("qpdf").run("--check", file)
    return answer.returncode, answer.stderr


def judged_good(file: Path, content: bytes) -> None:
    """Assert that there is one signature, which is valid and covers all of a sound file."""
    file.write_bytes(content)
    said = said_by_pdfsig(file)
    found = {
        "signatures": sum(line.startswith("Signature #") for line in said),
        "type": "Signature Type: ETSI.CAdES.detached" in said,
        "valid": "Signature Validation: Signature is Valid." in said,
        "whole": "Total document signed" in said,
        "qpdf": said_by_qpdf(file),
    }
    assert found == {
        "signatures": 1, "type": True, "valid": True, "whole": True, "qpdf": (0, ""),
    }, said  # fmt: skip
