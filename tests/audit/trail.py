"""trail - what the kernel's audit trail is given, and what the audit tools make of it.

A Tap reads every record as it is made, beside whoever else does. An Auditd is a private audit daemon
whose log ausearch and aureport are asked about. Both leave the machine's audit as it was.
"""

import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

from harness import ours

USER_AVC, USYS_CONFIG, DAC_CHECK, POLICY_LOAD = 1107, 1111, 1118, 2310

NETLINK_AUDIT, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, READLOG = 9, 270, 1, 1
SO_RCVBUFFORCE = 33

# a value as docs/dbus-warden-records.7 has it; anything else could be a forged one
FIELD = re.compile(r"""([a-z_][a-z0-9_]*)=(?:"([!#-&(-<>-~]*)"|([0-9A-F]+|[a-z0-9_]+|-?[0-9]+|\?))""")
# their values are no texts, though they may look like one in hexadecimal digits
PLAIN = {"verb", "uid", "auid", "ses", "pid", "peer_uid", "peer_auid", "peer_ses", "peer_pid", "msgtype", "reply",
         "fds", "judge", "limit", "figure", "generation", "checksum", "permissive", "repeats", "others", "lost",
         "suid", "sauid", "res"}


def status():
    """auditctl's figures: enabled, pid, lost, backlog ..."""
    text = subprocess.run(["auditctl", "-s"], capture_output=True, text=True, check=True).stdout
    return {key: int(value) for key, value in re.findall(r"^(\w+) (\d+)", text, re.MULTILINE)}


def why_not():
    """Why the kernel's audit cannot be tested here; None if it can."""
    if os.geteuid() != 0:
        return "not root"
    if not shutil.which("auditctl") or not shutil.which("ausearch"):
        return "auditd is not installed"
    try:
        if status()["pid"] != 0:
            return "an audit daemon runs here"
        Tap().close()
    except (OSError, subprocess.CalledProcessError, KeyError):
        return "the kernel has no audit, or it is not ours"
    return None


class Record(dict):
    """The fields of one of our records, hexadecimal ones decoded; `type` is the kernel's number."""

    def __init__(self, number, text):
        super().__init__()
        self.type, self.text = number, text
        for token in text.split(" "):
            match = FIELD.fullmatch(token)
            assert match, "%r in %r" % (token, text)
            key, quoted, bare = match.groups()
            assert key not in self, "%s comes twice in %r" % (key, text)
            self[key] = quoted if quoted is not None else bare
            if quoted is None and bare != "?" and key not in PLAIN and not key.endswith("_cut"):
                self[key] = bytes.fromhex(bare).decode("utf-8", "backslashreplace")

    def __repr__(self):
        return "%d %s" % (self.type, self.text)


class Tap:
    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_AUDIT)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
        self.socket.bind((0, 0))
        self.socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, READLOG)

    def close(self):
        self.socket.close()

    def read(self, patience):
        """(type, text) of the next record of any program's, or None."""
        if not select.select([self.socket], [], [], patience)[0]:
            return None
        data = self.socket.recv(65536)
        return struct.unpack_from("=H", data, 4)[0], data[16:].decode("utf-8", "backslashreplace")

    def ours(self, wait=0.5, until=None):
        """Records of a bus that come within `wait` seconds of one another; or until there is one that
        `until` is true of, for as long as that takes."""
        found, end = [], time.monotonic() + 20
        while True:
            got = self.read(wait if until is None else max(0, end - time.monotonic()))
            if got is None:
                assert until is None, "no such record among %r" % found
                return found
            match = re.search(r"""msg='(bus=.*)'\0?$""", got[1], re.DOTALL)
            if not match:
                continue
            found.append(Record(got[0], match.group(1)))
            if until and until(found[-1]):
                return found


class Auditd:
    """A daemon with a configuration and a log of its own; auditing is enabled as long as it runs."""

    def __init__(self, log_format="ENRICHED", changes=None, more="", files=None, command=()):
        self.was = status()
        self.folder = tempfile.mkdtemp(prefix="auditd-")
        self.log = os.path.join(self.folder, "log", "audit.log")
        os.mkdir(os.path.join(self.folder, "log"), 0o750)
        os.mkdir(os.path.join(self.folder, "plugins.d"), 0o750)
        with open("/etc/audit/auditd.conf", encoding="ascii") as file:
            text = file.read()
        changes = {"log_file": self.log, "plugin_dir": self.folder + "/plugins.d", "log_group": "root",
                   "log_format": log_format, **(changes or {})}
        for key, value in changes.items():
            text = re.sub(r"(?mi)^#*%s\b.*" % key, "%s = %s" % (key, value), text)
        for name, content in (files or {}).items():
            with open(os.path.join(self.folder, name), "w", encoding="ascii") as file:
                file.write(content)
            os.chmod(file.name, 0o640)
        path = os.path.join(self.folder, "auditd.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(text + more)
        os.chmod(path, 0o640)
        self.daemon = subprocess.Popen([*command, "auditd", "-n", "-s", "enable", "-c", self.folder],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "CONFIG": self.folder})
        ours.add(self.daemon.pid)
        self.wait(self.started)

    def started(self):
        return status()["pid"] == self.daemon.pid and status()["enabled"] == 1

    def wait(self, condition):
        end = time.monotonic() + 20
        while not condition():
            assert self.daemon.poll() is None and time.monotonic() < end, "auditd does not do its work"
            time.sleep(0.05)

    def text(self):
        with open(self.log, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def wait_for(self, text):
        self.wait(lambda: text in self.text())

    def search(self, *args):
        """Our lines among those that ausearch finds."""
        done = subprocess.run(["ausearch", "-if", self.log, *args], capture_output=True, text=True,
                              errors="backslashreplace", stdin=subprocess.DEVNULL, check=False)
        return [line for line in done.stdout.splitlines() if " msg='bus=" in line]

    def report(self, *args):
        return subprocess.run(["aureport", "-if", self.log, *args], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=True).stdout

    def signal(self, number):
        self.daemon.send_signal(number)

    def close(self):
        self.daemon.send_signal(signal.SIGCONT)
        self.daemon.terminate()
        self.daemon.wait(20)
        ours.discard(self.daemon.pid)
        subprocess.run(["auditctl", "-e", str(self.was["enabled"])], capture_output=True, check=False)
        subprocess.run(["auditctl", "-b", str(self.was["backlog_limit"])], capture_output=True, check=False)
        subprocess.run(["auditctl", "--backlog_wait_time", str(self.was["backlog_wait_time"])],
                       capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
