"""wire - a D-Bus client that speaks in bytes, so that tests can also say what no library would.

Values: a variant is Variant(signature, value), an array of bytes is bytes, an array of dict entries
is a dict, a struct is a tuple. Whatever the bus sends is parsed strictly: padding has to be zero,
strings UTF-8, fields of their type; a bus that breaks the protocol fails the test.

A Client buffers what arrives in inbox; call() and expect() take messages out of it.
"""

import array
import os
import select
import socket
import struct
import time
from collections import namedtuple

CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
NO_REPLY, NO_AUTO_START, INTERACTIVE = 1, 2, 4
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SENDER, SIGNATURE, UNIX_FDS = range(1, 10)

DRIVER = "org.freedesktop.DBus"
DRIVER_PATH = "/org/freedesktop/DBus"
PEER = "org.freedesktop.DBus.Peer"
PROPERTIES = "org.freedesktop.DBus.Properties"
FAULT = "org.freedesktop.DBus.Error."

# seconds to wait for what has to come; only a broken bus makes a test wait that long
PATIENCE = 10.0

Variant = namedtuple("Variant", "signature value")

FIXED = {
    "y": ("B", 1),
    "b": ("I", 4),
    "n": ("h", 2),
    "q": ("H", 2),
    "i": ("i", 4),
    "u": ("I", 4),
    "x": ("q", 8),
    "t": ("Q", 8),
    "d": ("d", 8),
    "h": ("I", 4),
}

# field code: (attribute of Message, type)
FIELDS = {
    PATH: ("path", "o"),
    INTERFACE: ("interface", "s"),
    MEMBER: ("member", "s"),
    ERROR_NAME: ("error", "s"),
    REPLY_SERIAL: ("reply_serial", "u"),
    DESTINATION: ("destination", "s"),
    SENDER: ("sender", "s"),
    SIGNATURE: ("signature", "g"),
    UNIX_FDS: ("unix_fds", "u"),
}


class Closed(Exception):
    """The bus closed the connection."""


class Late(AssertionError):
    """What had to come did not."""


class CallError(Exception):
    """The answer to a call was an error: name and text."""

    def __init__(self, name, text=""):
        super().__init__("%s: %s" % (name, text))
        self.name = name
        self.text = text


def types(signature):
    """The single complete types of a signature."""
    at, out = 0, []
    while at < len(signature):
        end = type_end(signature, at)
        out.append(signature[at:end])
        at = end
    return out


def type_end(signature, at):
    code = signature[at]
    if code == "a":
        return type_end(signature, at + 1)
    if code in "({":
        close = {"(": ")", "{": "}"}[code]
        at += 1
        while signature[at] != close:
            at = type_end(signature, at)
    return at + 1


def alignment(code):
    if code in FIXED:
        return FIXED[code][1]
    return {"s": 4, "o": 4, "a": 4, "g": 1, "v": 1, "(": 8, "{": 8}[code]


class Writer:
    def __init__(self, endian="<"):
        self.data = bytearray()
        self.endian = endian

    def align(self, size):
        self.data += bytes(-len(self.data) % size)

    def put(self, kind, value):
        code = kind[0]
        self.align(alignment(code))
        if code in FIXED:
            self.data += struct.pack(self.endian + FIXED[code][0], value)
        elif code in "so":
            raw = value if isinstance(value, bytes) else value.encode()
            self.data += struct.pack(self.endian + "I", len(raw)) + raw + b"\0"
        elif code == "g":
            raw = value if isinstance(value, bytes) else value.encode()
            self.data += bytes([len(raw)]) + raw + b"\0"
        elif code == "v":
            self.put("g", value[0])
            for inner in types(value[0]):
                self.put(inner, value[1])
        elif code == "a":
            self.put_array(kind[1:], value)
        else:
            for inner, item in zip(types(kind[1:-1]), value, strict=True):
                self.put(inner, item)

    def put_array(self, kind, value):
        length_at = len(self.data)
        self.data += bytes(4)
        self.align(alignment(kind[0]))
        start = len(self.data)
        if kind == "y":
            self.data += value
        else:
            for item in value.items() if isinstance(value, dict) else value:
                self.put(kind, item)
        struct.pack_into(self.endian + "I", self.data, length_at, len(self.data) - start)


class Reader:
    def __init__(self, data, endian="<", at=0):
        self.data = data
        self.endian = endian
        self.at = at

    def align(self, size):
        end = self.at + -self.at % size
        assert not any(self.data[self.at : end]), "padding is not zero"
        self.at = end

    def take(self, size):
        assert self.at + size <= len(self.data), "the message is too short for its types"
        self.at += size
        return bytes(self.data[self.at - size : self.at])

    def text(self, length):
        raw = self.take(length + 1)
        assert raw[-1] == 0 and b"\0" not in raw[:-1], "string not terminated"
        return raw[:-1].decode()

    def get(self, kind):
        code = kind[0]
        self.align(alignment(code))
        if code in FIXED:
            form, size = FIXED[code]
            value = struct.unpack(self.endian + form, self.take(size))[0]
            assert code != "b" or value in (0, 1), "boolean out of range"
            return bool(value) if code == "b" else value
        if code in "so":
            return self.text(self.get("u"))
        if code == "g":
            return self.text(self.take(1)[0])
        if code == "v":
            signature = self.get("g")
            assert len(types(signature)) == 1, "variant of other than one type"
            return Variant(signature, self.get(signature))
        if code == "a":
            return self.get_array(kind[1:])
        return tuple(self.get(inner) for inner in types(kind[1:-1]))

    def get_array(self, kind):
        length = self.get("u")
        self.align(alignment(kind[0]))
        if kind == "y":
            return self.take(length)
        end = self.at + length
        items = []
        while self.at < end:
            items.append(self.get(kind))
        assert self.at == end, "array longer than it said"
        return dict(items) if kind[0] == "{" else items


def marshal(signature, args, endian="<"):
    writer = Writer(endian)
    for kind, value in zip(types(signature), args, strict=True):
        writer.put(kind, value)
    return bytes(writer.data)


def unmarshal(signature, data, endian="<"):
    reader = Reader(data, endian)
    out = tuple(reader.get(kind) for kind in types(signature))
    assert reader.at == len(data), "body longer than its signature"
    return out


class Message:
    """One message. extra: further header fields as (code, signature, value), raw_fields: all of
    them instead of those that the attributes give, raw_body: bytes of the body instead of args."""

    def __init__(
        self,
        type=CALL,
        flags=0,
        serial=0,
        path=None,
        interface=None,
        member=None,
        error=None,
        reply_serial=None,
        destination=None,
        sender=None,
        signature=None,
        args=(),
        unix_fds=None,
        fds=(),
        endian="<",
        version=1,
        extra=(),
        raw_fields=None,
        raw_body=None,
        **wrong,
    ):
        assert not wrong, wrong
        self.type = type
        self.flags = flags
        self.serial = serial
        self.path = path
        self.interface = interface
        self.member = member
        self.error = error
        self.reply_serial = reply_serial
        self.destination = destination
        self.sender = sender
        self.signature = signature
        self.args = tuple(args)
        self.fds = list(fds)
        self.unix_fds = len(self.fds) or None if unix_fds is None else unix_fds
        self.endian = endian
        self.version = version
        self.extra = list(extra)
        self.raw_fields = raw_fields
        self.raw_body = raw_body

    def fields(self):
        if self.raw_fields is not None:
            return list(self.raw_fields)
        out = []
        for code, (name, kind) in FIELDS.items():
            value = getattr(self, name)
            if value is not None:
                out.append((code, kind, value))
        return out + self.extra

    def pack(self, body_length=None, fields_length=None):
        body = self.raw_body
        if body is None:
            body = marshal(self.signature or "", self.args, self.endian)
        writer = Writer(self.endian)
        writer.data += {"<": b"l", ">": b"B"}[self.endian]
        writer.data += bytes([self.type, self.flags, self.version])
        writer.put("u", len(body) if body_length is None else body_length)
        writer.put("u", self.serial)
        writer.put("a(yv)", [(code, (kind, value)) for code, kind, value in self.fields()])
        if fields_length is not None:
            struct.pack_into(self.endian + "I", writer.data, 12, fields_length)
        writer.align(8)
        return bytes(writer.data) + body

    def __repr__(self):
        known = [(n, getattr(self, n)) for n in ("serial", *(f[0] for f in FIELDS.values()), "args")]
        kind = {CALL: "call", RETURN: "return", ERROR: "error", SIGNAL: "signal"}.get(self.type, self.type)
        text = " ".join("%s=%r" % (n, v) for n, v in known if v not in (None, (), 0))
        return "<%s %s>" % (kind, text if len(text) < 600 else text[:600] + "...")


def message_size(data):
    """Size of the message whose first bytes these are, or None if more is needed to know."""
    if len(data) < 16:
        return None
    endian = {ord("l"): "<", ord("B"): ">"}[data[0]]
    body, _, fields = struct.unpack_from(endian + "III", data, 4)
    return 16 + fields + -fields % 8 + body


def parse(data):
    """A whole message from the bus."""
    endian = {ord("l"): "<", ord("B"): ">"}[data[0]]
    reader = Reader(data, endian, 1)
    message = Message(endian=endian)
    message.type, message.flags, message.version = reader.take(3)
    assert message.version == 1
    length = reader.get("u")
    message.serial = reader.get("u")
    assert message.serial, "serial is 0"
    for code, value in reader.get("a(yv)"):
        if code in FIELDS:
            name, kind = FIELDS[code]
            assert value.signature == kind, "field %d has type %s" % (code, value.signature)
            assert getattr(message, name) is None, "field %d twice" % code
            setattr(message, name, value.value)
        else:
            message.extra.append((code, value.signature, value.value))
    reader.align(8)
    assert len(data) - reader.at == length
    message.args = unmarshal(message.signature or "", data[reader.at :], endian)
    return message


def call(destination, path, interface, member, signature=None, args=(), **more):
    return Message(
        CALL,
        destination=destination,
        path=path,
        interface=interface,
        member=member,
        signature=signature,
        args=args,
        **more,
    )


def signal(path, interface, member, signature=None, args=(), **more):
    return Message(
        SIGNAL, path=path, interface=interface, member=member, signature=signature, args=args, **more
    )


def reply(to, signature=None, args=(), **more):
    return Message(
        RETURN,
        NO_REPLY,
        destination=to.sender,
        reply_serial=to.serial,
        signature=signature,
        args=args,
        **more,
    )


def failure(to, name, text="", **more):
    more.setdefault("flags", NO_REPLY)
    return Message(
        ERROR,
        destination=to.sender,
        reply_serial=to.serial,
        error=name,
        signature="s",
        args=(text,),
        **more,
    )


def fits(message, **wanted):
    for name, value in wanted.items():
        if getattr(message, name) != value:
            return False
    return True


class Client:
    """A connection over sock. on_close is called once when the client closes."""

    def __init__(self, sock, on_close=None):
        sock.setblocking(False)
        self.sock = sock
        self.on_close = on_close
        self.buffer = bytearray()
        self.fds = []
        self.lines = bytearray()
        self.inbox = []
        self.ended = False
        self.serial = 0
        self.name = None
        self.guid = None
        self.takes_fds = False
        self.talks = False

    # bytes

    def close(self):
        for message in self.inbox:
            for fd in message.fds:
                os.close(fd)
        for fd in self.fds:
            os.close(fd)
        self.inbox, self.fds = [], []
        self.sock.close()
        if self.on_close:
            self.on_close()
            self.on_close = None

    def send_raw(self, data, fds=(), timeout=PATIENCE, read=True):
        """Sends all of data, reading meanwhile so that neither side waits for the other. False if
        the bus closed before everything was taken."""
        deadline = time.monotonic() + timeout
        data = memoryview(data)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        while data:
            try:
                sent = self.sock.sendmsg([data], ancillary, socket.MSG_NOSIGNAL)
                data, ancillary = data[sent:], []
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise Late("the bus takes no bytes") from None
                poll = select.poll()
                poll.register(self.sock, select.POLLOUT | (select.POLLIN if read else 0))
                for _, events in poll.poll(left * 1000):
                    if events & select.POLLIN and read:
                        self.fill()
                        if self.ended:
                            return False
            except (BrokenPipeError, ConnectionResetError):
                return False
        return True

    def fill(self):
        """Reads what is there, without waiting. True if anything came or the end was met."""
        got = False
        while not self.ended:
            try:
                data, ancillary, _, _ = self.sock.recvmsg(262144, socket.CMSG_SPACE(253 * 4), socket.MSG_CMSG_CLOEXEC)
            except BlockingIOError:
                return got
            except ConnectionResetError:
                data, ancillary = b"", []
            got = True
            for level, kind, content in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds = array.array("i")
                    fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
                    self.fds += fds
            if not data:
                self.ended = True
            elif self.talks:
                self.buffer += data
                self.split()
            else:
                self.lines += data
        return got

    def split(self):
        at = 0
        view = memoryview(self.buffer)
        while True:
            size = message_size(view[at : at + 16])
            if size is None or at + size > len(view):
                break
            message = parse(bytes(view[at : at + size]))
            at += size
            count = message.unix_fds or 0
            assert len(self.fds) >= count, "fds of the message are missing"
            message.fds, self.fds = self.fds[:count], self.fds[count:]
            self.inbox.append(message)
        view.release()
        del self.buffer[:at]

    def wait(self, deadline, what):
        """Waits for more to be read."""
        if self.fill():
            return
        if self.ended:
            raise Closed(what)
        left = deadline - time.monotonic()
        if left <= 0:
            raise Late("nothing came: %s; inbox: %r" % (what, self.inbox))
        select.select([self.sock], [], [], left)

    def is_closed(self, timeout=PATIENCE):
        """Whether the bus closes the connection within the time."""
        deadline = time.monotonic() + timeout
        while not self.ended:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            select.select([self.sock], [], [], left)
            self.fill()
        return True

    # SASL

    def line(self, timeout=PATIENCE):
        """One line from the bus, without its end."""
        deadline = time.monotonic() + timeout
        while b"\r\n" not in self.lines:
            self.wait(deadline, "a line of SASL")
        line, _, rest = bytes(self.lines).partition(b"\r\n")
        self.lines = bytearray(rest)
        return line

    def say(self, line, timeout=PATIENCE):
        """Sends a line, returns the answer."""
        self.send_raw(line + b"\r\n")
        return self.line(timeout)

    def begin(self):
        """What follows from now on is messages."""
        self.send_raw(b"BEGIN\r\n")
        self.talk()

    def talk(self):
        self.talks = True
        self.buffer += self.lines
        self.lines.clear()
        self.split()

    def auth(self, uid=None, fds=True):
        uid = os.geteuid() if uid is None else uid
        self.send_raw(b"\0")
        answer = self.say(b"AUTH EXTERNAL " + str(uid).encode().hex().encode())
        if not answer.startswith(b"OK "):
            raise AssertionError("not authenticated: %r" % answer)
        self.guid = answer[3:].decode()
        if fds:
            assert self.say(b"NEGOTIATE_UNIX_FD") == b"AGREE_UNIX_FD"
            self.takes_fds = True
        self.begin()
        return self

    def hello(self):
        self.name = self.driver("Hello")[0]
        self.expect(type=SIGNAL, member="NameAcquired", args=(self.name,))
        return self

    # messages

    def next_serial(self):
        self.serial += 1
        return self.serial

    def send(self, message):
        """Gives the message a serial if it has none, and sends it. Returns the serial."""
        if not message.serial:
            message.serial = self.next_serial()
        self.send_raw(message.pack(), message.fds)
        return message.serial

    def expect(self, timeout=PATIENCE, **wanted):
        """Takes the first message that has these attributes out of the inbox."""
        deadline = time.monotonic() + timeout
        while True:
            for at, message in enumerate(self.inbox):
                if fits(message, **wanted):
                    return self.inbox.pop(at)
            self.wait(deadline, wanted)

    def next(self, timeout=PATIENCE):
        """Takes the next message, whatever it is."""
        return self.expect(timeout)

    def answer(self, serial, timeout=PATIENCE):
        """The reply, return or error, to a message."""
        deadline = time.monotonic() + timeout
        while True:
            for at, message in enumerate(self.inbox):
                if message.type in (RETURN, ERROR) and message.reply_serial == serial:
                    return self.inbox.pop(at)
            self.wait(deadline, "a reply to %d" % serial)

    def call(self, message, timeout=PATIENCE):
        """Sends a call and returns the reply's arguments; raises CallError."""
        return self.result(self.send(message), timeout)

    def result(self, serial, timeout=PATIENCE):
        answer = self.answer(serial, timeout)
        if answer.type == ERROR:
            raise CallError(answer.error, answer.args[0] if answer.args else "")
        return answer.args

    def driver(self, member, signature=None, *args, interface=DRIVER, path=DRIVER_PATH, **more):
        """A call to the bus itself."""
        return self.call(call(DRIVER, path, interface, member, signature, args, **more))

    def sync(self):
        """Returns when the bus has handled everything sent so far, and everything that it had sent
        us until then is in the inbox. The call has no destination, so no policy applies to it."""
        self.call(call(None, "/", PEER, "Ping"))
        return self

    def taken(self, **wanted):
        """All messages of the inbox that have these attributes, after a sync()."""
        self.sync()
        out = [m for m in self.inbox if fits(m, **wanted)]
        self.inbox = [m for m in self.inbox if not fits(m, **wanted)]
        return out

    def add_match(self, rule):
        self.driver("AddMatch", "s", rule)
        return self

    def request_name(self, name, flags=0):
        return self.driver("RequestName", "su", name, flags)[0]

    def release_name(self, name):
        return self.driver("ReleaseName", "s", name)[0]

    def owner(self, name):
        return self.driver("GetNameOwner", "s", name)[0]
