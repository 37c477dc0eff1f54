"""Messages from one client to others: what arrives, in which order, and what is changed on the way."""

import random
import time

from harness import BusTest, rows
from wire import CALL, ERROR, FAULT, NO_AUTO_START, NO_REPLY, RETURN, SIGNAL, Message, Variant
from wire import call, failure, marshal, reply, signal

N = "com.ex.N"
I = "com.ex.I"

# (label, signature, arguments): every type, alone and nested
BODIES = [
    ("none", None, ()),
    ("byte", "y", (255,)),
    ("bools", "bb", (True, False)),
    ("ints", "nqiuxt", (-32768, 65535, -(2**31), 2**32 - 1, -(2**63), 2**64 - 1)),
    ("double", "d", (1.5e300,)),
    ("string", "s", ("\u00e4\u20ac\U0001f600",)),
    ("empty_string", "s", ("",)),
    ("path", "oo", ("/", "/a/b_1")),
    ("signature", "gg", ("", "a{s(iv)}")),
    ("bytes", "ay", (bytes(range(256)),)),
    ("empty_arrays", "asa{sv}a(tt)ay", ([], {}, [], b"")),
    ("array_of_int64", "yax", (1, [1, 2, 3])),
    ("struct", "(y(s(t)))", ((1, ("x", (5,))),)),
    ("dict", "a{sv}", ({"a": Variant("u", 1), "b": Variant("as", ["x", "y"])},)),
    ("variant_in_variant", "v", (Variant("v", Variant("v", Variant("s", "deep"))),)),
    ("arrays_nested", "aaaas", ([[[["x"]]]],)),
    ("all_in_one", "yasy(yv)a{yx}", (1, ["a", "bc"], 2, (3, Variant("d", 0.5)), {1: 2})),
]


class Bodies(BusTest):
    @rows([(label + {"<": "_le", ">": "_be"}[e], s, a, e) for label, s, a in BODIES for e in "<>"])
    def test_body(self, signature, args, endian):
        """Both byte orders arrive as they were sent, called and answered."""
        bus = self.shared_bus()
        one, two = bus.client(), bus.client()
        serial = one.send(call(two.name, "/p", I, "M", signature, args, endian=endian))
        got = two.expect(type=CALL)
        self.assertEqual((got.signature, got.args), (signature, args))
        two.send(reply(got, signature, args, endian=endian))
        self.assertEqual(one.result(serial), args)

    @rows([("le", "<"), ("be", ">")])
    def test_driver_in_both_orders(self, endian):
        client = self.shared_bus().client()
        self.assertEqual(client.driver("GetNameOwner", "s", client.name, endian=endian), (client.name,))
        client.driver("AddMatch", "s", "type='signal',member='S',arg0='x'", endian=endian)
        client.send(signal("/", I, "S", "s", ("x",), endian=endian))
        client.expect(member="S", args=("x",))
        self.refused("InvalidArgs", client.driver, "RequestName", "su", "org", 0, endian=endian)

    @rows([("1KiB", 1 << 10), ("64KiB", 1 << 16), ("1MiB", 1 << 20), ("20MiB", 20 << 20)])
    def test_size(self, size):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        body = random.Random(size).randbytes(size)
        serial = one.send(call(two.name, "/", I, "M", "ay", (body,)))
        got = two.expect(type=CALL)
        self.assertTrue(got.args == (body,), "other bytes arrived")
        two.send(reply(got, "ay", (body,)))
        self.assertTrue(one.result(serial) == (body,), "other bytes came back")

    @rows([("le", "<"), ("be", ">")])
    def test_byte_by_byte(self, endian):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        message = call(two.name, "/", I, "M", "s(yv)", ("abc", (1, Variant("u", 7))), endian=endian, serial=99)
        for byte in message.pack():
            one.send_raw(bytes([byte]))
        self.assertEqual(two.expect(type=CALL).args, ("abc", (1, Variant("u", 7))))

    @rows([(str(n), n) for n in (1, 7, 15, 16, 17, 4095, 4096, 4097)])
    def test_chunks(self, size):
        """Many messages of all sizes, cut at odd places."""
        bus = self.shared_bus()
        one, two = bus.client(), bus.client()
        stream, wanted = b"", []
        for n in range(40):
            wanted.append("x" * (n * n % 997))
            stream += signal("/", I, "S", "s", (wanted[-1],), destination=two.name, serial=n + 1).pack()
        step = max(size, len(stream) // 2000)
        for at in range(0, len(stream), step):
            one.send_raw(stream[at : at + step])
        for text in wanted:
            self.assertEqual(two.expect(member="S").args, (text,))

    def test_everything_in_one_write(self):
        """SASL, Hello and calls need not wait for answers."""
        import os

        client = self.bus().raw()
        calls = [call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "Hello", serial=1)]
        for n in range(2, 100):
            calls.append(call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId", serial=n))
        uid = str(os.geteuid()).encode().hex().encode()
        client.send_raw(
            b"\0AUTH EXTERNAL %s\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n" % uid + b"".join(c.pack() for c in calls)
        )
        self.assertRegex(client.line(), b"^OK [0-9a-f]{32}$")
        self.assertEqual(client.line(), b"AGREE_UNIX_FD")
        client.talk()
        for n in range(1, 100):
            self.assertEqual(client.answer(n).type, RETURN)


class Order(BusTest):
    def test_of_many(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        count = 3000
        one.send_raw(b"".join(
            signal("/", I, "S", "u", (n,), destination=two.name, serial=n + 1).pack() for n in range(count)
        ))
        for n in range(count):
            self.assertEqual(two.expect(member="S").args, (n,))

    def test_broadcast_and_unicast(self):
        """Signals to all and messages to one keep the order in which they were sent."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        two.add_match("type='signal',interface='%s'" % I)
        kinds = [
            signal("/", I, "S"),
            signal("/", I, "S", destination=two.name),
            call(two.name, "/", I, "S"),
            call(two.name, "/", I, "S", flags=NO_REPLY),
        ]
        sent = []
        for n in range(200):
            message = kinds[n * 7 % 4]
            message.serial, message.signature, message.args = n + 1, "u", (n,)
            sent.append(message.pack())
        one.send_raw(b"".join(sent))
        for n in range(200):
            self.assertEqual(two.expect(member="S").args, (n,))

    def test_reply_of_the_driver_in_order(self):
        """The answer to an AddMatch comes before the first signal that it catches."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.send_raw(
            call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "AddMatch", "s", ("",), serial=50).pack()
            + signal("/", I, "S", serial=51).pack()
        )
        one.answer(50)
        one.expect(member="S", serial=51)
        two.sync()

    def test_big_and_small(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        for n in range(20):
            one.send(signal("/", I, "S", "uay", (n, bytes(n % 3 * 300000)), destination=two.name))
        for n in range(20):
            self.assertEqual(two.expect(member="S").args[0], n)


class Header(BusTest):
    def through(self, message):
        """What another client gets of this message."""
        bus = self.shared_bus()
        one, two = bus.client(), bus.client()
        message.destination = two.name
        self.serial = one.send(message)
        got = two.expect(member=message.member, type=message.type)
        self.assertEqual(got.sender, one.name)
        return got

    def test_plain(self):
        got = self.through(call(None, "/p/q", I, "M", "s", ("x",)))
        self.assertEqual((got.path, got.interface, got.member, got.serial), ("/p/q", I, "M", self.serial))
        self.assertEqual((got.flags, got.extra, got.reply_serial, got.error), (0, [], None, None))

    def test_without_interface(self):
        got = self.through(call(None, "/", None, "M"))
        self.assertEqual((got.interface, got.member), (None, "M"))

    @rows([(str(flags), flags) for flags in range(8)])
    def test_flags(self, flags):
        self.assertEqual(self.through(call(None, "/", I, "M", flags=flags)).flags, flags)

    def test_unknown_flags_do_no_harm(self):
        got = self.through(call(None, "/", I, "M", flags=0xF8))
        self.assertEqual(got.flags & 7, 0)

    @rows([
        ("somebody", ":1.0"),
        ("nobody", ":1.999"),
        ("driver", "org.freedesktop.DBus"),
        ("well_known", N),
        ("long", ":1." + "9" * 200),
    ])
    def test_forged_sender(self, sender):
        got = self.through(call(None, "/", I, "M", "s", ("x",), sender=sender))
        self.assertEqual(got.args, ("x",))

    @rows([("le", "<"), ("be", ">")])
    def test_forged_sender_first(self, endian):
        """Wherever the sender stands among the fields."""
        message = Message(CALL, member="M", endian=endian, signature="s", args=("x",))
        bus = self.shared_bus()
        one, two = bus.client(), bus.client()
        fields = [(7, "s", ":1.77"), (1, "o", "/"), (3, "s", "M"), (8, "g", "s"), (6, "s", two.name)]
        for at in range(5):
            message.raw_fields = fields[1 : at + 1] + fields[:1] + fields[at + 1 :]
            message.serial = 0
            one.send(message)
            got = two.expect(member="M")
            self.assertEqual((got.sender, got.args), (one.name, ("x",)))

    @rows([
        ("one", [(11, "s", "x")]),
        ("last_code", [(255, "s", "x")]),
        ("several", [(11, "u", 1), (99, "a{sv}", {"a": Variant("s", "b")}), (12, "u", 2)]),
        ("container_instance", [(10, "o", "/x")]),
        ("long", [(77, "ay", bytes(5000))]),
        ("struct", [(200, "(ssu)", ("a", "b", 3))]),
    ])
    def test_unknown_fields_are_removed(self, extra):
        for endian in "<>":
            got = self.through(call(None, "/", I, "M", "s", ("x",), extra=extra, endian=endian))
            self.assertEqual((got.extra, got.args), ([], ("x",)))

    def test_destination_is_kept(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        two.request_name(N)
        one.send(call(N, "/", I, "M"))
        self.assertEqual(two.expect(member="M").destination, N)

    @rows([(str(serial), serial) for serial in (1, 2**31, 2**32 - 1)])
    def test_serials(self, serial):
        bus = self.shared_bus()
        one, two = bus.client(), bus.client()
        one.send(call(two.name, "/", I, "M", serial=serial))
        got = two.expect(member="M")
        self.assertEqual(got.serial, serial)
        two.send(reply(got))
        self.assertEqual(one.result(serial), ())

    def test_serial_used_twice(self):
        """Only the sender itself is confused by that."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        for _ in range(2):
            one.send(call(two.name, "/", I, "M", serial=7))
            two.send(reply(two.expect(member="M")))
            one.answer(7)


class Missing(BusTest):
    """Messages to nobody."""

    @rows([
        ("call", dict(type=CALL, path="/", member="M"), "ServiceUnknown"),
        ("call_unique", dict(type=CALL, path="/", member="M", destination=":1.999"), "ServiceUnknown"),
        ("call_no_start", dict(type=CALL, path="/", member="M", flags=NO_AUTO_START), "NameHasNoOwner"),
        ("signal", dict(type=SIGNAL, path="/", interface=I, member="M"), "ServiceUnknown"),
        ("signal_no_start", dict(type=SIGNAL, path="/", interface=I, member="M", flags=NO_AUTO_START), "NameHasNoOwner"),
        ("return", dict(type=RETURN, reply_serial=5), "ServiceUnknown"),
        ("error", dict(type=ERROR, reply_serial=5, error="com.ex.E"), "ServiceUnknown"),
    ])
    def test_to_nobody(self, fields, error):
        client = self.shared_bus().client()
        serial = client.send(Message(**{"destination": "com.ex.Nobody", **fields}))
        answer = client.answer(serial)
        self.assertEqual((answer.error, answer.sender), (FAULT + error, "org.freedesktop.DBus"))

    def test_error_also_to_who_wants_no_answer(self):
        client = self.bus().client()
        serial = client.send(call("com.ex.Nobody", "/", I, "M", flags=NO_REPLY))
        self.assertEqual(client.answer(serial).error, FAULT + "ServiceUnknown")

    def test_callee_goes_away(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        serials = [one.send(call(two.name, "/", I, "M")) for _ in range(3)]
        one.send(call(two.name, "/", I, "M", flags=NO_REPLY))
        for _ in range(4):
            two.expect(member="M")
        two.close()
        for serial in serials:
            answer = one.answer(serial)
            self.assertEqual((answer.error, answer.sender), (FAULT + "NoReply", "org.freedesktop.DBus"))
            self.assertEqual(
                answer.args, ("Message recipient disconnected from message bus without replying",)
            )
        one.sync()
        self.assertEqual(one.inbox, [])

    def test_caller_goes_away(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.send(call(two.name, "/", I, "M"))
        got = two.expect(member="M")
        one.close()
        while two.driver("NameHasOwner", "s", got.sender)[0]:
            pass
        answer = two.answer(two.send(reply(got)))
        self.assertEqual(answer.error, FAULT + "ServiceUnknown")

    def test_name_goes_away_but_not_its_owner(self):
        """The reply comes although the callee has given up its name meanwhile."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        two.request_name(N)
        serial = one.send(call(N, "/", I, "M"))
        got = two.expect(member="M")
        two.release_name(N)
        two.send(reply(got, "s", ("late",)))
        self.assertEqual(one.result(serial), ("late",))


class Replies(BusTest):
    def setUp(self):
        self.bus_ = self.bus()
        self.one, self.two = self.bus_.client(), self.bus_.client()

    def called(self, **more):
        serial = self.one.send(call(self.two.name, "/", I, "M", **more))
        return serial, self.two.expect(member="M")

    def test_error(self):
        serial, got = self.called()
        self.two.send(failure(got, "com.ex.Error.Failed", "why"))
        answer = self.one.answer(serial)
        self.assertEqual((answer.error, answer.args, answer.sender), ("com.ex.Error.Failed", ("why",), self.two.name))

    def test_out_of_order(self):
        calls = [self.called() for _ in range(10)]
        for serial, got in reversed(calls):
            self.two.send(reply(got, "u", (serial,)))
        for serial, _ in reversed(calls):
            got = self.one.expect(type=RETURN)
            self.assertEqual((got.reply_serial, got.args), (serial, (serial,)))

    def test_unrequested_is_refused(self):
        for message in (
            Message(RETURN, destination=self.one.name, reply_serial=77),
            Message(ERROR, destination=self.one.name, reply_serial=77, error="com.ex.E"),
        ):
            answer = self.two.answer(self.two.send(message))
            self.assertEqual(answer.error, FAULT + "AccessDenied")
            self.one.sync()
            self.assertEqual(self.one.inbox, [])

    def test_second_is_refused(self):
        serial, got = self.called()
        self.two.send(reply(got))
        self.one.result(serial)
        answer = self.two.answer(self.two.send(reply(got)))
        self.assertEqual(answer.error, FAULT + "AccessDenied")

    def test_of_somebody_else_is_refused(self):
        serial, got = self.called()
        third = self.bus_.client()
        answer = third.answer(third.send(reply(got)))
        self.assertEqual(answer.error, FAULT + "AccessDenied")
        self.two.send(reply(got, "s", ("right",)))
        self.assertEqual(self.one.result(serial), ("right",))

    def test_to_call_without_reply_is_refused(self):
        _, got = self.called(flags=NO_REPLY)
        answer = self.two.answer(self.two.send(reply(got)))
        self.assertEqual(answer.error, FAULT + "AccessDenied")

    def test_calls_in_circles(self):
        """Two clients that call one another while each waits."""
        there, got = self.called()
        back = self.two.send(call(self.one.name, "/", I, "Back"))
        self.one.send(reply(self.one.expect(member="Back"), "s", ("inner",)))
        self.assertEqual(self.two.result(back), ("inner",))
        self.two.send(reply(got, "s", ("outer",)))
        self.assertEqual(self.one.result(there), ("outer",))

    def test_self(self):
        serial = self.one.send(call(self.one.name, "/", I, "M"))
        self.one.send(reply(self.one.expect(member="M"), "s", ("me",)))
        self.assertEqual(self.one.result(serial), ("me",))


class Slow(BusTest):
    def test_slow_reader_blocks_nobody(self):
        """Broadcasts to somebody who does not read reach the others at once."""
        bus = self.bus(limits={"max_outgoing_bytes": 1 << 20})
        slow, quick, sender = bus.client(), bus.client(), bus.client()
        for client in (slow, quick):
            client.add_match("interface='%s'" % I)
        size, count = 1 << 16, 200
        for n in range(count):
            sender.send(signal("/", I, "S", "uay", (n, bytes(size))))
            self.assertEqual(quick.expect(member="S").args[0], n)
        start = time.monotonic()
        quick.sync()
        self.assertLess(time.monotonic() - start, 2)

    def test_slow_reader_gets_everything_that_fits(self):
        bus = self.bus()
        slow, sender = bus.client(), bus.client()
        for n in range(100):
            sender.send(signal("/", I, "S", "uay", (n, bytes(1 << 15)), destination=slow.name))
        sender.sync()
        for n in range(100):
            self.assertEqual(slow.expect(member="S").args[0], n)

    def test_unread_replies_of_the_driver(self):
        """A client that only asks is stopped, not the bus."""
        bus = self.bus(limits={"max_outgoing_bytes": 100000})
        greedy, other = bus.client(), bus.client()
        ask = call("org.freedesktop.DBus", "/", "org.freedesktop.DBus.Introspectable", "Introspect", serial=9).pack()
        try:
            for _ in range(40):
                if not greedy.send_raw(ask * 100, read=False, timeout=0.5):
                    break
        except AssertionError:
            pass
        other.sync()
        self.assertEqual(other.driver("NameHasOwner", "s", other.name), (True,))


class Marshalled(BusTest):
    def test_relayed_bytes(self):
        """The body is passed on as it was written, in the byte order of its sender."""
        bus = self.bus()
        one, two = bus.client(), bus.client()
        for endian in "<>":
            one.send(call(two.name, "/", I, "M", "nqi", (-2, 3, 4), endian=endian))
            got = two.expect(member="M")
            self.assertEqual((got.endian, marshal("nqi", got.args, got.endian)), (endian, marshal("nqi", (-2, 3, 4), endian)))
