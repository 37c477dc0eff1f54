"""What others may do to a service of the system, however much of it: it stays connected, hears the rest
of the world, and whoever overdoes it is refused. (Who reads nothing of what root sends has to go:
test_abuse.Stalled.)"""

import os
import re
import select
import time
import unittest

from harness import ALICE, BOB, CAROL, IS_REFERENCE, OPEN, PROGRAM, BusTest, need_root, rows, wardenctl
from wire import ERROR, FAULT, NO_REPLY, call, reply, signal

S = "com.ex.Service"
I = "com.ex.I"
POLKIT = "org.freedesktop.PolicyKit1"
LIMITS = {"max_outgoing_bytes": 200000, "max_outgoing_unix_fds": 20}
if not IS_REFERENCE:
    LIMITS["stalled_receiver_timeout"] = 300
# a queue begins where the socket ends
MOST = 20000


def is_hung_up(client):
    poll = select.poll()
    poll.register(client.sock, 0)
    return bool(poll.poll(0))


def calls(n):
    return call(S, "/", I, "M", "ay", (bytes(3000),), flags=NO_REPLY)


def large(n):
    return call(S, "/", I, "M", "ay", (bytes(90000),), flags=NO_REPLY)


def signals(n):
    return signal("/", I, "M", "ay", (bytes(3000),), destination=S)


def broadcasts(n):
    return signal("/", I, "M", "ay", (bytes(3000),))


class Protected(BusTest):
    def setUp(self):
        need_root()

    def scene(self, uid=None, limits=None, name=S, tail="", **more):
        bus = self.bus(policy=OPEN, limits={**LIMITS, **(limits or {})}, tail=tail, **more)
        service = bus.client(uid)
        service.request_name(name)
        service.add_match("interface='%s'" % I)
        service.add_match("member='NameOwnerChanged'")
        return bus, service

    def flood(self, flooder, message, broadcast=False):
        """Until the bus refuses it, or, as nobody is told of a broadcast, for long."""
        for n in range(0, MOST, 100):
            for _ in range(100):
                flooder.send(message(n))
            refused = flooder.taken(type=ERROR)
            if refused:
                self.assertEqual({m.error for m in refused}, {FAULT + "LimitsExceeded"})
                return
            if broadcast and n > 1500:
                return
        raise AssertionError("never refused")

    def assert_unharmed(self, bus, service, sender=None, at_once=not IS_REFERENCE):
        """After all time that a receiver is given: it is there, and others still reach it; where there
        is one queue for all, once it reads again."""
        deadline = time.monotonic() + 1.0
        while time.monotonic() < deadline:
            self.assertFalse(is_hung_up(service), "the service is disconnected")
            time.sleep(0.05)
        if not at_once:
            service.sync()
        other = sender or bus.client()
        serial = other.send(call(service.name, "/", I, "Other"))
        other.sync()
        self.assertEqual([m for m in other.inbox if m.reply_serial == serial], [])
        asked = service.expect(member="Other")
        service.send(reply(asked))
        other.answer(serial)

    @rows([("calls", calls, False), ("signals", signals, False), ("broadcasts", broadcasts, True)])
    def test_flood(self, message, broadcast):
        bus, service = self.scene()
        flooder = bus.client(ALICE)
        self.flood(flooder, message, broadcast)
        self.assert_unharmed(bus, service)
        flooder.sync()

    @unittest.skipIf(IS_REFERENCE, "has one queue for all: the flood is before everybody")
    def test_others_still_reach_it(self):
        """Not root alone."""
        bus, service = self.scene()
        self.flood(bus.client(ALICE), calls)
        self.assert_unharmed(bus, service, bus.client(BOB))

    @unittest.skipIf(IS_REFERENCE, "has one queue for all")
    def test_large_ones(self):
        """Two who fill what they may with large messages leave root its place."""
        bus, service = self.scene()
        for uid in ALICE, BOB:
            self.flood(bus.client(uid), large)
        root = bus.client()
        root.send(call(S, "/", I, "M", flags=NO_REPLY))
        root.sync()
        self.assertFalse(root.taken(type=ERROR))
        time.sleep(0.7)
        self.assertFalse(is_hung_up(service))

    def test_flood_of_many(self):
        """Of one user: each of its connections is refused."""
        bus, service = self.scene()
        flooders = [bus.client(ALICE) for _ in range(5)]
        for flooder in flooders:
            self.flood(flooder, calls)
        self.assert_unharmed(bus, service)

    def test_descriptors(self):
        bus, service = self.scene()
        flooder = bus.client(ALICE)
        self.flood(flooder, calls)
        with open("/dev/null", "rb") as file:
            for _ in range(200):
                flooder.send(call(S, "/", I, "Fd", "h", (0,), fds=[file.fileno()], flags=NO_REPLY))
        refused = flooder.taken(type=ERROR)
        self.assertEqual({m.error for m in refused}, {FAULT + "LimitsExceeded"})
        self.assert_unharmed(bus, service)

    def test_replies(self):
        """Of those whom it asked."""
        bus, service = self.scene(limits={"max_replies_per_connection": 1000})
        flooder = bus.client(ALICE)
        for _ in range(800):
            service.send(call(flooder.name, "/", I, "Ask"))
        service.sync()
        asked = [flooder.expect(member="Ask") for _ in range(800)]
        for one in asked:
            flooder.send(reply(one, "ay", (bytes(3000),)))
        flooder.sync()
        self.assert_unharmed(bus, service)

    def test_names(self):
        """What the bus tells of what others do."""
        bus, service = self.scene(limits={"max_outgoing_bytes": 20000})
        flooder = bus.client(ALICE)
        for _ in range(30):
            data = b""
            for n in range(50):
                name = "com.ex.N%d" % n
                for member, signature, args in (("RequestName", "su", (name, 0)), ("ReleaseName", "s", (name,))):
                    data += call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", member,
                                 signature, args, flags=NO_REPLY, serial=flooder.next_serial()).pack()
            flooder.send_raw(data)
            flooder.sync()
        self.assert_unharmed(bus, service, at_once=False)

    def test_many_queues(self):
        """A user whose own quota is used up elsewhere."""
        bus, service = self.scene(limits={"max_outgoing_bytes": 20000000})
        flooder, sinks = bus.client(ALICE), [bus.client(ALICE) for _ in range(4)]
        flooder.send(calls(0))
        for sink in sinks:
            for _ in range(25):
                flooder.send(call(sink.name, "/", I, "M", "ay", (bytes(1000000),), flags=NO_REPLY))
        for _ in range(300):
            flooder.send(calls(0))
        flooder.sync()
        self.assert_unharmed(bus, service)

    @unittest.skipIf(IS_REFERENCE, "keeps a queue for ever")
    @rows([("root_to_root", None, None, True), ("root_to_user", ALICE, None, True),
           ("user_to_user", ALICE, BOB, True), ("user_to_root", None, ALICE, False)])
    def test_who_has_to_go(self, receiver, sender, goes):
        bus, service = self.scene(receiver)
        self.flood(bus.client(sender), calls)
        self.assertEqual(self.goes(bus, service), goes)

    def goes(self, bus, service):
        """Whether it is disconnected within the time that it is given, and more."""
        deadline = time.monotonic() + 1.5
        while not is_hung_up(service):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def test_monitor(self):
        """Watches for itself: what it does not read is its own affair."""
        bus, _ = self.scene()
        monitor, talker = bus.client(), bus.client(ALICE)
        monitor.driver("BecomeMonitor", "asu", [], 0, interface="org.freedesktop.DBus.Monitoring")
        for _ in range(600):
            talker.send(call(talker.name, "/", I, "M", "ay", (bytes(3000),), flags=NO_REPLY))
            talker.sync()
            talker.inbox.clear()
        self.assertEqual(self.goes(bus, monitor), self.wanted(True))

    @unittest.skipIf(IS_REFERENCE, "knows one value of each limit")
    @rows([("never", 0, False), ("soon", 300, True)])
    def test_by_its_name(self, milliseconds, goes):
        """polkit is no root; the shipped configuration gives its name all time that it needs."""
        limit = '<limit name="stalled_receiver_timeout" own="%s">%d</limit>' % (POLKIT, milliseconds)
        bus, polkit = self.scene(CAROL, name=POLKIT, tail=limit)
        other = bus.client(CAROL)
        other.request_name(S)
        flooder = bus.client(ALICE)
        for name in (POLKIT, S):
            self.flood(flooder, lambda n: call(name, "/", I, "M", "ay", (bytes(3000),), flags=NO_REPLY))
        self.assertTrue(self.goes(bus, other))
        self.assertEqual(self.goes(bus, polkit), goes)


@unittest.skipIf(IS_REFERENCE, "has no such limit")
class Shipped(unittest.TestCase):
    def test_polkit(self):
        """system.conf gives polkit's name all time, and others not."""
        config = os.path.join(os.path.dirname(PROGRAM), "conf", "system.conf")
        if not os.path.exists(config):
            self.skipTest("the bus is not in its build folder")
        given = []
        for name in (POLKIT, S):
            said = wardenctl("explain", "--config=" + config, "--user=daemon", "--name=" + name, "--limits")
            (line,) = [line for line in said.stdout.splitlines() if "stalled_receiver_timeout" in line]
            given.append(re.fullmatch(r"stalled_receiver_timeout=(\d+)\b.*", line).group(1))
        self.assertEqual(given[0], "0")
        self.assertNotEqual(given[1], "0")
