"""Services that are started when somebody wants to talk to them. The program that is started only
says that it runs; the name is taken by a client of the test."""

import os
import signal as signals
import time

from harness import ALICE, OPEN, SESSION, BusTest, fd_number, rows
from wire import DRIVER, DRIVER_PATH, ERROR, FAULT, NO_AUTO_START, NO_REPLY, RETURN, Message, call, signal

S, T = "com.ex.S", "com.ex.T"
STARTED, RUNNING = 1, 2
SPAWN = "Spawn."

SERVE = "echo >> @/$1.count; echo $$ > @/$1.new; mv @/$1.new @/$1.pid; exec sleep 30\n"
# the arguments, each in < >
ARGUMENTS = "for i; do printf '<%s>' \"$i\"; done > @/out.new; mv @/out.new @/$0.pid\n"
NOT_STARTED = object()


def service(name, command=None, more=""):
    command = "/bin/sh @/serve " + name if command is None else command
    return "[D-BUS Service]\nName=%s\nExec=%s\n%s" % (name, command, more)


def files(**texts):
    return {"services/%s.service" % name.replace("_", "."): text for name, text in texts.items()}


GOOD = service(S)

# (label, the command's arguments as they are written in the file, what the program gets)
QUOTES = [
    ("plain", "a b", "<a><b>"),
    ("blanks", "a  b", "<a><b>"),
    ("blanks_behind", "a  ", "<a>"),
    ("single", "'a b'", "<a b>"),
    ("double", '"a b"', "<a b>"),
    ("inside", "a'b'c", "<abc>"),
    ("empty", "'' \"\"", "<><>"),
    ("escaped_blank", r"a\\ b", "<a b>"),
    ("escaped_quote", r'"a\\"b"', '<a"b>'),
    ("escaped_backslash", r"\\\\x", r"<\x>"),
    ("escapes_in_quotes", r'"a\\$b\\`c\\nd"', r"<a$b`c\nd>"),
    ("escapes_of_the_file", r"a\sb\tc", "<a><b><c>"),
    ("no_variables", '$HOME "$HOME" ~', "<$HOME><$HOME><~>"),
    ("no_shell", "* a;b a|b&c (a) {a,b} a>b `id`", "<*><a;b><a|b&c><(a)><{a,b}><a>b><`id`>"),
    ("no_fields", "%f %U", "<%f><%U>"),
    ("umlaut", "\u00e4", "<\u00e4>"),
    ("comment", "a # b", "<a>"),
    ("hash_inside", "a#b", "<a#b>"),
]

# (label, Exec, the error)
BAD_QUOTES = [
    ("single", "/bin/true 'a", "ServiceUnknown"),
    ("double", '/bin/true "a', "ServiceUnknown"),
    ("backslash_last", r"/bin/true a\\", "ServiceUnknown"),
    ("nothing", "", "ServiceUnknown"),
]

# (label, text of the service file, whether the service is offered)
FILES = [
    ("good", GOOD, True),
    ("crlf", GOOD.replace("\n", "\r\n"), True),
    ("no_newline_at_the_end", GOOD[:-1], True),
    ("comments", "# c\n\n" + GOOD + "#\n", True),
    ("blanks_around_equal", GOOD.replace("=", " = "), True),
    ("other_sections", "[X]\nName=a.b\n" + GOOD + "[Y]\nName=a.b\n", True),
    ("unknown_key", GOOD + "Foo=bar\n", True),
    ("locale", GOOD + "Name[de]=a.b\n", True),
    ("key_twice", GOOD + "Name=a.b\n", True),
    ("section_twice", GOOD + GOOD.replace(S, "a.b"), True),
    ("section_split", GOOD.replace("Exec", "[D-BUS Service]\nExec"), False),
    ("empty", "", False),
    ("no_name", "[D-BUS Service]\nExec=/bin/true\n", False),
    ("no_exec", "[D-BUS Service]\nName=%s\n" % S, False),
    ("only_systemd", "[D-BUS Service]\nName=%s\nSystemdService=a.service\n" % S, True),
    ("name_of_a_locale", GOOD.replace("Name", "Name[de]"), False),
    ("section_in_other_case", GOOD.replace("D-BUS", "D-Bus"), False),
    ("blank_before_section", " " + GOOD, False),
    ("blank_before_key", GOOD.replace("Name", " Name"), False),
    ("tab_before_equal", GOOD.replace("=", "\t="), True),
    ("text_behind_section", GOOD.replace("]", "]x"), False),
    ("key_before_section", "a=b\n" + GOOD, False),
    ("bad_key", GOOD + "Fo_o=bar\n", False),
    ("no_equal", GOOD + "Foo\n", False),
    ("bad_escape", GOOD + "Foo=\\q\n", False),
    ("nul", GOOD + "Foo=\0\n", False),
    ("byte_order_mark", "\ufeff" + GOOD, False),
    ("too_long", GOOD + "X=" + "y" * 200000 + "\n", False),
]

# (label, Name, whether it is offered)
NAMES = [
    ("one_element", "com", False),
    ("digit", "com.1ex", False),
    ("unique", ":1.5", False),
    ("empty", "", False),
    ("driver", DRIVER, False),
    ("below_driver", DRIVER + ".Sub", True),
    ("longest", "a." + "b" * 253, True),
]


class ServiceTest(BusTest):
    def services(self, texts=None, more=None, **config):
        """A bus with these service files; S alone if none are given."""
        texts = {"services/%s.service" % S: GOOD} if texts is None else texts
        texts = {"serve": SERVE, "arguments": ARGUMENTS, "services/none": "", **texts, **(more or {})}
        folders = "<servicedir>@/services</servicedir><servicedir>@/more</servicedir>"
        bus = self.bus(files=texts, tail=folders, **config)
        self.addCleanup(self.end_services, bus)
        return bus

    def end_services(self, bus):
        for name in os.listdir(bus.folder):
            if name.endswith(".pid"):
                try:
                    os.kill(int(self.said(bus, name[:-4])), signals.SIGKILL)
                except (ProcessLookupError, ValueError):
                    pass

    def said(self, bus, name, timeout=10.0):
        """What the program of the service wrote, a pid mostly; NOT_STARTED if nothing came."""
        path = os.path.join(bus.folder, name + ".pid")
        deadline = time.monotonic() + timeout
        while not os.path.exists(path) or not os.path.getsize(path):
            if time.monotonic() > deadline:
                return NOT_STARTED
            time.sleep(0.005)
        with open(path, encoding="utf-8") as file:
            return file.read()

    def assert_started(self, bus, name=S):
        self.assertIsNot(self.said(bus, name), NOT_STARTED)

    def assert_not_started(self, bus, name=S):
        self.assertIs(self.said(bus, name, 0.15), NOT_STARTED)

    def owner_of(self, bus, name=S, **more):
        """Who takes the name of the service, once that was started."""
        self.assert_started(bus, name)
        owner = bus.client(**more)
        owner.request_name(name)
        return owner

    def offered(self, client):
        return sorted(set(client.driver("ListActivatableNames")[0]) - {DRIVER})

    def start(self, client, name=S, flags=0):
        return client.send(call(DRIVER, DRIVER_PATH, DRIVER, "StartServiceByName", "su", (name, flags)))


class Start(ServiceTest):
    def test_by_call(self):
        bus = self.services()
        client = bus.client()
        serial = client.send(call(S, "/a", "a.b", "C", "s", ("x",)))
        owner = self.owner_of(bus)
        got = owner.expect(member="C")
        self.assertEqual((got.sender, got.destination, got.args), (client.name, S, ("x",)))
        owner.send(Message(type=RETURN, destination=client.name, reply_serial=got.serial))
        self.assertEqual(client.answer(serial).sender, owner.name)

    def test_by_signal(self):
        bus = self.services()
        bus.client().send(signal("/a", "a.b", "Sig", destination=S))
        self.owner_of(bus).expect(member="Sig")

    @rows([("return", RETURN), ("error", ERROR)])
    def test_by_reply(self, kind):
        """Unrequested, and the policy lets it through: started like by any other."""
        bus = self.services(policy=SESSION)
        client = bus.client()
        client.send(Message(type=kind, reply_serial=77, destination=S, error="a.b.C" if kind == ERROR else None))
        self.assertEqual(self.owner_of(bus).expect(type=kind).reply_serial, 77)

    @rows([("call", call(S, "/a", "a.b", "C", flags=NO_AUTO_START)),
           ("signal", signal("/a", "a.b", "C", destination=S, flags=NO_AUTO_START))])
    def test_no_auto_start(self, message):
        bus = self.services()
        client = bus.client()
        self.refused("NameHasNoOwner", client.call, message)
        self.assert_not_started(bus)

    def test_by_name(self):
        bus = self.services()
        client = bus.client()
        serials = [self.start(client), self.start(client, flags=0xFFFFFFFF)]
        self.owner_of(bus)
        for serial in serials:
            self.assertEqual(client.result(serial), (STARTED,))
        self.assertEqual(client.driver("StartServiceByName", "su", S, 0), (RUNNING,))

    @rows([("none", T), ("driver", DRIVER), ("unique", ":1.0"), ("no_name", "no name"), ("empty", "")])
    def test_unknown(self, name):
        client = self.services().client()
        self.assertIn(name, self.refused("ServiceUnknown", client.driver, "StartServiceByName", "su", name, 0))

    def test_unknown_but_owned(self):
        client = self.services().client()
        client.request_name(T)
        self.refused("ServiceUnknown", client.driver, "StartServiceByName", "su", T, 0)

    def test_refusal_names_the_service(self):
        client = self.services().client()
        self.assertIn(T, self.refused("ServiceUnknown", client.call, call(T, "/a", "a.b", "C")))

    def test_once(self):
        bus = self.services()
        client = bus.client()
        for _ in range(5):
            client.send(call(S, "/a", "a.b", "C"))
            self.start(client)
        client.sync()
        self.assert_started(bus)
        time.sleep(0.1)
        with open("%s/%s.count" % (bus.folder, S), encoding="utf-8") as file:
            self.assertEqual(file.read(), "\n")


class Held(ServiceTest):
    def test_order(self):
        """In the order in which they came, before the answer to who took the name."""
        bus = self.services()
        one, two = bus.client(), bus.client()
        one.send(call(S, "/a", "a.b", "One"))
        one.sync()
        two.send(call(S, "/a", "a.b", "Two"))
        two.sync()
        started = self.start(one)
        one.send(signal("/a", "a.b", "Three", destination=S))
        one.send(call(S, "/a", "a.b", "Four", flags=NO_REPLY))
        one.sync()
        self.assert_started(bus)
        owner = bus.client()
        serial = owner.send(call(DRIVER, DRIVER_PATH, DRIVER, "RequestName", "su", (S, 0)))
        owner.sync()
        self.assertEqual([m.member for m in owner.inbox], ["NameAcquired", "One", "Two", "Three", "Four", None])
        self.assertEqual(owner.inbox[-1].reply_serial, serial)
        self.assertEqual(one.result(started), (STARTED,))
        self.assertEqual(one.taken(type=ERROR) + two.taken(type=ERROR), [])

    def test_many_and_large(self):
        bus = self.services()
        client = bus.client()
        for i in range(300):
            client.send(call(S, "/a", "a.b", "C", "uay", (i, bytes([i % 256]) * (i * 37)), flags=NO_REPLY))
        client.sync()
        owner = self.owner_of(bus)
        for i in range(300):
            self.assertEqual(owner.expect(member="C").args, (i, bytes([i % 256]) * (i * 37)))

    def test_descriptors(self):
        bus = self.services()
        client = bus.client()
        pipes = [os.pipe() for _ in range(3)]
        sent = [fd_number(read) for read, _ in pipes]
        client.send(call(S, "/a", "a.b", "Two", "hh", (0, 1), fds=[pipes[0][0], pipes[1][0]]))
        client.send(call(S, "/a", "a.b", "None"))
        client.send(call(S, "/a", "a.b", "One", "h", (0,), fds=[pipes[2][0]]))
        client.sync()
        for pair in pipes:
            os.close(pair[0])
        owner = self.owner_of(bus)
        got = [owner.expect(member=member).fds for member in ("Two", "None", "One")]
        self.assertEqual([[fd_number(fd) for fd in fds] for fds in got], [sent[:2], [], sent[2:]])
        for fd in sum(got, []) + [pair[1] for pair in pipes]:
            os.close(fd)

    def test_descriptors_not_taken(self):
        """Only the message that carries some is refused."""
        bus = self.services()
        client = bus.client()
        with open("/dev/null", "rb") as file:
            serial = client.send(call(S, "/a", "a.b", "Fd", "h", (0,), fds=[file.fileno()]))
        client.send(call(S, "/a", "a.b", "Plain"))
        owner = self.owner_of(bus, fds=False)
        owner.expect(member="Plain")
        self.assertEqual(owner.taken(member="Fd"), [])
        self.assertEqual(client.answer(serial).error, FAULT + "NotSupported")

    def test_sender_gone(self):
        bus = self.services()
        one, two, three = bus.client(), bus.client(), bus.client()
        one.send(call(S, "/a", "a.b", "Gone"))
        one.send(signal("/a", "a.b", "Gone", destination=S))
        self.start(one)
        one.sync()
        two.send(call(S, "/a", "a.b", "Stays"))
        two.sync()
        three.add_match("type='signal',member='NameOwnerChanged'")
        one.close()
        three.expect(member="NameOwnerChanged", args=(one.name, one.name, ""))
        bus.clients.remove(one)
        owner = self.owner_of(bus)
        self.assertEqual([m.member for m in owner.taken(path="/a")], ["Stays"])

    def test_all_senders_gone(self):
        bus = self.services()
        one, two = bus.client(), bus.client()
        one.send(call(S, "/a", "a.b", "Gone"))
        self.assert_started(bus)
        one.close()
        bus.clients.remove(one)
        two.send(call(S, "/a", "a.b", "Stays"))
        self.owner_of(bus).expect(member="Stays")

    def test_to_oneself(self):
        bus = self.services()
        client = bus.client()
        client.send(call(S, "/a", "a.b", "C"))
        self.assert_started(bus)
        client.request_name(S)
        self.assertEqual(client.expect(member="C").sender, client.name)

    def test_eavesdropper_of_the_request(self):
        """What is held does not get into the way of the message that brings the name."""
        bus = self.services(policy=SESSION)
        client, listener, monitor = bus.client(), bus.client(), bus.client()
        listener.add_match("eavesdrop='true',member='RequestName'")
        monitor.driver("BecomeMonitor", "asu", [], 0, interface=DRIVER + ".Monitoring")
        for i in range(20):
            client.send(call(S, "/a", "a.b", "C", "s", ("x" * 50 * i,), flags=NO_REPLY))
        owner = self.owner_of(bus)
        seen = listener.expect(member="RequestName")
        self.assertEqual((seen.sender, seen.args), (owner.name, (S, 0)))
        self.assertEqual(monitor.expect(member="RequestName").args, (S, 0))


class Failure(ServiceTest):
    @rows([
        ("exits", "/bin/sh -c 'exit 3'", "ChildExited", "status 3"),
        ("dies", "/bin/sh -c 'kill -9 $$'", "ChildSignaled", "signal 9"),
        ("missing", "/nonexistent/program", "ExecFailed", "No such file or directory"),
        ("not_executable", "@/serve", "ExecFailed", "Permission denied"),
        ("folder", "/usr", "ExecFailed", "Permission denied"),
        ("no_interpreter", "@/bad", "ExecFailed", "No such file or directory"),
        ("no_search", "sh -c 'exit 3'", "ExecFailed", "No such file or directory"),
    ])
    def test_start(self, command, error, text):
        """Everybody who waits is told: also whoever wants no reply, and of a signal."""
        bus = self.services(files(com_ex_S=service(S, command)), {"bad": "#!/nonexistent/program\n"})
        os.chmod(bus.folder + "/bad", 0o755)
        client, other = bus.client(), bus.client()
        messages = [
            call(S, "/a", "a.b", "C"),
            call(S, "/a", "a.b", "C", flags=NO_REPLY),
            signal("/a", "a.b", "C", destination=S),
            call(DRIVER, DRIVER_PATH, DRIVER, "StartServiceByName", "su", (S, 0)),
        ]
        for message in messages:
            answer = client.answer(client.send(message))
            self.assertEqual((answer.error, answer.sender), (FAULT + SPAWN + error, DRIVER))
            self.assertIn(text, answer.args[0])
        self.assertEqual(other.taken(type=ERROR), [])

    @rows([("call", call(S, "/a", "a.b", "C")), ("signal", signal("/a", "a.b", "C", destination=S))])
    def test_too_late(self, message):
        bus = self.services(limits={"service_start_timeout": 300})
        client = bus.client()
        text = self.refused("TimedOut", client.call, message)
        self.assertIn(S, text)
        owner = self.owner_of(bus)
        self.assertEqual(owner.taken(path="/a"), [])

    def test_too_late_is_killed(self):
        """The program that did not make it is ended; the next start is a new one."""
        bus = self.services(limits={"service_start_timeout": 300})
        client = bus.client()
        self.refused("TimedOut", client.call, call(S, "/a", "a.b", "C"))
        pid = int(self.said(bus, S))
        os.unlink(bus.folder + "/%s.pid" % S)
        client.send(call(S, "/a", "a.b", "Again"))
        self.owner_of(bus).expect(member="Again")
        deadline = time.monotonic() + 5
        while self.runs(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(self.runs(pid))

    def runs(self, pid):
        try:
            with open("/proc/%d/stat" % pid, encoding="ascii") as file:
                return file.read().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def test_end_of_an_earlier_run(self):
        """How the previous program ends is no answer to who waits for the next one."""
        bus = self.services()
        client = bus.client()
        client.send(call(S, "/a", "a.b", "One"))
        owner = self.owner_of(bus)
        pid = int(self.said(bus, S))
        os.unlink(bus.folder + "/%s.pid" % S)
        owner.release_name(S)
        serial = client.send(call(S, "/a", "a.b", "Two"))
        self.assert_started(bus)
        os.kill(pid, signals.SIGKILL)
        time.sleep(0.1)
        self.assertEqual([m for m in client.taken(type=ERROR) if m.reply_serial == serial], [])
        owner.request_name(S)
        owner.expect(member="Two")

    def test_pending_starts(self):
        names = ["com.ex.S%d" % i for i in range(4)]
        bus = self.services(
            {"services/%s.service" % name: service(name) for name in names},
            limits={"max_pending_service_starts": 2},
        )
        client = bus.client()
        for name in names[:2]:
            client.send(call(name, "/a", "a.b", "C"))
        client.sync()
        self.refused("LimitsExceeded", client.call, call(names[2], "/a", "a.b", "C"))
        self.refused("LimitsExceeded", client.driver, "StartServiceByName", "su", names[3], 0)
        self.owner_of(bus, names[0])
        client.send(call(names[2], "/a", "a.b", "C"))
        self.owner_of(bus, names[2]).expect(member="C")
        self.assert_not_started(bus, names[3])
        self.assert_started(bus, names[1])

    def test_pending_starts_are_no_messages(self):
        """What counts is starts, not who waits for them; and no start is needed for what runs."""
        bus = self.services(files(com_ex_S=GOOD, com_ex_T=service(T)), limits={"max_pending_service_starts": 1})
        client = bus.client()
        serials = [client.send(call(S, "/a", "a.b", "C")) for _ in range(4)]
        self.assertEqual([m for m in client.taken(type=ERROR) if m.reply_serial in serials], [])
        self.owner_of(bus)
        client.send(call(T, "/a", "a.b", "C"))
        self.assert_started(bus, T)
        self.assertEqual(client.driver("StartServiceByName", "su", S, 0), (RUNNING,))


DENY_CALL = '<policy context="mandatory"><deny send_destination="%s" %s/></policy>'


class Policy(ServiceTest):
    @rows([
        ("call", call(S, "/a", "a.b", "No")),
        ("signal", signal("/a", "a.b", "No", destination=S)),
        ("return", Message(type=RETURN, reply_serial=9, destination=S)),
        ("error", Message(type=ERROR, error="a.b", reply_serial=9, destination=S)),
    ])
    def test_before_the_start(self, message):
        deny = DENY_CALL % (S, 'send_interface="a.b" send_member="No"')
        bus = self.services(policy=OPEN + deny)
        client = bus.client()
        answer = client.answer(client.send(message))
        self.assertEqual(answer.error, FAULT + "AccessDenied")
        self.assert_not_started(bus)

    def test_start_by_name(self):
        """Who may not talk to a service does not start it."""
        bus = self.services(policy=OPEN + DENY_CALL % (S, ""))
        self.refused("AccessDenied", bus.client().driver, "StartServiceByName", "su", S, 0)
        self.assert_not_started(bus)

    @rows([
        ("other_name", DENY_CALL % (T, 'send_interface="a.b" send_member="No"')),
        ("receive", '<policy context="mandatory"><deny receive_interface="a.b" receive_member="No"/></policy>'),
    ])
    def test_at_delivery(self, deny):
        """What the policy says only when the receiver is known; the others are delivered."""
        bus = self.services(policy=OPEN + deny)
        client = bus.client()
        serials = [client.send(call(S, "/a", "a.b", member)) for member in ("Yes", "No", "Too")]
        self.assert_started(bus)
        owner = bus.client()
        owner.request_name(T)
        owner.request_name(S)
        self.assertEqual([m.member for m in owner.taken(path="/a")], ["Yes", "Too"])
        answers = client.taken(type=ERROR)
        self.assertEqual([(m.error, m.reply_serial) for m in answers], [(FAULT + "AccessDenied", serials[1])])


class Environment(ServiceTest):
    def environment(self, bus):
        """Read until it stays the same: the program of the service executes another one meanwhile."""
        path, last = "/proc/%d/environ" % int(self.said(bus, S)), None
        while True:
            with open(path, "rb") as file:
                text = file.read()
            if text and text == last:
                return dict(line.split("=", 1) for line in text.decode().split("\0") if line)
            last = text
            time.sleep(0.05)

    def test_session(self):
        ours = {"KEPT": "1", "CHANGED": "1", "DBUS_STARTER_ADDRESS": "x", "DBUS_STARTER_BUS_TYPE": "x"}
        systemd = ("NOTIFY_SOCKET", "INVOCATION_ID", "JOURNAL_STREAM", "LISTEN_FDNAMES")
        bus = self.services(env={**ours, **dict.fromkeys(systemd, "/x")})
        client = bus.client()
        client.driver("UpdateActivationEnvironment", "a{ss}", {"CHANGED": "2", "DBUS_STARTER_ADDRESS": "y"})
        client.driver("UpdateActivationEnvironment", "a{ss}", {"ADDED": "a=b c\n"})
        client.send(call(S, "/a", "a.b", "C"))
        got = self.environment(bus)
        wanted = {"KEPT": "1", "CHANGED": "2", "ADDED": "a=b c\n", "DBUS_STARTER_BUS_TYPE": "session"}
        wanted.update(DBUS_STARTER_ADDRESS=bus.address, DBUS_SESSION_BUS_ADDRESS=bus.address)
        self.assertEqual({name: got.get(name) for name in wanted}, wanted)
        self.assertEqual(set(systemd) & set(got), set())

    def test_other_type(self):
        """A bus that is neither the session's nor the system's says its type and its address."""
        bus = self.services(type="other", env={"DBUS_SESSION_BUS_ADDRESS": "x", "DBUS_STARTER_BUS_TYPE": "x"})
        bus.client().send(call(S, "/a", "a.b", "C"))
        got = self.environment(bus)
        self.assertEqual((got["DBUS_SESSION_BUS_ADDRESS"], got["DBUS_STARTER_BUS_TYPE"]), ("x", "other"))
        self.assertEqual(got["DBUS_STARTER_ADDRESS"], bus.address)

    def test_not_for_everybody(self):
        bus = self.services()
        other = bus.client(uid=ALICE)
        self.refused("AccessDenied", other.driver, "UpdateActivationEnvironment", "a{ss}", {"A": "b"})


class Files(ServiceTest):
    @rows(QUOTES)
    def test_arguments(self, arguments, wanted):
        bus = self.services(files(com_ex_S=service(S, "/bin/sh -c '. @/arguments' out " + arguments)))
        bus.client().send(call(S, "/a", "a.b", "C"))
        self.assertEqual(self.said(bus, "out"), self.wanted(wanted))

    @rows(BAD_QUOTES)
    def test_bad_command(self, command, error):
        bus = self.services(files(com_ex_S=service(S, command)))
        self.refused(self.wanted(error), bus.client().call, call(S, "/a", "a.b", "C"))

    @rows(FILES)
    def test_file(self, text, offered):
        """A bad file costs its service, and nobody else."""
        bus = self.services(files(com_ex_S=text, com_ex_T=service(T)))
        wanted = [S, T] if self.wanted(offered) else [T]
        self.assertEqual(self.offered(bus.client()), wanted)

    @rows(NAMES)
    def test_name(self, name, offered):
        bus = self.services(files(x=service(name)))
        self.assertEqual(self.offered(bus.client()), [name] if self.wanted(offered) else [])

    @rows([("other_file_name", "x.service", True), ("other_suffix", S + ".text", False),
           ("capitals", S + ".SERVICE", False), ("hidden", ".%s.service" % S, True),
           ("below", "x/%s.service" % S, False)])
    def test_file_name(self, name, offered):
        bus = self.services({"services/" + name: GOOD})
        self.assertEqual(self.offered(bus.client()), [S] if offered else [])

    def test_first_folder_wins(self):
        bus = self.services({"services/%s.service" % S: GOOD, "more/%s.service" % S: service(S, "/bin/false"),
                             "more/%s.service" % T: service(T)})
        client = bus.client()
        self.assertEqual(self.offered(client), [S, T])
        client.send(call(S, "/a", "a.b", "C"))
        self.assert_started(bus)


class Reload(ServiceTest):
    def changed(self, client):
        """How many ActivatableServicesChanged a reload brings."""
        client.driver("ReloadConfig")
        return len(client.taken(member="ActivatableServicesChanged"))

    def listener(self, bus):
        return bus.client().add_match("type='signal',member='ActivatableServicesChanged'")

    def test_new_service(self):
        bus = self.services()
        client = self.listener(bus)
        bus.write("services/%s.service" % T, service(T))
        client.driver("ReloadConfig")
        client.expect(member="ActivatableServicesChanged", sender=DRIVER, path=DRIVER_PATH, destination=None)
        self.assertEqual(self.offered(client), [S, T])
        client.send(call(T, "/a", "a.b", "C"))
        self.assert_started(bus, T)

    def test_by_itself(self):
        """Folders are watched."""
        bus = self.services()
        client = self.listener(bus)
        os.rename(bus.write("x", service(T)), bus.folder + "/services/%s.service" % T)
        client.expect(member="ActivatableServicesChanged")
        self.assertEqual(self.offered(client), [S, T])

    def test_same_services(self):
        """Nothing is announced if nothing changed."""
        client = self.listener(self.services())
        self.assertEqual(self.changed(client), 0)

    def test_removed_while_it_starts(self):
        bus = self.services()
        client = self.listener(bus)
        client.send(call(S, "/a", "a.b", "Held"))
        self.assert_started(bus)
        os.unlink(bus.folder + "/services/%s.service" % S)
        client.driver("ReloadConfig")
        client.expect(member="ActivatableServicesChanged")
        self.refused("ServiceUnknown", client.call, call(S, "/a", "a.b", "New"))
        owner = self.owner_of(bus)
        self.assertEqual([m.member for m in owner.taken(path="/a")], ["Held"])

    def test_command_changed(self):
        bus = self.services(files(com_ex_S=service(S, "/bin/false")))
        client = bus.client()
        self.refused(SPAWN + "ChildExited", client.call, call(S, "/a", "a.b", "C"))
        bus.write("services/%s.service" % S, GOOD)
        client.driver("ReloadConfig")
        client.send(call(S, "/a", "a.b", "C"))
        self.assert_started(bus)
