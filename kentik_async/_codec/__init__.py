"""Pure functions that encode requests to bytes and decode bytes to models.

Encoders check their arguments first and raise `ValidationError`. Decoders accept any bytes and return a model
or raise `DecodeError`, nothing else. The functions keep no state, so they may run in any thread.
"""
