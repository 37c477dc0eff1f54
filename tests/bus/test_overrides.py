"""<limit user=, unit=, own=>: another value for some connections; all others keep the general one."""

import unittest

from harness import ALICE, BOB, IS_REFERENCE, OPEN, IS_ROOT, need_root, rows
from judged import Judged, any_call
from units import ROOT, client_in, drop_units, unit
from wire import CALL, Closed

GOOD = BAD = None
NAME = "com.ex.Limited"
MATCHES = "max_match_rules_per_connection"


def setUpModule():
    global GOOD, BAD
    if IS_ROOT and ROOT and not IS_REFERENCE:
        GOOD, BAD = unit("good%d.service"), unit("bad%d.service")


def tearDownModule():
    drop_units()


def limit(name, whose, value):
    return '<limit name="%s" %s>%d</limit>' % (name, whose, value)


@unittest.skipIf(IS_REFERENCE, "knows one value of each limit")
class Overrides(Judged):
    def limited(self, name, general, *others):
        need_root()
        return self.bus(policy=OPEN, limits={name: general}, tail="".join(limit(name, *other) for other in others))

    def matches(self, client):
        """How many match rules it can have more."""
        n = 0
        try:
            while n < 20:
                client.add_match("type='signal',arg0='%d'" % n)
                n += 1
        except Exception as error:
            self.assertIn("LimitsExceeded", str(error))
        for i in range(n):
            client.driver("RemoveMatch", "s", "type='signal',arg0='%d'" % i)
        return n

    def names(self, client):
        n = 0
        while n < 20 and self.owns(client, "com.ex.N%d" % n) == "owner":
            n += 1
        for i in range(n):
            client.release_name("com.ex.N%d" % i)
        return n

    def test_user(self):
        bus = self.limited(MATCHES, 2, ('user="daemon"', 5), ('user="%d"' % BOB, 1))
        self.assertEqual([self.matches(bus.client(uid)) for uid in (ALICE, BOB, 0)], [5, 1, 2])

    def test_unknown_user(self):
        bus = self.limited(MATCHES, 2, ('user="nobody-at-all"', 9))
        self.assertEqual(self.matches(bus.client(ALICE)), 2)

    def test_last_of_one_kind(self):
        bus = self.limited(MATCHES, 2, ('user="daemon"', 5), ('user="daemon"', 3))
        self.assertEqual(self.matches(bus.client(ALICE)), 3)

    def test_unit(self):
        if not GOOD:
            self.skipTest("no control groups here")
        bus = self.limited(MATCHES, 2, ('unit="%s"' % GOOD.name, 4), ('user="daemon"', 3))
        self.assertEqual(self.matches(client_in(bus, GOOD)), 4)
        self.assertEqual(self.matches(client_in(bus, BAD)), 3)
        self.assertEqual(self.matches(client_in(bus, GOOD, BOB)), 4)
        self.assertEqual(self.matches(client_in(bus, None, BOB)), 2)

    def test_unit_unknown(self):
        bus = self.limited(MATCHES, 2, ('unit="*"', 4))
        self.assertEqual(self.matches(bus.client(ALICE)), 2)

    def test_order(self):
        """Name over unit over user over all, however they are read."""
        if not GOOD:
            self.skipTest("no control groups here")
        bus = self.limited(MATCHES, 2, ('own="%s"' % NAME, 7), ('unit="%s"' % GOOD.name, 5), ('user="daemon"', 3))
        client = client_in(bus, GOOD)
        self.assertEqual(self.matches(client), 5)
        client.request_name(NAME)
        self.assertEqual(self.matches(client), 7)

    def test_owner(self):
        """As long as it owns the name: not while it waits for it, nor afterwards."""
        bus = self.limited(MATCHES, 2, ('own="%s"' % NAME, 4))
        one, two = bus.client(ALICE), bus.client(BOB)
        one.request_name(NAME)
        self.assertEqual(self.owns(two, NAME), "queued")
        self.assertEqual((self.matches(one), self.matches(two)), (4, 2))
        one.release_name(NAME)
        self.assertEqual((self.matches(one), self.matches(two)), (2, 4))
        two.close()
        one.sync()
        self.assertEqual(self.owns(one, NAME), "owner")
        self.assertEqual(self.matches(one), 4)

    def test_owner_of_less(self):
        """A name is a name: who has it may be allowed less."""
        bus = self.limited(MATCHES, 6, ('own="%s"' % NAME, 1))
        client = bus.client(ALICE)
        self.assertEqual(self.matches(client), 6)
        client.request_name(NAME)
        self.assertEqual(self.matches(client), 1)

    def test_exactly_the_name(self):
        bus = self.limited(MATCHES, 2, ('own="com.ex"', 5), ('own="%s.Below"' % NAME, 6))
        client = bus.client(ALICE)
        client.request_name(NAME)
        self.assertEqual(self.matches(client), 2)

    def test_reload(self):
        bus = self.limited(MATCHES, 2, ('user="daemon"', 5))
        client = bus.client(ALICE)
        for value in (3, 7):
            bus.configure(tail=limit(MATCHES, 'user="daemon"', value))
            client.driver("ReloadConfig")
            self.assertEqual(self.matches(client), value)
        bus.configure(tail="")
        client.driver("ReloadConfig")
        self.assertEqual(self.matches(client), 2)

    def test_reload_below_what_is_there(self):
        """What was granted stays; nothing more is."""
        bus = self.limited(MATCHES, 9)
        client = bus.client(ALICE)
        for i in range(5):
            client.add_match("arg0='a%d'" % i)
        bus.configure(tail=limit(MATCHES, 'user="daemon"', 2))
        client.driver("ReloadConfig")
        self.refused("LimitsExceeded", client.add_match, "arg0='b'")
        client.sync()

    def test_names(self):
        bus = self.limited("max_names_per_connection", 3, ('user="daemon"', 6))
        self.assertEqual((self.names(bus.client(ALICE)), self.names(bus.client(BOB))), (5, 2))

    def test_replies(self):
        bus = self.limited("max_replies_per_connection", 2, ('user="daemon"', 4))
        service = bus.client()
        for uid, wanted in ((ALICE, 4), (BOB, 2)):
            client = bus.client(uid)
            fates = [self.fate(client, service, any_call(destination=service.name)) for _ in range(6)]
            self.assertEqual(fates, ["passed"] * wanted + ["LimitsExceeded"] * (6 - wanted))

    def test_message_size(self):
        bus = self.limited("max_message_size", 20000, ('user="daemon"', 50000), ('user="bin"', 4000))
        receiver = bus.client()
        for uid, most in ((ALICE, 50000), (BOB, 4000), (0, 20000)):
            for size, gone in ((most - 500, False), (most + 500, True)):
                client = bus.client(uid)
                client.send(any_call(destination=receiver.name, signature="ay", args=(bytes(size),), flags=1))
                if gone:
                    self.assertTrue(client.is_closed())
                else:
                    client.sync()
            self.assertEqual(len(receiver.taken(type=CALL)), 1)

    def test_connections(self):
        bus = self.limited("max_connections_per_user", 2, ('user="daemon"', 4))
        for uid, most in ((ALICE, 4), (BOB, 2)):
            for _ in range(most):
                bus.client(uid)
            one_more = bus.raw(uid)
            with self.assertRaises(Exception) as caught:
                one_more.auth(uid).hello()
            if not isinstance(caught.exception, (Closed, AssertionError)):
                self.assertIn("LimitsExceeded", str(caught.exception))

    def test_fds(self):
        bus = self.limited("max_message_unix_fds", 2, ('user="daemon"', 5))
        receiver = bus.client()
        for uid, most in ((ALICE, 5), (BOB, 2)):
            for count, gone in ((most, False), (most + 1, True)):
                client = bus.client(uid)
                message = any_call(destination=receiver.name, signature="h" * count, args=range(count), fds=[0] * count, flags=1)
                client.send(message)
                if gone:
                    self.assertTrue(client.is_closed())
                else:
                    client.sync()
            got = receiver.taken(type=CALL)
            self.assertEqual([len(m.fds) for m in got], [most])

    def test_outgoing(self):
        """The queue of who does not read is that receiver's."""
        bus = self.limited("max_outgoing_bytes", 200000, ('user="daemon"', 2000000))
        sender = bus.client()
        taken = []
        for uid in (ALICE, BOB):
            receiver = bus.client(uid)
            n = 0
            while n < 200:
                message = any_call(destination=receiver.name, signature="ay", args=(bytes(20000),))
                serial = sender.send(message)
                sender.sync()
                if any(m.reply_serial == serial for m in sender.taken()):
                    break
                n += 1
            taken.append(n)
        self.assertGreater(taken[0], taken[1] + 50)
        self.assertGreater(taken[1], 5)

    @rows([(name, name) for name in ("auth_timeout", "max_completed_connections", "reply_timeout", "service_start_timeout")])
    def test_of_the_whole_bus(self, name):
        with self.assertRaises(AssertionError) as caught:
            self.bus(policy=OPEN, tail=limit(name, 'user="daemon"', 9))
        self.assertIn("of the bus as a whole", str(caught.exception))

    def test_refusal_is_recorded_with_the_value(self):
        bus = self.limited(MATCHES, 7, ('user="daemon"', 2))
        self.assertEqual(self.matches(bus.client(ALICE)), 2)
        self.assertRegex(bus.line("max_match_rules_per_connection"), r"max_match_rules_per_connection.*\b2\b")


if __name__ == "__main__":
    unittest.main()
