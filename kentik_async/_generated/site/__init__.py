"""Generated from protos. Written by `kentik-async codegen`; changes made here are lost."""
