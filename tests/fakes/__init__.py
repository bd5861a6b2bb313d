"""Stand-ins for services the tests talk to; each behaves as strictly as the real one is known to."""
