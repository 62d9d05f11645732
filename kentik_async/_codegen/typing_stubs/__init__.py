"""Writes the `.pyi` files, for type checkers and editors."""

__all__: list[str] = []
