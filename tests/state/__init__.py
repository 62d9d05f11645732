"""Declared state against an emulator: pairs of accounts and files, second writers, kills, Ctrl-C."""
