"""Pure functions between bytes and models: they encode requests and decode responses.

Encoders check their arguments first and raise `ValidationError`. Decoders accept any bytes and return a model
or raise `DecodeError`, nothing else. None of them keeps state, so they may run in any thread.
"""
