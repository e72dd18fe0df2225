"""Makes the README's picture of a bill: ``.venv/bin/python -m tests.compose.picture``."""

from pathlib import Path

import pypdfium2

from bustia.compose.typst_composer import TypstComposer
from tests.compose.bills import KINDS, STAMP, STATIONERY

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "bill.png"


def main() -> None:
    """Render the first page of the bill of a domiciled household."""
    pdf = TypstComposer(STATIONERY).compose(KINDS["domiciled-ca"](), (), STAMP).pdf
    image = pypdfium2.PdfDocument(pdf)[0].render(scale=1.5).to_pil()
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(256, kmeans=4).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
