"""Rules and restrictions by systemd unit: whoever has the right user and the wrong unit gets nothing,
whatever it does between connecting and asking. (tests/vm/units: the same with systemd.)"""

import os
import signal
import unittest

from harness import ALICE, BOB, IS_REFERENCE, OPEN, family, rows
from judged import LIFE, SEND, RECEIVE, Judged, any_call
from units import (Unit, client_in, connected_and_another_program, connected_and_dead, drop_units, move_back,
                   need_pidfd, need_units, reuse, unit)

NAME = "com.ex.Guarded"
CLOSED = OPEN.replace('<allow own="*"/>', "")
GOOD = BAD = None


def setUpModule():
    global GOOD, BAD
    need_units()
    GOOD, BAD = unit("good%d.service"), unit("bad%d.service")


def tearDownModule():
    drop_units()


def section(pattern, rules='<allow own="%s"/>' % NAME, more=""):
    return '<policy unit="%s"%s>%s</policy>' % (pattern, more, rules)


def restriction(pattern, more=""):
    return '<restrict own="%s" unit="%s"%s/>' % (NAME, pattern, more)


# what guards the name: an allow that others do not have; or whatever is allowed, a restriction
GUARDS = [("section", lambda pattern: CLOSED + section(pattern)), ("restriction", lambda pattern: OPEN + restriction(pattern))]


@unittest.skipIf(IS_REFERENCE, "knows no units")
class Guarded(Judged):
    def guarded(self, guard, pattern=None):
        return self.bus(policy=guard(pattern or GOOD.name))

    def queue(self, bus):
        asking = bus.client()
        if not asking.driver("NameHasOwner", "s", NAME)[0]:
            return []
        return asking.driver("ListQueuedOwners", "s", NAME)[0]

    @rows(GUARDS)
    def test_at_once(self, guard):
        bus = self.guarded(guard)
        bad, good = client_in(bus, BAD), client_in(bus, GOOD)
        for flags in range(8):
            self.refused("AccessDenied", bad.request_name, NAME, flags)
        self.assertEqual(self.queue(bus), [])
        self.assertEqual(self.owns(good, NAME), "owner")
        self.assertEqual(bad.driver("NameHasOwner", "s", NAME)[0], True)

    @rows(GUARDS)
    def test_in_the_queue(self, guard):
        bus = self.guarded(guard)
        bad, good, other = client_in(bus, BAD), client_in(bus, GOOD), client_in(bus, GOOD)
        good.request_name(NAME, 1)
        for flags in range(8):
            self.refused("AccessDenied", bad.request_name, NAME, flags)
        self.assertEqual(self.owns(other, NAME), "queued")
        self.assertEqual(self.queue(bus), [good.name, other.name])

    @rows(GUARDS)
    def test_after_the_owner_died(self, guard):
        bus = self.guarded(guard)
        bad, good = client_in(bus, BAD), client_in(bus, GOOD)
        good.request_name(NAME)
        good.close()
        bad.sync()
        self.refused("AccessDenied", bad.request_name, NAME, 0)
        self.assertEqual(self.owns(client_in(bus, GOOD), NAME), "owner")

    @rows(GUARDS)
    def test_after_a_reload(self, guard):
        """The unit is that of the connection: a reload reads the rules again and not the cgroup."""
        bus = self.guarded(guard)
        bad, good = client_in(bus, BAD), client_in(bus, GOOD)
        bus.configure(policy=guard("nobody.service"))
        bus.client().driver("ReloadConfig")
        self.assertEqual((self.owns(good, NAME), self.owns(bad, NAME)), ("AccessDenied", "AccessDenied"))
        bus.configure(policy=guard(GOOD.name))
        bus.client().driver("ReloadConfig")
        self.assertEqual((self.owns(good, NAME), self.owns(bad, NAME)), ("owner", "AccessDenied"))

    @rows(GUARDS)
    def test_wrong_user(self, guard):
        """A unit says nothing of the user: who asks for one gets any."""
        bus = self.guarded(guard)
        self.assertEqual(self.owns(client_in(bus, GOOD, BOB), NAME), "owner")

    @rows(GUARDS)
    def test_no_unit(self, guard):
        for pattern in (GOOD.name, "*", "*.service", "system.slice"):
            bus = self.guarded(guard, pattern)
            self.assertEqual(self.owns(bus.client(ALICE), NAME), "AccessDenied")

    @rows(GUARDS)
    def test_moves(self, guard):
        """The unit is that of the moment when the bus accepted the connection."""
        bus = self.guarded(guard)
        bad, good = client_in(bus, BAD), client_in(bus, GOOD)
        for client, to in ((bad, GOOD), (good, BAD)):
            pid = client.driver("GetConnectionUnixProcessID", "s", client.name)[0]
            to.enter(pid)
            with open("/proc/%d/cgroup" % pid, encoding="ascii") as file:
                self.assertIn(to.name, file.read())
        self.assertEqual((self.owns(bad, NAME), self.owns(good, NAME)), ("AccessDenied", "owner"))

    @rows(GUARDS)
    def test_dies_after_connecting(self, guard):
        """Before the bus has looked: nobody knows where it was."""
        need_pidfd()
        bus = self.guarded(guard)
        client = self.stopped(bus, lambda: connected_and_dead(bus, GOOD)[1])
        self.assertEqual(self.owns(client.auth(ALICE).hello(), NAME), "AccessDenied")

    @rows(GUARDS)
    def test_pid_reused_before_the_bus_looks(self, guard):
        need_pidfd()
        bus = self.guarded(guard)

        def connect_and_hand_over():
            pid, client = connected_and_dead(bus, BAD)
            self.addCleanup(reuse(pid, GOOD))
            return client

        client = self.stopped(bus, connect_and_hand_over)
        self.assertEqual(self.owns(client.auth(ALICE).hello(), NAME), "AccessDenied")

    @rows(GUARDS)
    def test_pid_reused_later(self, guard):
        bus = self.guarded(guard)
        pid, client = connected_and_dead(bus, BAD)
        client.auth(ALICE).hello()
        self.addCleanup(reuse(pid, GOOD))
        self.assertEqual(self.owns(client, NAME), "AccessDenied")

    def stopped(self, bus, act):
        """Does act() while no process of the bus runs."""
        bus.client().sync()
        processes = family(bus.pid)
        for pid in processes:
            os.kill(pid, signal.SIGSTOP)
        try:
            return act()
        finally:
            for pid in processes:
                os.kill(pid, signal.SIGCONT)

    @rows(GUARDS)
    def test_execs(self, guard):
        """What a process runs is nothing to its unit."""
        bus = self.guarded(guard)
        for where, wanted in ((BAD, "AccessDenied"), (GOOD, "owner")):
            pid, client = connected_and_another_program(bus, where)
            with open("/proc/%d/comm" % pid, encoding="ascii") as file:
                self.assertEqual(file.read(), "sleep\n")
            self.assertEqual(self.owns(client.auth(ALICE).hello(), NAME), wanted)
            client.close()

    @rows(GUARDS)
    def test_handed_to_another(self, guard):
        """Who speaks over a connection counts for nothing, but who made it."""
        bus = self.guarded(guard)
        bad = client_in(bus, BAD)
        good = client_in(bus, GOOD)
        self.addCleanup(move_back(os.getpid()))
        GOOD.enter(os.getpid())
        self.assertEqual(self.owns(bad, NAME), "AccessDenied")
        BAD.enter(os.getpid())
        self.assertEqual(self.owns(good, NAME), "owner")


@unittest.skipIf(IS_REFERENCE, "knows no units")
class Names(Judged):
    """Which names of units fit which patterns."""

    def owned_in(self, bus, where):
        client = client_in(bus, where)
        fate = self.owns(client, NAME)
        client.close()
        return fate == "owner"

    @rows([
        ("itself", "a%(pid)d@1.service", True),
        ("instances", "a%(pid)d@*.service", True),
        ("anything", "*", True),
        ("other_instance", "a%(pid)d@2.service", False),
        ("other_template", "b%(pid)d@*.service", False),
        ("without_suffix", "a%(pid)d@1", False),
        ("slice", "warden%(pid)d.slice", True),
        ("inner_slice", "warden%(pid)d-in.slice", True),
        ("slices", "warden%(pid)d-*.slice", True),
        ("other_slice", "system.slice", False),
        ("no_question_marks", "a%(pid)d@?.service", False),
        ("whole_path", "warden%(pid)d.slice/a%(pid)d@1.service", False),
    ])
    def test_system(self, pattern, wanted):
        pid = {"pid": os.getpid()}
        where = Unit("warden%(pid)d.slice/warden%(pid)d-in.slice/a%(pid)d@1.service" % pid)
        bus = self.bus(policy=CLOSED + section(pattern % pid))
        self.assertEqual(self.owned_in(bus, where), wanted)

    @rows([
        ("its_name", "x.service", False),
        ("any_name", "*.service", True),
        ("manager", "user@%(pid)d.service", True),
        ("whole", "user@%(pid)d.service/x.service", True),
        ("whole_of_anybody", "user@*.service/x.service", True),
        ("of_another", "user@1.service/x.service", False),
        ("slice", "user-%(pid)d.slice", True),
        ("own_slice", "app.slice", False),
        ("own_slice_whole", "user@%(pid)d.service/app.slice", True),
    ])
    def test_of_a_user(self, pattern, wanted):
        """Users choose names: none of theirs passes for one of the system's."""
        pid = {"pid": os.getpid()}
        where = Unit("warden.slice/user-%(pid)d.slice/user@%(pid)d.service/app.slice/x.service" % pid)
        bus = self.bus(policy=CLOSED + section(pattern % pid))
        self.assertEqual(self.owned_in(bus, where), wanted)

    def test_below_a_unit(self):
        """What a unit makes below itself is the unit's own affair, whatever it is called."""
        inner = Unit("%s/%s" % (BAD.path, GOOD.name))
        bus = self.bus(policy=CLOSED + section(GOOD.name))
        self.assertFalse(self.owned_in(bus, inner))
        bus = self.bus(policy=CLOSED + section(BAD.name))
        self.assertTrue(self.owned_in(bus, inner))


OWN, DENY_OWN = '<allow own="%s"/>' % NAME, '<deny own="%s"/>' % NAME
ALICES, MANDATORY = 'user="%d"' % ALICE, 'context="mandatory"'


@unittest.skipIf(IS_REFERENCE, "knows no units")
class Order(Judged):
    """After user and at_console, before mandatory; among units that which is first read comes first."""

    @rows([
        ("over_user", [(ALICES, DENY_OWN), ("unit", OWN)], "owner"),
        ("over_user_read_later", [("unit", OWN), (ALICES, DENY_OWN)], "owner"),
        ("over_console", [("unit", OWN), ('at_console="false"', DENY_OWN)], "owner"),
        ("under_mandatory", [(MANDATORY, DENY_OWN), ("unit", OWN)], "AccessDenied"),
        ("last_of_one", [("unit", DENY_OWN + OWN)], "owner"),
        ("last_of_several", [("unit", OWN), ("unit", DENY_OWN)], "AccessDenied"),
        ("first_read_first", [("unit", DENY_OWN), ('unit="*"', OWN)], "owner"),
        ("first_read_first_else", [('unit="*"', OWN), ("unit", DENY_OWN)], "AccessDenied"),
        ("place_of_the_first", [("unit", OWN), ('unit="*"', DENY_OWN), ("unit", OWN)], "AccessDenied"),
        ("label_of_nobody", [("unit", OWN), ('label="*"', DENY_OWN)], "owner"),
        ("label_alone", [('label="*"', OWN)], "AccessDenied"),
    ])
    def test_order(self, sections, wanted):
        blocks = ["<policy %s>%s</policy>" % ('unit="%s"' % GOOD.name if who == "unit" else who, rules)
                  for who, rules in sections]
        bus = self.bus(policy=CLOSED + "".join(blocks))
        self.assertEqual(self.owns(client_in(bus, GOOD), NAME), wanted)

    def test_messages(self):
        """Sent and received, cached or not."""
        life = '<policy context="default">%s</policy>' % (LIFE + SEND + RECEIVE)
        rules = '<deny send_interface="com.ex.I" send_member="Sent"/><deny receive_interface="com.ex.I" receive_member="Got"/>'
        bus = self.bus(policy=life + section(BAD.name, rules))
        bad, good = client_in(bus, BAD), client_in(bus, GOOD)
        for _ in range(3):
            for sender, receiver, member, wanted in (
                (bad, good, "Sent", "denied"),
                (good, bad, "Sent", "passed"),
                (bad, good, "Got", "passed"),
                (good, bad, "Got", "denied"),
            ):
                message = any_call(destination=receiver.name, member=member)
                self.assertEqual(self.fate(sender, receiver, message), wanted)

    def test_connect_rules_stand_for_all(self):
        with self.assertRaises(AssertionError) as caught:
            self.bus(policy=OPEN + section(GOOD.name, '<deny user="*"/>'))
        self.assertIn("it cannot be said per user, group, unit or label", str(caught.exception))

    def test_recorded(self):
        bus = self.bus(policy=CLOSED + section(GOOD.name))
        self.refused("AccessDenied", client_in(bus, BAD).request_name, NAME, 0)
        bus.line('unit="%s"' % BAD.name)


if __name__ == "__main__":
    unittest.main()
