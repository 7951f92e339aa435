"""The embedded broker's own process: amqtt on one port of the loopback, until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from amqtt.broker import Broker

ANONYMOUS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}


async def serve(port: int) -> None:
    """Serve MQTT 3.1.1 to everybody on this machine."""
    listeners = {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}}
    broker = Broker({"listeners": listeners, "plugins": ANONYMOUS})
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await broker.start()
    await stopping.wait()
    await broker.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(serve(int(sys.argv[1])))
