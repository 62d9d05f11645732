"""Runs one untrusted SELECT on given tables, and lets it reach nothing else.

DuckDB runs in memory, without access to files, the network, extensions and Python's variables, and its
configuration is locked before the query is read. The tables are Arrow datasets, which pyarrow reads.
"""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from kentik_async.errors import ConfigError, ValidationError

__all__ = ["Query"]

_LOCKED_IN: Mapping[str, str] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "temp_directory": "",
    "memory_limit": "512MB",
    "threads": "2",
}

_INTERRUPT_AGAIN = 0.01
"""Seconds between two interrupts."""


class Query:
    """One query, which may be stopped from another thread."""

    def __init__(self, tables: Mapping[str, Any]) -> None:
        """Open a database with the tables.

        Args:
            tables: Arrow datasets by name.

        Raises:
            ConfigError: duckdb is not installed.
        """
        try:
            import duckdb
        except ModuleNotFoundError:
            raise ConfigError(
                "the package duckdb is not installed: pip install 'kentik-async[mcp]'"
            ) from None
        self._errors = duckdb.Error
        self._select = duckdb.StatementType.SELECT
        self._connection = duckdb.connect(":memory:", config=dict(_LOCKED_IN))
        for name, dataset in tables.items():
            self._connection.register(name, dataset)
        self._connection.execute("SET lock_configuration = true")
        self._late = False
        self._stopped = threading.Event()
        self._ended = threading.Event()

    def rows(self, sql: str, timeout: float) -> Iterator[dict[str, Any]]:
        """Run the query and yield its rows.

        Args:
            sql: One SELECT statement.
            timeout: The longest that it may take, in seconds.

        Raises:
            ValidationError: It is not one SELECT statement, fails, or takes too long.
        """
        watcher = threading.Thread(target=self._watch, args=(timeout,), daemon=True)
        watcher.start()
        reason = ""
        try:
            statements = self._connection.extract_statements(sql)
            if len(statements) != 1 or statements[0].type != self._select:
                reason = "sql must be exactly one SELECT statement"
            else:
                cursor = self._connection.execute(statements[0])
                names = [column[0] for column in cursor.description or ()]
                while (row := cursor.fetchone()) is not None:
                    yield dict(zip(names, row, strict=True))
        except (self._errors, RuntimeError) as error:  # an interrupt may raise either
            reason = " ".join(str(error).split())
        finally:
            self._ended.set()
            self._stopped.set()
            watcher.join()
        if self._late:
            reason = f"the query took longer than {timeout:g} s; add a filter or a limit"
        if reason:
            raise ValidationError(reason)

    def stop(self) -> None:
        """Stop the query, also one that has not begun; its thread then raises ValidationError."""
        self._stopped.set()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def _watch(self, timeout: float) -> None:
        """Interrupt the query once it is stopped or late, again and again until it ends.

        DuckDB forgets an interrupt that comes before a statement begins.
        """
        self._late = not self._stopped.wait(timeout)
        while not self._ended.wait(_INTERRUPT_AGAIN):
            self._connection.interrupt()
