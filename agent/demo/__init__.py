"""The demo: three sites that never existed, a real broker, the real daemon, and who watches."""
