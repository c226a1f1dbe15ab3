"""A synthesis request, passed from the task that reads to the task that answers."""

import asyncio
from dataclasses import dataclass

from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.server.wyoming.text_stream import TextStream
from wyoming_hayakoe.speaker import Speaker


@dataclass(frozen=True, slots=True)
class Request:
    """A text to speak, and its speaker."""

    speaker: Speaker
    text: TextStream
    is_stream: bool
    """Whether the text came as a text stream, whose answer ends with synthesize-stopped."""


REQUEST_SIZE = 2048
"""Bytes that a request takes while it waits, beside its text."""

RequestQueue = asyncio.Queue[Request | RequestError | None]
"""One connection's requests in order; an error or None is the last."""
