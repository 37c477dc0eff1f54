"""What one client can do to the bus, or through it to others, by sheer amount: floods, halves of
messages, queues that nobody reads, descriptors out of place, and at the end everything at random."""

import array
import os
import random
import resource
import select
import shutil
import socket
import tempfile
import time
import unittest

from harness import ALICE, BOB, IS_REFERENCE, IS_ROOT, Bus, BusTest, family, fd_number, open_files, rows
from wire import CALL, DRIVER, DRIVER_PATH, ERROR, FAULT, NO_REPLY, PEER, RETURN, SIGNAL, CallError
from wire import Message, call, failure, marshal, reply, signal

MONITORING = "org.freedesktop.DBus.Monitoring"
TICKS = os.sysconf("SC_CLK_TCK")


def busy_seconds(bus):
    """What the bus has computed, ever."""
    total = 0
    for pid in family(bus.pid):
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def ping(destination):
    return call(destination, "/", "com.ex.I", "Ping")


def monitor(bus):
    client = bus.client()
    client.driver("BecomeMonitor", "asu", [], 0, interface=MONITORING)
    return client


def a_file():
    """An open file that is no other."""
    r, w = os.pipe()
    os.close(w)
    return r


# (label, a text that ends within a character wherever it is cut)
LONG_TEXTS = [
    ("two_bytes", "\u00e9" * 900),
    ("two_bytes_odd", "a" + "\u00e9" * 900),
    ("three_bytes", "\u20ac" * 900),
    ("three_bytes_1", "a" + "\u20ac" * 900),
    ("three_bytes_2", "ab" + "\u20ac" * 900),
    ("four_bytes", "\U0001f600" * 900),
    ("four_bytes_1", "a" + "\U0001f600" * 900),
    ("four_bytes_2", "ab" + "\U0001f600" * 900),
    ("four_bytes_3", "abc" + "\U0001f600" * 900),
]

# (label, method, signature, arguments with a place for the text, error)
QUOTERS = [
    ("GetNameOwner", "GetNameOwner", lambda text: ("s", text), "NameHasNoOwner"),
    ("RequestName", "RequestName", lambda text: ("su", text, 0), "InvalidArgs"),
    ("StartServiceByName", "StartServiceByName", lambda text: ("su", text, 0), "ServiceUnknown"),
]


class Answers(BusTest):
    @rows([(a + "__" + b, text, *rest) for a, text in LONG_TEXTS for b, *rest in QUOTERS])
    def test_long_texts_are_quoted(self, text, member, arguments, error):
        """An answer that quotes its question may be cut, but stays text."""
        client = self.shared_bus().client()
        self.refused(error, client.driver, member, *arguments(text))
        client.sync()

    def test_two_calls_under_one_serial(self):
        """The second is refused, and the reply goes to the first."""
        bus = self.bus()
        a, b = bus.client(), bus.client()
        first = ping(b.name)
        first.serial = 77
        a.send(first)
        a.send(first)
        self.assertEqual(a.answer(77).error, FAULT + "AccessDenied")
        asked = b.expect(type=CALL, member="Ping")
        b.send(reply(asked))
        self.assertEqual(a.answer(77).type, RETURN)
        self.assertEqual(b.taken(type=CALL, member="Ping"), [])
        # the serial is free again
        a.send(first)
        b.expect(type=CALL, member="Ping")

    def test_flood_of_reloads(self):
        """However many callers, each is answered, and the bus goes on."""
        bus = self.bus()
        bystander, clients = bus.client(), [bus.client() for _ in range(3)]
        count = 700
        calls = [call(DRIVER, DRIVER_PATH, DRIVER, "ReloadConfig", serial=1000 + i) for i in range(count)]
        flood = b"".join(c.pack() for c in calls)
        for client in clients:
            client.send_raw(flood)
        bystander.sync()
        for client in clients:
            for one in calls:
                client.answer(one.serial, 60)

    def test_monitors_see_valid_senders(self):
        """Also of who has no name yet."""
        bus = self.bus()
        watcher = monitor(bus)
        early = bus.raw().auth()
        self.refused("AccessDenied", early.driver, "ListNames")
        self.assertEqual(watcher.expect(member="ListNames").sender, ":not.active.yet")

    @rows([("return", RETURN), ("error", ERROR), ("call", CALL)])
    def test_monitors_are_not_answered(self, kind):
        """A monitor has no name, so nobody can answer what it asked before."""
        bus = self.bus()
        client, other = bus.client(), bus.client()
        serial = client.send(ping(other.name))
        asked = other.expect(type=CALL, member="Ping")
        client.driver("BecomeMonitor", "asu", ["type='signal'"], 0, interface=MONITORING)
        answer = {
            RETURN: reply(asked),
            ERROR: failure(asked, "com.ex.E"),
            CALL: call(client.name, "/", "com.ex.I", "M"),
        }[kind]
        answer.flags = 0
        with self.assertRaises(CallError) as caught:
            other.result(other.send(answer))
        self.assertEqual(caught.exception.name, FAULT + "ServiceUnknown")
        client.fill()
        self.assertEqual([m for m in client.inbox if m.reply_serial == serial and m.sender == other.name], [])


@unittest.skipIf(IS_REFERENCE, "reads on while it authenticates, or does not, as the time goes")
class Pipelined(BusTest):
    @rows([("apart", False), ("together", True)])
    def test_pipelined_behind_begin(self, together):
        """What came with a message is the message's, also if SASL stands before it."""
        bus = self.bus()
        receiver, client = bus.client(), bus.raw()
        file = a_file()
        self.addCleanup(os.close, file)
        hello = call(DRIVER, DRIVER_PATH, DRIVER, "Hello", serial=1)
        carrier = call(receiver.name, "/", "com.ex.I", "M", "h", (0,), serial=2, unix_fds=1)
        uid = str(client.uid).encode().hex().encode()
        first = b"\0AUTH EXTERNAL " + uid + b"\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n" + hello.pack()
        if together:
            client.send_raw(first + carrier.pack(), [file])
        else:
            client.send_raw(first)
            client.send_raw(carrier.pack(), [file])
        self.assertTrue(client.line().startswith(b"OK "))
        self.assertEqual(client.line(), b"AGREE_UNIX_FD")
        client.talk()
        client.answer(1)
        self.assertEqual(fd_number(receiver.expect(member="M").fds[0]), fd_number(file))


class Descriptors(BusTest):
    @rows([("beginning", 40, 40), ("small", 1000, 0), ("large", 300000, 100000), ("large_at_once", 300000, 16)])
    def test_incomplete_with_descriptors(self, size, before):
        """They are not held for ever, whatever part of the message they came with."""
        bus = self.bus(limits={"pending_fd_timeout": 400})
        file = a_file()
        self.addCleanup(os.close, file)
        client, bystander = bus.client(), bus.client()
        carrier = call(bystander.name, "/", "com.ex.I", "M", "ay", (bytes(size),), serial=9, unix_fds=1)
        data = carrier.pack()
        client.send_raw(data[:before])
        bystander.sync()
        client.send_raw(data[before:-8], [file])
        self.assertTrue(client.is_closed())
        bystander.sync()

    def test_complete_ones_do_not_add_up(self):
        """Who sends one message with descriptors after the other, each beginning before the last
        one ended, is not taken for one that never ends."""
        bus = self.bus(limits={"pending_fd_timeout": 1500})
        client, receiver = bus.client(), bus.client()
        file = a_file()
        self.addCleanup(os.close, file)
        message = Message(
            SIGNAL, NO_REPLY, 5, "/", "com.ex.I", "S", destination=receiver.name, unix_fds=1, signature="h", args=(0,)
        )
        data = message.pack()
        client.send_raw(data[:20], [file])
        for _ in range(12):
            time.sleep(0.2)
            client.send_raw(data[20:] + data[:20], [file])
            self.assertEqual(len(receiver.expect(member="S").fds), 1)
        client.sock.close()

    def test_nothing_is_left_open(self):
        """Whatever comes with descriptors, and however it ends."""
        bus = self.bus(limits={"max_message_unix_fds": 4})
        bystander, sink = bus.client(), bus.client(fds=False)
        bystander.sync()
        before = open_files(bus)
        file = a_file()
        self.addCleanup(os.close, file)
        plain = call(bystander.name, "/", "com.ex.I", "M", flags=NO_REPLY, serial=5).pack()
        one = call(bystander.name, "/", "com.ex.I", "M", flags=NO_REPLY, serial=5, unix_fds=1).pack()
        deaf = call(sink.name, "/", "com.ex.I", "M", serial=5, unix_fds=1).pack()
        nobody = call("com.ex.Nobody", "/", "com.ex.I", "M", serial=5, unix_fds=1).pack()
        driver = call(DRIVER, DRIVER_PATH, DRIVER, "GetId", serial=5, unix_fds=1).pack()
        for data, count, negotiated in (
            (plain, 3, True),
            (one, 4, True),
            (one, 1, False),
            (one, 5, True),
            (one[:10], 2, True),
            (one[:-1], 4, True),
            (one[:-1], 5, True),
            (deaf, 1, True),
            (nobody, 1, True),
            (driver, 1, True),
            (plain + one[:30], 2, True),
            (b"nonsense that is no message", 3, True),
        ):
            client = bus.client(fds=negotiated)
            client.send_raw(data, [file] * count)
            bystander.sync()
            client.close()
        for message in bystander.inbox:
            for fd in message.fds:
                os.close(fd)
            message.fds = []
        deadline = time.monotonic() + 5
        while open_files(bus) != before and time.monotonic() < deadline:
            bystander.sync()
            time.sleep(0.02)
        self.assertEqual(open_files(bus), before)


SILENT = (
    "reads_nothing_more",
    "unread_queue",
    "unread_monitor",
    "half_a_message",
    "no_hello",
    "half_of_sasl",
)


class Queues(BusTest):
    @rows([("one_by_one", 1), ("many_at_once", 400)])
    def test_late_readers_get_everything(self, burst):
        """Whole messages, in order, of whatever size, by all who wait, however late they read."""
        bus = self.bus()
        random.seed(burst)
        sender = bus.client()
        receivers = [bus.client().add_match("interface='com.ex.Late'") for _ in range(4)]
        sizes = [random.choice((0, 1, 7, 300, 5000, 70000)) for _ in range(600)]
        data = b""
        for at, size in enumerate(sizes):
            body = bytes([at % 251]) * size
            data += signal("/", "com.ex.Late", "S", "uay", (at, body), serial=at + 1000).pack()
            if at % burst == 0:
                sender.send_raw(data)
                data = b""
        sender.send_raw(data)
        sender.sync()
        for receiver in receivers:
            for at, size in enumerate(sizes):
                message = receiver.expect(interface="com.ex.Late")
                self.assertEqual(message.args[0], at)
                self.assertEqual(message.args[1], bytes([at % 251]) * size)

    def test_descriptors_of_late_readers(self):
        """Each with its own message, also where messages without any stand between."""
        bus = self.bus(limits={"max_outgoing_unix_fds": 2000, "max_incoming_unix_fds": 2000})
        sender, receiver = bus.client(), bus.client()
        files = [a_file() for _ in range(7)]
        for file in files:
            self.addCleanup(os.close, file)
        for at in range(400):
            fds = [files[(at + i) % 7] for i in range(at % 4)]
            sender.send(
                Message(
                    SIGNAL,
                    NO_REPLY,
                    path="/",
                    interface="com.ex.Late",
                    member="S",
                    destination=receiver.name,
                    signature="uay",
                    args=(at, bytes(at * 7 % 3000)),
                    fds=fds,
                )
            )
        sender.sync()
        for at in range(400):
            message = receiver.expect(interface="com.ex.Late")
            self.assertEqual(message.args, (at, bytes(at * 7 % 3000)))
            wanted = [fd_number(files[(at + i) % 7]) for i in range(at % 4)]
            self.assertEqual([fd_number(fd) for fd in message.fds], wanted)
            for fd in message.fds:
                os.close(fd)

    def test_unread_monitor(self):
        """Those that it watches are not hindered when its queue is full."""
        bus = self.bus(limits={"max_outgoing_bytes": 100000})
        client, other = bus.client(), bus.client()
        monitor(bus)
        for _ in range(60):
            serial = client.send(call(other.name, "/", "com.ex.I", "M", "ay", (bytes(10000),)))
            other.send(reply(other.expect(member="M")))
            self.assertEqual(client.answer(serial).type, RETURN)

    def state_of_silence(self, bus, state):
        """A client that does nothing more."""
        client = bus.client()
        if state == "reads_nothing_more":
            client.sock.shutdown(socket.SHUT_RD)
            client.send_raw(call(DRIVER, DRIVER_PATH, DRIVER, "ListNames", serial=5).pack())
        elif state == "unread_queue":
            blob = call(client.name, "/", "com.ex.I", "M", "ay", (bytes(60000),), flags=NO_REPLY, serial=5).pack()
            client.send_raw(blob * 20, read=False)
        elif state == "unread_monitor":
            client = monitor(bus)
            bus.client().send_raw(call("com.ex.N", "/", "com.ex.I", "M", "ay", (bytes(60000),), serial=5).pack() * 20)
        elif state == "half_a_message":
            client.send_raw(ping(":1.0").pack()[:20])
        elif state == "no_hello":
            client = bus.raw().auth()
        elif state == "half_of_sasl":
            client = bus.raw()
            client.send_raw(b"\0AUTH EXT")
        return client

    @rows([(state, state) for state in SILENT])
    def test_silence_costs_nothing(self, state):
        """The bus sleeps while such clients are there, and answers others."""
        if IS_REFERENCE and state == "reads_nothing_more":
            self.skipTest("finds no rest over a connection that was shut down for reading, mostly")
        bus = self.bus(limits={"max_outgoing_bytes": 500000})
        bystander = bus.client()
        self.state_of_silence(bus, state)
        for _ in range(3):
            bystander.sync()
        time.sleep(0.05)
        before = busy_seconds(bus)
        time.sleep(0.5)
        self.assertLess(busy_seconds(bus) - before, 0.2)
        bystander.sync()


@unittest.skipIf(IS_REFERENCE, "keeps a queue for ever")
@unittest.skipUnless(IS_ROOT, "needs root, to be other users")
class Stalled(BusTest):
    def test_many_queues_that_are_not_full(self):
        """Who never reads cannot keep another user from having anything wait, for ever."""
        bus = self.bus(limits={"max_outgoing_bytes": 20000000, "stalled_receiver_timeout": 500})
        idle = [bus.client(ALICE).add_match("interface='com.ex.Much'") for _ in range(20)]
        victim, reader = bus.client(BOB), bus.client(BOB).add_match("interface='com.ex.Much'")
        message = signal("/", "com.ex.Much", "S", "ay", (bytes(60000),))
        # 64 MB are the victim's, and a queue is full for it at 10
        for _ in range(70):
            message.serial = 0
            victim.send(message)
            reader.expect(member="S")
        for client in idle:
            deadline = time.monotonic() + 10
            while not self.is_hung_up(client):
                self.assertLess(time.monotonic(), deadline, "a client that reads nothing is kept")
                victim.sync()
                time.sleep(0.02)

    def is_hung_up(self, client):
        poll = select.poll()
        poll.register(client.sock, 0)
        return bool(poll.poll(0))


STRESS_LIMITS = {
    "max_outgoing_bytes": 300000,
    "max_outgoing_unix_fds": 40,
    "max_message_size": 1000000,
    "max_message_unix_fds": 6,
    "max_incomplete_connections": 12,
    "max_connections_per_user": 60,
    "max_names_per_connection": 12,
    "max_match_rules_per_connection": 20,
    "max_replies_per_connection": 20,
    "max_pending_service_starts": 3,
    "service_start_timeout": 300,
    "auth_timeout": 1000,
    "pending_fd_timeout": 400,
    "reply_timeout": 250,
}

STRESS_POLICY = """
<policy context="default">
  <allow user="*"/>
  <allow own="*"/>
  <allow send_destination="*" eavesdrop="true"/>
  <allow eavesdrop="true"/>
  <deny %s/>
</policy>
"""
STRESS_DENIES = (
    'send_interface="com.ex.I" send_member="Denied"',
    'receive_interface="com.ex.I" receive_member="Denied"',
    'own="com.ex.N1"',
    'send_requested_reply="false" send_type="method_return"',
)

STRESS_SERVICES = {
    "services/com.ex.%s.service" % name: "[D-BUS Service]\nName=com.ex.%s\nExec=%s\n" % (name, command)
    for name, command in (("Fails", "/bin/false"), ("Idle", "/bin/true"), ("Missing", "/nonexistent"))
}

STRESS_RULES = (
    "",
    "type='signal'",
    "member='S'",
    "sender='com.ex.N2'",
    "sender=':1.3',member='S'",
    "eavesdrop='true'",
    "eavesdrop='true',interface='com.ex.I',type='method_call'",
    "path_namespace='/a'",
    "arg0='x'",
    "arg0namespace='com.ex'",
    "arg2path='/a/'",
    "destination=':1.5'",
    "interface='org.freedesktop.DBus',member='NameOwnerChanged'",
    "nonsense",
)


class Actor:
    """A client that sends without waiting and reads when it likes."""

    def __init__(self, client, random):
        self.client = client
        self.random = random
        self.unsent = b""
        self.deaf_for = 0
        self.serial = 10

    def fileno(self):
        return self.client.sock.fileno()

    def send(self, data, fds=()):
        data = self.unsent + data
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        try:
            sent = self.client.sock.sendmsg([data], ancillary, socket.MSG_NOSIGNAL)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.client.ended = True
            return
        self.unsent = data[sent:]

    def say(self, message, fds=(), cut=False):
        self.serial = message.serial = self.serial + 1
        data = message.pack()
        if len(self.unsent) > 2000000:
            return
        if cut:
            at = self.random.randrange(len(data))
            self.send(data[:at], fds)
            self.unsent += data[at:]
        else:
            self.send(data, fds)

    def read(self):
        """What came, and whoever of it waits for an answer."""
        self.client.fill()
        came, self.client.inbox = self.client.inbox, []
        for message in came:
            for fd in message.fds:
                os.close(fd)
        return came


class Crowd:
    """Clients that do things at random; the same seed, the same things."""

    def __init__(self, bus, seed, size):
        self.bus = bus
        self.random = random.Random(seed)
        self.size = size
        self.actors = []
        self.asked = []
        self.file = a_file()
        self.actions = [function for count, function in self.table() for _ in range(count)]

    def table(self):
        return (
            (6, self.names),
            (3, self.release),
            (5, self.match),
            (3, self.unmatch),
            (12, self.signal),
            (10, self.call),
            (8, self.answer),
            (4, self.forge),
            (5, self.files),
            (3, self.driver),
            (3, self.start),
            (2, self.halves),
            (3, self.big),
            (4, self.deafen),
            (3, self.leave),
            (1, self.half_close),
            (1, self.monitor),
            (1, self.reload),
            (1, self.garbage),
            (1, self.stranger),
        )

    def destination(self):
        which = self.random.randrange(6)
        if which == 0:
            return ":1.%d" % self.random.randrange(self.size * 3)
        if which < 3:
            return "com.ex.N%d" % self.random.randrange(8)
        return self.random.choice(self.actors).client.name or DRIVER

    def join(self):
        uid = self.random.choice((None, None, None, ALICE, BOB)) if IS_ROOT else None
        client = self.bus.raw(uid)
        self.bus.clients.remove(client)
        actor = Actor(client, self.random)
        self.actors.append(actor)
        way = self.random.randrange(12)
        if way == 0:
            actor.send(b"\0AUTH EXTERNAL " + b"z" * self.random.randrange(300))
            return
        hello = call(DRIVER, DRIVER_PATH, DRIVER, "Hello", serial=1).pack() if way != 1 else b""
        mine = str(client.uid).encode().hex().encode()
        agree = b"NEGOTIATE_UNIX_FD\r\n" if way != 2 else b""
        actor.send(b"\0AUTH EXTERNAL " + mine + b"\r\n" + agree + b"BEGIN\r\n" + hello)
        deadline = time.monotonic() + 10
        while client.lines.count(b"\r\n") < 1 + bool(agree):
            client.wait(deadline, "SASL")
        for _ in range(1 + bool(agree)):
            client.line()
        client.talk()
        if hello:
            while not any(m.type in (RETURN, ERROR) for m in client.inbox):
                client.wait(deadline, "an answer to Hello")
            answer = client.inbox[0]
            client.name = answer.args[0] if answer.type == RETURN else None

    def step(self):
        if len(self.actors) < self.size and self.random.random() < 0.3 or not self.actors:
            self.join()
            return
        actor = self.random.choice(self.actors)
        self.random.choice(self.actions)(actor)
        if self.random.random() < 0.3:
            self.turn()

    def turn(self):
        """Everybody who wants to reads, and sends what is left."""
        for actor in list(self.actors):
            if actor.unsent:
                actor.send(b"")
            if actor.deaf_for > 0:
                actor.deaf_for -= 1
                continue
            came = actor.read()
            self.asked += [(actor, m) for m in came if m.type == CALL and m.sender]
            if actor.client.ended:
                self.actors.remove(actor)
                actor.client.close()
        del self.asked[:-50]

    def bus_call(self, actor, member, signature=None, *args, interface=DRIVER):
        actor.say(call(DRIVER, DRIVER_PATH, interface, member, signature, args), cut=self.random.random() < 0.05)

    def names(self, actor):
        name, flags = "com.ex.N%d" % self.random.randrange(8), self.random.randrange(8)
        self.bus_call(actor, "RequestName", "su", self.random.choice((name, name, name, "com.ex.Fails")), flags)

    def release(self, actor):
        self.bus_call(actor, "ReleaseName", "s", "com.ex.N%d" % self.random.randrange(8))

    def match(self, actor):
        self.bus_call(actor, "AddMatch", "s", self.random.choice(STRESS_RULES))

    def unmatch(self, actor):
        self.bus_call(actor, "RemoveMatch", "s", self.random.choice(STRESS_RULES))

    def signal(self, actor):
        for _ in range(self.random.choice((1, 1, 1, 80))):
            member = self.random.choice(("S", "T", "Denied"))
            text = self.random.choice(("x", "com.ex.y", "/a/b"))
            size = self.random.choice((0, 10, 400))
            message = signal("/a/b", "com.ex.I", member, "sayo", (text, bytes(size), "/a/b"))
            if self.random.random() < 0.2:
                message.destination = self.destination()
            actor.say(message, cut=self.random.random() < 0.02)

    def call(self, actor):
        flags = self.random.choice((0, 0, 0, 1, 2, 3))
        member = self.random.choice(("M", "M", "M", "Denied"))
        actor.say(call(self.destination(), "/a", "com.ex.I", member, "s", ("x",), flags=flags))
        if self.random.random() < 0.1:
            actor.serial -= 1

    def answer(self, _actor):
        if self.asked:
            actor, asked = self.asked.pop(self.random.randrange(len(self.asked)))
            if actor in self.actors:
                answer = reply(asked, "s", ("y",)) if self.random.random() < 0.7 else failure(asked, "com.ex.E")
                actor.say(answer)

    def forge(self, actor):
        asked = Message(CALL, serial=self.random.randrange(1, 60), sender=self.destination())
        actor.say(reply(asked, endian=self.random.choice("<>")))

    def files(self, actor):
        there, said = self.random.choice(((1, 1), (1, 1), (3, 3), (6, 6), (2, 1), (1, 0), (7, 7), (0, 1)))
        message = call(self.destination(), "/a", "com.ex.I", "M", unix_fds=said, flags=self.random.choice((0, 1)))
        actor.say(message, [self.file] * there, self.random.random() < 0.1)

    def driver(self, actor):
        member, *args = self.random.choice(
            (
                ("ListNames",),
                ("GetId",),
                ("Hello",),
                ("ListQueuedOwners", "s", "com.ex.N1"),
                ("GetConnectionCredentials", "s", self.destination()),
                ("GetNameOwner", "s", "a" + "\u00e9" * self.random.randrange(400)),
                ("ListActivatableNames",),
                ("Nothing",),
            )
        )
        self.bus_call(actor, member, *args)

    def start(self, actor):
        name = self.random.choice(("com.ex.Fails", "com.ex.Idle", "com.ex.Missing"))
        if self.random.random() < 0.5:
            self.bus_call(actor, "StartServiceByName", "su", name, 0)
        else:
            actor.say(call(name, "/", "com.ex.I", "M", "ay", (bytes(100),)))

    def halves(self, actor):
        data = call(self.destination(), "/", "com.ex.I", "M", "ay", (bytes(90000),), serial=9).pack()
        actor.send(data[: self.random.choice((3, 15, 16, 100, 70000, len(data) - 1))])
        actor.unsent += data[len(data) - 1 :] if self.random.random() < 0.5 else b""

    def big(self, actor):
        size = self.random.choice((70000, 140000, 300000, 999000))
        actor.say(call(self.destination(), "/", "com.ex.I", "M", "ay", (bytes(size),)))

    def deafen(self, actor):
        actor.deaf_for = self.random.choice((1, 5, 30, 200))

    def leave(self, actor):
        self.actors.remove(actor)
        actor.client.close()

    def half_close(self, actor):
        try:
            actor.client.sock.shutdown(self.random.choice((socket.SHUT_RD, socket.SHUT_WR)))
        except OSError:
            pass

    def monitor(self, actor):
        rules = self.random.sample(STRESS_RULES[:-1], self.random.randrange(3))
        self.bus_call(actor, "BecomeMonitor", "asu", rules, 0, interface=MONITORING)

    def reload(self, actor):
        self.bus.configure(policy=STRESS_POLICY % self.random.choice(STRESS_DENIES))
        self.bus_call(actor, "ReloadConfig")

    def garbage(self, actor):
        data = bytearray(ping(self.destination()).pack())
        data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        actor.send(bytes(data))

    def stranger(self, actor):
        message = Message(self.random.randrange(1, 256), 0, path="/", interface="com.ex.I", member="M", reply_serial=3)
        message.error = "com.ex.E"
        message.destination = self.random.choice((None, DRIVER, self.destination()))
        actor.say(message)

    def end(self):
        for actor in self.actors:
            actor.client.close()
        os.close(self.file)


@unittest.skipIf(IS_REFERENCE, "needs descriptors of its own to read its configuration")
class Exhausted(BusTest):
    def test_reload_without_descriptors(self):
        """Connections use up all descriptors of the process; what launch sends still gets through."""
        bus = self.bus()
        admin = bus.client()
        for pid in family(bus.pid)[1:]:
            most = max(int(name) for name in os.listdir("/proc/%d/fd" % pid)) + 5
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))
        waiting = [bus.raw() for _ in range(20)]
        for _ in range(3):
            admin.driver("ReloadConfig")
        bus.line("No descriptors or memory left")
        for client in waiting:
            client.close()
        bus.client().driver("GetId")


@unittest.skipIf(IS_REFERENCE, "closes connections that did nothing wrong when others use up these limits")
class Stress(BusTest):
    """A slow machine does fewer of the same actions."""

    SECONDS = 9.0
    ACTIONS = 6000

    @rows([("seed_1", 1), ("seed_2", 2)])
    def test_random(self, seed):
        """Whoever does nothing wrong is answered all the time, and the bus ends well."""
        folder = tempfile.mkdtemp(prefix="stress-")
        self.addCleanup(shutil.rmtree, folder)
        log = ":log_path=%s/report" % folder
        env = {name: os.environ.get(name, "") + log for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS")}
        bus = Bus(
            policy=STRESS_POLICY % STRESS_DENIES[0],
            limits=STRESS_LIMITS,
            tail="<servicedir>@/services</servicedir>",
            files=STRESS_SERVICES,
            env=env,
        )
        wrong = "the test failed"
        crowd = Crowd(bus, seed, 30)
        try:
            bystander = bus.client()
            bystander.request_name("com.ex.Bystander")
            start, done = time.monotonic(), 0
            while done < self.ACTIONS and time.monotonic() - start < self.SECONDS:
                crowd.step()
                done += 1
                if done % 10 == 0:
                    bystander.sync()
                    bystander.inbox.clear()
            self.assertEqual(bystander.driver("GetNameOwner", "s", "com.ex.Bystander"), (bystander.name,))
            self.assertGreater(done, 500)
        finally:
            crowd.end()
            text = bus.text()
            wrong = bus.stop()
        self.assertEqual(wrong, "")
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                self.fail(file.read()[:6000])
        self.assertNotIn("runtime error", text)


if __name__ == "__main__":
    unittest.main()
