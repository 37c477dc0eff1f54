"""Class dbus: who may send to whom and own what, as the kernel's policy says at that moment; the
stock dbus-daemon in the same machine says the same."""

import os
import tempfile
import unittest
import unittest.mock

from harness import BusTest, outcome
from labels import client, label
from policies import base, compiled, enforce, load, without_class
from reference import bus_avcs, daemon, kernel_avcs, kernel_log_empty, text_with
from wire import CALL, DRIVER, FAULT, RETURN, CallError, call, failure, reply, signal

NAME = "org.example.Guarded"
SYSTEM = {
    "type": "system",
    "head": "<user>messagebus</user>",
    "tail": '<selinux><associate own="%s" context="system_u:object_r:svc_name_t:s0"/></selinux>' % NAME,
}
LET_BAD = "(allow bad_t svc_t (dbus (send_msg)))\n"
ONE_WAY = "(allow mute_t bus_t (dbus (send_msg)))\n(allow mute_t svc_t (dbus (send_msg)))\n"


class Scene:
    """A bus and a service, and what becomes of what is sent to it."""

    def __init__(self, test):
        self.bus = test.bus(**SYSTEM)
        self.service = client(self.bus, "svc_t")
        self.service.request_name(NAME)

    def send(self, sender, message):
        """"passed", or the error that the sender got."""
        serial = sender.send(message)
        sender.sync()
        self.service.sync()
        for m in sender.inbox:
            if m.reply_serial == serial and m.sender == DRIVER:
                sender.inbox.remove(m)
                return m.error.removeprefix(FAULT)
        for m in self.service.inbox:
            if m.sender == sender.name and m.serial == serial:
                self.service.inbox.remove(m)
                return "passed"
        return "lost"

    def call(self, sender, member="M"):
        return self.send(sender, call(NAME, "/x", "org.example.I", member))


class Selinux(BusTest):
    def setUp(self):
        self.addCleanup(load, base())
        self.addCleanup(enforce, True)

    def test_features(self):
        bus = self.bus(**SYSTEM)
        asking = client(bus, "good_t")
        features = asking.driver("Get", "ss", DRIVER, "Features", interface="org.freedesktop.DBus.Properties")
        self.assertIn("SELinux", features[0].value)
        self.assertNotIn("AppArmor", features[0].value)
        context = asking.driver("GetConnectionSELinuxSecurityContext", "s", DRIVER)[0]
        self.assertEqual(bytes(context), label("bus_t").encode())

    def test_its_files_read_only(self):
        """libselinux takes that for a container that SELinux is not for; the log says what it means."""
        enforce(False)
        script = "mount -o remount,bind,ro /sys/fs/selinux && exec /warden/dbus-warden \"$@\""
        with tempfile.NamedTemporaryFile("w", prefix="shut-", delete=False) as file:
            file.write("#!/bin/bash\nexec unshare -m /bin/bash -c '%s' bus \"$@\"\n" % script)
        self.addCleanup(os.unlink, file.name)
        os.chmod(file.name, 0o755)
        with unittest.mock.patch("harness.PROGRAM", file.name):
            bus = self.bus(**SYSTEM)
        bus.line("SELinux is on but DOES NOT MEDIATE this bus")
        self.assertEqual(outcome(client(bus, "bad_t").request_name, NAME), "passed")

    def script(self, scene):
        """What everybody may do, as (question, answer)."""
        told = []

        def note(what, answer):
            told.append((what, answer))

        clients = {type: client(scene.bus, type) for type in ("good_t", "bad_t")}
        for type, sender in clients.items():
            note("call by " + type, scene.call(sender))
            note("signal by " + type, scene.send(sender, signal("/x", "org.example.I", "S", destination=NAME)))
            for name in (NAME, "org.example.Free"):
                note("%s owns %s" % (type, name), outcome(sender.request_name, name))
        # may not even speak to the bus itself
        try:
            client(scene.bus, "mute_t")
            note("Hello by mute_t", "passed")
        except CallError as error:
            note("Hello by mute_t", error.name.removeprefix(FAULT))
        # a broadcast reaches those whom its sender may send to
        ears = {type: client(scene.bus, type).add_match("interface='org.example.Sig'") for type in ("good_t", "svc_t")}
        for type, sender in clients.items():
            sender.send(signal("/x", "org.example.Sig", "From" + type))
            sender.sync()
            for other, ear in ears.items():
                note("broadcast %s %s" % (type, other), len(ear.taken(member="From" + type)))
        return told

    def test_script(self):
        told = self.script(Scene(self))
        self.assertEqual(
            told,
            [
                ("call by good_t", "passed"),
                ("signal by good_t", "passed"),
                ("good_t owns org.example.Guarded", "AccessDenied"),
                ("good_t owns org.example.Free", "AccessDenied"),
                ("call by bad_t", "AccessDenied"),
                ("signal by bad_t", "AccessDenied"),
                ("bad_t owns org.example.Guarded", "AccessDenied"),
                ("bad_t owns org.example.Free", "AccessDenied"),
                ("Hello by mute_t", "AccessDenied"),
                ("broadcast good_t good_t", 0),
                ("broadcast good_t svc_t", 1),
                ("broadcast bad_t good_t", 0),
                ("broadcast bad_t svc_t", 0),
            ],
        )

    def test_same_as_reference(self):
        """The same answers, and the same lines about denials, in the same order."""
        ours = Scene(self)
        told = self.script(ours)
        lines = bus_avcs(ours.bus, 10)
        kernel_log_empty()
        with daemon():
            self.assertEqual(told, self.script(Scene(self)))
        self.assertEqual(lines, kernel_avcs(len(lines)))
        self.assertGreater(len(lines), 6)

    def test_reply(self):
        """A reply is a message like any other: whoever may be called may not always answer."""
        for program in (None, daemon()):
            load(compiled(ONE_WAY))
            with program or Nothing():
                scene = Scene(self)
                asking = client(scene.bus, "mute_t")
                serial = asking.send(call(NAME, "/x", "org.example.I", "M"))
                got = scene.service.expect(type=CALL, member="M")
                answer = scene.service.send(reply(got))
                self.assertEqual(scene.service.expect(reply_serial=answer).error, FAULT + "AccessDenied")
                self.assertEqual(asking.taken(type=RETURN, reply_serial=serial), [])

    def test_error_reply_is_recorded(self):
        load(compiled(ONE_WAY))
        scene = Scene(self)
        asking = client(scene.bus, "mute_t")
        asking.send(call(NAME, "/x", "org.example.I", "M"))
        got = scene.service.expect(type=CALL, member="M")
        scene.service.send(failure(got, "com.ex.Bad"))
        scene.service.sync()
        words = "msgtype=error error_name=com.ex.Bad dest=%s" % asking.name
        self.assertIn(words, text_with(scene.bus, words))

    def test_setenforce(self):
        """Takes effect with the next message, both ways, also on what was asked before."""
        scene = Scene(self)
        sender = client(scene.bus, "bad_t")
        for _ in range(20):
            self.assertEqual(scene.call(sender), "AccessDenied")
            enforce(False)
            self.assertEqual(scene.call(sender), "passed")
            self.assertEqual(outcome(sender.request_name, "org.example.Free"), "passed")
            sender.release_name("org.example.Free")
            enforce(True)
        self.assertEqual(scene.call(sender), "AccessDenied")
        text = text_with(scene.bus, "tclass=dbus permissive=1")
        self.assertIn("tclass=dbus permissive=1", text)
        self.assertIn("SELinux is permissive now", text)

    def test_load_policy(self):
        """The same with a policy that is loaded, while others keep the bus busy."""
        open_to_bad = compiled(LET_BAD)
        scene = Scene(self)
        sender, busy = client(scene.bus, "bad_t"), client(scene.bus, "good_t")
        for _ in range(10):
            for _ in range(50):
                busy.send(signal("/x", "org.example.I", "Noise", destination=NAME))
            self.assertEqual(scene.call(sender), "AccessDenied")
            load(open_to_bad)
            self.assertEqual(scene.call(sender), "passed")
            for _ in range(50):
                busy.send(signal("/x", "org.example.I", "Noise", destination=NAME))
            load(base())
            scene.service.inbox.clear()

    def test_permissive_domain(self):
        load(compiled("(typepermissive bad_t)\n"))
        scene = Scene(self)
        self.assertEqual(scene.call(client(scene.bus, "bad_t")), "passed")
        words = "scontext=%s tcontext=%s tclass=dbus permissive=1" % (label("bad_t"), label("svc_t"))
        self.assertIn(words, text_with(scene.bus, words))
        with self.assertRaises(CallError):
            client(scene.bus, "mute_t")

    def test_dontaudit_and_auditallow(self):
        load(compiled("(dontaudit bad_t svc_t (dbus (send_msg)))\n(auditallow good_t svc_t (dbus (send_msg)))\n"))
        for program in (None, daemon()):
            kernel_log_empty()
            with program or Nothing():
                scene = Scene(self)
                self.assertEqual(scene.call(client(scene.bus, "bad_t")), "AccessDenied")
                self.assertEqual(scene.call(client(scene.bus, "good_t")), "passed")
                lines = kernel_avcs(1) if program else bus_avcs(scene.bus, 1)
                self.assertEqual([line for line in lines if "bad_t" in line], [])
                self.assertIn(
                    "avc:  granted  { send_msg } for msgtype=method_call interface=org.example.I member=M "
                    "dest=%s scontext=%s tcontext=%s tclass=dbus" % (NAME, label("good_t"), label("svc_t")), lines)

    def test_unknown_class(self):
        """What the policy does not know is allowed, as it wants it. (That it may want it denied is
        tested without a machine: this policy knows too little else to live with that.)"""
        scene = Scene(self)
        sender = client(scene.bus, "bad_t")
        self.assertEqual(scene.call(sender), "AccessDenied")
        load(without_class())
        self.assertEqual(scene.call(sender), "passed")
        load(base())
        self.assertEqual(scene.call(sender), "AccessDenied")
        self.assertEqual(scene.call(client(scene.bus, "good_t")), "passed")

    def test_audit2allow(self):
        """Its own parser makes the missing rules of our text."""
        try:
            from sepolgen import audit
        except ImportError as error:
            self.skipTest("no sepolgen: %s" % error)
        scene = Scene(self)
        sender = client(scene.bus, "bad_t")
        scene.call(sender)
        outcome(sender.request_name, NAME)
        outcome(sender.request_name, "org.example.Free")
        bus_avcs(scene.bus, 3)
        parser = audit.AuditParser()
        parser.parse_string(scene.bus.text())
        rules = ["allow %s %s:%s %s" % (av.src_type, av.tgt_type, av.obj_class, " ".join(av.perms))
                 for av in parser.to_access()]
        self.assertEqual(
            sorted(rules),
            [
                "allow bad_t bus_t:dbus acquire_svc",
                "allow bad_t svc_name_t:dbus acquire_svc",
                "allow bad_t svc_t:dbus send_msg",
            ],
            "%s\n%s" % (parser.avc_msgs, scene.bus.text()),
        )

    def test_client_stands_beside(self):
        scene = Scene(self)
        sender = client(scene.bus, "bad_t", uid=1)
        scene.call(sender)
        bus_avcs(scene.bus, 1)
        line = [line for line in scene.bus.text().splitlines() if "avc:  denied" in line][-1]
        words = line.split(" | ")[1]
        for word in ("uid=1", 'sender="%s"' % sender.name, "spid=", "tpid=", "permissive=0", "res=failed"):
            self.assertIn(word, words)


class Nothing:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


if __name__ == "__main__":
    unittest.main()
