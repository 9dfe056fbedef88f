#!/usr/bin/python3
"""What a large ledger costs: tests/ledger/measure.py [BUILD] [DIR] [MEETINGS]

Makes the ledger of BUILD/tests/ledger/bigledger in DIR (a folder of the disk in question,
emptied behind us), starts the server on it warm and cold, asks it, and runs the commands.
Prints a table for doc/ledger-at-scale.md.
"""
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else 'build')
WORK = tempfile.mkdtemp(prefix='ledger-', dir=sys.argv[2] if len(sys.argv) > 2 else BUILD)
MEETINGS = sys.argv[3] if len(sys.argv) > 3 else '100000'
STATE = WORK + '/state'
PARAVENT = BUILD + '/paravent'


CONF = WORK + '/conf'


def free_port(kind):
    with socket.socket(type=kind) as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


PORT = free_port(socket.SOCK_STREAM)


def say(what, value, more=''):
    print(f'| {what} | {value} | {more} |', flush=True)


def forget():
    """The system's copies of the ledger's files in memory are dropped, as after a boot."""
    for name in os.listdir(STATE):
        path = os.path.join(STATE, name)
        if os.path.isfile(path):
            with open(path, 'rb') as f:
                os.fsync(f.fileno())
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def get(target, key=None):
    request = urllib.request.Request(f'http://127.0.0.1:{PORT}{target}')
    if key:
        request.add_header('authorization', 'Bearer ' + key)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def median_ms(target, key):
    took = []
    for _ in range(21):
        since = time.monotonic()
        get(target, key)
        took.append(time.monotonic() - since)
    return f'{sorted(took)[10] * 1000:.1f} ms'


def start():
    since = time.monotonic()
    server = subprocess.Popen([PARAVENT, 'serve', '-c', CONF],
                              stderr=open(WORK + '/log', 'a'))
    while True:
        try:
            get('/readyz')
            return server, time.monotonic() - since
        except OSError:
            if server.poll() is not None or time.monotonic() - since > 120:
                sys.exit(open(WORK + '/log').read())
            time.sleep(0.005)


def stop(server):
    since = time.monotonic()
    server.send_signal(signal.SIGTERM)
    server.wait()
    return time.monotonic() - since


def rss(server):
    with open(f'/proc/{server.pid}/status') as f:
        kb = next(int(line.split()[1]) for line in f if line.startswith('VmRSS'))
    return f'{kb / 1024:.0f} MB'


def run(*args):
    """Runs a command; how long it took."""
    args += '-c', CONF
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    since = time.monotonic()
    with open(WORK + '/out', 'wb') as out:
        done = subprocess.run([PARAVENT, *args], stdout=out, stderr=subprocess.PIPE)
    took = time.monotonic() - since
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f'{args}: {done.stderr.decode()}')
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f'{took:.1f} s', f'{cpu:.1f} s of CPU'


def main():
    os.mkdir(STATE, 0o700)
    with open(CONF, 'w') as f:
        f.write(f'state-dir = "{STATE}"\nlisten = {{"127.0.0.1:{PORT}"}}\n'
                f'stun-listen = {{"127.0.0.1:{free_port(socket.SOCK_DGRAM)}"}}\n'
                f'public-url = "http://127.0.0.1:{PORT}"\n')
    made = subprocess.run([BUILD + '/tests/ledger/bigledger', STATE, MEETINGS], check=True,
                          capture_output=True, text=True).stdout.strip()
    size = {n: os.stat(f'{STATE}/{n}').st_size / 1e6 for n in ('ledger.db', 'keys.db')}
    print(f'{made}; ledger.db {size["ledger.db"]:.0f} MB, keys.db {size["keys.db"]:.1f} MB')
    stop(start()[0])    # closes what bigledger left open, as after a crash
    warm = []
    for _ in range(5):
        server, took = start()
        warm.append(took)
        stop(server)
    say('start, files in memory', f'{sorted(warm)[2]:.2f} s', 'until /readyz says yes')
    cold = []
    for _ in range(5):
        forget()
        server, took = start()
        cold.append(took)
        stop(server)
    say('start, files on disk alone', f'{sorted(cold)[2]:.2f} s', '')
    server, _ = start()
    say('memory of the server', rss(server), 'after the start')
    key = json.loads(subprocess.run(
        [PARAVENT, 'key', 'add', 'bench', '--scope', 'create,read,audit', '--json',
         '-c', CONF], check=True, capture_output=True).stdout)['key']
    page = json.loads(get('/api/meetings?limit=50', key))
    meeting = next(m for m in json.loads(get('/api/meetings?limit=50&status=ended', key))
                   ['items'])['meetingId']
    say(f'list of {len(page["items"])} meetings', median_ms('/api/meetings?limit=50', key))
    say('list of 50 that are over', median_ms('/api/meetings?limit=50&status=ended', key))
    say('report of a meeting', median_ms(f'/api/meetings/{meeting}/report', key))
    say('events of a meeting', median_ms(f'/api/meetings/{meeting}/events', key))
    say('memory of the server', rss(server), 'after these')
    say('`log verify`', *run('log', 'verify'))
    say('`log export --format=jsonl`', *run('log', 'export', '--format=jsonl'))
    say('`backup`, checked', *run('backup', WORK + '/backup'))
    say('`rebuild`, server runs', run('rebuild')[0], 'facts wait, visits go on')
    say('stop', f'{stop(server):.2f} s')
    say('`rebuild`, server stopped', *run('rebuild'))
    backup = WORK + '/backup/' + os.listdir(WORK + '/backup')[0]
    say('`restore`, checked', *run('restore', backup, '-s', WORK + '/restored'))


try:
    main()
finally:
    shutil.rmtree(WORK)
