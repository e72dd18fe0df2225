"""The judge: says whether a pressed document is what Typst would have made of the same bill.

It reads both files by itself and shares nothing with what presses them.
"""

from bustia.compose.press.judge.comparing import differences

__all__ = ["differences"]
