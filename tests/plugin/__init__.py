"""The pytest plugin and the emulator in a thread, which it runs."""
