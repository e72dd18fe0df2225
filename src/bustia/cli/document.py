"""``bustia document``: show, export and verify sealed documents."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bustia.cli.common import (
    LANGUAGES,
    instance_option,
    json_option,
    out,
    print_json,
    progress_bar,
    stationery_option,
    table,
)
from bustia.errors import ArchiveError, SealError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from bustia.archive.models import Document
    from bustia.cycles.previewing import Language
    from bustia.seal import Verdict

__all__ = ["command"]


@click.group(epilog="Example: bustia document show F26-0001")
def command() -> None:
    """Show, export and verify sealed documents."""


@command.command(epilog="Example: bustia document show F26-0001 --json")
@click.argument("number")
@json_option
@instance_option
def show(number: str, as_json: bool, instance_path: Path) -> None:
    """Show what the document NUMBER is, and why it tells what it tells."""
    from bustia.instance import open_instance

    with open_instance(instance_path):
        from bustia.archive.services import find

        document = find(number)
        report = _describe(document)
        if as_json:
            print_json(report)
            return
        trace = report.pop("trace")
        report["messages"] = ", ".join(report["messages"]) or "none"
        report["segment"] = report["segment"] or "none: its bytes were erased"
        rows = [(name.replace("_", " "), value) for name, value in report.items()]
        out.print(table(f"Document {number}", ("", ""), rows))
        out.print(table("Why each rule spoke or not", ("Rule", "Outcome"), trace.items()))


def _describe(document: "Document") -> dict[str, Any]:
    return {
        "number": document.number,
        "kind": document.kind,
        "cycle": document.cycle,
        "contract": document.contract.number,
        "language": document.language,
        "release": document.release,
        "composer": document.composer,
        "pages": document.pages,
        "size": document.size,
        "sha256": document.sha256,
        "sealed_at": document.sealed_at,
        "segment": document.segment.name if document.segment else None,
        "retain_until": document.retain_until,
        "erased_at": document.erased_at,
        "messages": list(document.messages),
        "trace": dict(document.trace),
    }


@command.command(epilog="Example: bustia document export F26-0001 --out /tmp --proof")
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write into.",
)
@click.option("--proof", is_flag=True, help="Write the evidence proof beside each document.")
@click.option("--force", is_flag=True, help="Overwrite files that are there already.")
@json_option
@instance_option
def export(
    numbers: Sequence[str],
    folder: Path,
    proof: bool,
    force: bool,
    as_json: bool,
    instance_path: Path,
) -> None:
    """Write the documents NUMBER... as PDF, to the byte as they were sealed."""
    from bustia.instance import open_instance

    with open_instance(instance_path):
        from bustia.archive.services import find, retrieve

        written = []
        for number in numbers:
            document = find(number)
            files = {_file_name(number, ".pdf"): retrieve(document)}
            if proof:
                files[_file_name(number, ".proof.json")] = _proof(document)
            for name, content in files.items():
                written.append(_write(folder / name, content, force=force))
        if as_json:
            print_json({"written": written})
        else:
            click.echo("\n".join(map(str, written)))


@command.command(epilog="Example: bustia document preview 1000042 --out bill.pdf --language es")
@click.argument("contract")
@click.option(
    "--out",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write.",
)
@click.option("--force", is_flag=True, help="Overwrite the file if it is there already.")
@click.option("--language", type=click.Choice(LANGUAGES), help="Instead of the customer's.")
@stationery_option
@json_option
@instance_option
def preview(
    *,
    contract: str,
    file: Path,
    force: bool,
    language: "Language | None",
    stationery_path: Path | None,
    as_json: bool,
    instance_path: Path,
) -> None:
    """Write the newest bill of CONTRACT as it would come out now.

    The stationery is taken as it is in its folder. Nothing is sealed, kept or sent.
    """
    from time import perf_counter

    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.cycles.previewing import Previewer

        previewer = Previewer(stationery_path or instance.stationery)
        began = perf_counter()
        made = previewer.preview(contract, instance.now(), language)
        took = perf_counter() - began
    _write(file, made.pdf, force=force)
    rules = [message.rule for message in made.decision.chosen]
    if as_json:
        print_json(
            {
                "written": file,
                "invoice": made.invoice,
                "language": made.language,
                "pages": made.pages,
                "messages": rules,
                "trace": made.decision.trace_json(),
                "milliseconds": round(took * 1000, 1),
            }
        )
        return
    pages = "1 page" if made.pages == 1 else f"{made.pages} pages"
    told = ", ".join(rules) or "no messages"
    click.echo(f"{file}: invoice {made.invoice}, {pages}, with {told}. It is not sealed.")


def _file_name(number: str, ending: str) -> str:
    return re.sub(r"[^\w.-]", "_", number).lstrip(".") + ending


def _proof(document: "Document") -> bytes:
    from bustia.archive.services import proof_of

    found = proof_of(document)
    if found is None:
        raise ArchiveError(
            "there is no evidence of this document yet.",
            where=document.number,
            hint="It is made when the cycle's documents are all there: bustia cycle run",
        )
    return json.dumps(found.as_json(), indent=2).encode() + b"\n"


def _write(file: Path, content: bytes, *, force: bool) -> Path:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb" if force else "xb") as target:
            target.write(content)
    except FileExistsError as error:
        raise ArchiveError(
            "is there already.", where=str(file), hint="Overwrite it with --force."
        ) from error
    except OSError as error:
        raise ArchiveError(f"can't be written: {error.strerror}.", where=str(file)) from error
    return file


@command.command(epilog="Example: bustia document verify F26-0001.pdf --trust company.pem")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--trust",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Trust the certificates of this PEM file, instead of the instance's own.",
)
@click.option(
    "--proof",
    "proof_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Check this evidence proof, too.",
)
@json_option
@instance_option
@click.pass_context
def verify(
    context: click.Context,
    file: Path,
    trust: Sequence[Path],
    proof_file: Path | None,
    as_json: bool,
    instance_path: Path,
) -> None:
    """Tell whether FILE is unchanged since it was sealed, by whom and when.

    Without --trust it trusts the instance's own seal. Where there is an instance, it also tells
    whether its archive keeps this very file. Ends with 1 unless all is well.
    """
    from bustia.seal import verify as verify_seal
    from bustia.seal import verify_proof

    content = file.read_bytes()
    trusted = [one for path in trust for one in _certificates(path)]
    archived: str | None = None
    number: str | None = None
    if not trust or (instance_path / "bustia.toml").exists():
        own, archived, number = _ask_instance(instance_path, file, content)
        trusted = trusted or own
    verdict = verify_seal(content, trusted)
    proven = None
    if proof_file is not None:
        proven = verify_proof(content, _read_proof(proof_file))
    good = verdict.good and proven is not False and archived != "different"
    if as_json:
        print_json(
            {
                "file": file,
                "good": good,
                **asdict(verdict),
                "number": number,
                "archived": archived,
                "proof": proven,
            }
        )
    else:
        click.echo("\n".join(_sentences(file, verdict, archived, number, proven)))
    context.exit(0 if good else 1)


def _ask_instance(
    instance_path: Path, file: Path, content: bytes
) -> tuple[list["Certificate"], str | None, str | None]:
    """Give the instance's certificates, and what its archive says of a file."""
    from bustia.instance import open_instance

    with open_instance(instance_path) as instance:
        from bustia.archive.models import Document
        from bustia.archive.services import find_by_content
        from bustia.cycles.workshop import seal_identity

        identity = seal_identity(instance)
        own = [identity.certificate, *identity.chain]
        same = find_by_content(content)
        if same is not None:
            return own, "same", same.number
        named = Document.objects.filter(number=file.stem).first()
        if named is not None:
            return own, "different", named.number
        return own, "unknown", None


def _certificates(file: Path) -> list["Certificate"]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(file.read_bytes())
    except ValueError as error:
        raise SealError("holds no certificate in PEM form.", where=str(file)) from error


def _read_proof(file: Path) -> Any:  # noqa: ANN401 (typed where it is used; seal loads late)
    from bustia.seal import Proof

    try:
        data = json.loads(file.read_bytes())
    except ValueError as error:
        raise SealError("is not a proof: it isn't JSON.", where=str(file)) from error
    if not isinstance(data, dict):
        raise SealError("is not a proof that Bústia wrote.", where=str(file))
    return Proof.from_json(data)


def _sentences(
    file: Path,
    verdict: "Verdict",
    archived: str | None,
    number: str | None,
    proven: bool | None,
) -> list[str]:
    """Tell the verdict in plain words."""
    if verdict.unchanged:
        said = [f"{file.name} is, to the byte, what was sealed."]
    elif verdict.sealed:
        said = [f"{file.name} is NOT what was sealed."]
    else:
        said = [f"{file.name} is not a sealed document."]
    if verdict.sealed:
        when = f" on {verdict.sealed_at:%d-%m-%Y at %H:%M:%S %Z}" if verdict.sealed_at else ""
        trust = "" if verdict.trusted else " (NOT trusted here)"
        said.append(f"Sealed by {verdict.sealed_by}{trust}{when}.")
    if verdict.reason:
        said.append(verdict.reason)
    archive = {
        "same": f"It is the very document that the archive keeps as {number}.",
        "different": f"It is NOT the document that the archive keeps as {number}.",
        "unknown": "The archive keeps no such document.",
    }
    if archived is not None:
        said.append(archive[archived])
    if proven is not None:
        said.append(
            "The proof shows that it is among the documents of its cycle."
            if proven
            else "The proof is NOT of this document."
        )
    return said


@command.command(epilog="Example: bustia document check --json")
@json_option
@instance_option
@click.pass_context
def check(context: click.Context, as_json: bool, instance_path: Path) -> None:
    """Read every document of the archive and compare it with its digest."""
    from bustia.instance import open_instance

    with open_instance(instance_path):
        from bustia.archive.models import Document
        from bustia.archive.services import check as check_archive

        with progress_bar("Reading", Document.objects.count()) as advance:
            report = check_archive(progress=advance)
    if as_json:
        print_json({"sound": report.sound, **asdict(report)})
    else:
        click.echo(
            f"{report.documents} documents are kept, {report.bytes_documents} bytes in "
            f"{report.bytes_stored} on the disk; {report.erased} were erased."
        )
        for line in report.damaged:
            click.echo(f"Damaged: {line}")
        for name in report.orphans:
            click.echo(f"Segment without documents (harmless): {name}")
        click.echo("All are sound." if report.sound else f"{len(report.damaged)} are damaged.")
    context.exit(0 if report.sound else 1)
