"""Structured logs on the standard library's logging: one line an event, with the request's id.

    log.info("migrated", extra={"revision": "0001"})

Values go into `extra`, never into the text, so that they can be searched and so that a secret has
no way into a sentence. Keys that name secrets are masked whatever they hold.
"""

from __future__ import annotations

import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec

request_id: ContextVar[str] = ContextVar("request_id", default="")

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_MASKED = ("secret", "password", "token", "authorization", "cookie", "code_verifier", "assertion")
_encode = msgspec.json.Encoder(enc_hook=str).encode


def set_up_logs(*, level: str, shape: str) -> None:
    """Send every log line of the process to stderr as `shape` ("text" or "json")."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if shape == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("httpx", "httpcore", "alembic", "asyncio", "_granian"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _encode(line).decode()


class TextFormatter(logging.Formatter):
    """One line for people: time, level, message, key=value."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).strftime("%H:%M:%S")
        pairs = "".join(f" {key}={value}" for key, value in _extra(record).items())
        line = f"{moment} {record.levelname.lower():<7} {record.getMessage()}{pairs}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    extra = {
        key: "***" if any(word in key.lower() for word in _MASKED) else value
        for key, value in record.__dict__.items()
        if key not in _STANDARD
    }
    current = request_id.get()
    return {"request_id": current, **extra} if current else extra
