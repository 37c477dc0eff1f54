"""Programs that people use, on a private bus: what they print is what they should."""

import fcntl
import os
import re
import struct
import subprocess
import tempfile
import time
import unittest

from harness import ALICE, PROGRAM, SESSION, BusTest, need, need_root, ours, rows
from wire import Variant, call, reply, signal

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
I = "com.ex.Interface"
PYTHON = "/usr/bin/python3"
# seconds for one program
PATIENCE = 30

MODULES = {"dbus": "dbus, gi", "gio": "gi", "qt": "PyQt5.QtDBus"}
POLKITD = "/usr/lib/polkit-1/polkitd"

# what a system bus usually allows, for services that come with files of their own
SYSTEM = """
<policy context="default">
  <allow user="*"/>
  <deny own="*"/>
  <deny send_type="method_call"/>
  <allow send_type="signal"/>
  <allow send_requested_reply="true" send_type="method_return"/>
  <allow send_requested_reply="true" send_type="error"/>
  <allow receive_type="method_call"/>
  <allow receive_type="method_return"/>
  <allow receive_type="error"/>
  <allow receive_type="signal"/>
  <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
  <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Introspectable"/>
  <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Properties"/>
</policy>
<policy user="root">
  <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
</policy>
"""

missing_modules = {}


def need_modules(kind):
    names = MODULES[kind]
    if names not in missing_modules:
        missing_modules[names] = subprocess.run(
            [PYTHON, "-c", "import " + names], capture_output=True
        ).returncode
    if missing_modules[names]:
        raise unittest.SkipTest("not installed: python modules " + names)


class Program:
    """A program that runs in the background; its output goes to a file."""

    def __init__(self, argv, env):
        self.out = tempfile.TemporaryFile("w+b")
        self.process = subprocess.Popen(
            argv, env=env, stdin=subprocess.DEVNULL, stdout=self.out, stderr=subprocess.STDOUT
        )
        self.argv = argv
        ours.add(self.process.pid)

    def output(self):
        self.out.flush()
        return os.pread(self.out.fileno(), 1 << 24, 0)

    def wait_for(self, pattern):
        """Waits until the output contains this."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern.encode(), self.output())
            if found:
                return found
            if time.monotonic() > deadline or self.process.poll() is not None:
                found = re.search(pattern.encode(), self.output())
                if found:
                    return found
                raise AssertionError("%s does not say %r but %r" % (self.argv, pattern, self.output()[-2000:]))
            time.sleep(0.01)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        ours.discard(self.process.pid)
        self.out.close()


class ClientTest(BusTest):
    def start_bus(self, policy=SESSION, **more):
        bus = self.bus(policy=policy, **more)
        self.env = dict(os.environ, QT_QPA_PLATFORM="offscreen", LC_ALL="C.UTF-8", PYTHONDONTWRITEBYTECODE="1")
        self.env.update(DBUS_SESSION_BUS_ADDRESS=bus.address, DBUS_SYSTEM_BUS_ADDRESS=bus.address)
        self.env.update(HOME=bus.folder, XDG_RUNTIME_DIR=bus.folder)
        return bus

    def spawn(self, *argv):
        program = Program(argv, self.env)
        self.addCleanup(program.end)
        return program

    def out(self, *argv, status=0, user=None):
        """What a program prints, once it has ended with this status."""
        done = subprocess.run(
            argv, env=self.env, capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL, user=user
        )
        self.assertEqual(done.returncode, status, "%s: %s %s" % (argv, done.stdout, done.stderr))
        return done.stdout + (done.stderr if status else "")

    def service(self, kind):
        need_modules(kind)
        program = self.spawn(PYTHON, os.path.join(CLIENTS, "service_%s.py" % kind))
        program.wait_for("ready")
        return program


class Libraries(ClientTest):
    @rows([(s + "_called_by_" + c, s, c) for s in MODULES for c in MODULES])
    def test_service(self, service, client):
        need_modules(client)
        need_modules(service)
        self.start_bus()
        self.service(service)
        self.assertEqual(
            self.out(PYTHON, os.path.join(CLIENTS, "client_%s.py" % client)),
            "echo h\u00e4llo\nsum 5\nerror com.ex.Error.Oops oops\nsaid now\n",
        )

    @rows([(kind, kind) for kind in MODULES])
    def test_tools(self, kind):
        """The command line tools call services of all libraries."""
        need("dbus-send", "gdbus", "busctl")
        need_modules(kind)
        bus = self.start_bus()
        self.service(kind)
        target = ("--dest=com.ex.Service", "--type=method_call", "--print-reply=literal", "/com/ex/Object")
        said = self.out("dbus-send", "--session", *target, I + ".Echo", "string:hello")
        self.assertEqual(said.strip(), "hello")
        said = self.out("dbus-send", "--session", *target, I + ".Fail", status=1)
        self.assertIn("com.ex.Error.Oops", said)
        where = ("--session", "--dest", "com.ex.Service", "--object-path", "/com/ex/Object")
        self.assertEqual(self.out("gdbus", "call", *where, "--method", I + ".Add", "2", "3"), "(5,)\n")
        self.assertIn("Echo(", self.out("gdbus", "introspect", *where))
        busctl = ("busctl", "--address=" + bus.address, "--no-pager")
        asked = self.out(*busctl, "call", "com.ex.Service", "/com/ex/Object", I, "Add", "ii", "40", "2")
        self.assertEqual(asked, "i 42\n")
        told = self.out(*busctl, "introspect", "com.ex.Service", "/com/ex/Object", I)
        self.assertRegex(told, r"(?m)^\.Echo +method +s +s ")
        self.assertIn("/com/ex/Object", self.out(*busctl, "tree", "com.ex.Service"))

    def test_notify_send(self):
        need("notify-send")
        need_modules("dbus")
        self.start_bus()
        place = self.spawn(PYTHON, os.path.join(CLIENTS, "notifications.py"))
        place.wait_for("ready")
        self.out("notify-send", "-u", "critical", "Disk", "nearly full")
        place.wait_for("notified Disk - nearly full - 2")


class Tools(ClientTest):
    def test_dbus_send(self):
        need("dbus-send")
        bus = self.start_bus()
        client = bus.client().add_match("member='S'")
        self.out("dbus-send", "--session", "--type=signal", "/a", "com.ex.I.S", "string:x", "uint32:7", "array:string:a,b")
        got = client.expect(member="S")
        self.assertEqual((got.path, got.interface, got.args), ("/a", "com.ex.I", ("x", 7, ["a", "b"])))
        said = self.out("dbus-send", "--bus=" + bus.address, "--print-reply", "--dest=org.freedesktop.DBus", "/",
                        "org.freedesktop.DBus.GetNameOwner", "string:" + client.name)
        self.assertIn('string "%s"' % client.name, said)
        said = self.out("dbus-send", "--system", "--print-reply", "--dest=com.ex.Nobody", "/", "com.ex.I.M", status=1)
        self.assertIn("org.freedesktop.DBus.Error.ServiceUnknown", said)

    @rows([
        ("text", [], r"signal .* path=/x; interface=com\.ex\.I; member=S\n   string \"hello\""),
        ("profile", ["--profile"], r"(?m)^sig\t.*com\.ex\.I\tS"),
    ])
    def test_dbus_monitor(self, options, pattern):
        need("dbus-monitor")
        bus = self.start_bus()
        monitor = self.spawn("dbus-monitor", "--session", *options, "interface='com.ex.I'")
        monitor.wait_for("NameLost")
        bus.client().send(signal("/x", "com.ex.I", "S", "s", ("hello",)))
        monitor.wait_for(pattern)

    def test_dbus_monitor_sees_calls(self):
        need("dbus-monitor")
        bus = self.start_bus()
        monitor = self.spawn("dbus-monitor", "--address", bus.address)
        monitor.wait_for("NameLost")
        client = bus.client()
        client.driver("GetId")
        monitor.wait_for(r"method call .* sender=%s -> destination=org\.freedesktop\.DBus .*member=GetId" % client.name)
        monitor.wait_for(r"method return .* sender=org\.freedesktop\.DBus -> destination=%s " % client.name)

    def test_dbus_monitor_of_a_plain_user(self):
        """Who may not become a monitor falls back on match rules, and sees broadcasts."""
        need("dbus-monitor")
        need_root()
        bus = self.start_bus()
        program = Program(["setpriv", "--reuid=%d" % ALICE, "--clear-groups", "dbus-monitor", "--session", "interface='com.ex.I'"], self.env)
        self.addCleanup(program.end)
        client = bus.client()
        deadline = time.monotonic() + PATIENCE
        while b"member=S" not in program.output() and time.monotonic() < deadline:
            client.send(signal("/x", "com.ex.I", "S"))
            time.sleep(0.05)
        program.wait_for("member=S")

    def test_echo_and_spam(self):
        need("dbus-test-tool")
        bus = self.start_bus()
        self.spawn("dbus-test-tool", "echo", "--session", "--name=com.ex.Echo")
        self.out("gdbus", "wait", "--session", "--timeout", "20", "com.ex.Echo")
        self.out("dbus-test-tool", "spam", "--session", "--dest=com.ex.Echo", "--count=2000", "--queue=20", "--payload=x")
        client = bus.client()
        self.assertEqual(client.call(call("com.ex.Echo", "/", "com.ex.I", "M", "s", ("x",))), ())

    def test_black_hole(self):
        need("dbus-test-tool")
        bus = self.start_bus(limits={"reply_timeout": 500})
        self.spawn("dbus-test-tool", "black-hole", "--session", "--name=com.ex.Hole")
        self.out("gdbus", "wait", "--session", "--timeout", "20", "com.ex.Hole")
        client = bus.client()
        self.refused("NoReply", client.call, call("com.ex.Hole", "/", "com.ex.I", "M"))

    def test_gdbus_monitor_and_wait(self):
        need("gdbus")
        bus = self.start_bus()
        waiting = self.spawn("gdbus", "wait", "--session", "--timeout", "20", "com.ex.Late")
        monitor = self.spawn("gdbus", "monitor", "--session", "--dest", "com.ex.Late")
        monitor.wait_for("does not have an owner")
        client = bus.client()
        client.request_name("com.ex.Late")
        self.assertEqual(waiting.process.wait(PATIENCE), 0)
        monitor.wait_for("is owned by " + client.name)
        # GLib drops signals until it has found out, for them alone, who the owner is
        said = re.compile(rb"/x: com\.ex\.I\.S \('hello', uint32 7\)")
        deadline = time.monotonic() + PATIENCE
        while not said.search(monitor.output()):
            self.assertLess(time.monotonic(), deadline, monitor.output())
            client.send(signal("/x", "com.ex.I", "S", "su", ("hello", 7)))
            time.sleep(0.1)
        client.release_name("com.ex.Late")
        monitor.wait_for("(?s)is owned by.*does not have an owner")

    def test_gdbus_emit(self):
        need("gdbus")
        client = self.start_bus().client().add_match("member='S'")
        self.out("gdbus", "emit", "--session", "--object-path", "/a", "--signal", "com.ex.I.S", "'x'", "[1, 2]")
        self.assertEqual(client.expect(member="S").args, ("x", [1, 2]))

    def test_busctl_list(self):
        need("busctl")
        bus = self.start_bus()
        client = bus.client()
        client.request_name("com.ex.Listed")
        busctl = ("busctl", "--address=" + bus.address, "--no-pager", "--no-legend")
        listed = self.out(*busctl, "list")
        self.assertRegex(listed, r"(?m)^com\.ex\.Listed +%d " % os.getpid())
        self.assertRegex(listed, r"(?m)^org\.freedesktop\.DBus +%d " % bus.pid)
        self.assertIn("PID=%d" % os.getpid(), self.out(*busctl, "status", "com.ex.Listed"))

    def test_busctl_on_the_bus(self):
        need("busctl")
        bus = self.start_bus()
        busctl = ("busctl", "--address=" + bus.address, "--no-pager")
        target = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
        told = self.out(*busctl, "introspect", *target)
        self.assertRegex(told, r"(?m)^\.AddMatch +method +s +-")
        self.assertRegex(told, r"(?m)^\.Features +property +as ")
        self.assertRegex(told, r"(?m)^\.NameOwnerChanged +signal +sss ")
        self.assertRegex(self.out(*busctl, "get-property", *target, "Interfaces"), '^as [0-9]+ .*"org.freedesktop.DBus.Monitoring"')
        self.assertRegex(self.out(*busctl, "call", *target, "GetId"), '^s "[0-9a-f]{32}"')
        told = self.out(*busctl, "--json=short", "call", *target, "GetConnectionCredentials", "s", "org.freedesktop.DBus")
        self.assertIn('"ProcessID":{"type":"u","data":%d}' % bus.pid, told)

    def test_busctl_monitor(self):
        need("busctl")
        bus = self.start_bus()
        monitor = self.spawn("busctl", "--address=" + bus.address, "--no-pager", "monitor")
        monitor.wait_for("Monitoring bus message stream")
        client = bus.client()
        client.send(signal("/x", "com.ex.I", "S", "s", ("hello",)))
        monitor.wait_for(r'(?s)Sender=%s.*Path=/x  Interface=com\.ex\.I  Member=S.*STRING "hello"' % client.name)

    def test_busctl_capture(self):
        need("busctl")
        bus = self.start_bus()
        capture = self.spawn("busctl", "--address=" + bus.address, "capture")
        capture.wait_for("Monitoring bus message stream")
        client = bus.client()
        deadline = time.monotonic() + PATIENCE
        while b"captured-text" not in capture.output() and time.monotonic() < deadline:
            client.send(signal("/x", "com.ex.I", "S", "s", ("captured-text",)))
            time.sleep(0.05)
        data = capture.output()
        self.assertIn(b"captured-text", data)
        magic = struct.pack("<I", 0xA1B2C3D4), struct.pack("<I", 0x0A0D0D0A)
        self.assertTrue(any(m in data for m in magic), "no capture file")

    def test_busctl_emit_and_properties(self):
        need("busctl")
        bus = self.start_bus()
        client = bus.client().add_match("member='S'")
        self.out("busctl", "--address=" + bus.address, "emit", "/a", "com.ex.I", "S", "sa{sv}", "x", "1", "k", "u", "7")
        self.assertEqual(client.expect(member="S").args, ("x", {"k": Variant("u", 7)}))

    @rows([("env", "DBUS_SESSION_BUS_ADDRESS"), ("pid", "DBUS_SESSION_BUS_PID")])
    def test_run_session(self, variable):
        """dbus-run-session starts the bus under test."""
        need("dbus-run-session", "dbus-send")
        bus = self.start_bus()
        bus.configure(listen="<listen>unix:tmpdir=%s</listen>" % bus.folder)
        self.env.pop("DBUS_SESSION_BUS_ADDRESS")
        said = self.out(
            "dbus-run-session",
            "--dbus-daemon=" + PROGRAM,
            "--config-file=" + bus.config,
            "--",
            "sh",
            "-c",
            'echo "at $%s"; dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.ListNames'
            % variable,
        )
        self.assertIn('string "org.freedesktop.DBus"', said)
        self.assertIn('string ":1.0"', said)
        if variable == "DBUS_SESSION_BUS_ADDRESS":
            self.assertRegex(said, r"at unix:(path|abstract)=[^,]+,guid=[0-9a-f]{32}")
            self.assertNotIn(bus.address, said)

    def test_run_session_returns_the_status(self):
        need("dbus-run-session")
        bus = self.start_bus()
        bus.configure(listen="<listen>unix:tmpdir=%s</listen>" % bus.folder)
        self.out("dbus-run-session", "--dbus-daemon=" + PROGRAM, "--config-file=" + bus.config, "--", "sh", "-c", "exit 42", status=42)


class System(ClientTest):
    """Daemons of the system, on a private bus that they take for the system's."""

    def alone(self, what):
        """Some daemons have one place in the file system: one test at a time."""
        lock = open(os.path.join(tempfile.gettempdir(), "bus-test-%s.lock" % what), "w", encoding="ascii")
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.addCleanup(lock.close)

    def own(self, client, name):
        deadline = time.monotonic() + PATIENCE
        while not client.driver("NameHasOwner", "s", name)[0]:
            self.assertLess(time.monotonic(), deadline, name + " does not come")
            time.sleep(0.02)

    def polkit(self):
        need_root()
        need(POLKITD, "pkcheck")
        rules = "/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf"
        bus = self.start_bus(policy=SYSTEM, type="system", tail="<include>%s</include>" % rules)
        daemon = self.spawn(POLKITD, "--no-debug")
        client = bus.client()
        self.own(client, "org.freedesktop.PolicyKit1")
        return bus, daemon, client

    def test_polkit(self):
        """polkitd, which gives up root, owns its name; pkcheck gets answers."""
        bus, _, client = self.polkit()
        user = client.driver("GetConnectionUnixUser", "s", "org.freedesktop.PolicyKit1")[0]
        self.assertNotEqual(user, 0)
        self.out("pkcheck", "--action-id", "org.freedesktop.policykit.exec", "--process", str(os.getpid()))
        self.out("pkcheck", "--action-id", "com.ex.no.such.action", "--process", str(os.getpid()), status=127)
        listed = self.out("pkaction")
        self.assertIn("org.freedesktop.policykit.exec", listed)

    def test_polkit_refuses(self):
        """A plain user is not authorised, and without an agent nobody can be asked."""
        _, _, client = self.polkit()
        process = Program(["setpriv", "--reuid=%d" % ALICE, "--regid=%d" % ALICE, "--clear-groups", "sleep", "60"], self.env)
        self.addCleanup(process.end)
        pid = process.process.pid
        while True:
            with open("/proc/%d/comm" % pid, encoding="ascii") as file:
                if file.read() == "sleep\n":
                    break
        said = self.out("pkcheck", "--action-id", "org.freedesktop.policykit.exec", "--process", str(pid), status=2)
        self.assertIn("requires authentication", said)
        client.sync()

    def test_polkit_asks_the_bus_about_a_name(self):
        """Subjects by the name of their connection: polkitd asks the bus who that is."""
        bus, _, client = self.polkit()
        alice = bus.client(ALICE)
        for who, wanted in ((client, True), (alice, False)):
            result = client.call(call(
                "org.freedesktop.PolicyKit1",
                "/org/freedesktop/PolicyKit1/Authority",
                "org.freedesktop.PolicyKit1.Authority",
                "CheckAuthorization",
                "(sa{sv})sa{ss}us",
                (("system-bus-name", {"name": Variant("s", who.name)}), "org.freedesktop.policykit.exec", {}, 0, ""),
            ))[0]
            self.assertEqual(result[0], wanted)

    def test_avahi(self):
        need_root()
        need("avahi-daemon", "avahi-browse", "busctl")
        self.alone("avahi")
        if os.path.exists("/run/avahi-daemon/pid"):
            self.skipTest("an avahi-daemon runs already")
        os.makedirs("/run/avahi-daemon", exist_ok=True)
        rules = "/usr/share/dbus-1/system.d/avahi-dbus.conf"
        bus = self.start_bus(policy=SYSTEM, type="system", tail="<include>%s</include>" % rules)
        config = bus.write("avahi.conf", "[server]\nhost-name=bustest\nuse-ipv4=yes\nuse-ipv6=no\nenable-dbus=yes\n[wide-area]\nenable-wide-area=no\n")
        daemon = self.spawn("avahi-daemon", "-f", config, "--no-drop-root", "--no-chroot", "--no-rlimits", "--no-proc-title")
        client = bus.client()
        self.own(client, "org.freedesktop.Avahi")
        daemon.wait_for("Server startup complete")
        busctl = ("busctl", "--address=" + bus.address, "--no-pager", "call", "org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server")
        self.assertRegex(self.out(*busctl, "GetVersionString"), '^s "avahi [0-9.]+"')
        self.assertRegex(self.out(*busctl, "GetHostName"), '^s "bustest')
        self.assertEqual(self.out(*busctl, "GetState"), "i 2\n")
        self.out("avahi-browse", "--all", "--terminate", "--parsable")
        # an object of this connection, which the daemon tells about by signals
        group = client.call(call("org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", "EntryGroupNew"))[0]
        self.assertRegex(group, "^/Client[0-9]+/EntryGroup[0-9]+$")
        client.add_match("type='signal',sender='org.freedesktop.Avahi',path='%s'" % group)
        where = "org.freedesktop.Avahi.EntryGroup"
        client.call(call(
            "org.freedesktop.Avahi", group, where, "AddService", "iiussssqaay",
            (-1, -1, 0, "bus test", "_http._tcp", "", "", 8080, [b"a=b"]),
        ))
        client.call(call("org.freedesktop.Avahi", group, where, "Commit"))
        self.assertEqual(client.expect(member="StateChanged", timeout=PATIENCE).args[0], 1)
        self.refused_by_policy(bus)

    def refused_by_policy(self, bus):
        """A plain user may not set the host name."""
        alice = bus.client(ALICE)
        message = call("org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", "SetHostName", "s", ("evil",))
        self.refused("AccessDenied", alice.call, message)
