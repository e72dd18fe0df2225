"""What stands in the log."""

import logging

from bustia.work.log import DiscreetFormatter


def test_a_log_line_tells_the_kind_of_an_error_but_nothing_about_anybody():
    """Neither the message nor the text of an exception is written."""
    error = ValueError("Montserrat Puig")
    record = logging.LogRecord(
        "bustia", logging.ERROR, __file__, 1, "for %s", ("client@example.org",),
        (ValueError, error, None),
    )  # fmt: skip
    line = DiscreetFormatter().format(record)
    assert "ValueError" in line
    assert "ERROR" in line
    assert "Montserrat" not in line
    assert "client@example.org" not in line
    assert "\n" not in line
