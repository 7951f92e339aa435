"""The way to the platform: MQTT, at least once, nothing kept here that is not on disk."""
