"""Code generation: `python -m codegen` compiles protos into `kentik_async/_generated`."""
