"""wardenctl asks the kernel about the labels of a question."""

import subprocess
import unittest

from harness import OPEN, BusTest
from labels import label

CONFIG = "/run/wardenctl.conf"


def check(*args):
    with open(CONFIG, "w", encoding="ascii") as file:
        file.write("<busconfig><type>system</type><listen>unix:path=/run/none</listen>%s</busconfig>" % OPEN)
    done = subprocess.run(["/warden/wardenctl", "check", "--config=" + CONFIG, "--user=0", *args],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout.decode()


class Wardenctl(BusTest):
    def test_check(self):
        call = ("--call=org.example.A", "--label=" + label("bad_t"))
        self.assertEqual(check(*call, "--peer-label=" + label("svc_t")),
                         (1, "deny by selinux: %s -> %s dbus:send_msg\n" % (label("bad_t"), label("svc_t"))))
        self.assertEqual(check("--call=org.example.A", "--label=" + label("good_t"), "--peer-label=" + label("svc_t"))[0], 0)
        self.assertIn("labels were not asked about: --peer-label is not given", check(*call)[1])
        own = ("--own=org.example.A", "--bus-label=" + label("bus_t"))
        self.assertEqual(check(*own, "--label=" + label("good_t"))[1],
                         "deny by selinux: %s -> %s dbus:acquire_svc\n" % (label("good_t"), label("bus_t")))
        self.assertEqual(check(*own, "--label=" + label("svc_t"))[0], 0)


if __name__ == "__main__":
    unittest.main()
