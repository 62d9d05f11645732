"""Pages that a browser shows: the tests open them in headless Chromium, without a network."""
