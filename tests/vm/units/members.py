"""members - units with a process each that connects to buses as it is told (see member)."""

import json
import os
import socket
import subprocess
import time

from wire import Client

FOLDER = "/run/members"
# all have the same user: uids tell nobody apart
USER = 1
# who logs in, with a manager of its own
PERSON = 1000
PATIENCE = 30

UNIT = """[Unit]
Description=a member
[Service]
Type=exec
ExecStart=/tests/vm/units/member {folder}/{name}
SyslogIdentifier={name}
{more}
"""


def run(*command, **more):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True, **more).stdout


def control_group(pid):
    """As of cgroup v2."""
    with open("/proc/%d/cgroup" % pid, encoding="ascii") as file:
        return file.read().strip().split("::")[1]


def move(pid, unit):
    """Into the control group of a unit of ours, as only root can."""
    with open("/sys/fs/cgroup%s/cgroup.procs" % unit.group(), "w", encoding="ascii") as file:
        file.write(str(pid))


class Member:
    """A system unit, running."""

    def __init__(self, name):
        self.name = name
        self.socket = os.path.join(FOLDER, name)

    def start(self):
        self.systemctl("start", self.name)
        deadline = time.monotonic() + PATIENCE
        while not os.path.exists(self.socket):
            assert time.monotonic() < deadline, self.systemctl("status", self.name)
            time.sleep(0.02)
        return self

    def stop(self):
        self.systemctl("stop", self.name)
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    @staticmethod
    def systemctl(*words):
        return run("systemctl", *words)

    def pid(self):
        return int(self.systemctl("show", "-P", "MainPID", self.name))

    def group(self):
        return self.systemctl("show", "-P", "ControlGroup", self.name).strip()

    def tell(self, *command):
        """The answer's value, and the socket that came with it or None."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(self.socket)
            sock.send(json.dumps(command).encode())
            data, fds, _, _ = socket.recv_fds(sock, 4096, 1)
        assert data, "%s did not do %s" % (self.name, command)
        return json.loads(data), socket.socket(fileno=fds[0]) if fds else None

    def connection(self, bus, how="connect", speaks=False):
        """(pid, what the bus has not been told a word over yet, or is authenticated)"""
        pid, sock = self.tell(how, bus.address.split(",")[0].removeprefix("unix:path="), speaks)
        client = Client(sock)
        bus.clients.append(client)
        if speaks:
            client.takes_fds = True
            client.talk()
        return pid, client

    def client(self, bus, how="connect"):
        """A connection that has said Hello."""
        return self.connection(bus, how, True)[1].hello()

    @staticmethod
    def uid():
        return USER


class Personal(Member):
    """A unit of a user's own manager."""

    def __init__(self, name):
        super().__init__(name)
        self.socket = os.path.join(FOLDER, "personal-" + name)

    @staticmethod
    def systemctl(*words):
        folder = "/run/user/%d" % PERSON
        return run("setpriv", "--reuid=%d" % PERSON, "--regid=%d" % PERSON, "--clear-groups", "systemctl", "--user",
                   *words, env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": folder})

    @staticmethod
    def uid():
        return PERSON


def install(units, personal):
    """Writes the files of these units, {name: further lines}, and makes both managers read them."""
    os.makedirs(FOLDER, exist_ok=True)
    os.chmod(FOLDER, 0o777)
    for folder, prefix, list_of in (("/run/systemd/system", "", units), ("/run/systemd/user", "personal-", personal)):
        os.makedirs(folder, exist_ok=True)
        for name, more in list_of.items():
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                if not name.endswith(".slice"):
                    socket_name = prefix + name.replace("@", "@%i")
                    file.write(UNIT.format(folder=FOLDER, name=socket_name, more=more))
    run("systemctl", "daemon-reload")
    run("systemctl", "start", "user@%d.service" % PERSON)
