"""Descriptors whose close() sleeps: who passes them waits for it, and nobody else does."""

import array
import errno
import os
import resource
import signal
import socket
import struct
import time
import unittest

from fuse import Fuse
from harness import ALICE, BOB, IS_REFERENCE, BusTest, family, need_root, open_files, rows
from wire import Late, call, signal as dbus_signal

I = "com.ex.I"
# seconds: what the closes would take, what another client may notice of that
LINGER = 6
NOTICE = 1.0
# a user that no other test is: the kernel counts by user what nobody has received
POURER = 61002
# how long one user's closes stall before that is logged
PATIENCE = 20.0


def lingering(test):
    """A TCP socket with bytes that nobody takes, whose last close() waits for them."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    sock = socket.create_connection(listener.getsockname())
    test.addCleanup(listener.accept()[0].close)
    listener.close()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER))
    sock.setblocking(False)
    try:
        while True:
            sock.send(b"x" * 65536)
    except BlockingIOError:
        pass
    return sock.detach()


def nested(test):
    """A socket in whose queue such a one waits."""
    far, near = socket.socketpair()
    inner = lingering(test)
    socket.send_fds(far, [b"x"], [inner])
    os.close(inner)
    far.close()
    return near.detach()


def broker(bus):
    for pid in family(bus.pid):
        with open("/proc/%d/comm" % pid, encoding="ascii") as file:
            if file.read().startswith("dbus-warden-bro"):
                return pid
    raise AssertionError("there is no broker")


@unittest.skipIf(IS_REFERENCE, "sleeps in close()")
class SlowClose(BusTest):
    def pair(self):
        need_root()
        return ALICE, BOB

    def leave_unread(self, client, fd):
        """A descriptor that the bus does not come to read, as a read ends where the first one stood."""
        socket.send_fds(client.sock, [b"no message at all"], [fd])
        inner = lingering(self)
        socket.send_fds(client.sock, [b"x"], [inner])
        os.close(inner)

    def unhindered(self, client, seconds=NOTICE * 2):
        """The client is answered all the time, and what it passes goes through."""
        end, worst = time.monotonic() + seconds, 0.0
        read, write = os.pipe()
        while time.monotonic() < end:
            start = time.monotonic()
            client.send(dbus_signal("/", I, "S", destination=client.name, fds=[write]))
            os.close(client.expect(member="S", timeout=LINGER * 20).fds[0])
            worst = max(worst, time.monotonic() - start)
            time.sleep(0.01)
        os.close(read)
        os.close(write)
        self.assertLess(worst, NOTICE)

    def give(self, client, fds):
        """Passes them to nobody. False if the bus does not read any more."""
        message = dbus_signal("/", I, "Nothing", unix_fds=len(fds), serial=client.next_serial())
        try:
            return client.send_raw(message.pack(), fds, timeout=0.3)
        except Late:
            return False

    def pour(self, client, fd):
        """Passes it as often as the bus takes it, in a process of the client's own."""
        pid = os.fork()
        if pid == 0:
            try:
                os.setresuid(client.uid, client.uid, client.uid)
                while self.give(client, [fd] * 253):
                    pass
            except OSError:
                pass  # so many wait in the socket: ETOOMANYREFS
            finally:
                os._exit(0)
        os.waitpid(pid, 0)

    @rows([("lingering", lingering), ("nested", nested)])
    def test_passed(self, make):
        bus = self.bus()
        alice, bob = (bus.client(uid) for uid in self.pair())
        before = open_files(bus)
        for _ in range(5):
            fd = make(self)
            self.give(alice, [fd])
            os.close(fd)
        self.unhindered(bob)
        self.assertEqual(open_files(bus), before)

    def test_urgent(self):
        """Of a byte that is out of band the kernel tells nobody who does not ask for it."""
        bus = self.bus()
        alice, bob = (bus.client(uid) for uid in self.pair())
        before = open_files(bus)
        fd = lingering(self)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))]
        try:
            alice.sock.sendmsg([b"l"], rights, socket.MSG_OOB)
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            raise unittest.SkipTest("a kernel without CONFIG_AF_UNIX_OOB") from error
        finally:
            os.close(fd)
        self.unhindered(bob)
        self.assertLessEqual(open_files(bus), before + 1)

    def test_unread(self):
        """What waits unread in a connection is closed with it."""
        bus = self.bus()
        pid = broker(bus)
        _, bob = (bus.client(uid) for uid in self.pair())
        before = open_files(bus)
        clients = [bus.client(ALICE) for _ in range(5)]
        os.kill(pid, signal.SIGSTOP)
        try:
            for client in clients:
                self.leave_unread(client, 0)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.unhindered(bob)
        for client in clients:
            self.assertTrue(client.is_closed())
        self.assertEqual(open_files(bus), before)

    def test_before_hello(self):
        """The same of one that is gone before the bus has accepted it."""
        bus = self.bus()
        pid = broker(bus)
        bob = bus.client(self.pair()[1])
        before = open_files(bus)
        os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(5):
                client = bus.raw(ALICE)
                self.leave_unread(client, 0)
                client.close()
        finally:
            os.kill(pid, signal.SIGCONT)
        self.unhindered(bob)
        self.assertEqual(open_files(bus), before)

    def test_file_server(self):
        """The server of a file answers no close(): who passed it uses up its share, gets it back once
        the server answers, and meanwhile nobody else notices; the log says who it is."""
        bus = self.bus(limits={"max_message_unix_fds": 253})
        need_root()
        alice, bob = bus.client(POURER), bus.client(BOB)
        before = open_files(bus)
        fuse = Fuse(self)
        fd = fuse.open()
        share = resource.prlimit(broker(bus), resource.RLIMIT_NOFILE)[0] // 4
        self.pour(alice, fd)
        self.assertGreater(open_files(bus), before + 253)
        self.assertLess(open_files(bus), before + share)
        start = time.monotonic()
        self.unhindered(bob)
        with self.assertRaises(Late):
            alice.call(call(None, "/", "org.freedesktop.DBus.Peer", "Ping"), NOTICE)
        while "Closing what uid=%d passed takes long" % POURER not in bus.text():
            self.assertLess(time.monotonic() - start, PATIENCE)
            time.sleep(0.2)
        self.unhindered(bob)
        # a connection that ends is closed, and its client gone, whatever it has passed
        connections = open_files(bus)
        alice.close()
        self.assertLess(open_files(bus), connections)
        fuse.let_go()
        os.close(fd)
        again = bus.client(POURER)
        again.sync()
        self.assertEqual(open_files(bus), before)

    def test_file_server_of_unread(self):
        """The same in a connection, where nobody can shorten it: those of its user with nothing in them
        do not wait behind it."""
        bus = self.bus(limits={"max_connections_per_user": 4})
        pid = broker(bus)
        need_root()
        alice, bob = bus.client(POURER), bus.client(BOB)
        fuse = Fuse(self, late=True)
        fd = fuse.open()
        os.kill(pid, signal.SIGSTOP)
        try:
            socket.send_fds(alice.sock, [b"no message at all"], [0])
            socket.send_fds(alice.sock, [b"x"], [fd])
            os.close(fd)
            fuse.dirty()
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertTrue(alice.is_closed())
        self.unhindered(bob, 0.2)
        self.assertEqual(len(fuse.held), 1)
        before = open_files(bus)
        for _ in range(200):
            bus.client(POURER).close()
            bus.raw(POURER).close()
        self.unhindered(bob, 0.2)
        self.assertEqual(open_files(bus), before)
        self.assertEqual(len(fuse.held), 1)
        fuse.let_go()
        bus.client(POURER).sync()

    def test_end(self):
        """A bus that ends hangs up on its clients, and ends, even if a server does not answer."""
        bus = self.bus()
        alice, bob = (bus.client(uid) for uid in self.pair())
        fuse = Fuse(self)
        fd = fuse.open()
        self.give(alice, [fd])
        self.unhindered(bob, 0.2)
        bus.process.send_signal(signal.SIGTERM)
        bus.alive = False
        self.assertTrue(bob.is_closed())
        self.assertEqual(bus.process.wait(PATIENCE), 0)
        fuse.let_go()
        os.close(fd)

    def test_threads_are_in_the_cage(self):
        bus = self.bus()
        bus.client().sync()
        pid = broker(bus)
        if "may make any system call" in bus.text():
            raise unittest.SkipTest("built without cages")
        tasks = os.listdir("/proc/%d/task" % pid)
        self.assertGreater(len(tasks), 2)
        for task in tasks:
            with open("/proc/%d/task/%s/status" % (pid, task), encoding="utf-8") as file:
                status = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"))
            for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(int(status[kind], 16), 0, kind)


if __name__ == "__main__":
    unittest.main()
