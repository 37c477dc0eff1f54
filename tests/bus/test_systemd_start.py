"""Services that systemd starts for the bus (--systemd-activation): what it is asked, who may answer
for it, and what becomes of whoever waits. A client of the test is systemd."""

import os
import signal as signals
import time
import unittest

from harness import ALICE, BOB, IS_REFERENCE, OPEN, SESSION, need_root, rows
from test_activation import RUNNING, S, SPAWN, STARTED, T, ServiceTest, files, service
from wire import (DRIVER, DRIVER_PATH, ERROR, FAULT, NO_AUTO_START, NO_REPLY, PATIENCE, SIGNAL, CallError, call,
                  signal)

SYSTEMD = "org.freedesktop.systemd1"
ACTIVATOR = SYSTEMD + ".Activator"
MANAGER = SYSTEMD + ".Manager"
U = "com.ex.U"
# as systemd brings it along: it is there or it is not, and no program makes it
ITSELF = "[D-BUS Service]\nName=%s\nExec=/bin/false\nUser=root\n" % SYSTEMD


def unit(name, of=None, command="/bin/false"):
    return service(name, command, "SystemdService=%s\n" % (of or name + ".unit"))


UNITS = {
    **files(com_ex_S=unit(S), com_ex_T=unit(T), com_ex_U=unit(U, S + ".unit")),
    "services/%s.service" % SYSTEMD: ITSELF,
}


def failed(of=S, error="com.ex.Error", text="because", **more):
    return signal("/org/freedesktop/systemd1", ACTIVATOR, "ActivationFailure", "sss", (of + ".unit", error, text),
                  destination=DRIVER, **more)


class SystemdTest(ServiceTest):
    def services(self, texts=None, more=None, **config):
        config.setdefault("args", ("--nofork", "--systemd-activation"))
        return super().services(UNITS if texts is None else texts, more, **config)

    def systemd(self, bus, **more):
        client = bus.client(**more)
        client.request_name(SYSTEMD)
        return client

    def asked(self, systemd):
        """The units that the bus wants."""
        return [m.args[0] for m in systemd.taken(member="ActivationRequest")]

    def waits(self, client, serial):
        """Nobody has answered the message."""
        client.sync()
        self.assertEqual([m for m in client.inbox if m.reply_serial == serial], [])


class Asked(SystemdTest):
    def test_signal(self):
        bus = self.services()
        systemd, client = self.systemd(bus), bus.client()
        client.send(call(S, "/a", "a.b", "C"))
        got = systemd.expect(member="ActivationRequest")
        self.assertEqual((got.type, got.path, got.interface), (SIGNAL, DRIVER_PATH, ACTIVATOR))
        self.assertEqual((got.sender, got.args), (DRIVER, (S + ".unit",)))

    def test_once(self):
        """However many wait for the unit."""
        bus = self.services()
        systemd, client, other = self.systemd(bus), bus.client(), bus.client()
        for _ in range(3):
            client.send(call(S, "/a", "a.b", "C"))
            self.start(other)
        client.sync()
        other.sync()
        self.assertEqual(self.asked(systemd), [S + ".unit"])

    @rows([("call", call(S, "/a", "a.b", "C", flags=NO_AUTO_START)),
           ("signal", signal("/a", "a.b", "C", destination=S, flags=NO_AUTO_START))])
    def test_no_auto_start(self, message):
        bus = self.services()
        systemd, client = self.systemd(bus), bus.client()
        self.refused("NameHasNoOwner", client.call, message)
        self.assertEqual(self.asked(systemd), [])

    def test_started(self):
        bus = self.services()
        systemd, client = self.systemd(bus), bus.client()
        first, second = client.send(call(S, "/a", "a.b", "C")), self.start(client)
        self.assertEqual(self.asked(systemd), [S + ".unit"])
        owner = bus.client()
        owner.request_name(S)
        owner.expect(member="C", serial=first)
        self.assertEqual(client.result(second), (STARTED,))
        self.assertEqual(client.result(self.start(client)), (RUNNING,))
        self.assertEqual(self.asked(systemd), [])

    def test_before_systemd(self):
        """What is wanted before systemd is there is asked when it comes, in that order."""
        bus = self.services()
        client = bus.client()
        serials = [client.send(call(name, "/a", "a.b", "C")) for name in (T, S)]
        for serial in serials:
            self.waits(client, serial)
        systemd = self.systemd(bus)
        self.assertEqual(self.asked(systemd), [T + ".unit", S + ".unit"])
        client.send(call(U, "/a", "a.b", "C"))
        client.sync()
        self.assertEqual(self.asked(systemd), [S + ".unit"])

    def test_gone_and_back(self):
        """A systemd that was executed anew connects anew."""
        bus = self.services()
        first, client = self.systemd(bus), bus.client()
        first.release_name(SYSTEMD)
        serial = client.send(call(S, "/a", "a.b", "C"))
        self.waits(client, serial)
        second = self.systemd(bus)
        self.assertEqual(self.asked(second), [S + ".unit"])
        self.assertEqual(self.asked(first), [])

    def test_gave_up_before_systemd(self):
        """Who does not wait any more needs no unit."""
        bus = self.services(limits={"service_start_timeout": 300})
        client = bus.client()
        self.refused("TimedOut", client.call, call(S, "/a", "a.b", "C"))
        self.assertEqual(self.asked(self.systemd(bus)), [])

    @rows([("call", call(SYSTEMD, "/a", "a.b", "C")), ("signal", signal("/a", "a.b", "C", destination=SYSTEMD))])
    def test_itself(self, message):
        """Its file says to execute /bin/false: nobody is to be told that this failed."""
        bus = self.services()
        client = bus.client()
        serial = client.send(message)
        start = self.start(client, SYSTEMD)
        time.sleep(0.2)
        self.waits(client, serial)
        self.waits(client, start)
        self.systemd(bus).expect(member="C")
        self.assertEqual(client.result(start), (STARTED,))

    def test_itself_does_not_come(self):
        bus = self.services(limits={"service_start_timeout": 300})
        self.refused("TimedOut", bus.client().call, call(SYSTEMD, "/a", "a.b", "C"))

    def test_no_unit(self):
        """Without SystemdService the bus executes the program."""
        bus = self.services(files(com_ex_S=service(S)))
        systemd = self.systemd(bus)
        bus.client().send(call(S, "/a", "a.b", "C"))
        self.assert_started(bus)
        self.assertEqual(self.asked(systemd), [])

    @rows([("session", "session"), ("system", "system")])
    def test_other_file_name(self, kind):
        """For a unit it does not matter what the file is called."""
        bus = self.services({"services/x.service": unit(S)}, type=kind)
        systemd, client = self.systemd(bus), bus.client()
        self.assertEqual(self.offered(client), [S])
        client.send(call(S, "/a", "a.b", "C"))
        client.sync()
        self.assertEqual(self.asked(systemd), [S + ".unit"])

    def test_without_the_option(self):
        """Then nothing is asked of systemd."""
        bus = self.services(files(com_ex_S=unit(S, command="/bin/sh @/serve " + S)), args=("--nofork",))
        systemd = self.systemd(bus)
        bus.client().send(call(S, "/a", "a.b", "C"))
        self.assert_started(bus)
        self.assertEqual(self.asked(systemd), [])

    @rows([("no_exec", "services/%s.service" % S, "[D-BUS Service]\nName=%s\nSystemdService=s.unit\n" % S, "session"),
           ("other_file_name", "services/x.service", unit(S), "system")])
    @unittest.skipIf(IS_REFERENCE, "offers no service without Exec, and has a helper on the system bus")
    def test_nothing_to_execute(self, file, text, kind):
        """What only systemd can start cannot be started without it."""
        bus = self.services({file: text}, type=kind, args=("--nofork",))
        self.refused(SPAWN + "FileInvalid", bus.client().call, call(S, "/a", "a.b", "C"))

    def test_order(self):
        """Everything that was sent before the name was taken, then what was sent later."""
        bus = self.services()
        client, other, owner = bus.client(), bus.client(), bus.client()
        for i in range(20):
            (client, other)[i % 2].send(call(S, "/a", "a.b", "M%d" % i, flags=NO_REPLY))
            (client, other)[i % 2].sync()
        # all in one piece, so that the bus has it at once
        client.send_raw(b"".join(
            call(S, "/a", "a.b", "M%d" % i, flags=NO_REPLY, serial=1000 + i).pack() for i in range(20, 40)))
        client.sync()
        owner.request_name(S)
        client.send_raw(b"".join(
            call(S, "/a", "a.b", "M%d" % i, flags=NO_REPLY, serial=1000 + i).pack() for i in range(40, 60)))
        client.sync()
        self.assertEqual([m.member for m in owner.taken(path="/a")], ["M%d" % i for i in range(60)])


class Failed(SystemdTest):
    def test_everybody_is_told(self):
        """All who wait for any name of the unit, and nobody else."""
        bus = self.services()
        systemd, one, two = self.systemd(bus), bus.client(), bus.client()
        told = [(one, one.send(call(S, "/a", "a.b", "C"))), (two, two.send(call(U, "/a", "a.b", "C"))),
                (one, self.start(one)), (two, two.send(signal("/a", "a.b", "C", destination=S)))]
        other = one.send(call(T, "/a", "a.b", "C"))
        one.sync()
        two.sync()
        systemd.send(failed())
        for client, serial in told:
            answer = client.answer(serial)
            self.assertEqual((answer.sender, answer.error, answer.args), (DRIVER, "com.ex.Error", ("because",)))
        self.waits(one, other)
        # and the next one asks again
        self.asked(systemd)
        one.send(call(S, "/a", "a.b", "C"))
        one.sync()
        self.assertEqual(self.asked(systemd), [S + ".unit"])

    def test_after_it_was_there(self):
        """A failure that comes late is no failure of who is there."""
        bus = self.services()
        systemd, client, owner = self.systemd(bus), bus.client(), bus.client()
        serial = client.send(call(S, "/a", "a.b", "C"))
        client.sync()
        owner.request_name(S)
        systemd.send(failed())
        systemd.sync()
        owner.expect(member="C")
        self.waits(client, serial)

    def no_failure(self, bus, liar, message):
        client = bus.client()
        serial = client.send(call(S, "/a", "a.b", "C"))
        client.sync()
        liar.send(message)
        liar.sync()
        self.waits(client, serial)
        # it was none at all: the start is still under way
        owner = bus.client()
        owner.request_name(S)
        owner.expect(member="C", serial=serial)

    @rows([("user", ALICE), ("root", None)])
    def test_not_by_others(self, uid):
        """Beside systemd, by who does not own its name."""
        if uid:
            need_root()
        bus = self.services(policy=SESSION)
        self.systemd(bus)
        self.no_failure(bus, bus.client(uid), failed())

    @rows([("queued", None), ("queued_user", ALICE)])
    def test_not_by_who_waits_for_the_name(self, uid):
        if uid:
            need_root()
        bus = self.services(policy=SESSION)
        self.systemd(bus)
        self.no_failure(bus, self.systemd(bus, uid=uid), failed())

    @unittest.skipIf(IS_REFERENCE, "relies on the policy, which does not let users own that name")
    def test_not_by_a_user_with_the_name(self):
        """A policy that lets anybody own the name does not make it systemd."""
        need_root()
        bus = self.services(policy=SESSION)
        self.no_failure(bus, self.systemd(bus, uid=ALICE), failed())

    def test_not_by_a_former_owner(self):
        bus = self.services(policy=SESSION)
        systemd = self.systemd(bus)
        systemd.release_name(SYSTEMD)
        self.no_failure(bus, systemd, failed())

    @rows([
        ("other_unit", failed("com.ex.Other")),
        ("other_member", signal("/", ACTIVATOR, "ActivationRequest", "sss", (S + ".unit", "a.b", "x"), destination=DRIVER)),
        ("other_interface", signal("/", MANAGER, "ActivationFailure", "sss", (S + ".unit", "a.b", "x"), destination=DRIVER)),
        ("a_call", call(DRIVER, "/", ACTIVATOR, "ActivationFailure", "sss", (S + ".unit", "a.b", "x"))),
        ("other_arguments", signal("/", ACTIVATOR, "ActivationFailure", "ss", (S + ".unit", "a.b"), destination=DRIVER)),
        ("no_arguments", signal("/", ACTIVATOR, "ActivationFailure", destination=DRIVER)),
        ("part_of_the_unit", signal("/", ACTIVATOR, "ActivationFailure", "sss", (S, "a.b", "x"), destination=DRIVER)),
        ("not_to_the_bus", signal("/", ACTIVATOR, "ActivationFailure", "sss", (S + ".unit", "a.b", "x"))),
    ])
    def test_is_no_failure(self, message):
        bus = self.services(policy=SESSION)
        self.no_failure(bus, self.systemd(bus), message)

    @unittest.skipIf(IS_REFERENCE, "loses the answer")
    @rows([("no_name", "no name"), ("empty", ""), ("unique", ":1.5"), ("long", "a." + "b" * 300)])
    def test_error_without_a_name(self, error):
        """What cannot be the name of an error becomes another one: who waits is told."""
        bus = self.services()
        systemd, client = self.systemd(bus), bus.client()
        serial = client.send(call(S, "/a", "a.b", "C"))
        client.sync()
        systemd.send(failed(error=error))
        self.assertEqual(client.answer(serial).error, FAULT + "Failed")

    def test_large_text(self):
        bus = self.services()
        systemd, client = self.systemd(bus), bus.client()
        serial = client.send(call(S, "/a", "a.b", "C"))
        client.sync()
        systemd.send(failed(text="\u00e9%n" * 30000))
        self.assertEqual(client.answer(serial).args, ("\u00e9%n" * 30000,))

    @rows([("call", call(S, "/a", "a.b", "C")), ("signal", signal("/a", "a.b", "C", destination=S))])
    def test_too_late(self, message):
        """systemd says nothing."""
        bus = self.services(limits={"service_start_timeout": 300})
        systemd, client = self.systemd(bus), bus.client()
        self.assertIn(S, self.refused("TimedOut", client.call, message))
        owner = bus.client()
        owner.request_name(S)
        self.assertEqual(owner.taken(path="/a"), [])
        owner.release_name(S)
        self.asked(systemd)
        client.send(call(S, "/a", "a.b", "C"))
        client.sync()
        self.assertEqual(self.asked(systemd), [S + ".unit"])


# who may not hear it
DEAF = '<policy user="daemon"><deny receive_interface="a.b" receive_member="No"/></policy>'
DENY = '<policy context="mandatory"><deny send_destination="%s" send_interface="a.b" send_member="No"/></policy>' % S


class Judged(SystemdTest):
    """By the policy of the moment in which a message is sent, and by that of its delivery."""

    def test_not_asked(self):
        bus = self.services(policy=OPEN + DENY)
        systemd, client = self.systemd(bus), bus.client()
        self.refused("AccessDenied", client.call, call(S, "/a", "a.b", "No"))
        self.assertEqual(self.asked(systemd), [])

    def test_reload_in_between(self):
        """What is not allowed any more is not delivered, and what follows is."""
        bus = self.services()
        client = bus.client()
        serials = [client.send(call(S, "/a", "a.b", member)) for member in ("Yes", "No", "Too")]
        client.sync()
        bus.configure(policy=OPEN + DENY)
        client.driver("ReloadConfig")
        owner = bus.client()
        owner.request_name(S)
        self.assertEqual([m.member for m in owner.taken(path="/a")], ["Yes", "Too"])
        self.assertEqual([(m.error, m.reply_serial) for m in client.taken(type=ERROR)],
                         [(FAULT + "AccessDenied", serials[1])])

    def test_reload_that_allows(self):
        """What was refused stays so: it was not held."""
        bus = self.services(policy=OPEN + DENY)
        client = bus.client()
        client.send(call(S, "/a", "a.b", "Yes"))
        self.refused("AccessDenied", client.call, call(S, "/a", "a.b", "No"))
        bus.configure(policy=OPEN)
        client.driver("ReloadConfig")
        owner = bus.client()
        owner.request_name(S)
        self.assertEqual([m.member for m in owner.taken(path="/a")], ["Yes"])

    @rows([("may_hear", BOB, ["Yes", "No"]), ("may_not", ALICE, ["Yes"])])
    def test_receiver(self, uid, wanted):
        """What the new owner may receive is known when it is there."""
        need_root()
        bus = self.services(policy=OPEN + DEAF)
        client = bus.client()
        serials = [client.send(call(S, "/a", "a.b", member)) for member in ("Yes", "No")]
        client.sync()
        owner = bus.client(uid)
        owner.request_name(S)
        self.assertEqual([m.member for m in owner.taken(path="/a")], wanted)
        self.assertEqual([(m.error, m.reply_serial) for m in client.taken(type=ERROR)],
                         [(FAULT + "AccessDenied", serial) for serial in serials[len(wanted):]])

    def test_sender_becomes_a_monitor(self):
        """It has no name any more, and its messages no sender."""
        bus = self.services()
        client, other = bus.client(), bus.client()
        client.send(call(S, "/a", "a.b", "C"))
        client.driver("BecomeMonitor", "asu", ["type='error'"], 0, interface=DRIVER + ".Monitoring")
        other.send(call(S, "/a", "a.b", "Other"))
        other.sync()
        owner = bus.client()
        owner.request_name(S)
        self.assertEqual([m.member for m in owner.taken(path="/a")], ["Other"])


@unittest.skipIf(IS_REFERENCE, "counts nothing that waits")
class Charged(SystemdTest):
    """What waits is its sender's, as long as it waits."""

    SIZE = 1000000

    def fill(self, client):
        """Sends until the bus takes no more; how many it took."""
        for n in range(200):
            serial = client.send(call(S, "/a", "a.b", "C", "ay", (bytes(self.SIZE),), flags=NO_REPLY))
            client.sync()
            refused = [m for m in client.inbox if m.reply_serial == serial]
            if refused:
                self.assertEqual(refused[0].error, FAULT + "LimitsExceeded")
                client.inbox.clear()
                return n
        raise AssertionError("takes whatever comes")

    def bounded(self, **limits):
        """64 MB are a user's at the most; no queue is in the way."""
        need_root()
        return self.services(limits={"max_outgoing_bytes": 30000000, **limits})

    def test_other_users(self):
        """Nobody pays for another user."""
        bus = self.bounded()
        alice, second, bob = bus.client(ALICE), bus.client(ALICE), bus.client(BOB)
        most = self.fill(alice)
        self.assertGreater(most, 10)
        self.assertEqual(self.fill(second), 0)
        self.assertEqual(self.fill(bob), most)
        for client in (alice, bob):
            self.assertEqual(client.driver("GetId")[0], bus.client().driver("GetId")[0])

    @rows([("failure", "failure"), ("time", "time"), ("sender_gone", "sender_gone"), ("delivery", "delivery")])
    def test_comes_back(self, how):
        bus, enough = self.bounded(), 3
        if how == "time":
            begin = time.monotonic()
            self.fill(bus.client(ALICE))
            enough += 3 * (time.monotonic() - begin)
            bus = self.bounded(service_start_timeout=1000 * enough)
        systemd, alice = self.systemd(bus), bus.client(ALICE)
        most = most_delivered = self.fill(alice)
        if how == "failure":
            systemd.send(failed())
            systemd.sync()
        elif how == "time":
            alice.expect(enough + PATIENCE, error=FAULT + "TimedOut")
        elif how == "sender_gone":
            bus.clients.remove(alice)
            alice.close()
            alice = bus.client(ALICE)
        else:
            owner = bus.client()
            owner.request_name(S)
            alice.sync()
            for refused in alice.taken(type=ERROR):
                self.assertEqual(refused.error, FAULT + "LimitsExceeded")
                most_delivered -= 1
            for _ in range(most_delivered):
                owner.expect(member="C")
            owner.release_name(S)
        alice.sync()
        alice.inbox.clear()
        self.assertEqual(self.fill(alice), most)

    def test_descriptors(self):
        bus = self.bounded()
        alice, bob = bus.client(ALICE), bus.client(BOB)
        counts = {}
        for client in (alice, bob):
            for n in range(1000):
                with open("/dev/null", "rb") as file:
                    serial = client.send(call(S, "/a", "a.b", "Fd", "h", (0,), fds=[file.fileno()] * 10, flags=NO_REPLY))
                client.sync()
                if [m for m in client.inbox if m.reply_serial == serial]:
                    break
            counts[client] = n
        self.assertEqual(counts[alice], counts[bob])
        self.assertIn(counts[alice], range(10, 1000))


class Variables(SystemdTest):
    """UpdateActivationEnvironment"""

    def set(self, client, pairs):
        return client.driver("UpdateActivationEnvironment", "a{ss}", pairs)

    def told(self, systemd):
        return [m.args[0] for m in systemd.taken(member="SetEnvironment")]

    def test_systemd_is_told(self):
        bus = self.services()
        systemd, client = self.systemd(bus), bus.client()
        self.set(client, {"A": "b c", "D": ""})
        got = systemd.expect(member="SetEnvironment")
        self.assertEqual((got.type, got.path, got.interface), (1, "/org/freedesktop/systemd1", MANAGER))
        self.assertEqual((got.sender, sorted(got.args[0])), (DRIVER, ["A=b c", "D="]))
        self.assertTrue(got.flags & NO_REPLY)

    def test_before_systemd(self):
        bus = self.services()
        client = bus.client()
        for pairs in ({"A": "1"}, {"B": "2"}, {"A": "3"}):
            self.set(client, pairs)
        self.assertEqual(self.told(self.systemd(bus)), [["A=1"], ["B=2"], ["A=3"]])

    @unittest.skipIf(IS_REFERENCE, "keeps all that it is told")
    def test_before_systemd_without_end(self):
        bus = self.services()
        client, n = bus.client(), 0
        with self.assertRaises(CallError) as caught:
            for n in range(1000):
                self.set(client, {"A": "x" * 100000})
        self.assertEqual(caught.exception.name, FAULT + "LimitsExceeded")
        self.assertEqual(len(self.told(self.systemd(bus))), n)
        self.set(client, {"A": "x" * 100000})

    def test_not_without_the_option(self):
        bus = self.services(args=("--nofork",))
        systemd = self.systemd(bus)
        self.set(bus.client(), {"A": "b"})
        self.assertEqual(self.told(systemd), [])

    def test_not_by_others(self):
        need_root()
        bus = self.services()
        systemd, alice = self.systemd(bus), bus.client(ALICE)
        self.refused("AccessDenied", self.set, alice, {"A": "b"})
        self.assertEqual(self.told(systemd), [])

    @unittest.skipIf(IS_REFERENCE, "has no end")
    @rows([("long", [("A", "x" * 131050)]), ("long_name", [("A" * 131050, "x")]),
           ("many", [("A%d" % i, "") for i in range(4097)])])
    def test_too_much_at_once(self, pairs):
        bus = self.services()
        systemd, client = self.systemd(bus), bus.client()
        for _ in range(3):
            self.refused("LimitsExceeded", self.set, client, dict(pairs))
        self.assertEqual(self.told(systemd), [])
        # nothing of it was set, nor counted
        for name in "AB":
            self.set(client, {name: "x" * 120000})

    @unittest.skipIf(IS_REFERENCE, "has no end")
    def test_too_much_in_all(self):
        """256 KiB; what is set again counts once, and shorter ones make room."""
        client = self.services(args=("--nofork",)).client()
        for _ in range(5):
            self.set(client, {"A": "x" * 100000})
            self.set(client, {"B": "y" * 100000})
        self.refused("LimitsExceeded", self.set, client, {"C": "z" * 70000})
        self.refused("LimitsExceeded", self.set, client, {"A": "", "C": "z" * 125000, "D": "z" * 50000})
        self.set(client, {"C": "z" * 60000})
        self.refused("LimitsExceeded", self.set, client, {"D": "z" * 60000})
        self.set(client, {"A": ""})
        self.set(client, {"D": "z" * 60000})

    @unittest.skipIf(IS_REFERENCE, "has no process that could stand still")
    def test_launch_stands_still(self):
        """It gets all that was set, in order and before it is asked for a service; whoever sets more
        than it takes is told so, and keeps nobody waiting."""
        bus = self.services(files(com_ex_S=service(S, "/bin/sh -c 'echo $A | cut -c 1-9 > @/com.ex.S.pid'")),
                            args=("--nofork",))
        client, n = bus.client(), 0
        os.kill(bus.process.pid, signals.SIGSTOP)
        try:
            with self.assertRaises(CallError) as caught:
                for n in range(1000):
                    self.set(client, {"A": "%08d" % n + "x" * 100000})
            client.send(call(S, "/a", "a.b", "C"))
            client.sync()
        finally:
            os.kill(bus.process.pid, signals.SIGCONT)
        self.assertEqual(caught.exception.name, FAULT + "LimitsExceeded")
        self.assertGreater(n, 10)
        self.assertEqual(self.said(bus, S).strip(), "%08dx" % (n - 1))
        self.set(client, {"A": "b"})

    @unittest.skipIf(IS_REFERENCE, "has no end")
    def test_too_many_in_all(self):
        client = self.services().client()
        for at in range(0, 4096, 512):
            self.set(client, {"A%d" % i: "" for i in range(at, at + 512)})
        self.refused("LimitsExceeded", self.set, client, {"B": ""})
        self.set(client, {"A0": "1"})

    @unittest.skipIf(IS_REFERENCE, "has no end")
    def test_services_still_start(self):
        """With as much as there can be a program can still be executed."""
        bus = self.services(files(com_ex_S=service(S)))
        client = bus.client()
        for name in "AB":
            self.set(client, {name: "x" * 130000})
        client.send(call(S, "/a", "a.b", "C"))
        self.assert_started(bus)
