"""How log lines are written: when, how grave and where, never what a record says of anybody."""

import logging

__all__ = ["DiscreetFormatter"]


class DiscreetFormatter(logging.Formatter):
    """Writes the time, level and place of a record, and what kind of error came with it.

    Messages hold jobs' arguments, and errors' texts hold rows of the database: both stay out.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Give one line."""
        kind = f" {record.exc_info[0].__name__}" if record.exc_info and record.exc_info[0] else ""
        place = f"{record.name}:{record.funcName}:{record.lineno}"
        return f"{self.formatTime(record)} {record.levelname} {place}{kind}"
