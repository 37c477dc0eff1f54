"""Each refusal makes exactly one record, of the type that is promised, about the client that it was."""

import ctypes
import os
import subprocess
import sys
import unittest

from harness import ALICE, BOB, PROGRAM, BusTest, family, rows
from trail import DAC_CHECK, POLICY_LOAD, USER_AVC, USYS_CONFIG, Auditd, Tap
from wire import CALL, SIGNAL, CallError, Message, call, failure

LOGIN = 4242
PR_SET_NAME = 15
POLICY = """
<policy context="default">
  <allow user="*"/><deny user="sys"/>
  <allow own="*"/><deny own="com.ex.Mine"/>
  <allow send_destination="*"/><allow receive_sender="*"/>
  <deny send_interface="com.ex.I" send_member="NoSend"/>
  <deny receive_interface="com.ex.I" receive_member="NoReceive"/>
  <deny send_destination="com.ex.Closed"/>
  <audit send_interface="com.ex.I" send_member="Listened" on="all"/>
</policy>
<policy user="root"><allow send_member="NoSend" send_interface="com.ex.I"/></policy>
"""
SERVICE = "[D-BUS Service]\nName=com.ex.Closed\nExec=/bin/false\n"
SENDER = {"bus": "tested", "uid": str(ALICE), "auid": str(LOGIN), "suid": str(ALICE), "sauid": str(LOGIN),
          "comm": "client x", "exe": os.path.realpath(sys.executable), "res": "failed"}
MESSAGE = {"path": "/com/ex/O", "interface": "com.ex.I", "msgtype": "method_call"}


def log_in(comm=b"client x", uid=LOGIN):
    """What a login does to a process, and what the process does to its name."""

    def before():
        with open("/proc/self/loginuid", "w", encoding="ascii") as file:
            file.write(str(uid))
        ctypes.CDLL(None).prctl(PR_SET_NAME, comm, 0, 0, 0)

    return before


def recorder_of(bus):
    for pid in family(bus.pid):
        with open("/proc/%d/cmdline" % pid, "rb") as file:
            if b"recorder" in file.read():
                return pid
    return None


class KernelTest(BusTest):
    def setUp(self):
        self.tap = Tap()
        self.addCleanup(self.tap.close)

    def audited(self, policy=POLICY, head="", **more):
        files = {"services/com.ex.Closed.service": SERVICE}
        bus = self.bus(policy=policy, type="tested", files=files, logging=(),
                       head=head + '<records to="audit,stderr"/>',
                       tail="<servicedir>@/services</servicedir>", **more)
        self.tap.ours()
        return bus

    def serviced(self):
        bus = self.audited()
        bus.client().request_name("com.ex.Service")
        return bus

    def alice(self, bus, **more):
        return bus.client(ALICE, before=log_in(), **more)

    def only(self, number=USER_AVC, **wanted):
        """The one record that was made, with these fields."""
        found = self.tap.ours()
        self.assertEqual(len(found), 1, found)
        self.check(found[0], number, **wanted)
        return found[0]

    def check(self, record, number, **wanted):
        self.assertEqual({key: record.get(key) for key in wanted}, wanted, record)
        self.assertEqual(record.type, number)


def connect(bus, client, service):
    raw = bus.raw(3, before=log_in())  # sys
    raw.auth(3)
    assert raw.is_closed()


def sasl(bus, client, service):
    raw = bus.raw(ALICE, before=log_in())
    raw.send_raw(b"\0AUTH EXTERNAL 30\r\n")
    assert raw.line().startswith(b"REJECTED")


def mechanism(bus, client, service):
    raw = bus.raw(ALICE, before=log_in())
    raw.send_raw(b"\0AUTH DBUS_COOKIE_SHA1 30\r\n")
    assert raw.line().startswith(b"REJECTED")


def refused(client, message):
    try:
        client.call(message)
    except CallError:
        return
    raise AssertionError("it was not refused")


def own(bus, client, service):
    try:
        client.request_name("com.ex.Mine")
    except CallError:
        return
    raise AssertionError("it was not refused")


def send(bus, client, service):
    refused(client, call("com.ex.Service", "/com/ex/O", "com.ex.I", "NoSend"))


def send_signal(bus, client, service):
    client.send(Message(SIGNAL, path="/com/ex/O", interface="com.ex.I", member="NoSend",
                        destination="com.ex.Service"))
    client.sync()


def receive(bus, client, service):
    refused(client, call("com.ex.Service", "/com/ex/O", "com.ex.I", "NoReceive"))


def unrequested(bus, client, service):
    client.send(failure(Message(CALL, serial=999, sender=service.name), "com.ex.E"))
    client.sync()


def privileged(bus, client, service):
    try:
        client.driver("UpdateActivationEnvironment", "a{ss}", {"A": "b"})
    except CallError:
        return
    raise AssertionError("it was not refused")


def monitor(bus, client, service):
    try:
        client.driver("BecomeMonitor", "asu", [], 0, interface="org.freedesktop.DBus.Monitoring")
    except CallError:
        return
    raise AssertionError("it was not refused")


def activate(bus, client, service):
    try:
        client.driver("StartServiceByName", "su", "com.ex.Closed", 0)
    except CallError:
        return
    raise AssertionError("it was not refused")


def activate_by_call(bus, client, service):
    refused(client, call("com.ex.Closed", "/com/ex/O", "com.ex.I", "M"))


def matches(bus, client, service):
    client.add_match("type='signal'")
    try:
        client.add_match("type='error'")
    except CallError:
        return
    raise AssertionError("it was not refused")


def names(bus, client, service):
    client.request_name("com.ex.One")
    try:
        client.request_name("com.ex.Two")
    except CallError:
        return
    raise AssertionError("it was not refused")


def replies(bus, client, service):
    client.send(call("com.ex.Service", "/com/ex/O", "com.ex.I", "M"))
    refused(client, call("com.ex.Service", "/com/ex/O", "com.ex.I", "M"))


def violation(bus, client, service):
    client.send_raw(b"x" * 64)
    assert client.is_closed()


def before_hello(bus, client, service):
    raw = bus.raw(ALICE, before=log_in()).auth(ALICE)
    refused(raw, call("org.freedesktop.DBus", "/", "org.freedesktop.DBus.Peer", "Ping"))


def slow_to_authenticate(bus, client, service):
    assert bus.raw(ALICE, before=log_in()).is_closed()


LIMITS = {"max_match_rules_per_connection": 1, "max_names_per_connection": 2, "max_replies_per_connection": 1}


class Refusals(KernelTest):
    # what is done, and what is on record of it, besides who it was
    @rows([
        ("connect", connect, {"verb": "connect", "judge": "connect_rules", "uid": "3", "suid": "3"}),
        ("sasl", sasl, {"verb": "connect", "text": "it claimed to be another user"}),
        ("mechanism", mechanism, {"verb": "connect"}),
        ("own", own, {"verb": "own", "judge": "own_rules", "name": "com.ex.Mine"}),
        ("send", send, {"verb": "send", "judge": "send_rules", "member": "NoSend", "peer_uid": "0",
                        "destination": "com.ex.Service", "peer_names": "com.ex.Service", **MESSAGE}),
        ("send_signal", send_signal, {"verb": "send", "member": "NoSend", **MESSAGE, "msgtype": "signal"}),
        ("receive", receive, {"verb": "send", "judge": "receive_rules", "member": "NoReceive", **MESSAGE}),
        ("unrequested", unrequested, {"verb": "send", "msgtype": "error", "error_name": "com.ex.E",
                                      "reply": "unrequested"}),
        ("privileged", privileged, {"verb": "driver", "member": "UpdateActivationEnvironment",
                                    "text": "only root and the user of the bus may do this"}),
        ("monitor", monitor, {"verb": "monitor", "member": "BecomeMonitor"}),
        ("activate", activate, {"verb": "activate", "destination": "com.ex.Closed"}),
        ("activate_by_call", activate_by_call, {"verb": "send", "destination": "com.ex.Closed", **MESSAGE}),
        ("matches", matches, {"limit": "max_match_rules_per_connection", "figure": "1"}),
        ("names", names, {"verb": "own", "limit": "max_names_per_connection", "figure": "2"}),
        ("replies", replies, {"verb": "send", "limit": "max_replies_per_connection", "figure": "1"}),
        ("violation", violation, {"verb": "protocol"}),
        ("before_hello", before_hello, {"verb": "driver", "member": "Ping"}),
        ("slow", slow_to_authenticate, {"verb": "connect", "limit": "auth_timeout", "figure": "300"}),
    ])
    def test_one_record(self, provoke, wanted):
        limits = {**LIMITS, "auth_timeout": 300} if provoke is slow_to_authenticate else LIMITS
        bus = self.audited(limits=limits)
        service = bus.client()
        service.request_name("com.ex.Service")
        client = self.alice(bus)
        provoke(bus, client, service)
        fields = {**SENDER, **wanted}
        # one that is refused may be gone before anybody looks
        if fields.get("verb") == "connect":
            del fields["exe"]
        record = self.only(**fields)
        self.assertTrue(int(record["pid"]) > 1 and int(record["ses"]) < 2**32 - 1)

    def test_permissive(self):
        bus = self.audited(policy=POLICY.replace('"default"', '"default" mode="permissive"'))
        service = bus.client()
        service.request_name("com.ex.Service")
        self.alice(bus).send(call("com.ex.Service", "/com/ex/O", "com.ex.I", "NoSend"))
        self.assertEqual(service.expect(member="NoSend").interface, "com.ex.I")
        self.only(permissive="1", res="success", verb="send", member="NoSend", uid=str(ALICE))


class Allowed(KernelTest):
    """Such records the kernel keeps only while auditing is enabled."""

    def setUp(self):
        super().setUp()
        self.auditd = Auditd()
        self.addCleanup(self.auditd.close)
        self.tap.ours()

    def listened(self, bus):
        service = bus.client()
        service.request_name("com.ex.Service")
        self.alice(bus).send(call("com.ex.Service", "/com/ex/O", "com.ex.I", "Listened"))
        service.expect(member="Listened")

    def test_audit_rule(self):
        self.listened(self.audited())
        record = self.only(DAC_CHECK, **{**SENDER, **MESSAGE, "res": "success", "member": "Listened",
                                         "peer_names": "com.ex.Service", "verb": "send"})
        self.assertRegex(record["audit"], r"/bus\.conf:[0-9]+$")

    def test_monitor(self):
        bus = self.audited()
        bus.client().driver("BecomeMonitor", "asu", [], 0, interface="org.freedesktop.DBus.Monitoring")
        record = self.only(DAC_CHECK, verb="monitor", member="BecomeMonitor", uid="0", res="success")
        self.assertTrue(record["sender"].startswith(":1."))

    def test_reload(self):
        bus = self.audited()
        self.alice(bus).driver("ReloadConfig")
        asked, loaded = self.tap.ours()
        self.check(asked, USYS_CONFIG, verb="driver", member="ReloadConfig", uid=str(ALICE), auid=str(LOGIN))
        self.check(loaded, POLICY_LOAD, verb="policy", generation="2", res="success")
        self.assertRegex(loaded["checksum"], "^[0-9a-f]{16}$")
        bus.configure(policy=POLICY + "<nonsense/>")
        found = self.tap.ours(until=lambda r: r["verb"] == "policy")
        self.check(found[-1], POLICY_LOAD, verb="policy", generation="2", res="failed")
        self.assertIn("nonsense", found[-1]["text"])

    def test_tools(self):
        """The audit tools find and interpret what was written."""
        bus = self.audited()
        self.listened(bus)
        client = self.alice(bus)
        send(bus, client, None)
        self.auditd.wait_for('member="NoSend"')
        search = self.auditd.search
        self.assertEqual(len(search("-m", "USER_AVC")), 1)
        self.assertEqual(len(search("-m", "DAC_CHECK")), 1)
        self.assertEqual(len(search("-m", "USER_MAC_POLICY_LOAD", "-sv", "yes")), 1)
        self.assertEqual(len(search("-ui", str(ALICE))), 2)
        self.assertEqual(len(search("-ui", str(ALICE), "-sv", "no")), 1)
        self.assertEqual(len(search("-ui", str(BOB))), 0)
        self.assertEqual(len(search("-c", "client x")), 2)
        self.assertEqual(len(search("-x", SENDER["exe"])), 2)
        (line,) = search("-m", "USER_AVC", "-i")
        for part in ("suid=daemon", "sauid=unknown(4242)", 'comm=client x', "path=/com/ex/O", "res=failed"):
            self.assertIn(" %s" % part, line)
        self.assertRegex(self.auditd.report("--avc"), r"client x")
        self.assertRegex(self.auditd.report("-e", "--failed"), r"USER_AVC -?[0-9]+ no")
        self.assertRegex(self.auditd.report("-x"), SENDER["exe"])


class Rights(KernelTest):
    def test_one(self):
        """As another user, the recorder has the one right that it needs."""
        bus = self.audited(head="<user>nobody</user>")
        own(bus, self.alice(bus), None)
        self.only(verb="own", uid=str(ALICE))
        with open("/proc/%d/status" % recorder_of(bus), encoding="ascii") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file)
        self.assertEqual(set(status["Uid"].split()), {"65534"})
        for kind in ("CapPrm", "CapEff", "CapBnd"):
            self.assertEqual(int(status[kind], 16), 1 << 29, kind)

    def test_required(self):
        """Without the right there is no bus, if the configuration wants records in the audit trail."""
        config = self.bus(head='<records to="audit,stderr" mode="required"/>', logging=()).config
        with open(config, encoding="utf-8") as file:
            text = file.read().replace("/bus</listen>", "/other</listen>")
        with open(config + ".other", "w", encoding="utf-8") as file:
            file.write(text)
        done = subprocess.run(["setpriv", "--bounding-set=-audit_write", PROGRAM, "--config-file=" + config + ".other", "--nofork"],
                              capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("requires that decisions are recorded in the kernel's audit trail", done.stderr)


class Disabled(KernelTest):
    def test_what_is_allowed_goes_elsewhere(self):
        """What the kernel would drop goes to the next sink; what it keeps does not."""
        bus = self.audited()
        service = bus.client()
        service.request_name("com.ex.Service")
        client = self.alice(bus)
        client.send(call("com.ex.Service", "/com/ex/O", "com.ex.I", "Listened"))
        send(bus, client, service)
        self.only(member="NoSend")
        text = bus.text()
        self.assertIn('member="Listened"', text)
        self.assertIn("policy in force: generation 1", text)
        self.assertNotIn('member="NoSend"', text)


class Hostile(KernelTest):
    @rows([
        ("fields", b"x uid=0 res=suc"),
        ("value", b"res=success'"),
        ("quote", b'a" uid=0 b="'),
        ("line", b"a\ntype=USER_AVC"),
        ("bytes", b"\xff\xfe\x80\x1d\x01'"),
        ("blank", b" "),
        ("hexadecimal", b"41424344"),
    ])
    def test_comm(self, comm):
        """Record() refuses what has a field twice or a value that is none of ours."""
        bus = self.serviced()
        client = bus.client(ALICE, before=log_in(comm))
        send(bus, client, None)
        self.only(**{**SENDER, **MESSAGE, "comm": comm[:15].decode("utf-8", "backslashreplace")})

    def test_long(self):
        bus = self.serviced()
        path = "/" + "x" * 4096
        refused(self.alice(bus), call("com.ex.Service", path, "com.ex.I", "NoSend"))
        record = self.only(path=path[:255], path_cut="4097", member="NoSend", uid=str(ALICE))
        self.assertLess(len(record.text), 8448)

    def test_tools_are_not_misled(self):
        auditd = Auditd("RAW")
        self.addCleanup(auditd.close)
        bus = self.serviced()
        for comm in (b"uid=0 res=succes", b"res=success'", b"exe=/bin/true"):
            send(bus, bus.client(ALICE, before=log_in(comm)), None)
        auditd.wait(lambda: len(auditd.search("-m", "USER_AVC")) == 3)
        self.assertEqual(len(auditd.search("-ui", str(ALICE), "-sv", "no")), 3)
        self.assertEqual(auditd.search("-m", "USER_AVC", "-sv", "yes"), [])
        self.assertEqual(auditd.search("-m", "USER_AVC", "-x", "/bin/true"), [])
        self.assertEqual(len(auditd.search("-m", "USER_AVC", "-ui", "0")), 0)


if __name__ == "__main__":
    unittest.main()
