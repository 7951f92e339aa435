"""TOML in, frozen dataclasses out; every mistake named with its place."""
