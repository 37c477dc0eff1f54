"""How a client says who it is: every mechanism, and every way of getting it wrong."""

import os
import socket
import time

from harness import ALICE, STRANGER, BusTest, need_root, rows
from wire import DRIVER, PATIENCE, call


def hexed(value):
    return str(value).encode().hex().encode()


UID = hexed(os.geteuid())
OK = rb"^OK [0-9a-f]{32}$"
REJECTED = rb"^REJECTED( [A-Z0-9_]+)*$"
ERROR = rb"^ERROR( .*)?$"

# (label, lines with the pattern of the answer to each)
DIALOGUES = [
    ("external", [(b"AUTH EXTERNAL " + UID, OK)]),
    ("external_empty_data", [(b"AUTH EXTERNAL", rb"^DATA$"), (b"DATA", OK)]),
    ("external_data_after", [(b"AUTH EXTERNAL", rb"^DATA$"), (b"DATA " + UID, OK)]),
    ("capital_hex", [(b"AUTH EXTERNAL " + UID.upper(), OK)]),
    ("no_mechanism", [(b"AUTH", REJECTED)]),
    ("unknown_mechanism", [(b"AUTH NOTHING", REJECTED), (b"AUTH EXTERNAL " + UID, OK)]),
    ("cookie", [(b"AUTH DBUS_COOKIE_SHA1 " + UID, REJECTED)]),
    ("anonymous", [(b"AUTH ANONYMOUS 61", REJECTED)]),
    ("lower_case", [(b"AUTH external " + UID, REJECTED)]),
    ("another_user", [(b"AUTH EXTERNAL " + hexed(os.geteuid() + 1), REJECTED)]),
    ("another_user_then_right", [(b"AUTH EXTERNAL " + hexed(os.geteuid() + 1), REJECTED), (b"AUTH EXTERNAL " + UID, OK)]),
    ("not_a_number", [(b"AUTH EXTERNAL " + hexed("root"), REJECTED)]),
    ("negative", [(b"AUTH EXTERNAL " + hexed("-1"), REJECTED)]),
    ("too_large", [(b"AUTH EXTERNAL " + hexed(1 << 64), REJECTED)]),
    ("wraps_around", [(b"AUTH EXTERNAL " + hexed((1 << 32) + os.geteuid()), REJECTED)]),
    ("nul_in_number", [(b"AUTH EXTERNAL " + UID + b"00", REJECTED)]),
    ("cancel", [(b"AUTH EXTERNAL", rb"^DATA$"), (b"CANCEL", REJECTED), (b"AUTH EXTERNAL " + UID, OK)]),
    ("error", [(b"AUTH EXTERNAL", rb"^DATA$"), (b"ERROR", REJECTED)]),
    ("data_too_early", [(b"DATA " + UID, ERROR)]),
    ("unknown_command", [(b"HELLO", ERROR), (b"AUTH EXTERNAL " + UID, OK)]),
    ("fds_too_early", [(b"NEGOTIATE_UNIX_FD", ERROR)]),
    ("fds", [(b"AUTH EXTERNAL " + UID, OK), (b"NEGOTIATE_UNIX_FD", rb"^AGREE_UNIX_FD$")]),
    ("fds_twice", [(b"AUTH EXTERNAL " + UID, OK), (b"NEGOTIATE_UNIX_FD", rb"^AGREE_UNIX_FD$"), (b"NEGOTIATE_UNIX_FD", rb"^AGREE_UNIX_FD$")]),
    ("unknown_after_ok", [(b"AUTH EXTERNAL " + UID, OK), (b"SOMETHING", ERROR)]),
    ("cancel_after_ok", [(b"AUTH EXTERNAL " + UID, OK), (b"CANCEL", REJECTED), (b"AUTH EXTERNAL " + UID, OK)]),
    ("empty_line", [(b"", ERROR)]),
]

# (label, bytes): the connection is closed
FATAL = [
    ("no_nul", b"AUTH EXTERNAL " + UID + b"\r\n"),
    ("other_byte", b"\1AUTH EXTERNAL " + UID + b"\r\n"),
    ("begin_first", b"\0BEGIN\r\n"),
    ("begin_after_rejected", b"\0AUTH ANONYMOUS\r\nBEGIN\r\n"),
    ("message_instead", b"\0" + call(DRIVER, "/", DRIVER, "Hello", serial=1).pack() + bytes(40000)),
    ("long_line", b"\0AUTH EXTERNAL " + b"61" * 20000 + b"\r\n"),
    ("endless_line", b"\0" + b"A" * 65536),
    ("no_ascii", b"\0AUTH \xff\xfe\r\n" + b"\xff" * 40000),
    ("garbage", bytes((n * 37 + 11) % 256 for n in range(65536))),
    ("http", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
]


class Sasl(BusTest):
    @rows(DIALOGUES)
    def test_dialogue(self, lines):
        client = self.shared_bus().raw()
        client.send_raw(b"\0")
        for line, pattern in lines:
            self.assertRegex(client.say(line), pattern)

    @rows(DIALOGUES)
    def test_dialogue_in_one_write(self, lines):
        client = self.shared_bus().raw()
        client.send_raw(b"\0" + b"".join(line + b"\r\n" for line, _ in lines))
        for _, pattern in lines:
            self.assertRegex(client.line(), pattern)

    @rows([row for row in DIALOGUES if row[1][-1][1] == OK])
    def test_works_after_it(self, lines):
        client = self.shared_bus().raw()
        client.send_raw(b"\0")
        for line, _ in lines:
            client.say(line)
        client.begin()
        client.hello().sync()

    def test_byte_by_byte(self):
        client = self.bus().raw()
        for byte in b"\0AUTH EXTERNAL " + UID + b"\r\nNEGOTIATE_UNIX_FD\r\n":
            client.send_raw(bytes([byte]))
        self.assertRegex(client.line(), OK)
        self.assertEqual(client.line(), b"AGREE_UNIX_FD")
        client.begin()
        client.hello()

    @rows(FATAL)
    def test_garbage(self, data):
        bus = self.shared_bus()
        bystander = bus.client()
        client = bus.raw()
        client.send_raw(data, read=False)
        try:
            client.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        self.assertTrue(client.is_closed())
        bystander.sync()

    @rows([(name, data) for name, data in FATAL if name != "http" and name != "garbage"])
    def test_garbage_is_not_waited_for(self, data):
        """Closed for what was said, not for the end that follows it."""
        client = self.shared_bus().raw()
        client.send_raw(data, read=False)
        self.assertTrue(client.is_closed())

    def test_only_the_mechanism_of_the_configuration(self):
        client = self.bus().raw()
        client.send_raw(b"\0")
        self.assertEqual(client.say(b"AUTH"), b"REJECTED EXTERNAL")

    def test_too_many_attempts(self):
        """A client that fails again and again is sent away."""
        client = self.bus().raw()
        client.send_raw(b"\0")
        for _ in range(1000):
            if not client.send_raw(b"AUTH NOTHING\r\n"):
                break
        self.assertTrue(client.is_closed())

    def test_user_is_the_kernels(self):
        """Another user than the one of the socket cannot be claimed."""
        need_root()
        client = self.bus().raw(ALICE)
        client.send_raw(b"\0")
        for uid in (0, ALICE + 1, STRANGER):
            self.assertRegex(client.say(b"AUTH EXTERNAL " + hexed(uid)), REJECTED)
        self.assertRegex(client.say(b"AUTH EXTERNAL " + hexed(ALICE)), OK)
        client.begin()
        client.hello()
        self.assertEqual(client.driver("GetConnectionUnixUser", "s", client.name), (ALICE,))

    def test_without_identity(self):
        """Nothing claimed means who the kernel says; namespaces need that."""
        need_root()
        client = self.bus().raw(ALICE)
        client.send_raw(b"\0AUTH EXTERNAL\r\nDATA\r\n")
        self.assertEqual(client.line(), b"DATA")
        self.assertRegex(client.line(), OK)
        client.begin()
        client.hello()
        self.assertEqual(client.driver("GetConnectionUnixUser", "s", client.name), (ALICE,))

    def test_anonymous_where_allowed(self):
        bus = self.bus(auth=("ANONYMOUS",), tail="<allow_anonymous/>")
        client = bus.raw()
        client.send_raw(b"\0")
        self.assertRegex(client.say(b"AUTH EXTERNAL " + UID), REJECTED)
        self.assertRegex(client.say(b"AUTH ANONYMOUS " + b"tests".hex().encode()), OK)
        client.begin()
        client.hello()

    def test_anonymous_needs_the_second_word(self):
        """The mechanism without allow_anonymous lets nobody in."""
        bus = self.bus(auth=("ANONYMOUS", "EXTERNAL"))
        client = bus.raw()
        client.send_raw(b"\0AUTH ANONYMOUS 61\r\nBEGIN\r\n")
        self.assertTrue(client.is_closed())
        bus.client()

    def test_silent_ones_hinder_nobody(self):
        bus = self.bus()
        silent = [bus.raw() for _ in range(20)]
        for at, client in enumerate(silent):
            client.send_raw(b"\0AUTH EXTERNAL"[:at])
        start = time.monotonic()
        bus.client().sync()
        self.assertLess(time.monotonic() - start, PATIENCE / 2)

    def test_fds_before_begin(self):
        """Descriptors that come with the handshake belong to nothing; the bus lives on."""
        bus = self.bus()
        bystander = bus.client()
        client = bus.raw()
        with open("/dev/null", "rb") as null:
            client.send_raw(b"\0AUTH EXTERNAL " + UID + b"\r\n", [null.fileno()] * 10)
        try:
            client.line()
        except Exception:
            self.assertTrue(client.ended)
        bystander.sync()
