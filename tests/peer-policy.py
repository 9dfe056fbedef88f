#!/usr/bin/env python3
"""Judges a million addresses twice: by the relay's policy and by Python's ipaddress.

usage: peer-policy.py BUILD/tests/unit/test_peerpolicy [COUNT]

Prints one line of TAP. The table below is the documented one (doc/decisions.md), not
read from the source. Half of the addresses lie in or beside a range of it.
"""
import ipaddress
import random
import subprocess
import sys

DENIED = [ipaddress.ip_network(n) for n in """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15
198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
::/128 ::1/128 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20
5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8
::ffff:0:0/96 ::ffff:0:0:0/96 ::/96 64:ff9b::/96
""".split()]


def allowed(address):
    return not any(address in net for net in DENIED if net.version == address.version)


def anywhere(rng):
    if rng.random() < 0.5:
        return ipaddress.IPv4Address(rng.getrandbits(32))
    return ipaddress.IPv6Address(rng.getrandbits(128))


def near_a_range(rng):
    net = rng.choice(DENIED)
    cls = ipaddress.IPv4Address if net.version == 4 else ipaddress.IPv6Address
    first, last = int(net.network_address), int(net.broadcast_address)
    value = rng.choice([rng.randint(first, last), first + rng.randint(-3, 3),
                        last + rng.randint(-3, 3)])
    return cls(value % (1 << net.max_prefixlen))


def embedded(rng):
    """A v4 address in one of its v6 forms."""
    v4 = rng.getrandbits(32)
    return ipaddress.IPv6Address(rng.choice([
        0xffff << 32 | v4, v4, 0x64ff9b << 96 | v4,
        0x2002 << 112 | v4 << 80 | rng.getrandbits(80)]))


def main():
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    rng = random.Random(8656)
    makers = [anywhere, anywhere, near_a_range, near_a_range, embedded]
    addresses = [makers[i % len(makers)](rng) for i in range(count)]
    answer = subprocess.run([program, "--judge"], text=True, check=True,
                            input="".join(f"{a}\n" for a in addresses),
                            stdout=subprocess.PIPE).stdout.split()
    wrong = [a for a, said in zip(addresses, answer) if (said == "1") != allowed(a)]
    good = len(answer) == count and not wrong
    print("1..1")
    print(f"{'ok' if good else 'not ok'} 1 - {count} addresses are judged alike")
    for a in wrong[:20]:
        print(f"# {a}: {'allowed' if allowed(a) else 'forbidden'} by the table")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
