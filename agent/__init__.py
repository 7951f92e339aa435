"""The agent: decides on the device, loses nothing, tells the platform."""
