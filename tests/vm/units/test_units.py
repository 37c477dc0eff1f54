"""Two services of one user: the bus tells them apart by their units, whatever the wrong one does."""

import os
import signal
import time
import unittest

from harness import OPEN, BusTest, family
from members import PATIENCE, USER, Member, Personal, control_group, install, move
from wire import CallError
from wire import signal as wire_signal

NAME = "org.example.Guarded"
OWNER, IN_QUEUE = 1, 2
SYSTEM = {"type": "system", "head": "<user>messagebus</user>"}

SAME = "User=daemon"
UNITS = {
    "good.service": SAME,
    "impostor.service": SAME,
    "template@.service": SAME,
    "template.service": SAME,
    "nottemplate@.service": SAME,
    "sliced.service": SAME + "\nSlice=guarded.slice",
    "inner.service": SAME + "\nSlice=guarded-inner.slice",
    "delegated.service": SAME + "\nDelegate=yes",
}
PERSONAL = {"app-x.service": "", "good.service": "", "sliced.service": "Slice=guarded.slice", "app-y.service": ""}

# what lets nobody but that unit own the name: an allow that only it has, or a restriction
SECTION = """
<policy context="default">
  <allow user="*"/>
  <allow send_destination="*"/>
  <allow receive_sender="*"/>
</policy>
<policy unit="{unit}"><allow own="org.example.Guarded"/></policy>
"""
RESTRICTION = OPEN + """<restrict own="org.example.Guarded" unit="{unit}"/>"""
GUARDS = (("section", SECTION), ("restriction", RESTRICTION))


def setUpModule():
    install(UNITS, PERSONAL)


class UnitTest(BusTest):
    """Each test has a bus for itself; units once started stay."""

    members = {}

    def member(self, name, kind=Member):
        key = (kind, name)
        if key not in self.members:
            self.members[key] = kind(name).start()
        return self.members[key]

    def stop_member(self, name):
        self.members.pop((Member, name)).stop()

    def guarded(self, guard, unit="good.service"):
        return self.bus(policy=guard.format(unit=unit), **SYSTEM)

    def assert_refused(self, client, flags=0):
        with self.assertRaises(CallError) as caught:
            client.request_name(NAME, flags)
        self.assertEqual(caught.exception.name, "org.freedesktop.DBus.Error.AccessDenied")

    def logged(self, bus, text):
        """The first line with it, which may come a little later."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for line in bus.text().splitlines():
                if text in line:
                    return line
            time.sleep(0.05)
        self.fail("nothing says %s: %s" % (text, bus.text()))

    def assert_recorded(self, bus, judge, result="failed"):
        """The record says who it was, and who refused it."""
        record = self.logged(bus, 'name="%s"' % NAME)
        for text in ('uid=%d ' % USER, 'unit="impostor.service"', "judge=%s " % judge, "res=" + result):
            self.assertIn(text, record)

    def assert_queue(self, bus, *clients):
        asking = bus.client()
        if clients:
            self.assertEqual(asking.driver("ListQueuedOwners", "s", NAME)[0], [c.name for c in clients])
        else:
            self.assertFalse(asking.driver("NameHasOwner", "s", NAME)[0])


class Guard:
    """The impostor and the name; once for each kind of guard."""

    guard = judge = None

    def setUp(self):
        super().setUp()
        self.good, self.impostor = self.member("good.service"), self.member("impostor.service")
        self.assertNotEqual(control_group(self.good.pid()), control_group(self.impostor.pid()))

    def test_at_once(self):
        bus = self.guarded(self.guard)
        impostor = self.impostor.client(bus)
        self.assert_refused(impostor)
        self.assert_recorded(bus, self.judge)
        self.assert_queue(bus)
        self.assertEqual(self.good.client(bus).request_name(NAME), OWNER)
        self.assertEqual(self.good.client(bus).request_name(NAME), IN_QUEUE)

    def test_queue(self):
        bus = self.guarded(self.guard)
        good, impostor = self.good.client(bus), self.impostor.client(bus)
        self.assertEqual(good.request_name(NAME, 1), OWNER)
        for flags in range(8):
            self.assert_refused(impostor, flags)
        self.assert_queue(bus, good)
        other = self.good.client(bus)
        self.assertEqual(other.request_name(NAME), IN_QUEUE)
        self.assert_queue(bus, good, other)

    def test_released(self):
        bus = self.guarded(self.guard)
        good, impostor = self.good.client(bus), self.impostor.client(bus)
        good.request_name(NAME)
        good.release_name(NAME)
        self.assert_refused(impostor)
        self.assert_queue(bus)

    def test_owner_died(self):
        bus = self.guarded(self.guard)
        good, impostor = self.good.client(bus), self.impostor.client(bus)
        impostor.add_match("member='NameOwnerChanged',arg0='%s'" % NAME)
        self.assertEqual(good.request_name(NAME), OWNER)
        impostor.expect(member="NameOwnerChanged", args=(NAME, "", good.name))
        good.close()
        impostor.expect(member="NameOwnerChanged", args=(NAME, good.name, ""))
        self.assert_refused(impostor)
        self.stop_member("good.service")
        self.assert_refused(impostor)
        self.assert_refused(self.impostor.client(bus))
        self.assert_queue(bus)

    def reload(self, bus, by_signal):
        if not by_signal:
            bus.client().driver("ReloadConfig")
            return
        os.kill(bus.pid, signal.SIGHUP)
        self.logged(bus, "Reloaded configuration")

    def test_reload(self):
        for by_signal in (False, True):
            with self.subTest(by_signal=by_signal):
                bus = self.guarded(self.guard)
                good, impostor = self.good.client(bus), self.impostor.client(bus)
                good.request_name(NAME)
                self.reload(bus, by_signal)
                self.assert_refused(impostor)
                self.assert_refused(self.impostor.client(bus))
                self.assert_queue(bus, good)
                good.close()
                self.assert_refused(impostor)
                self.assertEqual(self.good.client(bus).request_name(NAME), OWNER)

    def test_reload_brings_it(self):
        """What a connection is was found out when it connected; the rules are those of now."""
        bus = self.bus(policy=OPEN, **SYSTEM)
        good, impostor = self.good.client(bus), self.impostor.client(bus)
        self.assertEqual(impostor.request_name(NAME), OWNER)
        impostor.release_name(NAME)
        bus.configure(policy=self.guard.format(unit="good.service"))
        bus.client().driver("ReloadConfig")
        self.assert_refused(impostor)
        self.assertEqual(good.request_name(NAME), OWNER)


class Section(Guard, UnitTest):
    guard, judge = SECTION, "own_rules"

    def test_messages(self):
        """A unit's section holds for what it sends, too."""
        policy = SECTION + """
            <policy context="default"><deny send_interface="org.example.Secret"/></policy>
            <policy unit="{unit}"><allow send_interface="org.example.Secret"/></policy>"""
        bus = self.guarded(policy)
        receiver = bus.client().add_match("interface='org.example.Secret'")
        good, impostor = self.good.client(bus), self.impostor.client(bus)
        for sender in (impostor, good):
            sender.send(wire_signal("/x", "org.example.Secret", "M"))
            sender.sync()
        self.assertEqual([m.sender for m in receiver.taken(member="M")], [good.name])


class Restriction(Guard, UnitTest):
    guard, judge = RESTRICTION, "restrictions"

    def test_all_that_is_asked(self):
        for user, may in (("daemon", True), ("bin", False)):
            bus = self.guarded(RESTRICTION, 'good.service" user="%s' % user)
            if may:
                self.assertEqual(self.good.client(bus).request_name(NAME), OWNER)
            else:
                self.assert_refused(self.good.client(bus))
            self.assert_refused(self.impostor.client(bus))

    def test_promotion(self):
        """Who waits in the queue since before the restriction is not given the name."""
        bus = self.bus(policy=OPEN, **SYSTEM)
        good, impostor, other = self.good.client(bus), self.impostor.client(bus), self.good.client(bus)
        self.assertEqual(good.request_name(NAME), OWNER)
        self.assertEqual(impostor.request_name(NAME), IN_QUEUE)
        self.assertEqual(other.request_name(NAME), IN_QUEUE)
        bus.configure(policy=self.guard.format(unit="good.service"))
        bus.client().driver("ReloadConfig")
        good.release_name(NAME)
        self.assert_queue(bus, other)
        other.release_name(NAME)
        self.assert_queue(bus)

    def test_revoked(self):
        """An owner that does not meet it any more keeps the name, or loses it if that is asked."""
        for revoke in ("no", "yes"):
            with self.subTest(revoke=revoke):
                bus = self.bus(policy=OPEN, **SYSTEM)
                impostor = self.impostor.client(bus)
                self.assertEqual(impostor.request_name(NAME), OWNER)
                policy = self.guard.format(unit="good.service").replace("<restrict ", '<restrict revoke="%s" ' % revoke)
                bus.configure(policy=policy)
                bus.client().driver("ReloadConfig")
                if revoke == "yes":
                    impostor.expect(member="NameLost", args=(NAME,))
                    self.assert_queue(bus)
                    self.assert_refused(impostor)
                    self.assertEqual(self.good.client(bus).request_name(NAME), OWNER)
                else:
                    self.assert_queue(bus, impostor)
                self.assert_recorded(bus, "restrictions", "success" if revoke == "no" else "failed")


class Patterns(UnitTest):
    def check(self, pattern, fitting, others):
        """The pattern fits the units of one list and none of the other, for both kinds of guard."""
        for guard, text in GUARDS:
            bus = self.guarded(text, pattern)
            for names, may in ((fitting, True), (others, False)):
                for kind, name in names:
                    with self.subTest(guard=guard, pattern=pattern, unit=name, kind=kind.__name__):
                        client = self.member(name, kind).client(bus)
                        if may:
                            self.assertEqual(client.request_name(NAME), OWNER)
                            client.release_name(NAME)
                        else:
                            self.assert_refused(client)

    def test_no_unit(self):
        """Who is in none fits no pattern."""

        def leave():
            with open("/sys/fs/cgroup/cgroup.procs", "w", encoding="ascii") as file:
                file.write("0")

        for pattern in ("*", "*.service", "*.slice", "*/*"):
            for _, text in GUARDS:
                bus = self.guarded(text, pattern)
                self.assert_refused(bus.client(uid=1, before=leave))

    def test_no_label(self):
        """Without a security module nobody has a label, and no pattern fits."""
        for _, text in GUARDS:
            bus = self.bus(policy=text.format(unit="*").replace("unit=", "label="), **SYSTEM)
            self.assert_refused(self.member("good.service").client(bus))

    def test_template(self):
        self.check(
            "template@*.service",
            [(Member, "template@a.service"), (Member, "template@b-c.service")],
            [(Member, "template.service"), (Member, "nottemplate@a.service"), (Member, "good.service")],
        )

    def test_instance(self):
        self.check(
            "template@a.service",
            [(Member, "template@a.service")],
            [(Member, "template@b-c.service"), (Member, "template.service")],
        )

    def test_slice(self):
        self.check(
            "guarded.slice",
            [(Member, "sliced.service"), (Member, "inner.service")],
            [(Member, "good.service"), (Personal, "sliced.service")],
        )

    def test_slice_of_a_user(self):
        self.check("*guarded.slice", [(Member, "sliced.service")], [(Personal, "sliced.service")])
        self.check(
            "user@1000.service/guarded.slice",
            [(Personal, "sliced.service")],
            [(Personal, "app-x.service"), (Member, "sliced.service")],
        )

    def test_inner_slice(self):
        self.check("guarded-inner.slice", [(Member, "inner.service")], [(Member, "sliced.service")])

    def test_user_unit(self):
        self.check(
            "user@1000.service/app-x.service",
            [(Personal, "app-x.service")],
            [(Personal, "app-y.service"), (Personal, "good.service"), (Member, "good.service")],
        )

    def test_user_manager(self):
        self.check(
            "user@1000.service",
            [(Personal, "app-x.service"), (Personal, "good.service"), (Personal, "sliced.service")],
            [(Member, "good.service"), (Member, "sliced.service")],
        )

    def test_users_choose_their_names(self):
        """A unit of a user's own is none of the system's, whatever its name."""
        self.check("good.service", [(Member, "good.service")], [(Personal, "good.service")])
        self.check("*.service", [(Member, "good.service")], [])

    def test_star_is_no_slash(self):
        self.check("*/*", [(Personal, "app-x.service")], [(Member, "good.service")])
        self.check("user@1000.service*", [(Personal, "app-x.service")], [])

    def test_delegated(self):
        """Below its own control group a service may make others of any name."""
        member = self.member("delegated.service")
        self.check("good.service", [(Member, "good.service")], [(Member, "delegated.service")])
        member.tell("enter", "good.service")
        self.assertTrue(control_group(member.pid()).endswith("/delegated.service/good.service"))
        self.check("good.service", [(Member, "good.service")], [(Member, "delegated.service")])
        self.check("delegated.service", [(Member, "delegated.service")], [])


class Changes(UnitTest):
    """What a process does between connecting and asking for the name."""

    def setUp(self):
        super().setUp()
        self.good, self.impostor = self.member("good.service"), self.member("impostor.service")

    def each(self):
        """A bus for each kind of guard."""
        return [self.guarded(text) for _, text in GUARDS]

    def test_moves(self):
        for bus in self.each():
            for home, away, may in ((self.impostor, self.good, False), (self.good, self.impostor, True)):
                pid, client = home.connection(bus, "connect_in_child", True)
                client.hello()
                move(pid, away)
                self.assertEqual(control_group(pid), away.group())
                if may:
                    self.assertEqual(client.request_name(NAME), OWNER)
                    client.release_name(NAME)
                else:
                    self.assert_refused(client)
                home.tell("end", pid)

    def test_forks(self):
        for bus in self.each():
            self.assert_refused(self.impostor.client(bus, "connect_in_child"))
            self.assertEqual(self.good.client(bus, "connect_in_child").request_name(NAME), OWNER)

    def test_execs(self):
        for bus in self.each():
            self.assert_refused(self.impostor.client(bus, "become_another_program"))
            self.stop_member("impostor.service")
            self.impostor = self.member("impostor.service")

    def test_dies(self):
        for bus in self.each():
            pid, client = self.impostor.connection(bus, "connect_and_die")
            self.assertFalse(os.path.exists("/proc/%d" % pid))
            self.assert_refused(client.auth(self.impostor.uid()).hello())

    def reuse(self, pid):
        """A child of the good unit gets that pid."""
        for _ in range(50):
            with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
                file.write(str(pid - 1))
            got, _ = self.good.tell("fork")
            if got == pid:
                return
            self.good.tell("end", got)
        self.fail("somebody else has pid %d" % pid)

    def test_pid_is_reused_after_hello(self):
        for bus in self.each():
            pid, client = self.impostor.connection(bus, "connect_and_die")
            client.auth(self.impostor.uid()).hello()
            self.reuse(pid)
            self.assertEqual(control_group(pid), self.good.group())
            self.assert_refused(client)
            self.good.tell("end", pid)

    def test_pid_is_reused_before_the_bus_looks(self):
        for bus in self.each():
            processes = family(bus.pid)
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            pid, client = self.impostor.connection(bus, "connect_and_die")
            self.reuse(pid)
            for process in processes:
                os.kill(process, signal.SIGCONT)
            client.auth(self.impostor.uid()).hello()
            self.assert_refused(client)
            self.good.tell("end", pid)


if __name__ == "__main__":
    unittest.main()
