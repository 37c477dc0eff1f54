"""labels - connections whose process has a label of its own."""

import os
import signal
import socket

from harness import connect, ours, socket_path
from wire import Client


def label(type):
    """A whole label of small.cil's policy."""
    return "system_u:system_r:%s:s0" % type


def become(type):
    """What a process does to get the label: its sockets are created with it from then on."""

    def change():
        with open("/proc/self/attr/current", "wb", buffering=0) as file:
            file.write(label(type).encode())

    return change


def client(bus, type, **more):
    """A connection that has said Hello, of a process with this type."""
    return bus.client(before=become(type), **more)


def changing_client(bus, first, then):
    """Of a process that has the one type when it connects, and the other from then on."""
    near, far = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        become(first)()
        sock = connect(socket_path(bus.address))
        become(then)()
        socket.send_fds(far, [b"+"], [sock.fileno()])
        signal.pause()
    ours.add(pid)

    def end():
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        ours.discard(pid)

    far.close()
    fds = socket.recv_fds(near, 1, 1)[1]
    near.close()
    raw = Client(socket.socket(fileno=fds[0]), end)
    bus.clients.append(raw)
    with open("/proc/%d/attr/current" % pid, encoding="ascii") as file:
        assert file.read().rstrip("\0\n") == label(then)
    return raw.auth(os.geteuid()).hello()
