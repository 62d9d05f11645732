"""The command of a checkout: `python -m codegen` compiles protos into `kentik_async/_generated`."""
