"""Fits what is shipped for the five Japanese voices of Kokoro, in wyoming_hayakoe/engine/kokoro/data."""
