"""Pure functions between the wire and the models: bytes in, models out, and back.

Encoders check their arguments first and raise `ValidationError`; decoders take whatever bytes a server may
send and give a model or raise `DecodeError`, nothing else. Neither keeps state: both may run in any thread.
"""
