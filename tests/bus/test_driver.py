"""The methods of the bus itself: answers, refusals, and what is told about a connection."""

import os
import re
import xml.etree.ElementTree

from harness import ALICE, IS_ROOT, SESSION, BusTest, need_root, rows
from wire import DRIVER, DRIVER_PATH, ERROR, FAULT, NO_REPLY, PEER, PROPERTIES, RETURN, SIGNAL
from wire import Variant
from wire import call, signal

INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"
MONITORING = "org.freedesktop.DBus.Monitoring"
STATS = "org.freedesktop.DBus.Debug.Stats"
N = "com.ex.N"

# (member, signature, arguments) of methods that any path and no interface will do for
ANYWHERE = [
    ("GetId", None, ()),
    ("ListNames", None, ()),
    ("ListActivatableNames", None, ()),
    ("NameHasOwner", "s", (DRIVER,)),
    ("GetNameOwner", "s", (DRIVER,)),
    ("RequestName", "su", (N, 0)),
    ("ReleaseName", "s", (N,)),
    ("AddMatch", "s", ("",)),
    ("GetConnectionUnixUser", "s", (DRIVER,)),
    ("GetConnectionCredentials", "s", (DRIVER,)),
    ("ReloadConfig", None, ()),
]

# (interface, member, signature of the arguments) of what takes arguments of one kind only
TYPED = [
    (DRIVER, "RequestName", "su"),
    (DRIVER, "ReleaseName", "s"),
    (DRIVER, "StartServiceByName", "su"),
    (DRIVER, "UpdateActivationEnvironment", "a{ss}"),
    (DRIVER, "NameHasOwner", "s"),
    (DRIVER, "ListNames", ""),
    (DRIVER, "ListActivatableNames", ""),
    (DRIVER, "AddMatch", "s"),
    (DRIVER, "RemoveMatch", "s"),
    (DRIVER, "GetNameOwner", "s"),
    (DRIVER, "ListQueuedOwners", "s"),
    (DRIVER, "GetConnectionUnixUser", "s"),
    (DRIVER, "GetConnectionUnixProcessID", "s"),
    (DRIVER, "GetAdtAuditSessionData", "s"),
    (DRIVER, "GetConnectionSELinuxSecurityContext", "s"),
    (DRIVER, "GetConnectionCredentials", "s"),
    (DRIVER, "ReloadConfig", ""),
    (DRIVER, "GetId", ""),
    (INTROSPECTABLE, "Introspect", ""),
    (PROPERTIES, "Get", "ss"),
    (PROPERTIES, "GetAll", "s"),
    (PROPERTIES, "Set", "ssv"),
    (MONITORING, "BecomeMonitor", "asu"),
    (STATS, "GetStats", ""),
    (STATS, "GetConnectionStats", "s"),
    (STATS, "GetAllMatchRules", ""),
    (PEER, "Ping", ""),
    (PEER, "GetMachineId", ""),
]

SAMPLES = {"": (), "s": ("x",), "u": (1,), "su": ("x", 1), "as": (["x"],), "ss": ("x", "y")}


def wrong_signatures():
    for interface, member, right in TYPED:
        for signature, args in SAMPLES.items():
            if signature != right:
                label = "%s_of_%s" % (member, signature or "nothing")
                yield label, interface, member, signature or None, args


class Dispatch(BusTest):
    @rows([
        ("unknown_interface", DRIVER_PATH, "com.ex.Nothing", "Nothing", "UnknownInterface"),
        ("unknown_member", DRIVER_PATH, DRIVER, "Nothing", "UnknownMethod"),
        ("unknown_without_interface", DRIVER_PATH, None, "Nothing", "UnknownMethod"),
        ("member_of_another", DRIVER_PATH, PEER, "ListNames", "UnknownMethod"),
        ("Containers", DRIVER_PATH, "org.freedesktop.DBus.Containers1", "AddServer", "UnknownInterface"),
        ("Verbose", DRIVER_PATH, "org.freedesktop.DBus.Verbose", "EnableVerbose", "UnknownInterface"),
        ("case_matters", DRIVER_PATH, DRIVER, "listNames", "UnknownMethod"),
        ("Properties_elsewhere", "/", PROPERTIES, "GetAll", "UnknownInterface"),
        ("Monitoring_elsewhere", "/", MONITORING, "BecomeMonitor", "UnknownInterface"),
        ("Stats_elsewhere", "/", STATS, "GetStats", "UnknownInterface"),
    ])
    def test_unknown(self, path, interface, member, error):
        client = self.shared_bus().client()
        self.refused(error, client.call, call(DRIVER, path, interface, member))

    @rows([(m, m, s, a, p) for m, s, a in ANYWHERE for p in ("/x",)])
    def test_any_path(self, member, signature, args, path):
        client = self.shared_bus().client()
        client.call(call(DRIVER, path, DRIVER, member, signature, args))

    @rows([(m, m, s, a) for m, s, a in ANYWHERE])
    def test_no_interface(self, member, signature, args):
        client = self.shared_bus().client()
        client.call(call(DRIVER, DRIVER_PATH, None, member, signature, args))

    @rows(list(wrong_signatures()))
    def test_wrong_signature(self, interface, member, signature, args):
        client = self.shared_bus().client()
        self.refused("InvalidArgs", client.call, call(DRIVER, DRIVER_PATH, interface, member, signature, args))

    def test_no_answer_to_who_wants_none(self):
        client = self.bus().client()
        client.send(call(DRIVER, DRIVER_PATH, DRIVER, "GetId", flags=NO_REPLY))
        client.sync()
        self.assertEqual(client.inbox, [])

    def test_error_also_to_who_wants_no_answer(self):
        client = self.bus().client()
        serial = client.send(call(DRIVER, DRIVER_PATH, DRIVER, "Nothing", flags=NO_REPLY))
        self.assertEqual(client.answer(serial).error, FAULT + "UnknownMethod")

    def test_reply_without_body_has_no_signature(self):
        client = self.bus().client()
        answer = client.answer(client.send(call(DRIVER, DRIVER_PATH, PEER, "Ping")))
        self.assertEqual((answer.type, answer.signature, answer.args), (RETURN, None, ()))

    @rows([("signal", SIGNAL), ("return", RETURN), ("error", ERROR)])
    def test_not_a_call(self, kind):
        """Whatever is not a call to the bus vanishes, and does no harm."""
        client = self.shared_bus(policy=SESSION).client()
        message = signal(DRIVER_PATH, DRIVER, "NameAcquired", "s", (N,), destination=DRIVER)
        message.type = kind
        if kind != SIGNAL:
            message.reply_serial = 7
        if kind == ERROR:
            message.error = "com.ex.E"
        client.send(message)
        client.sync()
        self.assertEqual(client.inbox, [])


class NoDestination(BusTest):
    @rows([("root", "/"), ("any", "/x/y"), ("driver", DRIVER_PATH)])
    def test_ping(self, path):
        client = self.shared_bus().client()
        answer = client.answer(client.send(call(None, path, PEER, "Ping")))
        self.assertEqual((answer.type, answer.args), (RETURN, ()))

    def test_machine_id(self):
        client = self.bus().client()
        answer = client.call(call(None, "/", PEER, "GetMachineId"))
        self.assertEqual(answer, client.driver("GetMachineId", interface=PEER))

    @rows([
        ("peer", PEER, "Nothing"),
        ("driver", DRIVER, "ListNames"),
        ("other", "com.ex.I", "M"),
        ("none", None, "M"),
    ])
    def test_others(self, interface, member):
        client = self.shared_bus().client()
        self.refused("UnknownMethod", client.call, call(None, "/", interface, member))


class Identity(BusTest):
    def test_id(self):
        bus = self.bus()
        client = bus.client()
        guid = client.driver("GetId")[0]
        self.assertRegex(guid, "^[0-9a-f]{32}$")
        self.assertEqual(client.driver("GetId"), (guid,))
        self.assertEqual(bus.client().driver("GetId"), (guid,))

    def test_guid_of_the_address(self):
        bus = self.bus()
        client = bus.client()
        self.assertRegex(client.guid, "^[0-9a-f]{32}$")
        self.assertIn(",guid=" + client.guid, bus.address)

    def test_id_is_the_guid_of_the_address(self):
        client = self.bus().client()
        self.assertEqual(client.driver("GetId"), (client.guid,))

    def test_machine_id(self):
        with open("/etc/machine-id", encoding="ascii") as file:
            wanted = file.read().strip()
        self.assertEqual(self.bus().client().driver("GetMachineId", interface=PEER), (wanted,))

    def test_introspect(self):
        client = self.bus().client()
        for path in (DRIVER_PATH, "/"):
            tree = xml.etree.ElementTree.fromstring(
                client.driver("Introspect", interface=INTROSPECTABLE, path=path)[0]
            )
            self.assertEqual(tree.tag, "node")
        tree = xml.etree.ElementTree.fromstring(client.driver("Introspect", interface=INTROSPECTABLE)[0])
        seen = {i.get("name"): {m.get("name") for m in i.findall("method")} for i in tree.findall("interface")}
        for interface, member, _ in TYPED:
            self.assertIn(member, seen[interface])
        driver = [i for i in tree.findall("interface") if i.get("name") == DRIVER][0]
        signals = {s.get("name") for s in driver.findall("signal")}
        self.assertLessEqual({"NameOwnerChanged", "NameLost", "NameAcquired"}, signals)

    def test_introspected_arguments(self):
        client = self.bus().client()
        tree = xml.etree.ElementTree.fromstring(client.driver("Introspect", interface=INTROSPECTABLE)[0])
        for interface, member, signature in TYPED:
            method = tree.find("interface[@name='%s']/method[@name='%s']" % (interface, member))
            taken = "".join(a.get("type") for a in method.findall("arg") if a.get("direction", "in") == "in")
            self.assertEqual((member, taken), (member, signature))


class Properties(BusTest):
    def get(self, client, interface, name):
        return client.driver("Get", "ss", interface, name, interface=PROPERTIES)[0]

    def test_features(self):
        value = self.get(self.bus().client(), DRIVER, "Features")
        self.assertEqual(value.signature, "as")
        self.assertLessEqual({"ActivatableServicesChanged", "HeaderFiltering"}, set(value.value))
        self.assertNotIn("SystemdActivation", value.value)

    def test_systemd_activation_is_a_feature(self):
        bus = self.bus(args=("--nofork", "--systemd-activation"))
        self.assertIn("SystemdActivation", self.get(bus.client(), DRIVER, "Features").value)

    def test_interfaces(self):
        value = self.get(self.bus().client(), DRIVER, "Interfaces")
        self.assertEqual(value.signature, "as")
        self.assertLessEqual({MONITORING, STATS}, set(value.value))

    def test_get_all(self):
        client = self.bus().client()
        everything = client.driver("GetAll", "s", DRIVER, interface=PROPERTIES)[0]
        self.assertEqual(set(everything), {"Features", "Interfaces"})
        for name, value in everything.items():
            self.assertEqual(value, self.get(client, DRIVER, name))

    @rows([
        ("no_property", "Get", DRIVER, "Nothing", "UnknownProperty"),
        ("no_interface", "Get", "com.ex.I", "Features", "UnknownInterface"),
        ("set_features", "Set", DRIVER, "Features", "PropertyReadOnly"),
        ("set_interfaces", "Set", DRIVER, "Interfaces", "PropertyReadOnly"),
        ("set_nothing", "Set", DRIVER, "Nothing", "UnknownProperty"),
        ("set_no_interface", "Set", "com.ex.I", "Features", "UnknownInterface"),
    ])
    def test_refused(self, member, interface, name, error):
        client = self.shared_bus().client()
        more = (Variant("as", []),) if member == "Set" else ()
        signature = "ss" + "v" * len(more)
        self.refused(error, client.driver, member, signature, interface, name, *more, interface=PROPERTIES)

    def test_get_all_of_unknown_interface(self):
        client = self.bus().client()
        self.refused("UnknownInterface", client.driver, "GetAll", "s", "com.ex.I", interface=PROPERTIES)


class Credentials(BusTest):
    @rows([(m, m) for m in (
        "GetConnectionUnixUser",
        "GetConnectionUnixProcessID",
        "GetConnectionCredentials",
        "GetConnectionSELinuxSecurityContext",
        "GetAdtAuditSessionData",
    )])
    def test_of_nobody(self, member):
        client = self.shared_bus().client()
        for name in ("com.ex.Nobody", ":1.999", "org", ""):
            self.refused("NameHasNoOwner", client.driver, member, "s", name)

    def test_of_a_client(self):
        client = self.bus().client()
        client.request_name(N)
        for name in (client.name, N):
            self.assertEqual(client.driver("GetConnectionUnixUser", "s", name), (os.geteuid(),))
            self.assertEqual(client.driver("GetConnectionUnixProcessID", "s", name), (os.getpid(),))
            told = client.driver("GetConnectionCredentials", "s", name)[0]
            self.assertEqual(told["UnixUserID"], Variant("u", os.geteuid()))
            self.assertEqual(told["ProcessID"], Variant("u", os.getpid()))
            groups = sorted({os.getegid(), *os.getgroups()})
            self.assertEqual(told["UnixGroupIDs"], Variant("au", groups))

    def test_of_another_user(self):
        bus = self.bus()
        root, alice = bus.client(), bus.client(ALICE, gid=4242, groups=[77, 4711, 12])
        told = root.driver("GetConnectionCredentials", "s", alice.name)[0]
        self.assertEqual(told["UnixUserID"].value, ALICE)
        self.assertEqual(told["UnixGroupIDs"].value, [12, 77, 4242, 4711])
        self.assertNotEqual(told["ProcessID"].value, os.getpid())
        self.assertEqual(root.driver("GetConnectionUnixUser", "s", alice.name), (ALICE,))

    def test_groups_of_many(self):
        """Groups come sorted, each once, however many and in whatever order."""
        bus = self.bus()
        groups = [(n * 7919) % 65521 for n in range(1, 301)]
        alice = bus.client(ALICE, groups=groups)
        told = alice.driver("GetConnectionCredentials", "s", alice.name)[0]
        self.assertEqual(told["UnixGroupIDs"].value, sorted({ALICE, *groups}))

    def test_groups_twice(self):
        alice = self.bus().client(ALICE, gid=7, groups=[7, 9, 9, 8])
        told = alice.driver("GetConnectionCredentials", "s", alice.name)[0]
        self.assertEqual(told["UnixGroupIDs"].value, [7, 8, 9])

    def test_of_the_bus(self):
        bus = self.bus()
        told = bus.client().driver("GetConnectionCredentials", "s", DRIVER)[0]
        self.assertEqual(told["UnixUserID"], Variant("u", os.geteuid()))
        self.assertEqual(told["ProcessID"], Variant("u", bus.pid))

    def test_groups_of_the_bus(self):
        told = self.bus().client().driver("GetConnectionCredentials", "s", DRIVER)[0]
        self.assertIn("UnixGroupIDs", told)

    def test_process_fd(self):
        """With fds negotiated there is a pidfd of the connection's process; without there is none."""
        bus = self.bus()
        for fds in (True, False):
            client = bus.client(fds=fds)
            answer = client.answer(client.send(call(
                DRIVER, DRIVER_PATH, DRIVER, "GetConnectionCredentials", "s", (client.name,)
            )))
            self.assertEqual("ProcessFD" in answer.args[0], fds)
            if fds:
                fd = answer.fds[answer.args[0]["ProcessFD"].value]
                with open("/proc/self/fdinfo/%d" % fd, encoding="ascii") as file:
                    pid = re.search(r"(?m)^Pid:\s+(\d+)", file.read()).group(1)
                self.assertEqual(int(pid), os.getpid())
                os.close(fd)
            else:
                self.assertEqual(answer.unix_fds, None)

    def test_selinux_context_without_selinux(self):
        if os.path.exists("/sys/fs/selinux/enforce"):
            self.skipTest("SELinux is there")
        client = self.bus().client()
        client.request_name(N)
        for name in (client.name, N, DRIVER):
            self.refused(
                "SELinuxSecurityContextUnknown",
                client.driver,
                "GetConnectionSELinuxSecurityContext",
                "s",
                name,
            )

    def test_adt_data(self):
        client = self.bus().client()
        client.request_name(N)
        for name in (client.name, N, DRIVER):
            self.refused("AdtAuditDataUnknown", client.driver, "GetAdtAuditSessionData", "s", name)

    def test_forged_sender_changes_nothing(self):
        """Who a connection is comes from the kernel, whatever the message says."""
        bus = self.bus()
        bus.client()
        alice = bus.client(ALICE)
        alice.send(call(
            DRIVER, DRIVER_PATH, DRIVER, "UpdateActivationEnvironment", "a{ss}", ({"A": "b"},), sender=":1.0"
        ))
        answer = alice.expect(type=ERROR)
        self.assertEqual((answer.error, answer.destination), (FAULT + "AccessDenied", alice.name))


class Privileged(BusTest):
    @rows([
        ("UpdateActivationEnvironment", DRIVER, "UpdateActivationEnvironment", "a{ss}", ({"A": "b"},)),
        ("BecomeMonitor", MONITORING, "BecomeMonitor", "asu", ([], 0)),
        ("GetStats", STATS, "GetStats", None, ()),
        ("GetConnectionStats", STATS, "GetConnectionStats", "s", (":1.0",)),
        ("GetAllMatchRules", STATS, "GetAllMatchRules", None, ()),
    ])
    def test_who_may(self, interface, member, signature, args):
        need_root()
        bus = self.bus()
        root, alice = bus.client(), bus.client(ALICE)
        message = (DRIVER, DRIVER_PATH, interface, member, signature, args)
        answer = alice.answer(alice.send(call(*message)))
        self.assertEqual(answer.error, self.wanted(FAULT + "AccessDenied"))
        root.call(call(*message))

    def test_environment_by_the_owner(self):
        client = self.bus().client()
        for pairs in ({}, {"A": "b"}, {"A": "", "B": "\u00e4", "LONG": "x" * 10000}):
            self.assertEqual(client.driver("UpdateActivationEnvironment", "a{ss}", pairs), ())

    def test_environment_elsewhere(self):
        """Only on the path of the bus, lest a rule about paths be sidestepped."""
        client = self.bus().client()
        message = call(DRIVER, "/", DRIVER, "UpdateActivationEnvironment", "a{ss}", ({"A": "b"},))
        answer = client.answer(client.send(message))
        self.assertEqual(answer.type, ERROR)

    def test_reload_by_anybody(self):
        bus = self.bus()
        client = bus.client(ALICE) if IS_ROOT else bus.client()
        self.assertEqual(client.driver("ReloadConfig"), ())


class Stats(BusTest):
    KEYS = {
        "Serial",
        "ListMemPoolUsedBytes",
        "ListMemPoolCachedBytes",
        "ListMemPoolAllocatedBytes",
        "ActiveConnections",
        "IncompleteConnections",
        "MatchRules",
        "PeakMatchRules",
        "PeakMatchRulesPerConnection",
        "BusNames",
        "PeakBusNames",
        "PeakBusNamesPerConnection",
    }

    def test_stats(self):
        bus = self.bus()
        client, other, silent = bus.client(), bus.client(), bus.raw()
        silent.send_raw(b"\0")
        silent.say(b"AUTH")
        for name in (N, "com.ex.O"):
            other.request_name(name)
        other.add_match("member='A'").add_match("member='B'").add_match("member='C'")
        other.driver("RemoveMatch", "s", "member='B'")
        other.release_name(N)
        stats = client.driver("GetStats", interface=STATS)[0]
        self.assertLessEqual(self.KEYS, set(stats))
        number = {name: stats[name].value for name in self.KEYS}
        self.assertEqual({stats[name].signature for name in self.KEYS}, {"u"})
        self.assertEqual(number["ActiveConnections"], 2)
        self.assertEqual(number["IncompleteConnections"], 1)
        self.assertEqual((number["MatchRules"], number["PeakMatchRules"]), (2, 3))
        self.assertEqual(number["PeakMatchRulesPerConnection"], 3)
        self.assertEqual((number["BusNames"], number["PeakBusNames"]), (3, 4))
        self.assertEqual(number["PeakBusNamesPerConnection"], 3)

    def test_connection_stats(self):
        bus = self.bus()
        client, other = bus.client(), bus.client()
        other.request_name(N)
        other.add_match("member='A'")
        for name in (other.name, N):
            stats = client.driver("GetConnectionStats", "s", name, interface=STATS)[0]
            self.assertEqual(stats["UniqueName"].value, other.name)
            self.assertEqual(stats["MatchRules"].value, 1)
            self.assertEqual(stats["BusNames"].value, 2)
            for key in ("Incoming", "Outgoing"):
                for what in ("Messages", "Bytes", "FDs"):
                    name = key + what
                    self.assertIn(name, stats)
                    self.assertEqual(stats[name].signature, "u")
                    self.assertIn("Peak" + key + ("Bytes" if what == "Bytes" else "FDs"), stats)

    def test_connection_stats_of_nobody(self):
        client = self.bus().client()
        self.refused("NameHasNoOwner", client.driver, "GetConnectionStats", "s", "com.ex.X", interface=STATS)

    def test_match_rules_of_all(self):
        bus = self.bus()
        one, two = bus.client(), bus.client()
        one.add_match("type='signal',member='A'").add_match("member='B'")
        two.add_match("arg0='x'")
        rules = one.driver("GetAllMatchRules", interface=STATS)[0]
        self.assertCountEqual(rules[one.name], ["type='signal',member='A'", "member='B'"])
        self.assertEqual(rules[two.name], ["arg0='x'"])
