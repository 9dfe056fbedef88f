"""An independent TURN client, python3-aioice: two of them meet through the relay.

usage: aioice-hairpin.py udp|tcp HOST PORT SECRET
"""
import asyncio
import base64
import hashlib
import hmac
import sys
import time

from aioice import turn


class Ear(asyncio.DatagramProtocol):
    def __init__(self):
        self.heard = asyncio.Queue()

    def datagram_received(self, data, addr):
        self.heard.put_nowait(data)


def credentials(secret, name):
    username = f"{int(time.time()) + 600}:{name}"
    mac = hmac.new(secret.encode(), username.encode(), hashlib.sha1)
    return username, base64.b64encode(mac.digest()).decode()


async def endpoint(carrier, server, secret, name):
    username, password = credentials(secret, name)
    return await turn.create_turn_endpoint(
        Ear, server_addr=server, username=username, password=password,
        transport=carrier)


async def main(carrier, host, port, secret):
    server = (host, int(port))
    one, one_ear = await endpoint(carrier, server, secret, "one")
    two, two_ear = await endpoint(carrier, server, secret, "two")
    one_addr = one.get_extra_info("sockname")
    two_addr = two.get_extra_info("sockname")

    # The first one each way only binds the channel: the other has not yet.
    one.sendto(b"bind", two_addr)
    two.sendto(b"bind", one_addr)
    await asyncio.sleep(0.5)
    for ear in (one_ear, two_ear):
        while not ear.heard.empty():
            ear.heard.get_nowait()
    for n in range(100):
        message = f"message {n}".encode() + bytes(n)
        one.sendto(message, two_addr)
        assert await asyncio.wait_for(two_ear.heard.get(), 5) == message
        two.sendto(message, one_addr)
        assert await asyncio.wait_for(one_ear.heard.get(), 5) == message
    one.close()
    two.close()
    await asyncio.sleep(0.2)


asyncio.run(main(*sys.argv[1:]))
