"""What the page tells of the voices: who made them, how large and how fast they are, and which are coming."""

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.http.services import Services
from wyoming_hayakoe.server.http.style_ids import Talker, talkers
from wyoming_hayakoe.server.voice_jobs import Job
from wyoming_hayakoe.utterance import SynthesisParams
from wyoming_hayakoe.version import __version__
from wyoming_hayakoe.voice import Voice

_DEFAULTS = SynthesisParams()


async def voice_facts(services: Services) -> Mapping[str, Any]:
    """Return the voices that are offered and those that are coming, for JSON; a thread reads the voices' reports."""
    context = services.context
    catalogue = context.catalogue
    offered = await asyncio.to_thread(lambda: [_facts(context, talker) for talker in talkers(catalogue)])
    jobs = services.updater.coming if services.updater else []
    return {
        "version": __version__,
        "default": catalogue.names[0],
        "voices": offered,
        "coming": [_coming(job) for job in jobs],
    }


def _facts(context: Context, talker: Talker) -> Mapping[str, Any]:
    entry = talker.entry
    voice, params = entry.speaker.voice, entry.speaker.params
    return {
        "name": entry.name,
        "base": voice.name,
        "description": entry.description,
        "languages": list(voice.languages),
        "styles": list(talker.styles),
        "style_ids": dict(talker.styles),
        "credit": dataclasses.asdict(voice.credit),
        "sample_rate": voice.sample_rate,
        "size": voice.size,
        "precision": _precision(voice),
        "speed": context.paces.of(voice),
        "is_ready": voice.is_ready,
        "preset": _changed(params) if entry.name != voice.name else None,
    }


def _precision(voice: Voice) -> str | None:
    """Return the number format of a voice's network; None where it has none, or is not prepared yet."""
    if (report := voice.report) is None:
        return None
    chosen = report.get("choice", {}).get("chosen", "fp32")
    return chosen if isinstance(chosen, str) else None


def _changed(params: SynthesisParams) -> Mapping[str, Any]:
    """Return the parameters that a preset sets."""
    return {name: value for name, value in dataclasses.asdict(params).items() if value != getattr(_DEFAULTS, name)}


def _coming(job: Job) -> Mapping[str, Any]:
    transfer = job.transfer
    return {
        "name": job.name,
        "status": job.state,
        "done": transfer.done if transfer else None,
        "total": (transfer.total or None) if transfer else None,
    }
