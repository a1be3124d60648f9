"""One line per thing that happened, for people or for machines."""

import logging
from typing import Any

import structlog

SHARED_PROCESSORS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


class OneLine(logging.Filter):
    """Says in one line what a library tells with a traceback each second for as long as a service is away."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Put the error behind the message, instead of the traceback below it."""
        if record.exc_info and record.exc_info[1] is not None:
            record.msg = f"{record.getMessage()}: {record.exc_info[1]!r}"
            record.args = ()
            record.exc_info = None
        return True


def logging_config(log_format: str, *, is_debug: bool) -> dict[str, Any]:
    """Send every log, structlog's and the standard library's, to stderr in the chosen format."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *SHARED_PROCESSORS,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED_PROCESSORS,
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            },
        },
        "filters": {"one_line": {"()": OneLine}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {
            "django": {"handlers": [], "level": "INFO" if is_debug else "WARNING", "propagate": True},
            # A refused request is the caller's mistake and its answer says so; only our own mistakes are logged.
            "django.request": {"level": "ERROR"},
            # The layer's own reader, which tries again each second when Valkey is away.
            "channels_redis.pubsub": {"filters": ["one_line"]},
            "orders": {"level": "INFO"},
            "kitchen": {"level": "INFO"},
            "realtime": {"level": "INFO"},
            "config": {"level": "INFO"},
        },
    }
