"""Monitors: what they see, in which order, and that they may do nothing else."""

from harness import ALICE, SESSION, BusTest, need_root, rows
from judged import RECEIVE, SEND, any_call, policy
from wire import CALL, DRIVER, ERROR, RETURN, SIGNAL, call, failure, reply, signal

MONITORING = "org.freedesktop.DBus.Monitoring"
I = "com.ex.I"
N = "com.ex.N"


class Monitor(BusTest):
    def monitor(self, bus, *rules):
        client = bus.client()
        client.driver("BecomeMonitor", "asu", list(rules), 0, interface=MONITORING)
        client.expect(member="NameLost", args=(client.name,))
        return client

    def seen(self, monitor, until):
        """(member, sender, destination) of what the monitor saw until the signal named until."""
        out = []
        while True:
            message = monitor.next()
            if message.member == until:
                return out
            kind = {CALL: "", RETURN: "return", ERROR: "error", SIGNAL: ""}[message.type]
            out.append((message.member or kind, message.sender, message.destination))

    def end(self, client):
        client.send(signal("/", I, "End"))

    def test_connect(self):
        bus = self.bus()
        monitor = self.monitor(bus)
        one = bus.client()
        self.end(one)
        self.assertEqual(
            self.seen(monitor, "End"),
            [
                ("Hello", one.name, DRIVER),
                ("return", DRIVER, one.name),
                ("NameOwnerChanged", DRIVER, None),
                ("NameAcquired", DRIVER, one.name),
            ],
        )

    def test_disconnect(self):
        bus = self.bus()
        one, other = bus.client(), bus.client()
        one.request_name(N)
        monitor = self.monitor(bus)
        one.close()
        got = [monitor.next() for _ in range(4)]
        self.assertEqual(
            [(m.member, m.args) for m in got],
            [
                ("NameLost", (N,)),
                ("NameOwnerChanged", (N, one.name, "")),
                ("NameLost", (one.name,)),
                ("NameOwnerChanged", (one.name, one.name, "")),
            ],
        )
        other.sync()

    @rows([
        ("free", 0, ["RequestName", "NameOwnerChanged", "NameAcquired", "return"]),
        ("queued", 1, ["RequestName", "return"]),
    ])
    def test_request(self, taken, wanted):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        if taken:
            two.request_name(N)
        monitor = self.monitor(bus)
        one.request_name(N)
        self.end(one)
        self.assertEqual([m[0] for m in self.seen(monitor, "End")], wanted)

    def test_release_with_a_queue(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.request_name(N)
        two.request_name(N)
        monitor = self.monitor(bus)
        one.release_name(N)
        self.end(one)
        self.assertEqual(
            self.seen(monitor, "End"),
            [
                ("ReleaseName", one.name, DRIVER),
                ("NameLost", DRIVER, one.name),
                ("NameOwnerChanged", DRIVER, None),
                ("NameAcquired", DRIVER, two.name),
                ("return", DRIVER, one.name),
            ],
        )

    def test_another_monitor(self):
        bus = self.bus()
        monitor = self.monitor(bus)
        other = self.monitor(bus)
        one = bus.client()
        self.end(one)
        got = [m[0] for m in self.seen(monitor, "End")]
        self.assertEqual(got[:4], ["Hello", "return", "NameOwnerChanged", "NameAcquired"])
        self.assertEqual(got[4:8], ["BecomeMonitor", "return", "NameLost", "NameOwnerChanged"])
        self.assertIn("Hello", [m[0] for m in self.seen(other, "End")])

    def test_everything_between_clients(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        two.request_name(N)
        monitor = self.monitor(bus)
        serial = one.send(call(N, "/", I, "M"))
        got = two.expect(member="M")
        two.send(reply(got))
        one.result(serial)
        serial = one.send(call(two.name, "/", I, "Bad"))
        two.send(failure(two.expect(member="Bad"), "com.ex.E"))
        one.answer(serial)
        one.send(signal("/", I, "S", destination=two.name))
        self.end(one)
        self.assertEqual(
            self.seen(monitor, "End"),
            [
                ("M", one.name, N),
                ("return", two.name, one.name),
                ("Bad", one.name, two.name),
                ("error", two.name, one.name),
                ("S", one.name, two.name),
            ],
        )

    def test_refusals(self):
        """What was refused is seen, and that it was refused."""
        bus = self.bus(policy=policy(SEND + RECEIVE + '<deny send_interface="com.ex.I" send_member="No"/>'))
        one, two = bus.client(), bus.client()
        monitor = self.monitor(bus)
        one.send(call(two.name, "/", I, "No"))
        one.send(call("com.ex.Nobody", "/", I, "Lost"))
        self.end(one)
        self.assertEqual(
            self.seen(monitor, "End"),
            [
                ("No", one.name, two.name),
                ("error", DRIVER, one.name),
                ("Lost", one.name, "com.ex.Nobody"),
                ("error", DRIVER, one.name),
            ],
        )

    def test_policy_does_not_hide(self):
        """Nobody may receive this signal, but the monitor sees it."""
        bus = self.bus(policy=policy(SEND + RECEIVE + '<deny receive_interface="com.ex.I" receive_member="S"/>'))
        one = bus.client()
        monitor = self.monitor(bus)
        one.send(signal("/", I, "S"))
        self.end(one)
        self.assertEqual(self.seen(monitor, "End"), [("S", one.name, None)])

    @rows([
        ("member", ["member='S'"], ["S"]),
        ("two", ["member='S'", "member='T'"], ["S", "T"]),
        ("same_twice", ["member='S'", "member='S'"], ["S"]),
        ("empty_rule", [""], ["S", "T"]),
        ("eavesdrop_true", ["member='S',eavesdrop='true'"], ["S"]),
        ("eavesdrop_false", ["member='T',eavesdrop='false'"], ["T"]),
        ("arg0", ["arg0='x'"], ["T"]),
        ("destination", ["destination='com.ex.N'"], ["T"]),
        ("sender", ["sender=':1.1',type='signal',interface='com.ex.I'"], ["S", "T"]),
        ("type", ["type='method_call'"], []),
    ])
    def test_rules(self, rules, wanted):
        bus = self.bus()
        two, one = bus.client(), bus.client()
        two.request_name(N)
        monitor = self.monitor(bus, "member='End'", *rules)
        one.send(signal("/", I, "S"))
        one.send(signal("/", I, "T", "s", ("x",), destination=N))
        self.end(one)
        self.assertEqual([m[0] for m in self.seen(monitor, "End")], wanted)

    @rows([
        ("wrong_rule", ["foo"], 0, "MatchRuleInvalid"),
        ("one_wrong_rule", ["", "type='x'"], 0, "MatchRuleInvalid"),
        ("flags", [], 1, "InvalidArgs"),
    ])
    def test_refused_calls(self, rules, flags, error):
        client = self.shared_bus().client()
        self.refused(error, client.driver, "BecomeMonitor", "asu", rules, flags, interface=MONITORING)
        self.assertEqual(client.owner(client.name), client.name)

    def test_names_are_lost(self):
        bus = self.bus()
        one, watcher = bus.client(), bus.client()
        one.request_name(N)
        one.expect(member="NameAcquired", args=(N,))
        one.add_match("member='S'")
        watcher.add_match("member='NameOwnerChanged'")
        one.driver("BecomeMonitor", "asu", ["member='T'"], 0, interface=MONITORING)
        self.assertEqual({one.expect(member="NameLost").args[0] for _ in range(2)}, {N, one.name})
        watcher.expect(member="NameOwnerChanged", args=(N, one.name, ""))
        watcher.expect(member="NameOwnerChanged", args=(one.name, one.name, ""))
        for name in (one.name, N):
            self.assertEqual(watcher.driver("NameHasOwner", "s", name), (False,))
            self.refused("ServiceUnknown", watcher.call, call(name, "/", I, "M"))
        # its rules are gone with it
        watcher.send(signal("/", I, "S"))
        watcher.send(signal("/", I, "T"))
        self.assertEqual(one.next().member, "T")

    @rows([
        ("call", call(DRIVER, "/", DRIVER, "GetId")),
        ("signal", signal("/", I, "S")),
        ("ping", call(None, "/", "org.freedesktop.DBus.Peer", "Ping")),
        ("reply", None),
    ])
    def test_may_send_nothing(self, message):
        bus = self.shared_bus()
        monitor, other = self.monitor(bus), bus.client()
        message = message or reply(any_call(sender=other.name, serial=5))
        message.serial = 0
        monitor.send(message)
        self.assertTrue(monitor.is_closed(3))
        other.sync()

    def test_only_the_privileged(self):
        need_root()
        alice = self.bus(policy=SESSION).client(ALICE)
        self.refused("AccessDenied", alice.driver, "BecomeMonitor", "asu", [], 0, interface=MONITORING)

    def test_by_policy_too(self):
        rules = '<deny send_destination="org.freedesktop.DBus" send_interface="%s"/>' % MONITORING
        client = self.bus(policy=policy(rules)).client()
        self.refused("AccessDenied", client.driver, "BecomeMonitor", "asu", [], 0, interface=MONITORING)

    def test_destination_as_it_was_written(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        two.request_name(N)
        monitor = self.monitor(bus, "member='M'")
        for name in (N, two.name):
            one.send(call(name, "/", I, "M"))
            self.assertEqual(monitor.next().destination, name)

    def test_undeliverable_answer_does_no_harm(self):
        """An answer of the bus that its receiver may not have, while somebody watches."""
        need_root()
        bus = self.bus(policy=policy(SEND + RECEIVE) + '<policy user="daemon"><deny receive_type="error" receive_requested_reply="true"/></policy>')
        monitor, alice = self.monitor(bus), bus.client(ALICE)
        alice.send(call("com.ex.Nobody", "/", I, "M"))
        alice.send(call(DRIVER, "/", DRIVER, "Nothing"))
        alice.sync()
        self.assertEqual(alice.taken(type=ERROR), [])
        self.end(alice)
        self.seen(monitor, "End")

    def test_matches_come_and_go_while_monitoring(self):
        bus = self.bus()
        monitor, one = self.monitor(bus), bus.client()
        for n in range(50):
            one.add_match("arg0='%d'" % n)
            one.request_name("com.ex.N%d" % n)
        for n in range(50):
            one.driver("RemoveMatch", "s", "arg0='%d'" % n)
        self.end(one)
        members = [m[0] for m in self.seen(monitor, "End")]
        self.assertEqual(members.count("RemoveMatch"), 50)

    def test_monitor_that_does_not_read(self):
        """It blocks nobody."""
        bus = self.bus(limits={"max_outgoing_bytes": 1 << 20})
        self.monitor(bus)
        one, two = bus.client(), bus.client()
        for n in range(100):
            one.send(signal("/", I, "S", "uay", (n, bytes(1 << 16)), destination=two.name))
            self.assertEqual(two.expect(member="S").args[0], n)
