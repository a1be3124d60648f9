"""What the libraries log, as the operator reads it."""

from __future__ import annotations

import logging

from config.logs import OneLine


def test_error_stands_on_the_message_s_own_line_when_a_library_logs_a_traceback() -> None:
    error = ConnectionError("refused")
    record = logging.LogRecord("layer", logging.ERROR, __file__, 1, "reading %s", ("on",), (type(error), error, None))

    passed = OneLine().filter(record)

    assert passed
    assert (record.getMessage(), record.exc_info) == ("reading on: ConnectionError('refused')", None)


def test_plain_message_stays_as_it_is() -> None:
    record = logging.LogRecord("layer", logging.ERROR, __file__, 1, "reading %s", ("on",), None)

    OneLine().filter(record)

    assert record.getMessage() == "reading on"
