"""Pulls that are saved, stopped, killed and resumed, against an emulator."""
