"""Where the files of services lie, what they have to be called, and what happens when they change
while the bus runs."""

import os
import shutil
import stat
import subprocess
import tempfile
import time
import unittest

import harness
from harness import ALICE, IS_REFERENCE, IS_ROOT, need, rows
from test_activation import GOOD, S, SPAWN, T, ServiceTest, service
from wire import call

SESSION_FOLDERS = "<standard_session_servicedirs/>"
SYSTEM_FOLDERS = "<standard_system_servicedirs/>"
# below the folder of the bus, the first wins
IN_SESSION = ["runtime/dbus-1/services", "home/dbus-1/services", "a/dbus-1/services", "b/dbus-1/services"]
IN_SYSTEM = ["/etc/dbus-1/system-services", "/run/dbus-1/system-services", "/usr/local/share/dbus-1/system-services",
             "/usr/share/dbus-1/system-services", "/lib/dbus-1/system-services"]


def exits(name, status):
    return service(name, "/bin/sh -c 'exit %d'" % status)


# what says its pid, as what test_activation serves
SERVE = "echo $$ > @/$1.new; mv @/$1.new @/$1.pid; exec sleep 30\n"


class FolderTest(ServiceTest):
    def session(self, texts, **more):
        """A bus whose service files lie where those of a session do."""
        env = {"XDG_RUNTIME_DIR": "@/runtime", "XDG_DATA_HOME": "@/home", "XDG_DATA_DIRS": "@/a:@/b"}
        return self.folders(SESSION_FOLDERS, texts, env, **more)

    def folders(self, tail, texts, env, **more):
        # the environment names the folder before the bus has made it
        folder = tempfile.mkdtemp(prefix="services-")
        os.chmod(folder, 0o755)
        self.addCleanup(shutil.rmtree, folder)
        self.folder = folder
        for name in ("runtime", "home", "a", "b"):
            os.mkdir(os.path.join(folder, name), 0o755)
        os.chmod(folder + "/runtime", 0o700)
        for name, text in {"serve": SERVE, **texts}.items():
            self.put(name, text.replace("@", folder))
        env = {name: value.replace("@", folder) for name, value in env.items()}
        bus = self.bus(tail=tail.replace("@", folder), env=env, **more)
        self.addCleanup(self.end_services, bus)
        return bus

    def put(self, name, text):
        """As packages do: all at once."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def ours(self, client):
        """What is offered beside what this machine offers."""
        return [name for name in self.offered(client) if name.startswith("com.ex.")]

    def status(self, client, name=S):
        """The exit status of the service's program."""
        text = self.refused(SPAWN + "ChildExited", client.driver, "StartServiceByName", "su", name, 0)
        return int(text.rpartition(" ")[2])


class Session(FolderTest):
    @rows([(folder.partition("/")[0], folder) for folder in IN_SESSION])
    def test_each_folder(self, folder):
        client = self.session({"%s/%s.service" % (folder, S): exits(S, 7)}).client()
        self.assertEqual(self.ours(client), [S])
        self.assertEqual(self.status(client), 7)

    def test_first_wins(self):
        """Of files for the same name, and back to the next when that goes."""
        files = ["%s/%s.service" % (folder, S) for folder in IN_SESSION]
        bus = self.session({file: exits(S, 10 + n) for n, file in enumerate(files)})
        client = bus.client()
        for n, file in enumerate(files):
            self.assertEqual(self.status(client), 10 + n)
            os.unlink(os.path.join(self.folder, file))
            client.driver("ReloadConfig")
        self.assertEqual(self.ours(client), [])

    def test_bad_file_does_not_hide(self):
        """A file that is none leaves the name to the next folder."""
        client = self.session({
            IN_SESSION[1] + "/%s.service" % S: "nonsense\n",
            IN_SESSION[2] + "/%s.service" % S: exits(S, 7),
        }).client()
        self.assertEqual(self.status(client), 7)

    def test_name_twice_in_a_folder(self):
        """Whichever it is, there is one service."""
        client = self.session({
            IN_SESSION[1] + "/x.service": exits(S, 7),
            IN_SESSION[1] + "/%s.service" % S: exits(S, 7),
        }).client()
        self.assertEqual(self.ours(client), [S])
        self.assertEqual(self.status(client), 7)

    @rows([("transient", IN_SESSION[0], []), ("of_a_user", IN_SESSION[1], [S]), ("of_packages", IN_SESSION[2], [S])])
    def test_other_file_name(self, folder, wanted):
        """In the transient folder a file has to be called as its service."""
        client = self.session({folder + "/x.service": GOOD}).client()
        self.assertEqual(self.ours(client), wanted)

    def test_transient_folder_is_made(self):
        bus = self.session({})
        client = bus.client()
        for name in ("dbus-1", "dbus-1/services"):
            status = os.stat(os.path.join(self.folder, "runtime", name))
            self.assertTrue(stat.S_ISDIR(status.st_mode))
            self.assertEqual((stat.S_IMODE(status.st_mode), status.st_uid), (0o700, os.geteuid()))
        self.put(IN_SESSION[0] + "/%s.service" % S, exits(S, 7))
        client.driver("ReloadConfig")
        self.assertEqual(self.status(client), 7)

    @unittest.skipUnless(IS_ROOT, "needs root, to give a folder away")
    def test_transient_folder_of_somebody_else(self):
        """Nothing is made in a folder that is not ours."""
        bus = self.session({})
        bus.client().sync()
        other = os.path.join(self.folder, "other")
        os.mkdir(other, 0o777)
        os.chown(other, ALICE, ALICE)
        second = self.bus(tail=SESSION_FOLDERS, env={"XDG_RUNTIME_DIR": other})
        second.client().sync()
        self.assertEqual(os.listdir(other), [])

    def test_relative_folders(self):
        """The specification of these variables says to ignore them."""
        bus = self.folders(SESSION_FOLDERS, {"a/dbus-1/services/%s.service" % S: GOOD},
                           {"XDG_RUNTIME_DIR": "@/runtime", "XDG_DATA_HOME": "home", "XDG_DATA_DIRS": "a::@/a:b"})
        self.assertEqual(self.ours(bus.client()), [S])

    def test_no_folder(self):
        """What is not there is no fault, and is found once it is there."""
        bus = self.session({})
        client = bus.client()
        self.assertEqual(self.ours(client), [])
        self.put("b/dbus-1/services/%s.service" % S, exits(S, 7))
        client.driver("ReloadConfig")
        self.assertEqual(self.status(client), 7)

    @rows([("before", "<servicedir>@/x</servicedir>" + SESSION_FOLDERS, 7),
           ("behind", SESSION_FOLDERS + "<servicedir>@/x</servicedir>", 8)])
    def test_with_others(self, tail, wanted):
        """<servicedir> and the standard folders have precedence as they stand."""
        bus = self.folders(tail, {"x/%s.service" % S: exits(S, 7), "a/dbus-1/services/%s.service" % S: exits(S, 8)},
                           {"XDG_RUNTIME_DIR": "@/runtime", "XDG_DATA_HOME": "@/home", "XDG_DATA_DIRS": "@/a"})
        self.assertEqual(self.status(bus.client()), wanted)


@unittest.skipUnless(IS_ROOT, "needs root, for a file system of its own")
class System(FolderTest):
    """The standard folders of a system, laid over those of this machine for the bus alone."""

    def system(self, texts):
        need("unshare", "mount")
        probe = subprocess.run(["unshare", "--mount", "true"], check=False, stderr=subprocess.DEVNULL)
        if probe.returncode:
            self.skipTest("no mount namespace is to be had")
        folder = tempfile.mkdtemp(prefix="system-")
        self.addCleanup(shutil.rmtree, folder)
        script = "#!/bin/bash\nset -e\nmount --make-rprivate /\n"
        for n, path in enumerate(IN_SYSTEM):
            below = os.path.join(folder, str(n))
            real = os.path.realpath(path)
            os.makedirs(below)
            for name, text in texts.get(path, {}).items():
                with open(os.path.join(below, name), "w", encoding="utf-8") as file:
                    file.write(text)
            self.make_folder(real)
            script += "mount --bind %s %s\n" % (below, real)
        os.chmod(folder, 0o755)
        script += 'exec -a dbus-daemon %s "$@"\n' % harness.PROGRAM
        wrapper = os.path.join(folder, "wrapper")
        with open(wrapper, "w", encoding="ascii") as file:
            file.write("#!/bin/bash\nexec unshare --mount %s/inside \"$@\"\n" % folder)
        with open(os.path.join(folder, "inside"), "w", encoding="ascii") as file:
            file.write(script)
        for name in ("wrapper", "inside"):
            os.chmod(os.path.join(folder, name), 0o755)
        was, harness.PROGRAM = harness.PROGRAM, wrapper
        try:
            return self.bus(tail=SYSTEM_FOLDERS, type="session")
        finally:
            harness.PROGRAM = was

    def make_folder(self, path):
        """Something to lay another one over."""
        if os.path.isdir(path):
            return
        self.make_folder(os.path.dirname(path))
        os.mkdir(path)
        self.addCleanup(os.rmdir, path)

    @rows([(path.partition("/dbus-1")[0].strip("/").replace("/", "_"), path) for path in IN_SYSTEM])
    def test_each_folder(self, path):
        client = self.system({path: {S + ".service": exits(S, 7)}}).client()
        self.assertEqual(self.offered(client), self.wanted([S]))

    def test_first_wins(self):
        client = self.system({path: {S + ".service": exits(S, 10 + n)} for n, path in enumerate(IN_SYSTEM)}).client()
        self.assertEqual(self.offered(client), [S])
        self.assertEqual(self.status(client), self.wanted(10))

    def test_other_file_name(self):
        """Of a system bus: nobody finds the program then."""
        bus = self.bus(type="system", tail="<servicedir>@/x</servicedir>",
                       files={"x/x.service": GOOD, "x/%s.service" % T: service(T)})
        self.assertEqual(self.offered(bus.client()), self.wanted([T]))


class Changes(FolderTest):
    """Folders are watched: what lies in them is offered without anybody asking for it."""

    FOLDER = IN_SESSION[2]

    def listener(self, texts):
        bus = self.session({"%s/%s.service" % (self.FOLDER, name): text for name, text in texts.items()})
        return bus.client().add_match("type='signal',member='ActivatableServicesChanged'")

    def file(self, name):
        return "%s/%s.service" % (self.FOLDER, name)

    def changes(self, client, wanted):
        client.expect(member="ActivatableServicesChanged")
        deadline = time.monotonic() + 5
        while self.ours(client) != wanted and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.ours(client), wanted)

    def test_new(self):
        client = self.listener({S: GOOD})
        self.put(self.file(T), service(T))
        self.changes(client, [S, T])

    def test_written_in_place(self):
        client = self.listener({S: GOOD})
        with open(os.path.join(self.folder, self.file(T)), "w", encoding="utf-8") as file:
            file.write(service(T))
        self.changes(client, [S, T])

    def test_removed(self):
        client = self.listener({S: GOOD, T: service(T)})
        os.unlink(os.path.join(self.folder, self.file(T)))
        self.changes(client, [S])

    def test_moved_away(self):
        client = self.listener({S: GOOD, T: service(T)})
        os.rename(os.path.join(self.folder, self.file(T)), os.path.join(self.folder, "away"))
        self.changes(client, [S])

    def test_becomes_bad(self):
        client = self.listener({S: GOOD, T: service(T)})
        self.put(self.file(T), "nonsense\n")
        self.changes(client, [S])
        self.put(self.file(T), service(T))
        self.changes(client, [S, T])

    def test_another_command(self):
        """Offered are the same, and what is executed is the new one."""
        client = self.listener({S: exits(S, 7)})
        self.assertEqual(self.status(client), 7)
        self.put(self.file(S), exits(S, 8))
        deadline = time.monotonic() + 5
        while self.status(client) == 7:
            self.assertLess(time.monotonic(), deadline, "the old one is still executed")
            time.sleep(0.05)
        self.assertEqual(self.status(client), 8)

    def test_another_name(self):
        client = self.listener({S: GOOD})
        self.put(self.file(S), service(T))
        self.changes(client, [T])


@unittest.skipIf(IS_REFERENCE, "says what is wrong in words of its own, or waits for ever")
class Logged(FolderTest):
    """What is ignored is told, with its place; the others are there."""

    FOLDER = IN_SESSION[2]

    def logged(self, make, *words):
        bus = self.session({self.FOLDER + "/%s.service" % T: service(T), self.FOLDER + "/y": ""})
        path = os.path.join(self.folder, self.FOLDER, S + ".service")
        make(path)
        client = bus.client()
        client.driver("ReloadConfig")
        self.assertEqual(self.ours(client), [T])
        bus.line(path, *words)
        self.assertEqual(sum(path in line for line in bus.text().splitlines()), 1, bus.text())

    def write(self, text):
        def make(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return make

    @rows([
        ("nonsense", "[D-BUS Service]\nnonsense\n", ":2:"),
        ("empty", "", "no Name"),
        ("name", "[D-BUS Service]\nName=com\nExec=/x\n", ":2:"),
        ("command", "[D-BUS Service]\nName=%s\nExec='x\n" % S, ":3:"),
        ("nothing_to_do", "[D-BUS Service]\nName=%s\n" % S, "neither Exec nor SystemdService"),
    ])
    def test_text(self, text, word):
        self.logged(self.write(text), word, "ignored" if word != "no Name" and word != ":2:" else word)

    def test_same_name(self):
        """Of two in a folder the first by name."""
        bus = self.session({self.FOLDER + "/a.service": exits(S, 7), self.FOLDER + "/b.service": exits(S, 8)})
        self.assertEqual(self.status(bus.client()), 7)
        bus.line("/b.service", "/a.service")
        lines = [line for line in bus.text().splitlines() if "/b.service" in line and "/a.service" in line]
        self.assertEqual(len(lines), 1)

    @rows([("folder", os.mkdir), ("fifo", os.mkfifo), ("dangling", lambda path: os.symlink("/nonexistent", path)),
           ("loop", lambda path: os.symlink(path, path)), ("device", lambda path: os.symlink("/dev/zero", path)),
           ("tty", lambda path: os.symlink("/dev/tty", path))])
    def test_no_file(self, make):
        """Nothing that is no file is waited for, or read without end."""
        self.logged(make)

    @unittest.skipUnless(IS_ROOT, "needs root, to be somebody who may not")
    def test_unreadable(self):
        """By a user's bus: that of root may read everything."""
        need("setpriv")
        folder = tempfile.mkdtemp(prefix="services-")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        for name in (S, T):
            with open("%s/%s.service" % (folder, name), "w", encoding="utf-8") as file:
                file.write(exits(name, 7))
        os.chmod("%s/%s.service" % (folder, S), 0)
        wrapper = os.path.join(folder, "wrapper")
        with open(wrapper, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\nexec setpriv --reuid daemon --clear-groups %s \"$@\"\n" % harness.PROGRAM)
        os.chmod(wrapper, 0o755)
        was, harness.PROGRAM = harness.PROGRAM, wrapper
        try:
            bus = self.bus(tail="<servicedir>%s</servicedir>" % folder, listen=["unix:tmpdir=/tmp"])
        finally:
            harness.PROGRAM = was
        client = bus.client(ALICE)
        self.assertEqual(self.ours(client), [T])
        self.assertEqual(self.status(client, T), 7)
        bus.line("%s/%s.service" % (folder, S))
