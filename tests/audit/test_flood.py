"""What many decisions cost, and that each of them is accounted for."""

import os
import select
import signal
import time
import unittest

from harness import ALICE, BOB, ours
from test_records import KernelTest, log_in, recorder_of, refused
from trail import Auditd, status
from wire import NO_REPLY, Message, CALL, call

FLOOD = 100000


def counted(records):
    """How many decisions these records stand for, on record or known to be lost."""
    return sum(int(r.get("repeats", r.get("others", 1))) + int(r.get("lost", 0)) for r in records
               if r["verb"] != "records") + sum(int(r["lost"]) for r in records if r["verb"] == "records")


def denied(member, path="/com/ex/O"):
    return call("com.ex.Service", path, "com.ex.I", member)


class Floods(KernelTest):
    def flooded(self, messages):
        """Has ALICE send these many times until there are FLOOD; how long the bus took for that."""
        bus = self.serviced()
        flooder = self.alice(bus)
        client = bus.client(BOB, before=log_in(uid=4243))
        data = memoryview(b"".join(m.pack() for m in messages) * (FLOOD // len(messages)))
        sock, began = flooder.sock, time.monotonic()
        sock.setblocking(False)
        # what it is answered is not looked at: that would take longer than all the rest
        while data or select.select([sock], [], [], 0.5)[0]:
            readable, writable, _ = select.select([sock], [sock] if data else [], [], 60)
            if readable:
                sock.recv(1 << 20)
                took = time.monotonic() - began
            if writable:
                data = data[sock.send(data):]
        refused(client, denied("NoSend", "/other"))
        return bus, took

    def silent(self, *paths):
        return [Message(CALL, NO_REPLY, serial=7, path=p, interface="com.ex.I", member="NoSend",
                        destination="com.ex.Service") for p in paths]

    def check_flood(self, bus, at_most):
        # all that is under way is put on record at the end
        time.sleep(0.2)
        bus.process.terminate()
        bus.process.wait(30)
        bus.alive = False
        found = self.tap.ours(1.0)
        alice = [r for r in found if r["uid"] == str(ALICE)]
        bob = [r for r in found if r["uid"] == str(BOB)]
        self.assertEqual(counted(alice), FLOOD, found)
        self.assertLessEqual(len(alice), at_most)
        self.assertEqual([(r["auid"], r["path"]) for r in bob], [("4243", "/other")])

    def test_the_same(self):
        bus, took = self.flooded(self.silent(*["/com/ex/O"] * 100))
        print("%d denials in %.2f s" % (FLOOD, took))
        self.check_flood(bus, 2 + took / 5 * 2)

    def test_others(self):
        bus, took = self.flooded(self.silent(*["/n%d" % i for i in range(1000)]))
        print("%d different denials in %.2f s" % (FLOOD, took))
        self.check_flood(bus, 65 * (2 + took / 5 * 2))


    def pings(self, client, n):
        """How long each of so many calls took, in microseconds, the shortest first."""
        took = []
        for _ in range(n):
            began = time.perf_counter()
            client.driver("Ping", interface="org.freedesktop.DBus.Peer")
            took.append((time.perf_counter() - began) * 1e6)
        return sorted(took)

    def test_another_client_does_not_notice(self):
        """While one has 100,000 calls refused in a second, what it takes to serve another."""
        bus = self.serviced()
        client, flooder = bus.client(BOB), self.alice(bus)
        quiet = self.pings(client, 2000)
        pid = os.fork()
        if pid == 0:
            data, sock = b"".join(m.pack() for m in self.silent(*["/com/ex/O"] * 1000)), flooder.sock
            began = time.monotonic()
            sock.settimeout(None)
            for i in range(400):
                sock.sendall(data)
                while select.select([sock], [], [], 0)[0]:
                    sock.recv(1 << 20)
                time.sleep(max(0, began + i / 100 - time.monotonic()))
            os._exit(0)
        ours.add(pid)
        time.sleep(0.2)
        loud = self.pings(client, 2000)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        ours.discard(pid)
        print("a call of another client: %d us; while %d are refused in a second: %d us"
              % (quiet[1000], FLOOD, loud[1000]))
        self.assertLess(loud[1000], 2 * quiet[1000] + 1000)


class Recorders(KernelTest):
    def test_killed(self):
        """The bus goes on; what the recorder had not written is told by its successor."""
        bus = self.serviced()
        client = self.alice(bus)
        pid = recorder_of(bus)
        refused(client, denied("NoSend", "/before"))
        self.assertEqual([r["path"] for r in self.tap.ours()], ["/before"])
        os.kill(pid, signal.SIGSTOP)
        for i in range(10):
            refused(client, denied("NoSend", "/stopped%d" % i))
        os.kill(pid, signal.SIGKILL)
        while "was killed by signal 9" not in bus.text():
            time.sleep(0.01)
        for i in range(7):
            refused(client, denied("NoSend", "/dead%d" % i))
        found = self.tap.ours(until=lambda r: r["verb"] == "records")
        self.assertEqual((found[-1].type, found[-1]["lost"], found[-1]["res"]), (1107, "10", "failed"))
        refused(client, denied("NoSend", "/after"))
        found += self.tap.ours(6.0)
        self.assertEqual(counted(found), 18, found)
        self.assertEqual({r.get("path") for r in found}, {None, "/after"} | {"/dead%d" % i for i in range(7)})
        self.assertNotEqual(recorder_of(bus), pid)

    def test_backlog(self):
        """The kernel makes the recorder wait, and nobody else."""
        auditd = Auditd()
        self.addCleanup(auditd.close)
        bus = self.serviced()
        client = self.alice(bus)
        auditd.signal(signal.SIGSTOP)
        os.system("auditctl -b 4 --backlog_wait_time 500 >/dev/null")
        began = time.monotonic()
        for i in range(200):
            refused(client, denied("NoSend", "/n%d" % i))
        self.assertLess(time.monotonic() - began, 5)
        auditd.signal(signal.SIGCONT)
        refused(bus.client(BOB), denied("NoSend", "/last"))
        found = self.tap.ours(until=lambda r: r.get("path") == "/last")
        self.assertTrue(found and status()["pid"])

    def test_auditd_stopped(self):
        auditd = Auditd()
        bus = self.serviced()
        client = self.alice(bus)
        refused(client, denied("NoSend", "/with"))
        auditd.wait_for("/with")
        auditd.close()
        refused(client, denied("NoSend", "/without"))
        found = self.tap.ours()
        self.assertIn("/without", [r.get("path") for r in found])


if __name__ == "__main__":
    unittest.main()
