"""The press: the second composer, which fills forms that Typst laid out once."""

from bustia.compose.press.press import Press, Pressed

__all__ = ["Press", "Pressed"]
