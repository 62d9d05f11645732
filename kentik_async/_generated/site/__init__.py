"""Generated from protos. Written by `python -m codegen`; changes made here are lost."""
