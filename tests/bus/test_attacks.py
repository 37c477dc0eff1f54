"""What went wrong on some bus some day: clients that mean harm, and others that have to live on."""

import os
import socket
import time

from harness import ALICE, SESSION, BusTest, need_root, rows
from judged import RECEIVE, SEND, policy
from wire import DRIVER, DRIVER_PATH, ERROR, FAULT, RETURN, Message, Variant, call
from wire import reply, signal

I = "com.ex.I"
N = "com.ex.N"
ACTIVATOR = "org.freedesktop.systemd1.Activator"

SERVICE = """[D-BUS Service]
Name=com.ex.Started
Exec=/bin/false
SystemdService=started.service
"""


class Impostors(BusTest):
    @rows([("user", ALICE), ("root_without_the_name", 0)])
    def test_forged_activation_failure(self, uid):
        """Only systemd says that a start failed."""
        if uid:
            need_root()
        bus = self.bus(
            policy=SESSION,
            args=("--nofork", "--systemd-activation"),
            tail="<servicedir>@/services</servicedir>",
            files={"services/com.ex.Started.service": SERVICE},
        )
        waiting = bus.client()
        serial = waiting.send(call("com.ex.Started", "/", I, "M"))
        waiting.sync()
        liar = bus.client(uid or None)
        liar.send(signal(
            "/org/freedesktop/systemd1",
            ACTIVATOR,
            "ActivationFailure",
            "sss",
            ("started.service", "com.ex.Error", "%n%s%n%s"),
            destination=DRIVER,
        ))
        liar.sync()
        waiting.sync()
        self.assertEqual([m for m in waiting.inbox if m.reply_serial == serial], [])

    def test_failure_by_systemd(self):
        """The text of a failure is data, whatever stands in it."""
        bus = self.bus(
            policy=SESSION,
            args=("--nofork", "--systemd-activation"),
            tail="<servicedir>@/services</servicedir>",
            files={"services/com.ex.Started.service": SERVICE},
        )
        systemd, waiting = bus.client(), bus.client()
        systemd.request_name("org.freedesktop.systemd1")
        serial = waiting.send(call("com.ex.Started", "/", I, "M"))
        asked = systemd.expect(member="ActivationRequest")
        self.assertEqual((asked.sender, asked.interface, asked.args), (DRIVER, ACTIVATOR, ("started.service",)))
        systemd.send(signal(
            "/org/freedesktop/systemd1",
            ACTIVATOR,
            "ActivationFailure",
            "sss",
            ("started.service", "com.ex.Error", "%n%s%n%s"),
            destination=DRIVER,
        ))
        answer = waiting.answer(serial)
        self.assertEqual((answer.error, answer.args), ("com.ex.Error", ("%n%s%n%s",)))

    def test_names_of_the_bus_cannot_be_owned(self):
        client = self.bus().client()
        for name in (DRIVER, ":1.0", ":org.freedesktop.DBus"):
            self.refused("InvalidArgs", client.request_name, name)

    def test_signals_do_not_come_from_the_bus(self):
        """A sender that is written into the message is not what the receiver sees."""
        bus = self.bus()
        victim, liar = bus.client(), bus.client()
        for destination in (victim.name, None):
            victim.add_match("member='NameLost'")
            liar.send(signal(DRIVER_PATH, DRIVER, "NameLost", "s", (victim.name,), sender=DRIVER, destination=destination))
            liar.sync()
            for got in victim.taken(member="NameLost"):
                self.assertEqual(got.sender, liar.name)

    def test_open_policy_does_not_open_the_bus(self):
        """A file that allows all calls, as some packages had: the bus still asks who it is."""
        need_root()
        bus = self.bus(policy=policy('<allow send_type="method_call"/>'))
        alice = bus.client(ALICE)
        self.refused("AccessDenied", alice.driver, "UpdateActivationEnvironment", "a{ss}", {"LD_PRELOAD": "/x"})
        self.refused("AccessDenied", alice.driver, "BecomeMonitor", "asu", [], 0, interface="org.freedesktop.DBus.Monitoring")

    def test_uid_beyond_31_bits(self):
        need_root()
        uid = 4000000000
        bus = self.bus()
        client = bus.raw(uid)
        client.send_raw(b"\0")
        answer = client.say(b"AUTH EXTERNAL " + str(uid).encode().hex().encode())
        self.assertTrue(answer.startswith(b"OK "))
        client.begin()
        if not client.is_closed(0.2):
            client.hello()
            self.refused("AccessDenied", client.driver, "UpdateActivationEnvironment", "a{ss}", {"A": "b"})
            self.assertEqual(client.driver("GetConnectionUnixUser", "s", client.name), (uid,))


class WhoPays(BusTest):
    """Whoever does wrong is disconnected or refused; the other side of it is not."""

    @rows([
        ("nested_arrays", "a" * 40 + "y", bytes(4)),
        ("nested_structs", "(" * 40 + "y" + ")" * 40, b"x"),
        ("array_length", "ay", b"\xff\xff\xff\xff"),
        ("bad_string", "s", b"\1\0\0\0\xff\0"),
    ])
    def test_malformed_body_to_a_victim(self, signature, body):
        bus = self.shared_bus(policy=SESSION)
        victim, liar = bus.client(), bus.client()
        for endian in "<>":
            liar.send(call(victim.name, "/", I, "M", signature, raw_body=body, endian=endian))
        self.assertTrue(liar.is_closed())
        self.assertEqual(victim.taken(member="M"), [])
        bus.client().sync()

    def test_malformed_reply(self):
        """The caller hears that its callee is gone."""
        bus = self.bus(policy=SESSION)
        caller, liar = bus.client(), bus.client()
        serial = caller.send(call(liar.name, "/", I, "M"))
        got = liar.expect(member="M")
        liar.send(Message(RETURN, destination=got.sender, reply_serial=got.serial, signature="s", raw_body=b"x"))
        self.assertEqual(caller.answer(serial).error, FAULT + "NoReply")
        caller.sync()

    def test_refused_start_leaves_the_service_alone(self):
        """The error of a refused call goes to who called, not to the service or to others who wait."""
        need_root()
        bus = self.bus(
            policy=policy(SEND + RECEIVE) + '<policy user="daemon"><deny send_destination="com.ex.Started"/></policy>',
            args=("--nofork", "--systemd-activation"),
            tail="<servicedir>@/services</servicedir>",
            files={"services/com.ex.Started.service": SERVICE},
        )
        systemd, root, alice = bus.client(), bus.client(), bus.client(ALICE)
        systemd.request_name("org.freedesktop.systemd1")
        self.refused("AccessDenied", alice.call, call("com.ex.Started", "/", I, "M"))
        self.assertEqual(systemd.taken(member="ActivationRequest"), [])
        root.send(call("com.ex.Started", "/", I, "M"))
        systemd.expect(member="ActivationRequest")
        self.refused("AccessDenied", alice.call, call("com.ex.Started", "/", I, "M"))
        service = bus.client()
        service.request_name("com.ex.Started")
        self.assertEqual(service.expect(member="M").sender, root.name)
        service.sync()
        self.assertEqual(service.taken(sender=alice.name), [])

    def test_victim_of_a_flood_lives(self):
        bus = self.bus(policy=SESSION, limits={"max_outgoing_bytes": 500000})
        victim, flooder, other = bus.client(), bus.client(), bus.client()
        data = b"".join(
            signal("/", I, "S", "ay", (bytes(1000),), destination=victim.name, serial=n + 1).pack() for n in range(100)
        )
        for _ in range(60):
            if not flooder.send_raw(data):
                break
        other.sync()
        self.assertEqual(other.owner(victim.name), victim.name)
        victim.sync()
        victim.inbox.clear()
        other.send(signal("/", I, "After", destination=victim.name))
        victim.expect(member="After")

    def test_caller_that_leaves_at_every_step(self):
        """Connections that end in the middle of anything."""
        bus = self.bus(policy=SESSION)
        one = bus.client()
        steps = [
            lambda c: c.send_raw(b"\0AUTH"),
            lambda c: c.auth(),
            lambda c: c.auth().send(call(DRIVER, "/", DRIVER, "Hello")),
            lambda c: c.auth().hello().send(call(one.name, "/", I, "M")),
            lambda c: c.auth().hello().send(call(DRIVER, "/", DRIVER, "RequestName", "su", (N, 0))),
            lambda c: c.auth().hello().add_match("").send(signal("/", I, "S")),
            lambda c: c.auth().hello().send_raw(signal("/", I, "S", serial=9).pack()[:30]),
            lambda c: c.auth().hello().driver("BecomeMonitor", "asu", [], 0, interface="org.freedesktop.DBus.Monitoring"),
        ]
        for _ in range(5):
            for step in steps:
                client = bus.raw()
                step(client)
                client.close()
                bus.clients.remove(client)
            for got in one.taken(member="M"):
                one.send(reply(got))
        while len(one.driver("ListNames")[0]) > 2:
            pass
        stats = one.driver("GetStats", interface="org.freedesktop.DBus.Debug.Stats")[0]
        self.assertEqual(stats["ActiveConnections"].value, 1)


class Load(BusTest):
    """No client can buy much work with little."""

    def took(self, function):
        start = time.monotonic()
        function()
        return time.monotonic() - start

    def test_pending_replies_of_many(self):
        bus = self.bus(limits={"max_replies_per_connection": 200})
        callee = bus.client()
        callers = [bus.client() for _ in range(40)]

        def work():
            for caller in callers:
                caller.send_raw(b"".join(call(callee.name, "/", I, "M", serial=1000 + n).pack() for n in range(128)))
            answers = []
            for _ in range(40 * 128):
                answers.append(reply(callee.expect(member="M"), serial=callee.next_serial()).pack())
            callee.send_raw(b"".join(answers))
            for caller in callers:
                caller.result(1000 + 127)

        self.assertLess(self.took(work), 10)

    def test_many_names(self):
        bus = self.bus(limits={"max_names_per_connection": 5000})
        one, two = bus.client(), bus.client()

        def work():
            one.send_raw(b"".join(
                call(DRIVER, "/", DRIVER, "RequestName", "su", ("com.ex.N%d" % n, 0), serial=1000 + n).pack()
                for n in range(3000)
            ))
            one.result(1000 + 2999)

        self.assertLess(self.took(work), 10)
        one.close()
        while two.driver("NameHasOwner", "s", "com.ex.N2999")[0]:
            pass

    def test_long_object_path(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        two.add_match("path_namespace='/a'")
        path = "/a" * 500000
        one.send(signal(path, I, "S"))
        self.assertEqual(two.expect(member="S").path, path)
        self.refused("UnknownInterface", one.call, call(DRIVER, path, "com.ex.Nothing", "M"))

    def test_half_messages_of_many(self):
        """Each may be large; they are not a reason to refuse others."""
        bus = self.bus()
        one = bus.client()
        for _ in range(20):
            half = bus.client()
            half.send_raw(signal("/", I, "S", "ay", (bytes(1 << 20),), destination=one.name, serial=7).pack()[: 1 << 19])
        one.sync()
        bus.client().sync()

    def test_percent_signs_everywhere(self):
        """Fields that are shown in an error or a log are data."""
        hostile = "%n%s%n%s%x" * 100
        bus = self.bus(policy=policy(SEND + RECEIVE + '<deny send_destination="com.ex.N" log="true"/>'))
        one, two = bus.client(), bus.client()
        two.request_name(N)
        one.send(Message(ERROR, destination=N, reply_serial=1, error="com.ex.E", signature="s", args=(hostile,)))
        self.assertEqual(one.expect(type=ERROR).error, FAULT + "AccessDenied")
        for args in ((hostile,), ("\n\r\t" * 1000,)):
            self.refused("NameHasNoOwner", one.driver, "GetNameOwner", "s", *args)
            self.refused("InvalidArgs", one.driver, "RequestName", "su", args[0], 0)
        self.refused("MatchRuleInvalid", one.driver, "AddMatch", "s", hostile[:900])
        self.refused("AccessDenied", one.call, call(N, "/" + "a" * 4096, "a." + "b" * 253, "m" * 255))


class Credentials(BusTest):
    def test_what_is_told_is_the_sockets(self):
        """Passing the socket on changes nothing: the connection is who connected."""
        need_root()
        bus = self.bus()
        root, alice = bus.client(), bus.client(ALICE, groups=[42])
        told = root.driver("GetConnectionCredentials", "s", alice.name)[0]
        self.assertEqual(told["UnixUserID"], Variant("u", ALICE))
        self.assertEqual(told["ProcessID"].signature, "u")
        label = told.get("LinuxSecurityLabel")
        if label:
            self.assertEqual((label.signature, label.value[-1:]), ("ay", b"\0"))

    def test_ancillary_credentials_are_no_identity(self):
        """Credentials sent with a message are not asked for and change nothing."""
        need_root()
        bus = self.bus()
        alice = bus.client(ALICE)
        raw = call(DRIVER, "/", DRIVER, "UpdateActivationEnvironment", "a{ss}", ({"A": "b"},), serial=77).pack()
        packed = os.getpid().to_bytes(4, "little") + bytes(8)
        alice.sock.sendmsg([raw], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, packed)])
        self.assertEqual(alice.answer(77).error, FAULT + "AccessDenied")
