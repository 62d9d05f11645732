"""One module at a time: no network, no emulator, a virtual clock."""
