"""Messages that are wrong: their sender is disconnected or refused, and nobody else notices."""

import itertools
import random
import struct

from harness import SESSION, BusTest, rows
from wire import CALL, DRIVER, DRIVER_PATH, ERROR, RETURN, SIGNAL, Message, Variant, call, marshal, signal

I = "com.ex.I"


def good(**more):
    fields = dict(type=CALL, destination=":1.0", path="/a", interface=I, member="M", signature="s", args=("x",), serial=7)
    fields.update(more)
    return Message(**fields)


def with_fields(*fields, type=CALL, **more):
    return good(type=type, raw_fields=fields, **more)


def patched(message, at, data):
    raw = bytearray(message.pack())
    raw[at : at + len(data)] = data
    return bytes(raw)


BASE = ((1, "o", "/a"), (3, "s", "M"), (6, "s", ":1.0"))
NO_BODY = dict(signature=None, args=())

# (label, bytes): wrong whatever the byte order
WRONG = [
    # the fixed part of the header
    ("endian_0", patched(good(), 0, b"\0")),
    ("endian_L", patched(good(), 0, b"L")),
    ("endian_swapped", patched(good(), 0, b"B")),
    ("type_0", good(type=0).pack()),
    ("version_0", good(version=0).pack()),
    ("version_2", good(version=2).pack()),
    ("serial_0", patched(good(), 8, bytes(4))),
    ("body_too_long", patched(good(), 4, struct.pack("<I", 0x7FFFFFFF))),
    ("body_length_max", patched(good(), 4, struct.pack("<I", 0xFFFFFFFF))),
    ("body_over_128_MiB", patched(good(), 4, struct.pack("<I", 1 << 27))),
    ("fields_too_long", patched(good(), 12, struct.pack("<I", (1 << 26) + 1))),
    ("fields_length_max", patched(good(), 12, struct.pack("<I", 0xFFFFFFFF))),
    ("fields_length_small", patched(good(), 12, struct.pack("<I", 5))),
    ("fields_length_0", patched(good(), 12, struct.pack("<I", 0))),
    # which fields have to be there
    ("call_without_path", with_fields(*BASE[1:], **NO_BODY).pack()),
    ("call_without_member", with_fields(BASE[0], BASE[2], **NO_BODY).pack()),
    ("signal_without_path", with_fields((2, "s", I), *BASE[1:], type=SIGNAL, **NO_BODY).pack()),
    ("signal_without_interface", with_fields(*BASE, type=SIGNAL, **NO_BODY).pack()),
    ("signal_without_member", with_fields((1, "o", "/a"), (2, "s", I), type=SIGNAL, **NO_BODY).pack()),
    ("return_without_serial", with_fields((6, "s", ":1.0"), type=RETURN, **NO_BODY).pack()),
    ("error_without_serial", with_fields((4, "s", "com.ex.E"), type=ERROR, **NO_BODY).pack()),
    ("error_without_name", with_fields((5, "u", 1), type=ERROR, **NO_BODY).pack()),
    ("no_fields", with_fields(**NO_BODY).pack()),
    # what stands in them
    ("field_0", with_fields((0, "s", "x"), *BASE, **NO_BODY).pack()),
    ("path_twice", with_fields((1, "o", "/b"), *BASE, **NO_BODY).pack()),
    ("member_twice", with_fields(*BASE, (3, "s", "N"), **NO_BODY).pack()),
    ("path_as_string", with_fields((1, "s", "/a"), *BASE[1:], **NO_BODY).pack()),
    ("member_as_path", with_fields(BASE[0], (3, "o", "/M"), BASE[2], **NO_BODY).pack()),
    ("destination_as_number", with_fields(*BASE[:2], (6, "u", 1), **NO_BODY).pack()),
    ("reply_serial_as_string", with_fields(*BASE, (5, "s", "1"), **NO_BODY).pack()),
    ("reply_serial_0", with_fields(*BASE, (5, "u", 0), **NO_BODY).pack()),
    ("signature_as_string", with_fields(*BASE, (8, "s", "s")).pack()),
    ("fds_as_byte", with_fields(*BASE, (9, "y", 0), **NO_BODY).pack()),
    ("path_local", good(path="/org/freedesktop/DBus/Local").pack()),
    ("interface_local", good(interface="org.freedesktop.DBus.Local").pack()),
    ("path_empty", good(path="").pack()),
    ("path_relative", good(path="a").pack()),
    ("path_slash_last", good(path="/a/").pack()),
    ("path_double_slash", good(path="/a//b").pack()),
    ("path_dash", good(path="/a-b").pack()),
    ("path_umlaut", good(path="/\u00e4").pack()),
    ("interface_one_word", good(interface="com").pack()),
    ("interface_empty", good(interface="").pack()),
    ("interface_digit", good(interface="com.1x").pack()),
    ("interface_dash", good(interface="com.e-x").pack()),
    ("interface_long", good(interface="a." + "b" * 254).pack()),
    ("interface_unique", good(interface=":1.0").pack()),
    ("member_empty", good(member="").pack()),
    ("member_dot", good(member="a.b").pack()),
    ("member_digit", good(member="1a").pack()),
    ("member_long", good(member="a" * 256).pack()),
    ("member_dash", good(member="a-b").pack()),
    ("error_name_wrong", good(type=ERROR, reply_serial=1, error="E").pack()),
    ("destination_empty", good(destination="").pack()),
    ("destination_one_word", good(destination="com").pack()),
    ("destination_slash", good(destination="com/ex").pack()),
    ("destination_long", good(destination="a." + "b" * 254).pack()),
    ("sender_wrong", good(sender="com").pack()),
    ("sender_empty", good(sender="").pack()),
    ("field_not_utf8", good(member=b"\xff\xfe").pack()),
    ("field_nul_inside", good(member=b"M\0N").pack()),
    # the signature
    ("signature_unknown", good(signature="Z", raw_body=b"x").pack()),
    ("signature_open", good(signature="(s", raw_body=marshal("s", ("x",))).pack()),
    ("signature_close", good(signature="s)", raw_body=marshal("s", ("x",))).pack()),
    ("signature_empty_struct", good(signature="()", raw_body=b"").pack()),
    ("signature_array_of_nothing", good(signature="a", raw_body=bytes(4)).pack()),
    ("signature_entry_alone", good(signature="{sv}", raw_body=bytes(8)).pack()),
    ("signature_entry_of_one", good(signature="a{s}", raw_body=bytes(4)).pack()),
    ("signature_entry_of_three", good(signature="a{sss}", raw_body=bytes(4)).pack()),
    ("signature_variant_key", good(signature="a{vs}", raw_body=bytes(4)).pack()),
    ("signature_33_arrays", good(signature="a" * 33 + "y", raw_body=bytes(4)).pack()),
    ("signature_33_structs", good(signature="(" * 33 + "y" + ")" * 33, raw_body=b"x").pack()),
    ("signature_nul", good(signature=b"s\0s", raw_body=marshal("s", ("x",))).pack()),
    ("body_without_signature", good(signature=None, raw_body=b"x").pack()),
    ("signature_without_body", good(raw_body=b"").pack()),
    # the body
    ("body_longer", good(raw_body=marshal("s", ("x",)) + b"y").pack()),
    ("body_shorter", good(signature="ss", raw_body=marshal("s", ("x",))).pack()),
    ("string_length", good(raw_body=struct.pack("<I", 100) + b"x\0").pack()),
    ("string_length_max", good(raw_body=struct.pack("<I", 0xFFFFFFFF) + b"x\0").pack()),
    ("string_without_nul", good(raw_body=struct.pack("<I", 1) + b"xy").pack()),
    ("string_nul_inside", good(raw_body=struct.pack("<I", 3) + b"x\0y\0").pack()),
    ("string_not_utf8", good(raw_body=struct.pack("<I", 1) + b"\xff\0").pack()),
    ("string_overlong_utf8", good(raw_body=struct.pack("<I", 2) + b"\xc0\x80\0").pack()),
    ("string_surrogate", good(raw_body=struct.pack("<I", 3) + b"\xed\xa0\x80\0").pack()),
    ("string_beyond_unicode", good(raw_body=struct.pack("<I", 4) + b"\xf4\x90\x80\x80\0").pack()),
    ("bool_2", good(signature="b", raw_body=struct.pack("<I", 2)).pack()),
    ("path_in_body", good(signature="o", raw_body=marshal("s", ("a",))).pack()),
    ("signature_in_body", good(signature="g", raw_body=b"\1Z\0").pack()),
    ("padding", good(signature="yu", raw_body=b"\1\1\0\0\1\0\0\0").pack()),
    ("array_length", good(signature="au", raw_body=struct.pack("<II", 6, 1) + b"ab").pack()),
    ("array_over_64_MiB", good(signature="ay", raw_body=struct.pack("<I", (1 << 26) + 1)).pack()),
    ("array_too_long", good(signature="ay", raw_body=struct.pack("<I", 100) + b"x").pack()),
    ("array_of_int64_padding", good(signature="at", raw_body=struct.pack("<II", 0, 7)).pack()),
    ("variant_of_nothing", good(signature="v", raw_body=b"\0\0").pack()),
    ("variant_of_two", good(signature="v", raw_body=b"\2yy\0\1\1").pack()),
    ("variant_unknown", good(signature="v", raw_body=b"\1Z\0\1").pack()),
    ("variant_without_value", good(signature="v", raw_body=b"\1u\0").pack()),
    ("variants_65", good(signature="v", raw_body=b"\1v\0" * 64 + b"\1y\0\1").pack()),
    ("header_padding", None),
]


def header_padding():
    raw = bytearray(good(member="Mem", **NO_BODY).pack())
    length = struct.unpack_from("<I", raw, 12)[0]
    assert (16 + length) % 8, "no padding there"
    raw[16 + length] = 1
    return bytes(raw)


WRONG = [(label, data or header_padding()) for label, data in WRONG]

# right, although it looks strange: it arrives
RIGHT = [
    ("plain", good()),
    ("flags_unknown", good(flags=0xF8)),
    ("variant_in_variant", good(signature="v", args=(("v", Variant("y", 1)),))),
    ("signature_32_arrays", good(signature="a" * 32 + "y", raw_body=bytes(4))),
    ("signature_32_structs", good(signature="(" * 32 + "y" + ")" * 32, raw_body=b"x")),
    ("longest_member", good(member="a" * 255)),
    ("longest_interface", good(interface="a." + "b" * 253)),
    ("noncharacters", good(args=("\ufffe\uffff",))),
    ("empty_body", good(**NO_BODY)),
    ("empty_signature", good(signature="", args=())),
    ("fds_0", good(unix_fds=0)),
    ("long_path", good(path="/" + "/".join(["abc"] * 20000))),
    ("path_1_MiB", good(path="/" + "a" * (1 << 20))),
]


class Malformed(BusTest):
    def offended(self, data, bus=None, **more):
        """Whether the bus disconnects who sends this; others keep working."""
        bus = bus or self.shared_bus(policy=SESSION)
        bystander, client = bus.client(), bus.client()
        client.send_raw(data, read=False)
        closed = client.is_closed(3)
        bystander.sync()
        one, two = bus.client(), bus.client()
        one.send(signal("/", I, "S", destination=two.name))
        two.expect(member="S")
        return closed

    @rows(WRONG)
    def test_wrong(self, data):
        self.assertTrue(self.offended(data))

    @rows(WRONG)
    def test_wrong_first_message(self, data):
        """The same before Hello."""
        bus = self.shared_bus(policy=SESSION)
        bystander = bus.client()
        client = bus.raw().auth()
        client.send_raw(data, read=False)
        self.assertTrue(client.is_closed())
        bystander.sync()

    @rows(RIGHT)
    def test_right(self, message):
        bus = self.shared_bus(policy=SESSION)
        one, two = bus.client(), bus.client()
        for endian in "<>":
            message.destination, message.serial, message.endian = two.name, 0, endian
            if message.raw_body and message.signature == "s":
                continue
            one.send(message)
            got = two.expect(sender=one.name)
            self.assertEqual((got.member, got.path), (message.member, message.path))

    @rows([("64", 64, True), ("65", 65, False)])
    def test_nesting_of_variants(self, depth, arrives):
        """The body may be 64 containers deep, and not one more."""
        bus = self.bus(policy=SESSION)
        one, two = bus.client(), bus.client()
        body = b"\1v\0" * (depth - 1) + b"\1y\0\1"
        one.send(good(destination=two.name, signature="v", raw_body=body, serial=0))
        if arrives:
            two.expect(member="M")
        else:
            self.assertTrue(one.is_closed())
        two.sync()

    def test_unknown_type(self):
        """Types that nobody knows yet are ignored or refused; the connection lives or ends, nobody else's."""
        bus = self.bus(policy=SESSION)
        one, two, bystander = bus.client(), bus.client(), bus.client()
        for kind in (5, 100, 255):
            one.send(good(type=kind, destination=two.name, serial=0))
        two.sync()
        self.assertEqual(two.taken(member="M"), [])
        bystander.sync()

    @rows([("le", "<"), ("be", ">")])
    def test_truncated(self, endian):
        """A message that ends with the connection, at every byte."""
        bus = self.bus(policy=SESSION)
        bystander = bus.client()
        raw = good(endian=endian).pack()
        for size in range(0, len(raw), 3):
            client = bus.client()
            client.send_raw(raw[:size])
            client.close()
        bystander.sync()
        self.assertEqual(bystander.taken(member="M"), [])

    @rows([("le", "<"), ("be", ">")])
    def test_every_byte_mutated(self, endian):
        """Each byte of a message set to some others: whatever becomes of the sender, the bus and the
        others live, and what arrives is well-formed."""
        bus = self.bus(policy=SESSION)
        bystander = bus.client().add_match("")
        raw = good(endian=endian, args=("xyz",), serial=0x01020304).pack()
        client = bus.client()
        for at, value in itertools.product(range(len(raw)), (0x00, 0x01, 0x7F, 0x80, 0xFF)):
            if client.ended or not client.send_raw(raw[:at] + bytes([value]) + raw[at + 1 :]):
                client = bus.client()
                continue
            client.fill()
            if at % 8 == 0:
                bystander.sync()
                bystander.inbox.clear()
            if at in (4, 5, 6, 7, 12, 13, 14, 15) or at > len(raw) - 8:
                # lengths: what follows would be taken for the rest
                client.close()
                bus.clients.remove(client)
                client = bus.client()
        bystander.sync()

    @rows([(str(seed), seed) for seed in range(6)])
    def test_noise(self, seed):
        """Random changes in a stream of good messages, calls to the bus among them."""
        noise = random.Random(seed)
        bus = self.bus(policy=SESSION)
        bystander = bus.client()
        for _ in range(60):
            endian = noise.choice("<>")
            stream = bytearray(
                call(DRIVER, DRIVER_PATH, DRIVER, "RequestName", "su", ("com.ex.N", 7), serial=1, endian=endian).pack()
                + good(signature="a{sv}", args=({"a": Variant("as", ["b"])},), endian=endian).pack()
                + call(DRIVER, DRIVER_PATH, DRIVER, "AddMatch", "s", ("arg0='x'",), serial=3, endian=endian).pack()
            )
            for _ in range(noise.randint(1, 6)):
                stream[noise.randrange(len(stream))] = noise.randrange(256)
            client = bus.client()
            client.send_raw(bytes(stream))
            client.sock.shutdown(1)
            self.assertTrue(client.is_closed())
            client.close()
            bus.clients.remove(client)
        bystander.sync()

    def test_good_messages_before_the_wrong_one_count(self):
        bus = self.bus(policy=SESSION)
        one, two = bus.client(), bus.client()
        first = signal("/", I, "S", destination=two.name, serial=1).pack()
        one.send_raw(first + good(type=0).pack())
        two.expect(member="S")
        self.assertTrue(one.is_closed())

    def test_wrong_arguments_of_the_bus_do_not_disconnect(self):
        client = self.bus().client()
        for args in ((), ("x",)):
            self.refused("InvalidArgs", client.driver, "RequestName", "s" * len(args) or None, *args)
        client.sync()
