"""File descriptors on their way through the bus."""

import os
import socket
import struct
import time
import unittest

from harness import IS_REFERENCE, SESSION, BusTest, fd_number, open_files, rows
from wire import DRIVER, FAULT, call, reply, signal

I = "com.ex.I"


class Fds(BusTest):
    def files(self, count):
        """Open files, each another one."""
        out = []
        for n in range(count):
            fd = os.memfd_create("fd-%d" % n)
            os.write(fd, b"%d" % n)
            self.addCleanup(os.close, fd)
            out.append(fd)
        return out

    def same(self, got, sent):
        """The same files, in the same order; what was got is closed."""
        try:
            self.assertEqual([fd_number(fd) for fd in got], [fd_number(fd) for fd in sent])
        finally:
            for fd in got:
                os.close(fd)

    @rows([(str(n), n) for n in (1, 2, 3, 7, 8, 15, 16)])
    def test_call_and_reply(self, count):
        bus = self.shared_bus()
        one, two = bus.client(), bus.client()
        files = self.files(count)
        serial = one.send(call(two.name, "/", I, "M", "h" * count, range(count), fds=files))
        got = two.expect(member="M")
        self.same(got.fds, files)
        self.assertEqual(got.args, tuple(range(count)))
        two.send(reply(got, "ah", (list(range(count)),), fds=files[::-1]))
        self.same(one.answer(serial).fds, files[::-1])

    def test_broadcast(self):
        bus = self.bus()
        one, *others = [bus.client() for _ in range(4)]
        for client in others:
            client.add_match("member='S'")
        files = self.files(3)
        one.send(signal("/", I, "S", fds=files))
        for client in others:
            self.same(client.expect(member="S").fds, files)

    def test_without_an_h_in_the_body(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        files = self.files(2)
        one.send(signal("/", I, "S", destination=two.name, fds=files))
        self.same(two.expect(member="S").fds, files)

    def test_many_messages_keep_theirs(self):
        bus = self.bus(limits={"max_incoming_unix_fds": 4000, "max_outgoing_unix_fds": 4000})
        one, two = bus.client(), bus.client()
        files = self.files(16)
        for n in range(100):
            one.send(signal("/", I, "S", "u", (n,), destination=two.name, fds=files[: n % 5]))
        for n in range(100):
            got = two.expect(member="S")
            self.assertEqual(got.args, (n,))
            self.same(got.fds, files[: n % 5])

    def test_fds_with_the_last_byte(self):
        """Descriptors that come late in their message still belong to it."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        files = self.files(2)
        raw = signal("/", I, "S", destination=two.name, unix_fds=2, serial=9).pack()
        one.send_raw(raw[:-1])
        one.send_raw(raw[-1:], files)
        self.same(two.expect(member="S").fds, files)

    def test_fds_in_two_parts(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        files = self.files(3)
        raw = signal("/", I, "S", "s", ("x" * 100,), destination=two.name, unix_fds=3, serial=9).pack()
        one.send_raw(raw[:20], files[:1])
        one.send_raw(raw[20:60], files[1:])
        one.send_raw(raw[60:])
        self.same(two.expect(member="S", timeout=3).fds, files)

    @rows([("call", True), ("signal", False)])
    def test_to_who_takes_none(self, is_call):
        bus = self.bus()
        one, two = bus.client(), bus.client(fds=False)
        files = self.files(1)
        make = call(two.name, "/", I, "M", fds=files) if is_call else signal("/", I, "M", destination=two.name, fds=files)
        self.assertEqual(one.answer(one.send(make)).error, FAULT + "NotSupported")
        self.assertEqual(two.taken(member="M"), [])
        one.send(call(two.name, "/", I, "N"))
        two.expect(member="N")

    def test_broadcast_skips_who_takes_none(self):
        bus = self.bus()
        one, two, three = bus.client(), bus.client(fds=False), bus.client()
        for client in (two, three):
            client.add_match("member='S'")
        files = self.files(1)
        one.send(signal("/", I, "S", fds=files))
        self.same(three.expect(member="S").fds, files)
        self.assertEqual(two.taken(member="S"), [])
        one.sync()
        self.assertEqual(one.inbox, [])

    def test_from_who_negotiated_none(self):
        """Such a client is disconnected, or its message is not passed on with descriptors."""
        bus = self.bus()
        one, two = bus.client(fds=False), bus.client()
        one.send(call(two.name, "/", I, "M", "h", (0,), fds=self.files(1)))
        self.assertTrue(one.is_closed())
        self.assertEqual(two.taken(member="M"), [])

    @rows([("one", 1, 0), ("two", 2, 1), ("many", 16, 3), ("huge", 0xFFFFFFFF, 1)])
    def test_fewer_than_announced(self, announced, sent):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.send_raw(call(two.name, "/", I, "M", unix_fds=announced, serial=9).pack(), self.files(sent))
        # the next message shows that nothing more comes
        one.send_raw(call(DRIVER, "/", DRIVER, "GetId", serial=10).pack(), read=False)
        self.assertTrue(one.is_closed())
        self.assertEqual(two.taken(member="M"), [])

    @rows([("none_announced", None, 1), ("one_announced", 1, 3), ("to_the_bus", None, 2)])
    def test_more_than_announced(self, announced, sent):
        """The sender may be disconnected; the receiver gets no more than was announced, and lives."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        files = self.files(sent)
        message = call(two.name, "/", I, "M", unix_fds=announced, serial=9)
        one.send_raw(message.pack(), files)
        two.sync()
        one.is_closed(0.3)
        for got in two.taken(member="M"):
            self.same(got.fds, files[: announced or 0])
        two.sync()

    def test_of_the_message_before(self):
        """A descriptor that came with one message is not another's."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.send_raw(call(two.name, "/", I, "M", serial=9).pack(), self.files(1))
        one.send_raw(call(two.name, "/", I, "N", unix_fds=1, serial=10).pack())
        self.assertTrue(one.is_closed(3))
        self.assertEqual(two.taken(member="N"), [])

    def test_pipelined_behind_the_handshake(self):
        if IS_REFERENCE:
            self.skipTest("loses descriptors that come before it has seen BEGIN, or does not, as the time goes")
        bus = self.bus()
        two = bus.client()
        uid = str(os.geteuid()).encode().hex().encode()
        one = bus.raw()
        files = self.files(1)
        one.send_raw(
            b"\0AUTH EXTERNAL %s\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n" % uid
            + call(DRIVER, "/", DRIVER, "Hello", serial=1).pack()
        )
        one.send_raw(call(two.name, "/", I, "M", unix_fds=1, serial=2).pack(), files)
        self.same(two.expect(member="M", timeout=3).fds, files)

    def test_to_the_bus(self):
        """The bus wants none; it closes them and answers."""
        bus = self.bus()
        one = bus.client()
        one.driver("GetId")
        before = open_files(bus)
        for _ in range(50):
            one.driver("GetId", fds=self.files(1))
        self.assertEqual(open_files(bus), before)

    @rows([
        ("denied", "com.ex.Denied"),
        ("nobody", "com.ex.Nobody"),
        ("unique_nobody", ":1.999"),
    ])
    def test_refused_messages_leak_none(self, destination):
        bus = self.bus(policy=SESSION + '<policy context="default"><deny send_destination="com.ex.Denied"/></policy>')
        one, two = bus.client(), bus.client()
        two.request_name("com.ex.Denied")
        before = open_files(bus)
        files = self.files(4)
        for _ in range(20):
            one.answer(one.send(call(destination, "/", I, "M", fds=files)))
        self.assertEqual(open_files(bus), before)

    def test_receiver_that_leaves_takes_them_along(self):
        bus = self.bus()
        one = bus.client()
        before = open_files(bus)
        two = bus.client()
        for _ in range(4):
            one.send(signal("/", I, "S", "ay", (bytes(200000),), destination=two.name, fds=self.files(4)))
        one.sync()
        two.close()
        while one.driver("NameHasOwner", "s", two.name)[0]:
            pass
        self.assertEqual(open_files(bus), before)

    def test_half_messages_leak_none(self):
        bus = self.bus()
        bystander = bus.client()
        before = open_files(bus)
        for _ in range(10):
            one = bus.client()
            raw = call(bystander.name, "/", I, "M", unix_fds=4, serial=9).pack()
            one.send_raw(raw[:-3], self.files(4))
            one.close()
        while len(bystander.driver("ListNames")[0]) > 2:
            pass
        self.assertEqual(open_files(bus), before)

    def test_socket_passed_through_itself(self):
        """A socket inside its own queue, and sockets in sockets: the receiver lives."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        near, far = socket.socketpair()
        with near, far:
            for _ in range(6):
                near.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, far.fileno().to_bytes(4, "little"))])
                one.send(signal("/", I, "S", destination=two.name, fds=[near.fileno(), one.sock.fileno(), two.sock.fileno()]))
            for _ in range(6):
                for fd in two.expect(member="S").fds:
                    os.close(fd)
        two.sync()
        one.sync()

    @unittest.skipIf(IS_REFERENCE, "stands still until all is sent, or the time is over")
    def test_socket_that_lingers(self):
        """Whose last close() waits 20 s for a reader who does not come: the bus does not."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        with socket.create_server(("127.0.0.1", 0)) as server:
            near = socket.create_connection(server.getsockname())
            far, _ = server.accept()
        with far:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 20))
            near.setblocking(False)
            with self.assertRaises(BlockingIOError):
                while True:
                    near.send(bytes(65536))
            raw = call("no.such.name", "/", I, "M", "h", (0,), unix_fds=1, serial=9).pack()
            one.send_raw(raw[:-1], [near.fileno()])
            near.close()
            one.send_raw(raw[-1:])
            began = time.monotonic()
            one.sync()
            two.sync()
            self.assertLess(time.monotonic() - began, 10)

    def test_chain_of_sockets_in_sockets(self):
        """Nested deeper than the kernel lets pass on: at worst the sender pays."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        inner = self.files(1)[0]
        pairs = []
        try:
            for _ in range(8):
                near, far = socket.socketpair()
                pairs += [near, far]
                near.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, inner.to_bytes(4, "little"))])
                inner = far.fileno()
            one.send_raw(signal("/", I, "S", destination=two.name, unix_fds=1, serial=7).pack(), [inner])
        except OSError:
            pass
        finally:
            for sock in pairs:
                sock.close()
        two.sync()
        for message in two.taken(member="S"):
            for fd in message.fds:
                os.close(fd)
        bus.client().sync()
