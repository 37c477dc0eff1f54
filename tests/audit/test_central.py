"""Records of one machine at another, by audisp-remote, as docs/dbus-warden-records.7 says. The machines
are two network namespaces with a cable between them."""

import os
import shutil
import subprocess
import unittest

from harness import ALICE
from test_records import KernelTest, send
from trail import Auditd

HERE, THERE = "169.254.77.1", "169.254.77.2"
REMOTE = """remote_server = %s
port = 60
transport = tcp
mode = immediate
queue_depth = 10240
format = managed
network_retry_time = 1
max_tries_per_record = 3
max_time_per_record = 5
""" % THERE
PLUGIN = "active = yes\ndirection = out\npath = /sbin/audisp-remote\ntype = always\nformat = string\n"
# what an audit daemon keeps at fixed places is its own
PRIVATE = "mount -t tmpfs none /run && mkdir -p /var/spool/audit && mount -t tmpfs none /var/spool/audit && "


def ip(*args):
    subprocess.run(["ip", *args], check=True, capture_output=True)


class Collector(Auditd):
    """The other machine: takes what comes over the network, and nothing from the kernel."""

    def __init__(self, name):
        super().__init__(changes={"local_events": "no", "use_libwrap": "no", "name_format": "NONE"},
                         more="tcp_listen_port = 60\ntcp_client_ports = 0-65535\n",
                         command=["ip", "netns", "exec", name, "unshare", "-m", "sh", "-c", PRIVATE + 'exec "$@"', "-"])

    def started(self):
        return os.path.exists(self.log) and "DAEMON_START" in self.text()


class Central(KernelTest):
    def setUp(self):
        super().setUp()
        if not shutil.which("audisp-remote") or not shutil.which("ip"):
            self.skipTest("audispd-plugins or iproute2 is not installed")
        name = "warden-%d" % os.getpid()
        ip("netns", "add", name)
        self.addCleanup(ip, "netns", "del", name)
        ip("link", "add", "warden0", "type", "veth", "peer", "name", "warden1", "netns", name)
        ip("addr", "add", HERE + "/30", "dev", "warden0")
        ip("link", "set", "warden0", "up")
        for args in (("addr", "add", THERE + "/30", "dev", "warden1"), ("link", "set", "warden1", "up")):
            ip("-n", name, *args)
        self.collector = Collector(name)
        self.addCleanup(self.collector.close)

    def test_joined(self):
        bind = 'mount --bind "$CONFIG/audisp-remote.conf" /etc/audit/audisp-remote.conf && '
        sender = Auditd(changes={"name_format": "USER", "name": "alpha"},
                        files={"audisp-remote.conf": REMOTE, "plugins.d/au-remote.conf": PLUGIN},
                        command=["unshare", "-m", "sh", "-c", PRIVATE + bind + 'exec "$@"', "-"])
        self.addCleanup(sender.close)
        bus = self.serviced()
        send(bus, self.alice(bus), None)
        self.collector.wait_for('member="NoSend"')
        (line,) = self.collector.search("--node", "alpha", "-m", "USER_AVC", "-ui", str(ALICE))
        self.assertTrue(line.startswith("node=alpha type=USER_AVC "))
        self.assertIn('auid=4242 ses=', line)
        # the same at both ends, by which it is found again at its origin
        sender.wait_for('member="NoSend"')
        self.assertIn(line.split(" ")[2], sender.text())


if __name__ == "__main__":
    unittest.main()
