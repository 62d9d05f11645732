"""The generated data that the emulator serves: networks, markets, rankings, and customers' objects."""
