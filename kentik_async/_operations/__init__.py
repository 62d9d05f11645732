"""The operations of the API: name, path, effect on the server, encoding and decoding. Pure.

The effect decides whether a failed request may be sent again. The verb does not: KMI's POSTs are reads.
The pipeline and the transports need `request.py` only, which imports no messages.
"""
