"""The HTTP interface of VOICEVOX's engine, on the voices of this server.

Source of paths, parameters and models: the OpenAPI of VOICEVOX ENGINE 0.25; ``tempoDynamicsScale`` is AivisSpeech's.
"""
