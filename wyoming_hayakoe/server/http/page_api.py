"""What the page asks of the server: the voices, how a text is read, and its sound."""

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from wyoming_hayakoe.audio import wav_header
from wyoming_hayakoe.errors import RequestError
from wyoming_hayakoe.narration import ReadSentence
from wyoming_hayakoe.server.catalogue import Requested
from wyoming_hayakoe.server.context import Context
from wyoming_hayakoe.server.http.bodies import BODY_LIMIT, check_length, json_body
from wyoming_hayakoe.server.http.fields import FieldError, Fields
from wyoming_hayakoe.server.http.phrase_json import phrase_json, utterance_of
from wyoming_hayakoe.server.http.services import Services
from wyoming_hayakoe.server.http.speech import Item, speak
from wyoming_hayakoe.server.http.streaming import AudioResponse
from wyoming_hayakoe.server.http.voice_facts import voice_facts
from wyoming_hayakoe.server.settings import TEXT_LIMIT
from wyoming_hayakoe.speaker import Speaker
from wyoming_hayakoe.text.accent_phrases import accent_phrases, morae_of
from wyoming_hayakoe.text.morae import as_katakana
from wyoming_hayakoe.text.passage_cutter import cut
from wyoming_hayakoe.utterance import Utterance, in_range

# Characters that are shown as accent phrases; the rest of a text is spoken all the same.
_SHOWN = 2_000
_NAME = 200
_MOST_SENTENCES = 5_000
# Morae of all edited sentences: more than the characters have that are shown.
_MOST_EDITED = 20_000


def routes(services: Services) -> list[BaseRoute]:
    """Return the page's own interface; it is not meant for other programs and may change."""
    context = services.context

    async def voices(_: Request) -> Response:
        return JSONResponse(await voice_facts(services))

    async def read(request: Request) -> Response:
        return await _read(context, Fields.of(await json_body(request)))

    async def morae(request: Request) -> Response:
        reading = Fields.of(await json_body(request)).text("reading", longest=_NAME)
        try:
            found = morae_of(as_katakana(reading))
        except ValueError as error:
            raise HTTPException(400, str(error)) from None
        return JSONResponse({"morae": [{"kana": mora.kana, "devoiced": mora.devoiced} for mora in found]})

    async def speech(request: Request) -> Response:
        return await _speak(context, request, Fields.of(await json_body(request)))

    return [
        Route("/api/voices", voices),
        Route("/api/read", read, methods=["POST"]),
        Route("/api/morae", morae, methods=["POST"]),
        Route("/api/speak", speech, methods=["POST"]),
    ]


async def _read(context: Context, fields: Fields) -> Response:
    """Answer how the beginning of a text is read, sentence by sentence, each as a step of the lane."""
    text = check_length(fields.text("text", longest=BODY_LIMIT))
    front_end = _speaker(context, fields).front_end

    def sentences() -> Generator[Mapping[str, Any] | str, None, None]:
        shown = 0
        passages = cut(text, code=front_end.code)
        for number, passage in enumerate(passages):
            if shown and shown + len(passage.text) > _SHOWN:
                yield "".join(rest.text for rest in passages[number:])
                return
            shown += len(passage.text)
            phrases = accent_phrases(front_end.read(passage.text))
            yield {"text": passage.text, "phrases": [phrase_json(phrase) for phrase in phrases]}

    read: list[Mapping[str, Any]] = []
    rest = ""
    async with aclosing(context.lane.iterate(sentences())) as found:
        async for sentence in found:
            if isinstance(sentence, str):
                rest = sentence
            else:
                read.append(sentence)
    return JSONResponse({"sentences": read, "rest": rest})


async def _speak(context: Context, request: Request, fields: Fields) -> Response:
    """Answer the sound of texts and of edited sentences, in their order."""
    speaker = _adjusted(_speaker(context, fields), fields.object("params") or Fields({}))
    sentences = list(fields.objects("sentences", _MOST_SENTENCES))
    if not sentences:
        raise FieldError((*fields.place, "sentences"), "is missing")
    texts = [each.text("text", None, longest=BODY_LIMIT) for each in sentences]
    characters = sum(len(text) for text in texts if text is not None)
    if characters > TEXT_LIMIT:
        raise RequestError("text-too-long", f"a text has at most {TEXT_LIMIT} characters: send it in parts")
    # Thousands of phrases take a second.
    edited = await asyncio.to_thread(
        _edited, [each for each, text in zip(sentences, texts, strict=True) if text is None]
    )
    characters += sum(len(utterance.text) for utterance in edited)

    def items() -> Iterator[Item]:
        others = iter(edited)
        for text in texts:
            if text is None:
                yield ReadSentence(next(others))
            else:
                yield from cut(text, code=speaker.front_end.code)

    spoken = await speak(context, request, speaker, items(), characters=characters)
    return AudioResponse(_with_header(spoken.rate, spoken.pcm), "audio/wav")


def _edited(sentences: Sequence[Fields]) -> list[Utterance]:
    utterances: list[Utterance] = []
    morae = 0
    for each in sentences:
        utterances.append(utterance_of(each))
        morae += sum(len(word.morae) for word in utterances[-1].words)
        if morae > _MOST_EDITED:
            raise RequestError("text-too-long", f"edited sentences have at most {_MOST_EDITED} morae: send fewer")
    return utterances


def _speaker(context: Context, fields: Fields) -> Speaker:
    """Return the speaker of the voice and style that a client names; without a voice, the default."""
    name, style = fields.text("voice", None), fields.text("style", None)
    return context.catalogue.find(Requested(name=name, style=style))


def _adjusted(speaker: Speaker, wanted: Fields) -> Speaker:
    """Return a speaker with the page's factors on its own parameters; a speed of 1.2 is faster here."""
    own = speaker.params
    factors = {name: wanted.number(name, 0.0, 10.0, 1.0) for name in ("speed", "pitch", "intonation", "volume")}
    params = replace(
        own,
        speed=in_range("speed", own.speed / max(factors["speed"], 0.01)),
        pitch_scale=in_range("pitch_scale", own.pitch_scale * factors["pitch"]),
        intonation_scale=in_range("intonation_scale", own.intonation_scale * factors["intonation"]),
        volume=in_range("volume", own.volume * factors["volume"]),
        sentence_silence=in_range("sentence_silence", own.sentence_silence + wanted.number("pause", 0.0, 10.0, 0.0)),
    )
    return replace(speaker, params=params)


async def _with_header(rate: int, pcm: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield a WAV stream of unknown length."""
    async with aclosing(pcm):
        yield wav_header(rate)
        async for window in pcm:
            yield window
