"""pkttyagent: somebody at a terminal is asked for a password, and the call that waits goes by it.

The password is of the tests' own, and so is the way that it is compared: /etc/shadow, PAM's file for
polkit and the socket of the system's bus are others in the mount namespace of the agent alone."""

import os
import pty
import re
import select
import signal as signals
import termios
import time
import unittest

from harness import ALICE, need, socket_path
from polkit import INTERACTIVE, PolkitTest
from wire import reply

PASSWORD = "geheim"
# openssl passwd -6 -salt testonly geheim
SHADOW = "daemon:$6$testonly$skCHEUvaUHp3xokJfnYn6leRe6tnGXzNr029Vin5tJoNyNx0LLvDvksvyK.ytDUiuJbw50mVvQz0DQKiG9bLa/:19000:0:99999:7:::\n"
PAM = "auth required pam_unix.so\naccount required pam_unix.so\n"
# setuid root, it knows one bus only
HELPER = "/usr/libexec/polkit-agent-helper-1"
SCRIPT = """set -e
mount --bind {0}/shadow /etc/shadow
for pam in /etc/pam.d /usr/lib/pam.d; do
    if [ -e $pam/polkit-1 ]; then mount --bind {0}/pam $pam/polkit-1; fi
done
mount -t tmpfs none /run
mkdir /run/dbus
ln -s {1} /run/dbus/system_bus_socket
exec setpriv --reuid {2} --regid {2} --clear-groups pkttyagent --process {3} --notify-fd {4}
"""


class Terminal:
    """pkttyagent as a user, on a terminal of its own; it is registered."""

    def __init__(self, env, *words):
        self.seen = ""
        registered, tell = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.set_inheritable(tell, True)
                os.execvpe("unshare", ["unshare", "-m", "sh", "-c", SCRIPT.format(*words, tell)], env)
            finally:
                os._exit(127)
        os.close(tell)
        with os.fdopen(registered, "rb") as file:
            file.read()

    def wait_for(self, pattern):
        """Reads until the terminal shows it; what stood before is not looked at again."""
        deadline = time.monotonic() + 30
        while True:
            found = re.search(pattern, self.seen)
            if found:
                self.seen = self.seen[found.end():]
                return found
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError("the terminal does not show %r but %r" % (pattern, self.seen))
            try:
                self.seen += os.read(self.fd, 4096).decode()
            except OSError:
                raise AssertionError("pkttyagent ended before %r: %r" % (pattern, self.seen)) from None

    def type_hidden(self, text):
        """Waits until the terminal does not echo: what is typed before is thrown away."""
        deadline = time.monotonic() + 30
        while termios.tcgetattr(self.fd)[3] & termios.ECHO:
            if time.monotonic() > deadline:
                raise AssertionError("the terminal would show a password")
            time.sleep(0.01)
        os.write(self.fd, text.encode() + b"\n")

    def end(self):
        try:
            os.kill(self.pid, signals.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)


class AtTheTerminal(PolkitTest):
    def terminal(self, bus):
        need("pkttyagent", "setpriv", "unshare")
        if not os.path.exists(HELPER):
            self.skipTest("not installed: " + HELPER)
        bus.write("shadow", SHADOW)
        bus.write("pam", PAM)
        terminal = Terminal(dict(self.env, LC_ALL="C"), bus.folder, socket_path(bus.address), ALICE, self.process_of(self.alice))
        self.addCleanup(terminal.end)
        return terminal

    def asked(self, terminal):
        serial = self.say("Auth", flags=INTERACTIVE)
        terminal.wait_for(r"AUTHENTICATING FOR com\.ex\.auth")
        terminal.wait_for("Password: ")
        return serial

    def test_password(self):
        bus = self.started()
        terminal = self.terminal(bus)
        serial = self.asked(terminal)
        self.service.sync()
        self.assertFalse(self.service.inbox)
        terminal.type_hidden(PASSWORD)
        terminal.wait_for("AUTHENTICATION COMPLETE")
        self.service.send(reply(self.service.expect(member="Auth", serial=serial)))
        self.assertEqual(self.alice.result(serial), ())

    def test_wrong_password(self):
        bus = self.started()
        terminal = self.terminal(bus)
        serial = self.asked(terminal)
        terminal.type_hidden("falsch")
        terminal.wait_for("AUTHENTICATION FAILED")
        self.refused_with("AccessDenied", self.alice, serial)
        bus.line("denied send", 'polkit="com.ex.auth"', "not authorised, said polkit")

    def test_terminal_goes(self):
        """Who was asked closes the terminal."""
        bus = self.started()
        terminal = self.terminal(bus)
        serial = self.asked(terminal)
        os.kill(terminal.pid, signals.SIGKILL)
        self.refused_with("AccessDenied", self.alice, serial)


if __name__ == "__main__":
    unittest.main()
