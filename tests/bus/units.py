"""units - control groups named like systemd's units, and clients that run in them. Only root can, and
only where a cgroup v2 hierarchy is mounted; what is made carries our pid and goes at the end."""

import os
import signal
import socket
import unittest

from harness import ALICE, IS_ROOT, connect, ours, socket_path, spawn
from wire import Client

SO_PEERPIDFD = 77
MADE = []


def mounted():
    """Where cgroup v2 is, or None."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        for line in file:
            _, where, kind = line.split()[:3]
            if kind == "cgroup2":
                return where
    return None


ROOT = mounted()


def need_units():
    if not IS_ROOT or not ROOT or not os.access(ROOT, os.W_OK):
        raise unittest.SkipTest("needs root and a cgroup v2 hierarchy, to be in units")


def need_pidfd():
    near, far = socket.socketpair()
    with near, far:
        try:
            os.close(near.getsockopt(socket.SOL_SOCKET, SO_PEERPIDFD))
        except OSError:
            raise unittest.SkipTest("this kernel has no pidfd of a peer") from None


class Unit:
    """A control group: `path` below the root, whose last part is the unit's name."""

    def __init__(self, path):
        need_units()
        folder = ROOT
        for part in path.split("/"):
            folder = os.path.join(folder, part)
            if not os.path.isdir(folder):
                os.mkdir(folder)
                MADE.append(folder)
        self.path = path
        self.folder = folder
        self.name = os.path.basename(path)

    def enter(self, pid=0):
        with open(os.path.join(self.folder, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write(str(pid))


def unit(name, slices="system.slice"):
    """A unit of that name with our pid in it: unit("good@%d.service")."""
    return Unit("%s/%s" % (slices, name % os.getpid()))


def drop_units():
    """What is left in them has to be gone."""
    while MADE:
        folder = MADE.pop()
        try:
            os.rmdir(folder)
        except OSError:
            # slices that others use by now
            if folder.endswith(".service"):
                raise


def client_in(bus, where, uid=ALICE):
    """A connection of a process in the unit, which lives as long as it; None: in no unit."""
    return bus.client(uid, before=where.enter if where else None)


def connected_and_dead(bus, where, uid=ALICE):
    """(pid, a connection) of a process in that unit that is gone. Nothing was said on it yet."""

    def run():
        where.enter()
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        return connect(socket_path(bus.address))

    pid, sock, end = spawn(run)
    end()
    client = Client(sock)
    client.uid = uid
    bus.clients.append(client)
    return pid, client


def connected_and_another_program(bus, where, uid=ALICE):
    """(pid, a connection) of a process in that unit that runs another program since."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    pid = os.fork()
    if pid == 0:
        try:
            where.enter()
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            sock = connect(socket_path(bus.address))
            socket.send_fds(far, [b"+"], [sock.fileno()])
            os.execv("/bin/sleep", ["sleep", "60"])
        finally:
            os._exit(1)
    far.close()
    ours.add(pid)

    def end():
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        ours.discard(pid)

    with near:
        _, fds, _, _ = socket.recv_fds(near, 1, 1)
        # closed by the exec
        near.recv(1)
    client = Client(socket.socket(fileno=fds[0]), end)
    client.uid = uid
    bus.clients.append(client)
    return pid, client


def move_back(pid):
    """What moves a process to where it is now."""
    with open("/proc/%d/cgroup" % pid, encoding="ascii") as file:
        path = [line[3:].strip() for line in file if line.startswith("0::")][0]

    def move():
        with open(ROOT + path.rstrip("/") + "/cgroup.procs", "w", encoding="ascii") as file:
            file.write(str(pid))

    return move


def reuse(pid, where):
    """A process in that unit gets that pid; what ends it."""
    for _ in range(200):
        try:
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
                file.write(str(pid - 1))
        except OSError:
            raise unittest.SkipTest("pids cannot be chosen here") from None
        got, _, end = spawn(where.enter)
        if got == pid:
            return end
        end()
    raise unittest.SkipTest("somebody else has pid %d" % pid)
