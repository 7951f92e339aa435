r"""What the agent is compared with: pyserial and paho, nothing checked, nothing stored.

python tests/bench/bare.py PORT BROKER-PORT: reads `Rdddd\r`, publishes each reading at QoS 1.
"""

from __future__ import annotations

import json
import signal
import sys
import time

import serial
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion


def main() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", int(sys.argv[2]))
    client.loop_start()
    count = 0
    rest = b""
    with serial.Serial(sys.argv[1], 9600) as port:
        while True:
            *frames, rest = (rest + port.read(port.in_waiting or 1)).split(b"\r")
            for frame in frames:
                if len(frame) != 5 or frame[:1] != b"R" or not frame[1:].isdigit():
                    continue
                count += 1
                record = {"n": "distance_mm", "u": "mm", "v": int(frame[1:]), "t": time.time()}
                payload = json.dumps([{**record, "seq": count}])
                client.publish("bare/reading/road-level", payload, qos=1)


if __name__ == "__main__":
    main()
