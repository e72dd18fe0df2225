"""Makes the static files of the Office: one style sheet in the company's colours, small fonts.

Fonts are cut to the letters of western European languages. What is made goes into the instance,
under names that hold their digest, compressed: they may be cached for ever.
"""

import hashlib
import logging
import re
import shutil
from pathlib import Path

import django_htmx
import font_hanken_grotesk
import font_source_sans_pro
from django.core.management import call_command
from fontTools import subset

from bustia.compose.company import load_company
from bustia.instance import Instance
from bustia.office import palette

__all__ = ["build", "prepared_folder", "static_folder"]

_FONTS = {
    "text.woff2": Path(font_source_sans_pro.__file__).parent / "files/SourceSansPro-Regular.ttf",
    "text-strong.woff2": Path(font_source_sans_pro.__file__).parent
    / "files/SourceSansPro-Semibold.ttf",
    "display.woff2": Path(font_hanken_grotesk.__file__).parent / "files/HankenGrotesk-SemiBold.otf",
}
_HTMX = Path(django_htmx.__file__).parent / "static/django_htmx/htmx-2.min.js"
_LETTERS = (
    *range(0x20, 0x7F), *range(0xA0, 0x180), 0x2010, *range(0x2012, 0x2016), 0x2018, 0x2019, 0x201C,
    0x201D, 0x2022, 0x2026, 0x2039, 0x203A, 0x202F, 0x20AC, 0x2190, 0x2191, 0x2192, 0x2193, 0x2212,
    0x2009, 0x00B3,
)  # fmt: skip
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLANKS = re.compile(r"\s*\n\s*")


def prepared_folder(instance: Instance) -> Path:
    """Give the folder of what is made before names get their digests."""
    return instance.path / "web" / "prepared"


def static_folder(instance: Instance) -> Path:
    """Give the folder of the files that are served."""
    return instance.path / "web" / "static"


def build(instance: Instance) -> None:
    """Make all static files of an open instance, if what they are made from has changed."""
    stationery = instance.stationery
    prepared, served = prepared_folder(instance), static_folder(instance)
    digest = _digest(stationery)
    stamp = instance.path / "web" / "made-from"
    if stamp.exists() and stamp.read_text("ascii") == digest and served.is_dir():
        return
    office = prepared / "office"
    office.mkdir(parents=True, exist_ok=True)
    for name, font in _FONTS.items():
        _cut(font, office / name)
    colours = load_company(stationery)["ca"].colours
    sheet = palette.style(colours) + "".join(file.read_text("utf-8") for file in _sheets())
    (office / "office.css").write_text(_squeezed(sheet), encoding="utf-8")
    shutil.copyfile(stationery / "assets" / "mark.svg", office / "mark.svg")
    shutil.copyfile(_HTMX, office / "htmx.js")
    shutil.rmtree(served, ignore_errors=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(digest, "ascii")


def _sheets() -> list[Path]:
    """Give the style sheets in their order: the ground first, then the sections."""
    folder = Path(__file__).parent / "css"
    return [folder / "base.css", *sorted(set(folder.glob("*.css")) - {folder / "base.css"})]


def _digest(stationery: Path) -> str:
    static = Path(__file__).parent / "static"
    made_from = [
        Path(__file__), Path(palette.__file__), *_sheets(), *_FONTS.values(), _HTMX,
        *(file for file in sorted(static.rglob("*")) if file.is_file()),
        stationery / "company.yaml", stationery / "assets" / "mark.svg",
    ]  # fmt: skip
    digest = hashlib.sha256()
    for file in made_from:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _cut(font: Path, into: Path) -> None:
    """Write the letters that we need of a font, compressed for the web."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(flavor="woff2", layout_features=["*"], hinting=False)
    options.layout_features = ["kern", "liga", "mark", "mkmk", "locl", "tnum", "lnum", "ccmp"]
    loaded = subset.load_font(str(font), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=_LETTERS)
    cutter.subset(loaded)
    subset.save_font(loaded, str(into), options)


def _squeezed(sheet: str) -> str:
    return _BLANKS.sub("\n", _COMMENT.sub("", sheet)).strip() + "\n"
