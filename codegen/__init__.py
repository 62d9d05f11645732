"""Compiles protos into `kentik_async/_generated`: `python -m codegen`."""
