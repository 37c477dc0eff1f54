"""How a connection begins and ends."""

import os
import socket

from harness import BusTest, rows
from wire import DRIVER, DRIVER_PATH, ERROR, FAULT, PEER, PROPERTIES, RETURN, SIGNAL, Closed
from wire import call, reply, signal

# (label, interface, member, signature, arguments): everything that the driver knows, and some that it does not
BEFORE_HELLO = [
    ("RequestName", DRIVER, "RequestName", "su", ("com.ex.A", 0)),
    ("ReleaseName", DRIVER, "ReleaseName", "s", ("com.ex.A",)),
    ("ListQueuedOwners", DRIVER, "ListQueuedOwners", "s", ("com.ex.A",)),
    ("StartServiceByName", DRIVER, "StartServiceByName", "su", ("com.ex.A", 0)),
    ("UpdateActivationEnvironment", DRIVER, "UpdateActivationEnvironment", "a{ss}", ({},)),
    ("NameHasOwner", DRIVER, "NameHasOwner", "s", ("com.ex.A",)),
    ("GetNameOwner", DRIVER, "GetNameOwner", "s", ("com.ex.A",)),
    ("ListNames", DRIVER, "ListNames", None, ()),
    ("ListActivatableNames", DRIVER, "ListActivatableNames", None, ()),
    ("AddMatch", DRIVER, "AddMatch", "s", ("",)),
    ("RemoveMatch", DRIVER, "RemoveMatch", "s", ("",)),
    ("GetConnectionUnixUser", DRIVER, "GetConnectionUnixUser", "s", (DRIVER,)),
    ("GetConnectionUnixProcessID", DRIVER, "GetConnectionUnixProcessID", "s", (DRIVER,)),
    ("GetAdtAuditSessionData", DRIVER, "GetAdtAuditSessionData", "s", (DRIVER,)),
    ("GetConnectionSELinuxSecurityContext", DRIVER, "GetConnectionSELinuxSecurityContext", "s", (DRIVER,)),
    ("GetConnectionCredentials", DRIVER, "GetConnectionCredentials", "s", (DRIVER,)),
    ("GetId", DRIVER, "GetId", None, ()),
    ("ReloadConfig", DRIVER, "ReloadConfig", None, ()),
    ("Ping", PEER, "Ping", None, ()),
    ("GetMachineId", PEER, "GetMachineId", None, ()),
    ("Introspect", "org.freedesktop.DBus.Introspectable", "Introspect", None, ()),
    ("Get", PROPERTIES, "Get", "ss", (DRIVER, "Features")),
    ("GetAll", PROPERTIES, "GetAll", "s", (DRIVER,)),
    ("BecomeMonitor", "org.freedesktop.DBus.Monitoring", "BecomeMonitor", "asu", ([], 0)),
    ("GetStats", "org.freedesktop.DBus.Debug.Stats", "GetStats", None, ()),
    ("unknown_member", DRIVER, "Nothing", None, ()),
    ("unknown_interface", "com.ex.Nothing", "Nothing", None, ()),
    ("no_interface", None, "ListNames", None, ()),
    ("Hello_of_another_interface", PEER, "Hello", None, ()),
]


class Hello(BusTest):
    def test_first_names(self):
        bus = self.bus()
        self.assertEqual(bus.client().name, ":1.0")
        self.assertEqual(bus.client().name, ":1.1")

    def test_name_only_for_hello(self):
        bus = self.bus()
        early = bus.raw().auth()
        self.refused("AccessDenied", early.driver, "ListNames")
        self.assertEqual(bus.client().name, ":1.0")

    def test_reply_comes_before_name_acquired(self):
        client = self.bus().raw().auth()
        serial = client.send(call(DRIVER, DRIVER_PATH, DRIVER, "Hello"))
        first, second = client.next(), client.next()
        self.assertEqual((first.type, first.reply_serial, first.sender), (RETURN, serial, DRIVER))
        name = first.args[0]
        self.assertEqual(first.destination, name)
        self.assertEqual((second.type, second.sender, second.destination), (SIGNAL, DRIVER, name))
        self.assertEqual((second.path, second.interface), (DRIVER_PATH, DRIVER))
        self.assertEqual((second.member, second.args), ("NameAcquired", (name,)))

    def test_without_interface(self):
        client = self.bus().raw().auth()
        self.assertEqual(client.call(call(DRIVER, DRIVER_PATH, None, "Hello")), (":1.0",))

    def test_second_hello(self):
        client = self.bus().client()
        self.refused("Failed", client.driver, "Hello")
        client.sync()

    @rows(BEFORE_HELLO)
    def test_before_hello(self, interface, member, signature, args):
        """Nothing but Hello is answered before Hello, and nothing is broken by asking."""
        client = self.shared_bus().raw().auth()
        message = call(DRIVER, DRIVER_PATH, interface, member, signature, args)
        serial = client.send(message)
        answer = client.answer(serial)
        self.assertEqual((answer.type, answer.error, answer.sender), (ERROR, FAULT + "AccessDenied", DRIVER))
        client.hello()

    @rows([
        ("name_of_nobody", "com.ex.Nobody"),
        ("unique_name", ":1.0"),
        ("own_future_name", ":1.1"),
    ])
    def test_to_others_before_hello(self, destination):
        bus = self.bus()
        bystander = bus.client()
        client = bus.raw().auth()
        client.send(call(destination, "/", "com.ex.I", "M"))
        self.assertTrue(client.is_closed())
        bystander.sync()

    def test_hello_with_arguments(self):
        client = self.bus().raw().auth()
        self.refused("InvalidArgs", client.driver, "Hello", "s", "x")
        client.hello()

    def test_half_close_settles(self):
        """What was sent before the end of our side is handled, then the bus closes."""
        bus = self.bus()
        watcher = bus.client().add_match("type='signal',interface='com.ex.I'")
        client = bus.client()
        for n in range(50):
            client.send(signal("/", "com.ex.I", "S", "u", (n,)))
        client.sock.shutdown(socket.SHUT_WR)
        self.assertTrue(client.is_closed())
        for n in range(50):
            self.assertEqual(watcher.expect(interface="com.ex.I").args, (n,))

    def test_two_clients_ping_each_other(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        for caller, callee in ((one, two), (two, one)):
            serial = caller.send(call(callee.name, "/x", PEER, "Ping"))
            got = callee.expect(member="Ping")
            self.assertEqual((got.sender, got.destination, got.path), (caller.name, callee.name, "/x"))
            callee.send(reply(got))
            self.assertEqual(caller.result(serial), ())

    def test_names_are_not_used_again(self):
        bus = self.bus()
        keeper = bus.client()
        seen = set()
        for _ in range(5):
            client = bus.client()
            self.assertNotIn(client.name, seen)
            seen.add(client.name)
            client.close()
            keeper.sync()

    def test_closed_means_gone(self):
        bus = self.bus()
        watcher = bus.client().add_match("type='signal',member='NameOwnerChanged'")
        client = bus.client()
        watcher.expect(member="NameOwnerChanged", args=(client.name, "", client.name))
        client.close()
        watcher.expect(member="NameOwnerChanged", args=(client.name, client.name, ""))
        self.assertEqual(watcher.driver("NameHasOwner", "s", client.name), (False,))

    def test_end_of_the_bus(self):
        bus = self.bus()
        client = bus.client()
        bus.alive = False
        bus.process.terminate()
        self.assertTrue(client.is_closed())
        with self.assertRaises(Closed):
            client.sync()
        self.assertEqual(bus.process.wait(10), 0)

    def test_pid_and_user_of_the_bus(self):
        bus = self.bus()
        client = bus.client()
        self.assertEqual(client.driver("GetConnectionUnixProcessID", "s", DRIVER), (bus.pid,))
        self.assertEqual(client.driver("GetConnectionUnixUser", "s", DRIVER), (os.geteuid(),))
