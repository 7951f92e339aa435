"""From a raw reading to events: pure, without clock, disk or network."""
