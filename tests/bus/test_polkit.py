"""Rules that ask polkit: what it answers is what happens, whatever happens meanwhile."""

import fcntl
import grp
import json
import os
import signal as signals
import subprocess
import tempfile
import time
import unittest

from harness import ALICE, BOB, CAROL, IS_REFERENCE, BusTest, need, open_files, wardenctl
from polkit import AGENT, CHECK, INTERACTIVE, I, NAME, POLICY, PolkitTest, checks, is_built
from test_clients import SYSTEM, Program
from wire import ERROR, FAULT, RETURN, CallError, Message, call, reply, signal

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../conf/data/examples/avahi")
LARGE = 4000000000
STARTED = """[D-BUS Service]
Name=com.ex.Started
Exec=/bin/sh -c 'echo $$ >@/started; exec sleep 60'
User=root
"""


class Answers(PolkitTest):
    def test_without_asking_anybody(self):
        bus = self.started()
        self.passes("Yes")
        self.passes("Yes", self.root)
        self.passes("No", self.root)
        self.passes("Unchecked")
        text = self.fails("AccessDenied", "No")
        self.assertIn('Rejected send message: polkit does not authorise it: "com.ex.no": not authorised', text)
        bus.line("denied send", "com.ex.no", "not authorised, said polkit (:1.", " ms", "member=\"No\"", "res=failed")
        # a challenge, with nobody who could meet it
        text = self.fails("InteractiveAuthorizationRequired", "Auth")
        self.assertIn("com.ex.auth", text)
        text = self.fails("AccessDenied", "Auth", flags=INTERACTIVE)
        self.assertIn("nobody could be asked", text)
        bus.line("com.ex.auth", "there is no agent to ask")
        # an action that nobody has declared
        self.fails("AccessDenied", "None")
        bus.line("com.ex.no.such.action", "not answered", "is not registered")
        self.assertEqual(self.alice.driver("GetId"), self.root.driver("GetId"))

    def test_as_on_a_system(self):
        """The broker is nobody in particular; who asks polkit is root, and can do nothing else with it."""
        bus = self.started(head="<user>messagebus</user>")
        self.passes("Yes")
        self.fails("AccessDenied", "No")
        with open("/proc/%d/status" % self.agent_pid(bus), encoding="ascii") as file:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        self.assertEqual(status["Uid"].split(), ["0"] * 4)
        self.assertEqual({status[s] for s in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}, {"0" * 16})
        self.assertEqual(status["NoNewPrivs"], "1")

    def test_no_way_round(self):
        """A call is checked by whatever name it is addressed, and whatever else its header says."""
        bus = self.started()
        self.service.request_name("com.ex.Other")
        for more in ({"reply_serial": 77}, {"destination": self.service.name}, {"destination": "com.ex.Other"}):
            serial = self.say("No", **more)
            self.refused_with("AccessDenied", self.alice, serial)
        for interface in (None, I):
            serial = self.alice.send(call("com.ex.S", "/com/ex", interface, "No"))
            self.refused_with("AccessDenied", self.alice, serial)
        self.say("No", flags=1)
        self.alice.sync()
        self.service.send(call(self.alice.name, "/", I, "M"))
        asked = self.alice.expect(member="M")
        serial = self.say("No", reply_serial=asked.serial, destination=self.service.name)
        self.refused_with("AccessDenied", self.alice, serial)
        self.service.sync()
        self.assertFalse([m for m in self.service.inbox if m.member == "No"])

    def test_records(self):
        """Who was let through by whose word, after how long: where the rule says log="true"."""
        bus = self.started(policy=POLICY % "\n".join(
            CHECK.replace("<check", '<check log="true"') % (action, member)
            for action, member in (("yes", "Yes"), ("auth", "Auth"), ("no", "No"))))
        self.passes("Yes")
        line = bus.line("allowed send", 'polkit="com.ex.yes"', "res=success")
        self.assertRegex(line, r"authorised, said polkit \(:1\.\d+\) after \d+ ms")
        self.assertRegex(line, r'rule="?[^ ]*bus.conf:\d+"?')
        agent = self.agent(bus, self.alice)
        self.say("Auth", flags=INTERACTIVE)
        agent.succeed(agent.asked())
        self.service.expect(member="Auth")
        bus.line("allowed send", 'polkit="com.ex.auth"', "authorised by authentication, said polkit")
        self.fails("AccessDenied", "No")
        line = bus.line("denied send", 'polkit="com.ex.no"', "res=failed")
        self.assertRegex(line, r"not authorised, said polkit \(:1\.\d+\) after \d+ ms")

    def test_details(self):
        """polkit's rules decide by what is in the message."""
        bus = self.started()
        self.passes("Good")
        self.fails("AccessDenied", "Bad")
        self.polkitd.wait_for(
            "asked destination=com.ex.S path=/com/ex interface=com.ex.I member=Good name=undefined sender_uid=%d" % ALICE)
        said = self.say("Good", destination=self.service.name)
        self.service.send(reply(self.service.expect(member="Good", serial=said)))
        self.alice.result(said)
        self.polkitd.wait_for("asked destination=%s path" % self.service.name)

    def test_authentication(self):
        bus = self.started()
        agent = self.agent(bus, self.alice)
        # the message does not allow it: nobody is asked
        self.fails("InteractiveAuthorizationRequired", "Auth")
        self.assertFalse(agent.client.taken(member="BeginAuthentication"))
        for _ in range(2):
            serial = self.say("Auth", flags=INTERACTIVE)
            begun = agent.asked()
            self.assertEqual(begun.args[0], "com.ex.auth")
            self.service.sync()
            self.assertFalse(self.service.inbox)
            agent.succeed(begun)
            self.service.send(reply(self.service.expect(member="Auth", serial=serial)))
            self.assertEqual(self.alice.result(serial), ())
        self.assertIn("dismissed", self.auth_ends(agent, agent.dismiss))
        bus.line("denied send", "com.ex.auth", "authentication was dismissed")
        self.auth_ends(agent, agent.fail)

    def auth_ends(self, agent, how):
        serial = self.say("Auth", flags=INTERACTIVE)
        how(agent.asked())
        return self.refused_with("AccessDenied", self.alice, serial)

    def test_agent_goes(self):
        """The authentication agent dies while it has the question."""
        bus = self.started()
        agent = self.agent(bus, self.alice)
        serial = self.say("Auth", flags=INTERACTIVE)
        agent.asked()
        agent.client.close()
        self.refused_with("AccessDenied", self.alice, serial)

    def test_caller_is_its_own_agent(self):
        """Who waits for polkit is read all the while: the agent of a process may be in it."""
        bus = self.started()
        agent = self.agent(bus, self.root)
        serial = agent.client.send(call("com.ex.S", "/com/ex", I, "Auth", flags=INTERACTIVE))
        # root is authorised without
        self.service.send(reply(self.service.expect(member="Auth", serial=serial)))
        agent.client.result(serial)
        agent = self.agent(bus, self.alice)
        serial = self.say("Auth", flags=INTERACTIVE)
        begun = agent.asked()
        # alice goes on meanwhile: to others, to the bus
        bob = bus.client(BOB)
        self.alice.send(call(bob.name, "/", I, "Hello"))
        bob.expect(member="Hello", sender=self.alice.name)
        self.assertEqual(self.alice.owner("com.ex.S"), self.service.name)
        agent.succeed(begun)
        self.service.expect(member="Auth", serial=serial)

    def test_descriptors(self):
        bus = self.started()
        agent = self.agent(bus, self.alice)
        read, write = os.pipe()
        self.say("Auth", flags=INTERACTIVE, signature="h", args=(0,), unix_fds=1, fds=[write])
        os.close(write)
        agent.succeed(agent.asked())
        came = self.service.expect(member="Auth")
        os.write(came.fds[0], b"x")
        self.assertEqual(os.read(read, 1), b"x")
        os.close(read)

    def test_large_uid(self):
        """A uid that is no positive int is nobody in particular."""
        bus = self.started()
        large = bus.client(LARGE)
        self.fails("AccessDenied", "No", large)
        self.fails("AccessDenied", "Bad", large)
        serial = self.say("Auth", large, INTERACTIVE)
        self.refused_with("AccessDenied", large, serial)
        self.polkitd.wait_for("sender_uid=%d" % LARGE)

    def test_pkcheck_on_the_side(self):
        """What others ask polkit on this bus is answered as ever, and not asked about."""
        self.started()
        done = subprocess.run(
            ["pkcheck", "--action-id", "com.ex.yes", "--process", str(self.process_of(self.alice))],
            env=self.env, capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)


class Meanwhile(PolkitTest):
    """What happens between the question and the answer."""

    def parked(self, **more):
        """A call of alice's that waits for her password."""
        bus = self.started(**more)
        self.helper = self.agent(bus, self.alice)
        self.serial = self.say("Auth", flags=INTERACTIVE)
        self.begun = self.helper.asked()
        return bus

    def still_works(self, bus):
        """Nothing is stuck: another connection of alice's is asked about and let through."""
        again = bus.client(ALICE)
        self.passes("Yes", again, timeout=30)
        self.fails("AccessDenied", "No", again)

    def test_caller_goes(self):
        bus = self.parked()
        before = open_files(bus)
        name = self.alice.name
        self.alice.close()
        # polkit is told that nobody waits any more, and tells the agent
        self.helper.client.expect(interface=AGENT, member="CancelAuthentication")
        bus.line("denied send", 'sender="%s"' % name, "its sender has gone", "res=failed")
        self.assertLess(open_files(bus), before)
        with self.assertRaises(CallError):
            self.helper.succeed(self.begun)
        self.service.sync()
        self.assertFalse(self.service.inbox)
        self.still_works(bus)

    def test_caller_goes_after_saying_more(self):
        """What waited behind needed nobody's word: it still comes, and the caller goes after it."""
        bus = self.parked()
        self.service.add_match("member='NameOwnerChanged',arg0='%s'" % self.alice.name)
        self.say("Unchecked")
        self.alice.send(signal("/com/ex", I, "Told", destination="com.ex.S"))
        self.alice.sync()
        self.service.sync()
        self.assertFalse(self.service.inbox)
        self.alice.close()
        came = [self.service.next().member for _ in range(3)]
        self.assertEqual(came, ["Unchecked", "Told", "NameOwnerChanged"])

    def test_recipient_goes(self):
        bus = self.parked()
        self.say("Unchecked")
        self.service.close()
        self.helper.client.expect(interface=AGENT, member="CancelAuthentication")
        self.refused("NoReply", self.alice.result, self.serial)
        self.refused("NoReply", self.alice.result, self.alice.serial)
        bus.line("denied send", "its recipient has gone while polkit was asked")
        self.service = bus.client()
        self.service.request_name("com.ex.S")
        self.still_works(bus)

    def test_recipient_goes_and_has_an_heir(self):
        bus = self.parked()
        heir = bus.client()
        self.assertEqual(heir.request_name("com.ex.S"), 2)
        self.service.close()
        self.service = heir
        self.helper.succeed(self.begun)
        heir.expect(member="Auth", serial=self.serial)
        heir.send(signal("/", I, "S"))

    def test_owner_changes(self):
        """It goes to who owns the name then, and what was said later does not overtake it."""
        bus = self.parked()
        heir = bus.client()
        self.service.release_name("com.ex.S")
        self.assertEqual(heir.request_name("com.ex.S"), 1)
        self.say("Unchecked", destination=heir.name)
        self.say("Unchecked")
        self.alice.sync()
        heir.sync()
        self.assertFalse([m for m in heir.inbox if m.sender == self.alice.name])
        self.helper.succeed(self.begun)
        came = [heir.expect(sender=self.alice.name).member for _ in range(3)]
        self.assertEqual(came, ["Auth", "Unchecked", "Unchecked"])
        self.service.sync()
        self.assertFalse([m for m in self.service.inbox if m.sender == self.alice.name])

    def test_owner_changes_to_somebody_who_may_not_have_it(self):
        """The answer is about an action, not about whom it goes to: rules still decide that."""
        bus = self.started(policy=POLICY % (checks() + '<deny send_destination="com.ex.Never"/>'))
        agent = self.agent(bus, self.alice)
        serial = self.say("Auth", flags=INTERACTIVE)
        begun = agent.asked()
        heir = bus.client()
        heir.request_name("com.ex.Never")
        self.service.release_name("com.ex.S")
        heir.request_name("com.ex.S")
        agent.succeed(begun)
        self.refused("AccessDenied", self.alice.result, serial)
        heir.sync()
        self.assertFalse([m for m in heir.inbox if m.serial == serial])

    def test_nobody_owns_it_any_more(self):
        bus = self.parked()
        self.service.release_name("com.ex.S")
        self.helper.succeed(self.begun)
        self.refused("ServiceUnknown", self.alice.result, self.serial)

    def test_reload_denies(self):
        bus = self.parked()
        bus.configure(policy=POLICY % (checks() + '<deny send_destination="com.ex.S" send_member="Auth" send_interface="com.ex.I"/>'))
        self.root.driver("ReloadConfig")
        self.helper.succeed(self.begun)
        text = self.refused_with("AccessDenied", self.alice, self.serial)
        self.assertIn("the bus policy does not allow it", text)

    def test_reload_asks_for_something_else(self):
        bus = self.parked()
        bus.configure(policy=POLICY % (checks() + CHECK % ("yes", "Auth")))
        self.root.driver("ReloadConfig")
        self.helper.succeed(self.begun)
        self.refused_with("AccessDenied", self.alice, self.serial)
        bus.line("the policy asks polkit for something else by now")

    def test_reload_allows(self):
        bus = self.parked()
        bus.configure(policy=POLICY % "")
        self.root.driver("ReloadConfig")
        # nothing has to be asked any more, and the agent is let go
        self.service.expect(member="Auth", serial=self.serial)
        deadline = time.monotonic() + 10
        while self.agent_pid(bus):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        # and is back when it is needed
        bus.configure(policy=POLICY % checks())
        self.root.driver("ReloadConfig")
        self.still_works(bus)

    def test_reload_takes_the_name(self):
        """Who may not own it any more does not get what waited for it, though nothing is asked any more."""
        bus = self.parked()
        bus.configure(policy=POLICY % "" + '<restrict own="com.ex.S" user="games" revoke="yes"/>')
        self.root.driver("ReloadConfig")
        self.refused("ServiceUnknown", self.alice.result, self.serial)
        self.service.sync()
        self.assertFalse([m for m in self.service.inbox if m.serial == self.serial])

    def test_our_agent_dies(self):
        bus = self.parked()
        os.kill(self.agent_pid(bus), signals.SIGKILL)
        text = self.refused_with("AccessDenied", self.alice, self.serial)
        self.assertIn("polkit did not answer", text)
        bus.line("denied send", "dbus-warden-polkit ended before it answered")
        # there is nobody to ask until it runs again
        self.fails("AccessDenied", "Yes")
        bus.line("denied send", "dbus-warden-polkit does not run")
        deadline = time.monotonic() + 10
        while not self.polkit_is_back():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        self.still_works(bus)

    def polkit_is_back(self):
        """Whether polkit can be asked again: it says no by itself."""
        try:
            self.alice.result(self.say("No"))
        except CallError as error:
            return "not authorised" in error.text
        return False

    def test_polkitd_dies(self):
        bus = self.parked()
        os.kill(self.root.driver("GetConnectionUnixProcessID", "s", NAME)[0], signals.SIGKILL)
        self.refused_with("AccessDenied", self.alice, self.serial)
        bus.line("denied send", "com.ex.auth", "not answered")
        self.fails("AccessDenied", "Yes")
        while self.root.driver("NameHasOwner", "s", NAME)[0]:
            time.sleep(0.02)
        self.polkitd = self.start_polkitd(bus)
        self.still_works(bus)

    def test_polkitd_stands_still(self):
        """Our deadline comes before the caller's, and polkit is told."""
        bus = self.started(limits={"polkit_timeout": 700})
        self.passes("Yes")
        pid = self.root.driver("GetConnectionUnixProcessID", "s", NAME)[0]
        os.kill(pid, signals.SIGSTOP)
        try:
            start = time.monotonic()
            self.fails("AccessDenied", "Yes")
            self.assertLess(0.6, time.monotonic() - start)
            self.assertLess(time.monotonic() - start, 5)
            bus.line("denied send", "no answer within 700 ms")
            self.passes("Unchecked")
        finally:
            os.kill(pid, signals.SIGCONT)
        self.still_works(bus)

    def test_no_polkitd(self):
        """The bus is there before polkit; a machine without it refuses what has to be authorised."""
        bus = self.started(polkit=False)
        self.passes("Unchecked")
        self.fails("AccessDenied", "Yes")
        bus.line("denied send", "com.ex.yes", "not answered")
        self.polkitd = self.start_polkitd(bus)
        self.still_works(bus)


class Order(PolkitTest):
    def test_pairs(self):
        """Behind what waits everything waits that goes from there to the same recipient, and nothing else."""
        bus = self.started()
        agent = self.agent(bus, self.alice)
        other, bob = bus.client(), bus.client(BOB)
        other.add_match("type='signal',interface='com.ex.I'")
        self.service.add_match("type='signal',interface='com.ex.I'")
        self.say("Auth", flags=INTERACTIVE)
        begun = agent.asked()
        self.say("One")
        self.alice.send(signal("/", I, "Two"))
        self.alice.send(signal("/", I, "Three", destination=self.service.name))
        self.say("Yes")
        denied = self.say("No")
        self.say("Four", destination=self.service.name)
        # nobody else is held up: neither other recipients of hers nor other senders
        other.expect(member="Two")
        self.say("Five", bob)
        self.service.expect(member="Five", sender=bob.name)
        self.passes("Yes", bob)
        self.service.sync()
        self.assertFalse([m for m in self.service.inbox if m.sender == self.alice.name])
        agent.succeed(begun)
        came = [self.service.expect(sender=self.alice.name).member for _ in range(6)]
        self.assertEqual(came, ["Auth", "One", "Two", "Three", "Yes", "Four"])
        self.refused("AccessDenied", self.alice.result, denied)

    def test_replies_wait_too(self):
        """A reply to the very recipient whose answer is waited for: behind, but with its right."""
        bus = self.started()
        agent = self.agent(bus, self.alice)
        self.service.send(call(self.alice.name, "/", I, "Ask"))
        asked = self.alice.expect(member="Ask")
        self.say("Auth", flags=INTERACTIVE)
        begun = agent.asked()
        self.alice.send(reply(asked))
        self.alice.sync()
        self.service.sync()
        self.assertFalse([m for m in self.service.inbox if m.sender == self.alice.name])
        agent.succeed(begun)
        self.assertEqual(self.service.expect(sender=self.alice.name).member, "Auth")
        self.assertEqual(self.service.expect(sender=self.alice.name).reply_serial, asked.serial)

    def test_others_are_not_slower(self):
        """polkitd hangs with many questions of one user: calls of another take no longer than before."""
        bus = self.started()
        bob = bus.client(BOB)

        def median():
            took = []
            for _ in range(300):
                start = time.perf_counter()
                serial = self.say("Unchecked", bob)
                self.service.send(reply(self.service.expect(member="Unchecked", serial=serial)))
                bob.result(serial)
                took.append(time.perf_counter() - start)
            return sorted(took)[150]

        median()
        alone = median()
        pid = self.root.driver("GetConnectionUnixProcessID", "s", NAME)[0]
        os.kill(pid, signals.SIGSTOP)
        try:
            for _ in range(60):
                self.say("Yes")
            self.alice.sync()
            self.assertLess(median(), 3 * alone)
        finally:
            os.kill(pid, signals.SIGCONT)
        for _ in range(60):
            self.service.expect(30, member="Yes", sender=self.alice.name)


class Forged(PolkitTest):
    def connection_of(self, pid):
        """The unique name of what a process has here."""
        for name in self.root.driver("ListNames")[0]:
            if name.startswith(":") and self.root.driver("GetConnectionUnixProcessID", "s", name)[0] == pid:
                return name
        return None

    def test_answers_of_others(self):
        """Only polkit answers who asks it, even where the policy lets everybody reply to everybody unasked."""
        bus = self.started(policy=POLICY % ('<allow eavesdrop="true"/>' + checks()))
        self.passes("Yes")
        asks = self.connection_of(self.agent_pid(bus))
        self.assertTrue(asks)
        pid = self.root.driver("GetConnectionUnixProcessID", "s", NAME)[0]
        os.kill(pid, signals.SIGSTOP)
        self.addCleanup(os.kill, pid, signals.SIGCONT)
        serial = self.say("No")
        self.alice.sync()
        for client in (self.alice, self.service, bus.client(BOB)):
            for guess in range(1, 60):
                client.send(Message(type=RETURN, flags=1, reply_serial=guess, destination=asks,
                                    signature="(bba{ss})", args=((True, False, {}),)))
            client.sync()
        bus.line("denied send", 'sender="%s"' % self.alice.name, "only polkit answers who asks it")
        os.kill(pid, signals.SIGCONT)
        self.refused_with("AccessDenied", self.alice, serial)
        bus.line("denied send", 'polkit="com.ex.no"', "not authorised, said polkit")
        self.passes("Yes")


class Told(PolkitTest):
    """What wardenctl says of it: of the policy in force, and of what was recorded."""

    def wardenctl(self, *args, status):
        done = wardenctl(*args)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def explained(self, bus, member, *more, status=1):
        return self.wardenctl("explain", "--address", bus.address, "--subject", self.alice.name, "--call", "com.ex.S",
                              "--interface", I, "--member", member, *more, status=status)

    def test_explain(self):
        """That polkit decides, and about which action; and what its word would make of the call."""
        bus = self.started()
        text = self.explained(bus, "No")
        self.assertRegex(text, r"(?m)^  \* .*<check polkit=\"com\.ex\.no\".*: fits, decides$")
        self.assertRegex(text, r"(?m)^ask by send rules: .*\n  polkit is asked about com\.ex\.no$")
        said = json.loads(self.explained(bus, "No", "--json"))
        self.assertEqual((said["verdict"], said["action"]), ("ask", "com.ex.no"))
        self.assertIn("if polkit authorises it", self.explained(bus, "No", "--polkit", "authorised", status=0))
        self.assertIn("if polkit refuses it", self.explained(bus, "No", "--polkit", "refused"))
        self.assertNotIn("polkit is asked", self.explained(bus, "Unchecked", status=0))

    def test_log(self):
        """Action, result, who answered and how long it took, from the decision to whoever reads of it."""
        bus = self.started(policy=POLICY % "\n".join(
            CHECK.replace("<check", '<check log="true"') % (action, member)
            for action, member in (("yes", "Yes"), ("auth", "Auth"), ("no", "No"))))
        self.passes("Yes")
        self.fails("AccessDenied", "No")
        self.fails("InteractiveAuthorizationRequired", "Auth")
        agent = self.agent(bus, self.alice)
        serial = self.say("Auth", flags=INTERACTIVE)
        agent.succeed(agent.asked())
        self.service.expect(member="Auth", serial=serial)
        bus.line("authorised by authentication")
        who = self.root.driver("GetNameOwner", "s", NAME)[0].replace(".", r"\.")
        wanted = (
            ("com.ex.yes", "authorised", "success"),
            ("com.ex.no", "not authorised", "failed"),
            ("com.ex.auth", "authentication is required, and the call does not allow it", "failed"),
            ("com.ex.auth", "authorised by authentication", "success"),
        )
        found = [json.loads(line) for line in self.wardenctl("log", "--json", "--from", bus.log.name, status=0).splitlines()]
        found = [row for row in found if row["verb"] == "send"]
        lines = [line for line in self.wardenctl("log", "--from", bus.log.name, status=0).splitlines() if "com.ex.I" in line]
        self.assertEqual((len(found), len(lines)), (len(wanted), len(wanted)))
        for (action, result, res), row, line in zip(wanted, found, lines):
            word = "%s, said polkit \\(%s\\) after \\d+ ms$" % (result, who)
            self.assertEqual((row["polkit"], row["res"]), (action, res))
            self.assertRegex(row["text"], "^" + word)
            self.assertRegex(line, '<check .*polkit="%s".*/>, %s' % (action, word))


class Bounds(PolkitTest):
    def stopped(self, tail="", **limits):
        bus = self.started(tail=tail, limits={"polkit_timeout": 60000, **limits})
        self.polkit_pid = self.root.driver("GetConnectionUnixProcessID", "s", NAME)[0]
        os.kill(self.polkit_pid, signals.SIGSTOP)
        self.addCleanup(self.go_on)
        return bus

    def go_on(self):
        try:
            os.kill(self.polkit_pid, signals.SIGCONT)
        except ProcessLookupError:
            pass

    def test_a_thousand(self):
        """Who sends a thousand that wait is told of its limit; others are served as ever."""
        bus = self.stopped(max_polkit_checks_per_user=40, max_parked_messages_per_user=100)
        again = bus.client(ALICE)
        serials = [self.say("Yes", (self.alice, again)[n % 2]) for n in range(1000)]
        self.alice.sync()
        again.sync()
        refused = [m for client in (self.alice, again) for m in client.inbox if m.type == ERROR]
        self.assertEqual({m.error for m in refused}, {FAULT + "LimitsExceeded"})
        self.assertEqual(len(refused), 1000 - 40)
        self.assertTrue(any("max_polkit_checks_per_user=40" in m.args[0] for m in refused))
        # behind them there is room for some more
        for _ in range(100):
            self.say("Unchecked")
        self.alice.sync()
        full = [m for m in self.alice.inbox if m.type == ERROR and "max_parked_messages_per_user=100" in m.args[0]]
        self.assertEqual(len(full), 40)
        bob = bus.client(BOB)
        self.passes("Unchecked", bob)
        serial = self.say("Yes", bob)
        self.go_on()
        self.service.send(reply(self.service.expect(30, member="Yes", sender=bob.name)))
        bob.result(serial)
        came = 0
        while came < 40:
            self.service.expect(30, member="Yes")
            came += 1
        self.alice.inbox.clear()
        self.passes("Yes", timeout=30)

    def test_of_some(self):
        """A user, or who owns a name, may have more or less of both; the record has the number that held."""
        checks_of, parked_of = "max_polkit_checks_per_user", "max_parked_messages_per_user"
        bus = self.stopped(tail="".join('<limit name="%s" %s>%d</limit>' % row for row in (
            (checks_of, 'user="daemon"', 3), (parked_of, 'user="daemon"', 5),
            (checks_of, 'own="com.ex.More"', 7), (parked_of, 'own="com.ex.More"', 9))))
        self.assertEqual(self.taken_of(self.alice), (3, 2, checks_of + "=3", parked_of + "=5"))
        bus.line("denied send", "limit=%s" % checks_of, "figure=3")
        bus.line("denied send", "limit=%s" % parked_of, "figure=5")
        more = bus.client(BOB)
        more.request_name("com.ex.More")
        self.assertEqual(self.taken_of(more), (7, 2, checks_of + "=7", parked_of + "=9"))
        bus.line("denied send", "limit=%s" % checks_of, "figure=7")
        # nobody else's number is another one
        other = bus.client(CAROL)
        self.assertEqual(len([self.say("Yes", other) for _ in range(20)]), 20)
        other.sync()
        self.assertFalse([m for m in other.inbox if m.type == ERROR])

    def taken_of(self, client):
        """How many questions, and messages behind them, were taken, and what the rest were told."""
        taken, told = [], []
        for member in ("Yes", "Unchecked"):
            serials = [self.say(member, client) for _ in range(20)]
            client.sync()
            errors = [m for m in client.inbox if m.type == ERROR and m.reply_serial in serials]
            self.assertEqual({m.error for m in errors}, {FAULT + "LimitsExceeded"})
            taken.append(20 - len(errors))
            told.append(errors[0].args[0].split(": ")[-1])
        return (*taken, *told)

    def test_overall(self):
        """Nobody takes more than half of what the others leave."""
        bus = self.stopped(max_polkit_checks=10)
        bob = bus.client(BOB)
        for client, share in ((self.alice, 5), (bob, 3)):
            for _ in range(share):
                self.say("Yes", client)
            self.assertIn("max_polkit_checks=10", self.fails("LimitsExceeded", "Yes", client))
        self.passes("Unchecked", bus.client(CAROL))

    def test_long_path(self):
        """What does not fit a question is not asked about; it is refused."""
        bus = self.started()
        serial = self.alice.send(call("com.ex.S", "/" + "x" * 1000000, I, "Yes"))
        self.refused_with("AccessDenied", self.alice, serial)
        bus.line("too long to be asked about")
        self.passes("Yes")


class Keep(PolkitTest):
    KEEP = '<check polkit="com.ex.%s" keep="%d" send_destination="com.ex.S" send_interface="com.ex.I" send_member="%s"/>'

    def kept(self, *rows):
        return self.started(policy=POLICY % "\n".join(self.KEEP % row for row in rows))

    def times(self, what):
        self.polkitd.wait_for(what)
        return self.polkitd.output().count(what.encode())

    def test_keep(self):
        bus = self.kept(("changing", 60, "A"))
        for _ in range(5):
            self.passes("A")
        self.assertEqual(self.times("changing"), 1)
        # another connection, or another path, is another question
        self.passes("A", bus.client(ALICE))
        self.assertEqual(self.times("changing"), 2)
        serial = self.alice.send(call("com.ex.S", "/elsewhere", I, "A"))
        self.service.expect(member="A", serial=serial)
        self.assertEqual(self.times("changing"), 3)

    def test_refusals_are_kept(self):
        bus = self.kept(("rule", 60, "Bad"))
        self.fails("AccessDenied", "Bad")
        self.fails("AccessDenied", "Bad")
        self.assertEqual(self.times("asked dest"), 1)
        bus.line("not authorised, said polkit", "ms ago")

    def test_ends(self):
        bus = self.kept(("changing", 1, "A"))
        self.passes("A")
        time.sleep(1.1)
        self.passes("A")
        self.assertEqual(self.times("changing"), 2)

    def test_reload_ends_it(self):
        bus = self.kept(("changing", 60, "A"))
        self.passes("A")
        self.root.driver("ReloadConfig")
        self.passes("A")
        self.assertEqual(self.times("changing"), 2)

    def test_change_of_rules_ends_it(self):
        """polkit says that something changed, and is asked again."""
        bus = self.kept(("changing", 60, "A"))
        self.passes("A")
        bus.write("rules.d/05-no.rules", "polkit.addRule(function(action, subject) { return polkit.Result.NO; });\n")
        self.polkitd.wait_for("Finished loading, compiling and executing 2 rules|Collecting garbage unconditionally")
        deadline = time.monotonic() + 10
        while True:
            serial = self.say("A")
            while not self.service.fill() and not self.alice.fill():
                time.sleep(0.001)
            if any(m.type == ERROR for m in self.alice.inbox):
                break
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_an_authentication_is_good_once(self):
        bus = self.kept(("auth", 60, "A"))
        agent = self.agent(bus, self.alice)
        for _ in range(2):
            serial = self.say("A", flags=INTERACTIVE)
            agent.succeed(agent.asked())
            self.service.expect(member="A", serial=serial)
        self.fails("InteractiveAuthorizationRequired", "A")


class Own(PolkitTest):
    RULES = '<check polkit="com.ex.%s" own="com.ex.%s"/>'

    def owned(self, *rows):
        return self.started(policy=POLICY % "\n".join(self.RULES % row for row in rows))

    def ask_for(self, name):
        """ALICE asks for it, and polkit may ask her; the call's serial."""
        return self.alice.send(call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                    "RequestName", "su", (name, 0), flags=INTERACTIVE))

    def test_own(self):
        bus = self.owned(("yes", "Y"), ("no", "N"), ("auth", "A"), ("rule", "Good"))
        self.assertEqual(self.alice.request_name("com.ex.Y"), 1)
        self.assertEqual(self.alice.request_name("com.ex.Good"), 1)
        self.assertEqual(self.alice.request_name("com.ex.Free"), 1)
        self.polkitd.wait_for("name=com.ex.Good")
        text = self.refused("AccessDenied", self.alice.request_name, "com.ex.N")
        self.assertIn("polkit does not authorise this connection to own the name", text)
        self.refused("InteractiveAuthorizationRequired", self.alice.request_name, "com.ex.A")
        self.refused("NameHasNoOwner", self.root.owner, "com.ex.N")
        bus.line("denied own", "com.ex.no", "not authorised, said polkit")

    def test_order(self):
        """What is asked of the bus behind it waits, too; what is said to others does not."""
        bus = self.owned(("auth", "A"))
        agent = self.agent(bus, self.alice)
        request = self.ask_for("com.ex.A")
        begun = agent.asked()
        release = self.alice.send(call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                       "ReleaseName", "s", ("com.ex.A",)))
        self.passes("Unchecked")
        self.assertFalse([m for m in self.alice.inbox if m.type in (RETURN, ERROR)])
        self.root.add_match("member='NameOwnerChanged',arg0='com.ex.A'")
        agent.succeed(begun)
        self.assertEqual(self.alice.result(request), (1,))
        self.assertEqual(self.alice.result(release), (1,))
        self.assertEqual(self.root.expect(member="NameOwnerChanged").args, ("com.ex.A", "", self.alice.name))
        self.assertEqual(self.root.expect(member="NameOwnerChanged").args, ("com.ex.A", self.alice.name, ""))

    def test_caller_goes(self):
        bus = self.owned(("auth", "A"))
        agent = self.agent(bus, self.alice)
        self.ask_for("com.ex.A")
        agent.asked()
        self.alice.close()
        agent.client.expect(interface=AGENT, member="CancelAuthentication")
        self.refused("NameHasNoOwner", self.root.owner, "com.ex.A")


    def test_reload_denies(self):
        bus = self.owned(("auth", "A"))
        agent = self.agent(bus, self.alice)
        serial = self.ask_for("com.ex.A")
        begun = agent.asked()
        bus.configure(policy=POLICY % (checks() + '<deny own="com.ex.A"/>'))
        self.root.driver("ReloadConfig")
        agent.succeed(begun)
        self.assertIn("The bus policy does not allow", self.refused("AccessDenied", self.alice.result, serial))
        self.refused("NameHasNoOwner", self.root.owner, "com.ex.A")


class Activation(PolkitTest):
    def test_nothing_starts_before_the_answer(self):
        bus = self.started(
            policy=POLICY % '<check polkit="com.ex.auth" send_destination="com.ex.Started"/>',
            tail="<servicedir>@/services</servicedir>",
            files={"services/com.ex.Started.service": STARTED},
        )
        agent = self.agent(bus, self.alice)
        mark = os.path.join(bus.folder, "started")
        serial = self.say("M", destination="com.ex.Started")
        self.refused("InteractiveAuthorizationRequired", self.alice.result, serial)
        serial = self.say("M", destination="com.ex.Started", flags=INTERACTIVE)
        begun = agent.asked()
        self.say("N", destination="com.ex.Started", flags=INTERACTIVE)
        second = agent.asked()
        self.assertFalse(os.path.exists(mark))
        agent.succeed(begun)
        deadline = time.monotonic() + 10
        while not os.path.exists(mark) or not os.path.getsize(mark):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        with open(mark, encoding="ascii") as file:
            self.addCleanup(os.kill, int(file.read()), signals.SIGKILL)
        # it is there: what waited for it comes, in order, and nobody is asked again
        started = bus.client()
        self.assertEqual(started.request_name("com.ex.Started"), 1)
        started.expect(sender=self.alice.name, member="M", serial=serial)
        self.say("O", destination=started.name, flags=INTERACTIVE)
        agent.succeed(agent.asked())
        started.sync()
        self.assertFalse([m for m in started.inbox if m.sender == self.alice.name])
        agent.succeed(second)
        self.assertEqual([started.expect(sender=self.alice.name).member for _ in range(2)], ["N", "O"])
        agent.client.sync()
        self.assertFalse([m for m in agent.client.inbox if m.member == "BeginAuthentication"])


    def startable(self, *rules):
        return self.started(
            policy=POLICY % "\n".join(rules),
            tail="<servicedir>@/services</servicedir>",
            files={"services/com.ex.Started.service": STARTED},
        )

    def start(self, client=None, flags=0):
        return (client or self.alice).send(call(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "StartServiceByName", "su",
            ("com.ex.Started", 0), flags=flags))

    def it_starts(self, bus):
        mark = os.path.join(bus.folder, "started")
        deadline = time.monotonic() + 10
        while not os.path.exists(mark) or not os.path.getsize(mark):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        with open(mark, encoding="ascii") as file:
            self.addCleanup(os.kill, int(file.read()), signals.SIGKILL)

    def is_started(self, bus):
        return os.path.exists(os.path.join(bus.folder, "started"))

    def test_start_by_name(self):
        """Who needs polkit's word for each call needs it to start the service."""
        bus = self.startable('<allow send_destination="com.ex.Started"/>',
                             '<check polkit="com.ex.auth" send_destination="com.ex.Started" log="true"/>')
        agent = self.agent(bus, self.alice)
        self.refused("InteractiveAuthorizationRequired", self.alice.result, self.start())
        serial = self.start(flags=INTERACTIVE)
        agent.dismiss(agent.asked())
        text = self.refused("AccessDenied", self.alice.result, serial)
        self.assertIn('polkit does not authorise it: "com.ex.auth": the authentication was dismissed', text)
        bus.line("denied activate", "com.ex.Started", 'polkit="com.ex.auth"', "authentication was dismissed, said polkit")
        serial = self.start(flags=INTERACTIVE)
        begun = agent.asked()
        # what is asked of the bus behind it waits, what is said to others does not
        behind = self.alice.send(call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "GetId"))
        self.passes("Unchecked")
        self.assertFalse([m for m in self.alice.inbox if m.type in (RETURN, ERROR)])
        self.assertFalse(self.is_started(bus))
        agent.succeed(begun)
        self.alice.result(behind)
        self.it_starts(bus)
        started = bus.client()
        self.assertEqual(started.request_name("com.ex.Started"), 1)
        self.assertEqual(self.alice.result(serial), (1,))
        bus.line("allowed activate", 'polkit="com.ex.auth"', "authorised by authentication, said polkit")
        # what runs needs nobody's word
        self.assertEqual(self.alice.result(self.start()), (2,))

    def test_start_by_name_details(self):
        """polkit's rules are told which service, and by which call."""
        bus = self.startable('<check polkit="com.ex.rule" send_destination="com.ex.Started"/>')
        self.refused("AccessDenied", self.alice.result, self.start())
        self.polkitd.wait_for("member=StartServiceByName name=com.ex.Started sender_uid=%d" % ALICE)
        bus.line("denied activate", "com.ex.rule", "not authorised, said polkit")
        self.assertFalse(self.is_started(bus))

    def test_start_by_name_of_what_may_be_called(self):
        """One call that needs no word is enough, as it would start the service."""
        bus = self.startable('<check polkit="com.ex.no" send_destination="com.ex.Started" send_interface="com.ex.I"/>')
        self.start()
        self.it_starts(bus)

    def test_start_by_name_after_a_reload(self):
        bus = self.startable('<check polkit="com.ex.auth" send_destination="com.ex.Started"/>')
        agent = self.agent(bus, self.alice)
        serial = self.start(flags=INTERACTIVE)
        begun = agent.asked()
        bus.configure(policy=POLICY % (checks() + '<deny send_destination="com.ex.Started"/>'))
        self.root.driver("ReloadConfig")
        agent.succeed(begun)
        self.refused("AccessDenied", self.alice.result, serial)
        bus.line("denied activate", "no method call to the service is allowed")
        self.assertFalse(self.is_started(bus))

    def test_start_by_name_and_go(self):
        bus = self.startable('<check polkit="com.ex.auth" send_destination="com.ex.Started"/>')
        agent = self.agent(bus, self.alice)
        self.start(flags=INTERACTIVE)
        begun = agent.asked()
        self.alice.close()
        agent.client.expect(interface=AGENT, member="CancelAuthentication")
        try:
            agent.succeed(begun)
        except CallError:
            pass  # polkit has forgotten the question, or is about to
        self.root.sync()
        time.sleep(0.2)
        self.assertFalse(self.is_started(bus))


class Exempt(PolkitTest):
    def test_polkitd_and_systemd(self):
        """Who owns these names is let through without being asked about: the answer could depend on it."""
        bus = self.started(policy=POLICY % '<check polkit="com.ex.no" send_destination="com.ex.S"/>')
        self.fails("AccessDenied", "M")
        systemd = bus.client()
        systemd.request_name("org.freedesktop.systemd1")
        self.passes("M", systemd)
        # a name alone does not make systemd of anybody
        self.root.release_name("org.freedesktop.systemd1")
        systemd.release_name("org.freedesktop.systemd1")
        self.alice.request_name("org.freedesktop.systemd1")
        self.fails("AccessDenied", "M")


class Without(PolkitTest):
    built = False

    def test_built_without(self):
        if is_built():
            self.skipTest("built with polkit")
        bus = self.started()
        self.passes("Unchecked")
        self.fails("AccessDenied", "Yes")
        bus.line("denied send", "dbus-warden was built without polkit")


class Example(PolkitTest):
    def test_avahi(self):
        """The files that are installed as an example guard the real avahi-daemon."""
        need("avahi-daemon")
        lock = open(os.path.join(tempfile.gettempdir(), "bus-test-avahi.lock"), "w", encoding="ascii")
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.addCleanup(lock.close)
        if os.path.exists("/run/avahi-daemon/pid"):
            self.skipTest("an avahi-daemon runs already")
        os.makedirs("/run/avahi-daemon", exist_ok=True)
        texts = {}
        for name in ("avahi.conf", "org.dbuswarden.example.avahi.policy", "50-avahi.rules"):
            with open(os.path.join(EXAMPLE, name), encoding="utf-8") as file:
                texts[name] = file.read()
        bus = self.started(
            policy=SYSTEM,
            tail="<include>/usr/share/dbus-1/system.d/avahi-dbus.conf</include>"
            "<include>/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>"
            "<include>@/avahi.conf</include>",
            files={"avahi.conf": texts["avahi.conf"], "rules.d/50-avahi.rules": texts["50-avahi.rules"],
                   "actions/avahi.policy": texts["org.dbuswarden.example.avahi.policy"],
                   "group": "netdev:x:%d:bin\n" % grp.getgrnam("netdev").gr_gid},
            service=None,
        )
        config = bus.write("daemon.conf", "[server]\nhost-name=bustest\nuse-ipv6=no\nenable-dbus=yes\n")
        daemon = Program(["avahi-daemon", "-f", config, "--no-drop-root", "--no-chroot", "--no-rlimits", "--no-proc-title"], self.env)
        self.addCleanup(daemon.end)
        daemon.wait_for("Server startup complete")
        self.assertEqual(self.set_name(self.alice, "refused"), FAULT + "InteractiveAuthorizationRequired")
        bus.line("denied send", "avahi.conf", "org.dbuswarden.example.avahi.set-host-name")
        agent = self.agent(bus, self.alice)
        serial = self.alice.send(self.renaming("byalice", flags=INTERACTIVE))
        begun = agent.asked()
        self.assertIn("change the name of this machine", begun.args[1])
        agent.succeed(begun)
        self.alice.result(serial, 30)
        # as polkit's own rule has it, for the group that avahi trusts; and every other call is free
        bob = bus.client(BOB)
        deadline = time.monotonic() + 30
        while True:
            told = self.set_name(bob, "bybob")
            if told != "org.freedesktop.Avahi.BadStateError" or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self.assertIsNone(told)
        bus.line("allowed send", "authorised by authentication, said polkit", "SetHostName")
        self.alice.call(call("org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", "GetVersionString"))

    @staticmethod
    def renaming(name, **more):
        return call("org.freedesktop.Avahi", "/", "org.freedesktop.Avahi.Server", "SetHostName", "s", (name,), **more)

    def set_name(self, client, name):
        """The error, None if it was done."""
        try:
            client.call(self.renaming(name), 30)
        except CallError as error:
            return error.name
        return None


@unittest.skipIf(IS_REFERENCE, "does not ask polkit")
class Configuration(BusTest):
    def faulty(self, rule, sentence):
        with self.assertRaises(AssertionError) as caught:
            self.bus(policy='<policy context="default">\n%s\n</policy>' % rule)
        self.assertRegex(str(caught.exception), r"bus\.conf:\d+: " + sentence)

    def test_faults(self):
        for rule, sentence in (
            ('<check polkit="a.b" send_destination="org.freedesktop.DBus"/>', "polkit cannot be asked about org.freedesktop.DBus"),
            ('<check polkit="a.b" send_destination="org.freedesktop.PolicyKit1"/>', "polkit cannot be asked about"),
            ('<check polkit="a.b" send_destination="org.freedesktop.systemd1"/>', "polkit cannot be asked about"),
            ('<check polkit="a.b" send_destination_prefix="org.freedesktop"/>', "polkit cannot be asked about"),
            ('<check polkit="a.b" own="org.freedesktop.PolicyKit1"/>', "polkit cannot be asked about"),
            ('<check polkit="a.b" own_prefix="org"/>', "polkit cannot be asked about"),
            ('<check polkit="a.b" own="*"/>', "<check> must say for which name"),
            ('<check polkit="a.b" send_interface="org.freedesktop.PolicyKit1.AuthenticationAgent"/>', "<check> must say for which name"),
            ('<check polkit="a.b" send_destination="a.b" send_type="signal"/>', "only method calls"),
            ('<check send_destination="a.b"/>', "<check> needs polkit"),
            ('<check polkit="a.b" receive_sender="a.b"/>', ""),
        ):
            with self.subTest(rule):
                self.faulty(rule, sentence)


if __name__ == "__main__":
    unittest.main()
