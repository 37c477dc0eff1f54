"""Policy in files: what is refused, users and groups, includes, and reloading."""

import os
import time

from harness import ALICE, IS_REFERENCE, BusTest, need_root, rows
from judged import LIFE, OTHER, RECEIVE, SEND, Judged, any_call, policy
from wire import DRIVER, CallError


def rule(text):
    return '<policy context="default">%s</policy>' % text


# (label, text, whether a bus starts with it)
TEXTS = [
    # rules that say nothing, or things that do not go together
    ("rule_empty", rule("<allow/>"), False),
    ("rule_only_fds", rule('<allow min_fds="1"/>'), False),
    ("rule_only_log", rule('<deny log="true"/>'), False),
    ("member_alone_send", rule('<allow send_member="M"/>'), False),
    ("member_alone_receive", rule('<allow receive_member="M"/>'), False),
    ("member_with_interface", rule('<allow send_interface="com.ex.I" send_member="M"/>'), True),
    ("member_with_path", rule('<allow send_path="/a" send_member="M"/>'), True),
    ("member_with_type", rule('<allow send_type="signal" send_member="M"/>'), False),
    ("member_with_destination", rule('<allow send_destination="com.ex.A" send_member="M"/>'), False),
    ("member_with_other_side", rule('<allow receive_interface="com.ex.I" send_member="M"/>'), False),
    ("unknown_attribute", rule('<allow send_sender="com.ex.A"/>'), False),
    ("unknown_beside_known", rule('<allow send_interface="com.ex.I" nonsense="x"/>'), False),
    ("receive_broadcast", rule('<allow receive_broadcast="true"/>'), False),
    ("receive_sender_prefix", rule('<allow receive_sender_prefix="com.ex"/>'), False),
    ("at_console_on_a_rule", rule('<allow at_console="true"/>'), False),
    ("own_and_prefix", rule('<allow own="com.ex.A" own_prefix="com.ex"/>'), False),
    ("own_and_send", rule('<allow own="com.ex.A" send_destination="com.ex.A"/>'), False),
    ("own_and_user", rule('<allow own="com.ex.A" user="root"/>'), False),
    ("user_and_group", rule('<allow user="root" group="root"/>'), False),
    ("user_and_send", rule('<allow user="root" send_type="signal"/>'), False),
    ("send_and_receive", rule('<allow send_interface="com.ex.I" receive_interface="com.ex.I"/>'), False),
    ("send_error_and_interface", rule('<allow send_error="com.ex.E" send_interface="com.ex.I"/>'), False),
    ("receive_error_and_member", rule('<allow receive_error="com.ex.E" receive_path="/a" receive_member="M"/>'), False),
    ("destination_and_prefix", rule('<allow send_destination="com.ex.A" send_destination_prefix="com.ex"/>'), False),
    ("broadcast_and_destination", rule('<allow send_broadcast="true" send_destination="com.ex.A"/>'), False),
    ("broadcast_and_star", rule('<allow send_broadcast="true" send_destination="*"/>'), True),
    ("broadcast_and_prefix", rule('<allow send_broadcast="true" send_destination_prefix="com.ex"/>'), True),
    ("no_broadcast_and_destination", rule('<allow send_broadcast="false" send_destination="com.ex.A"/>'), True),
    # values
    ("type_unknown", rule('<allow send_type="call"/>'), False),
    ("type_star", rule('<allow send_type="*"/>'), True),
    ("eavesdrop_yes", rule('<allow eavesdrop="yes"/>'), False),
    ("eavesdrop_true", rule('<allow eavesdrop="true"/>'), True),
    ("requested_reply_1", rule('<allow send_type="error" send_requested_reply="1"/>'), False),
    ("broadcast_maybe", rule('<allow send_broadcast="maybe"/>'), False),
    ("fds_negative", rule('<allow send_type="signal" min_fds="-1"/>'), False),
    ("fds_word", rule('<allow send_type="signal" max_fds="many"/>'), False),
    ("fds_most", rule('<allow send_type="signal" max_fds="33554432"/>'), True),
    ("fds_too_many", rule('<allow send_type="signal" max_fds="33554433"/>'), False),
    ("any_name", rule('<allow own="not a name!"/><allow own=""/><allow own_prefix="*"/><allow send_path="x"/>'), True),
    ("any_log", rule('<allow send_type="signal" log="whatever"/>'), True),
    # where rules may stand
    ("user_rule_in_user_policy", '<policy user="root"><allow user="*"/></policy>', False),
    ("group_rule_in_group_policy", '<policy group="root"><allow group="*"/></policy>', False),
    ("user_rule_in_unknown_user_policy", '<policy user="no-such-user"><allow user="*"/></policy>', True),
    ("user_rule_in_console_policy", '<policy at_console="true"><allow user="*"/></policy>', True),
    ("user_rule_in_mandatory", '<policy context="mandatory"><allow user="*"/></policy>', True),
    ("error_in_unknown_user_policy", '<policy user="no-such-user"><allow nonsense="x"/></policy>', False),
    ("policy_without_attribute", "<policy/>", False),
    ("policy_with_two", '<policy context="default" user="root"/>', False),
    ("policy_other_context", '<policy context="other"/>', False),
    ("policy_console_maybe", '<policy at_console="maybe"/>', False),
    ("policy_unknown_attribute", '<policy context="default" nonsense="x"/>', False),
    ("text_in_policy", rule("text"), False),
    ("unknown_element", "<nonsense/>", False),
    ("unknown_in_policy", rule("<nonsense/>"), False),
    ("rule_outside", '<allow own="*"/>', False),
    ("policy_in_policy", rule(rule("")), False),
    ("not_closed", '<policy context="default">', False),
    ("two_roots", "</busconfig><busconfig>", False),
    # other elements
    ("include_missing", "<include>@/no-such-file</include>", False),
    ("include_missing_ignored", '<include ignore_missing="yes">@/no-such-file</include>', True),
    ("include_missing_not_ignored", '<include ignore_missing="no">@/no-such-file</include>', False),
    ("include_ignore_maybe", '<include ignore_missing="maybe">@/bus.conf</include>', False),
    ("include_itself", "<include>@/bus.conf</include>", False),
    ("include_empty", "<include></include>", False),
    ("include_twice", "<include>@/part.conf</include><include>@/part.conf</include>", True),
    ("include_circle", "<include>@/circle.conf</include>", False),
    ("include_broken", "<include>@/broken.conf</include>", False),
    ("include_selinux", '<include if_selinux_enabled="yes">@/no-such-file</include>', True),
    ("includedir_missing", "<includedir>@/no-such-folder</includedir>", True),
    ("includedir_of_broken", "<includedir>@/broken.d</includedir>", True),
    ("servicedir_missing", "<servicedir>@/no-such-folder</servicedir>", True),
    ("servicehelper_missing", "<servicehelper>/no/such/helper</servicehelper>", True),
    ("listen_empty", "<listen></listen>", False),
    ("limit_unknown", '<limit name="max_nonsense">1</limit>', False),
    ("limit_empty", '<limit name="max_message_size"></limit>', False),
    ("limit_word", '<limit name="max_message_size">many</limit>', False),
    ("limit_negative", '<limit name="max_message_size">-1</limit>', False),
    ("limit_nameless", "<limit>1</limit>", False),
    ("limit_too_large", '<limit name="max_completed_connections">99999999999</limit>', False),
    ("auth_unknown", "<auth>NONSENSE</auth>", False),
    ("apparmor_enabled", '<apparmor mode="enabled"/>', True),
    ("apparmor_disabled", '<apparmor mode="disabled"/>', True),
    ("apparmor_maybe", '<apparmor mode="maybe"/>', False),
    ("apparmor_without_mode", "<apparmor/>", True),
    ("selinux", '<selinux><associate own="com.ex.A" context="a:b:c:d"/></selinux>', True),
    ("selinux_without_context", '<selinux><associate own="com.ex.A"/></selinux>', False),
    ("selinux_other_child", "<selinux><nonsense/></selinux>", False),
    ("type_anything", "<type>anything</type>", True),
]

FILES = {
    "part.conf": '<busconfig><policy context="default"><allow own="com.ex.Part"/></policy></busconfig>',
    "circle.conf": "<busconfig><include>@/circle2.conf</include></busconfig>",
    "circle2.conf": "<busconfig><include>@/circle.conf</include></busconfig>",
    "broken.conf": "<busconfig><policy></busconfig>",
    "broken.d/a.conf": "<busconfig><policy></busconfig>",
    "broken.d/b.conf": "not even XML",
}


class Texts(BusTest):
    @rows(TEXTS)
    def test_start(self, text, starts):
        """A bus does not start with a configuration that it does not understand."""
        if starts:
            self.bus(tail=text, files=FILES).client()
            return
        with self.assertRaises(AssertionError) as caught:
            self.bus(tail=text, files=FILES)
        self.assertIn("did not start", str(caught.exception))
        self.assertNotIn("status -", str(caught.exception), "it crashed")

    @rows([row for row in TEXTS if not row[2] and "include" not in row[0]])
    def test_in_a_folder(self, text, starts):
        """The same text in a file of an includedir costs that file only."""
        files = dict(FILES)
        files["d/bad.conf"] = "<busconfig>%s</busconfig>" % text
        files["d/good.conf"] = "<busconfig>%s</busconfig>" % rule('<deny own="com.ex.Other"/>')
        bus = self.bus(policy=rule(LIFE), tail="<includedir>@/d</includedir>", files=files)
        client = bus.client()
        self.refused("AccessDenied", client.request_name, OTHER)
        self.assertEqual(client.request_name("com.ex.A"), 1)


class Files(Judged):
    def owner(self, tail, files, **more):
        """A client of a bus that lets nobody own anything, but for what this adds."""
        life = LIFE.replace('<allow own="*"/>', "")
        return self.bus(policy=rule(life), tail=tail, files=files, **more).client()

    @rows([
        ("first", "<include>@/part.conf</include>%s", "AccessDenied"),
        ("last", "%s<include>@/part.conf</include>", "owner"),
    ])
    def test_include_counts_where_it_stands(self, text, wanted):
        client = self.owner(text % rule('<deny own="com.ex.Part"/>'), FILES)
        self.assertEqual(self.owns(client, "com.ex.Part"), wanted)

    def test_only_conf_files(self):
        names = ["d/a.conf", "d/b.conf.dpkg-old", "d/c.xml", "d/conf", "d/sub.conf/d.conf"]
        files = {n: "<busconfig>%s</busconfig>" % rule('<allow own="com.ex.N%d"/>' % at) for at, n in enumerate(names)}
        client = self.owner("<includedir>@/d</includedir>", files)
        for at, wanted in enumerate(["owner"] + ["AccessDenied"] * 4):
            self.assertEqual(self.owns(client, "com.ex.N%d" % at), wanted)

    def test_broken_file_allows_nothing(self):
        files = {"d/a.conf": "<busconfig>%s<nonsense/></busconfig>" % rule('<allow own="*"/>')}
        client = self.owner("<includedir>@/d</includedir>", files)
        self.assertEqual(self.owns(client, OTHER), "AccessDenied")

    def test_broken_file_keeps_its_denies(self):
        files = {"d/a.conf": "<busconfig>%s<nonsense/></busconfig>" % rule('<deny own="com.ex.Other"/>')}
        bus = self.bus(tail="<includedir>@/d</includedir>", files=files)
        self.assertEqual(self.owns(bus.client(), OTHER), self.wanted("AccessDenied"))

    def test_order_in_a_folder(self):
        """By name, so that it can be relied on."""
        files = {}
        for at in range(10):
            effect = "allow" if at % 2 else "deny"
            text = rule('<%s own="com.ex.Other"/>' % effect)
            files["d/%d.conf" % (9 - at)] = "<busconfig>%s</busconfig>" % text
        # 0.conf, which is written last and allows, is read first; 9.conf denies
        client = self.owner("<includedir>@/d</includedir>", files)
        if IS_REFERENCE:
            self.skipTest("reads a folder in the order of the file system")
        self.assertEqual(self.owns(client, OTHER), "AccessDenied")

    def test_included_limits(self):
        """An included file overrides what stands before it."""
        files = {"limit.conf": '<busconfig><limit name="max_match_rules_per_connection">1</limit></busconfig>'}
        bus = self.bus(limits={"max_match_rules_per_connection": 5}, tail="<include>@/limit.conf</include>", files=files)
        client = bus.client().add_match("member='A'")
        self.refused("LimitsExceeded", client.add_match, "member='B'")


class Users(Judged):
    """Who is meant by the text in user= and group=."""

    def applies(self, text):
        need_root()
        bus = self.bus(policy=policy(SEND + RECEIVE) + '<policy %s><deny send_interface="com.ex.I"/></policy>' % text)
        alice, root = bus.client(ALICE), bus.client()
        return self.fate(alice, root, any_call(destination=root.name)) == "denied"

    @rows([
        ("name", 'user="daemon"', True),
        ("number", 'user="1"', True),
        ("other", 'user="bin"', False),
        ("unknown", 'user="no-such-user"', False),
        ("star", 'user="*"', False),
        ("empty", 'user=""', False),
        ("group", 'group="daemon"', True),
        ("group_number", 'group="1"', True),
        ("group_other", 'group="bin"', False),
        ("group_unknown", 'group="no-such-group"', False),
        ("group_too_large", 'group="4294967297"', False),
        ("user_too_large", 'user="4294967297"', False),
        ("user_negative", 'user="-1"', False),
        ("zero_first", 'user="01"', True),
        ("blank", 'user=" 1"', False),
        ("plus", 'user="+1"', False),
        ("hexadecimal", 'user="0x1"', False),
        ("console_false", 'at_console="false"', True),
        ("console_true", 'at_console="true"', False),
    ])
    def test_who(self, text, wanted):
        self.assertEqual(self.applies(text), self.wanted(wanted))

    def test_two_names_of_one_user(self):
        """Rules by name and by number of the same user are one list, in the order of reading."""
        need_root()
        blocks = '<policy user="daemon"><deny send_interface="com.ex.I"/></policy><policy user="1"><allow send_interface="com.ex.I"/></policy>'
        bus = self.bus(policy=policy(SEND + RECEIVE) + blocks)
        alice, root = bus.client(ALICE), bus.client()
        message = any_call(destination=root.name)
        self.assertEqual(self.fate(alice, root, message), "passed")
        alice.driver("ReloadConfig")
        self.assertEqual(self.fate(alice, root, message), "passed")


class Reload(Judged):
    def test_rules_of_those_who_are_there(self):
        bus = self.bus(policy=policy(SEND + RECEIVE))
        one, two = bus.client(), bus.client()
        two.request_name(OTHER)
        message = any_call(destination=OTHER)
        self.assertEqual(self.fate(one, two, message), "passed")
        bus.configure(policy=policy(SEND + RECEIVE + '<deny send_interface="com.ex.I"/>'))
        one.driver("ReloadConfig")
        self.assertEqual(self.fate(one, two, message), "denied")
        bus.configure(policy=policy(SEND + RECEIVE))
        one.driver("ReloadConfig")
        self.assertEqual(self.fate(one, two, message), "passed")
        self.assertEqual(one.owner(OTHER), two.name)

    def test_calls_that_wait_for_an_answer(self):
        """What was asked for under the old rules is still asked for under the new ones."""
        bus = self.bus(policy=policy(SEND + RECEIVE))
        one, two = bus.client(), bus.client()
        got = self.asked(one, two)
        bus.configure(policy=policy(SEND + RECEIVE + '<deny send_interface="com.ex.I"/>'))
        one.driver("ReloadConfig")
        self.assertEqual(self.answers(two, one, got), "passed")

    @rows([
        ("not_xml", "<busconfig>"),
        ("empty", ""),
        ("unknown", "<busconfig><nonsense/></busconfig>"),
        ("wrong_rule", '<busconfig><listen>unix:tmpdir=/tmp</listen><policy context="default"><allow/></policy></busconfig>'),
    ])
    def test_broken_one_changes_nothing(self, text):
        bus = self.bus(policy=policy(SEND + RECEIVE + '<deny send_interface="com.ex.Denied"/>'))
        one, two = bus.client(), bus.client()
        with open(bus.config, "w", encoding="ascii") as file:
            file.write(text)
        with self.assertRaises(CallError):
            one.driver("ReloadConfig")
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")
        self.assertEqual(self.fate(one, two, any_call(destination=two.name, interface="com.ex.Denied")), "denied")
        bus.client()
        bus.configure()
        one.driver("ReloadConfig")

    def test_new_file_in_a_folder(self):
        """It counts by itself, a moment later."""
        bus = self.bus(tail="<includedir>@/d</includedir>", files={"d/a.conf": "<busconfig/>"})
        client = bus.client()
        self.assertEqual(self.owns(client, OTHER), "owner")
        client.release_name(OTHER)
        bus.write("new", "<busconfig>%s</busconfig>" % rule('<deny own="com.ex.Other"/>'))
        os.rename(os.path.join(bus.folder, "new"), os.path.join(bus.folder, "d/b.conf"))
        deadline = time.monotonic() + 10
        while self.owns(client, OTHER) == "owner":
            client.release_name(OTHER)
            self.assertLess(time.monotonic(), deadline, "the file is not noticed")
            time.sleep(0.05)

    def test_many_in_a_row(self):
        bus = self.bus(policy=policy(SEND + RECEIVE))
        clients = [bus.client() for _ in range(10)]
        for at in range(30):
            deny = '<deny send_destination="com.ex.N%d"/>' % at
            bus.configure(policy=policy(SEND + RECEIVE + deny))
            serials = [client.send(driver_call("ReloadConfig")) for client in clients]
            for client, serial in zip(clients, serials):
                client.result(serial)
        one, two = clients[:2]
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "passed")
        two.request_name("com.ex.N29")
        self.assertEqual(self.fate(one, two, any_call(destination=two.name)), "denied")


def driver_call(member):
    return any_call(destination=DRIVER, path="/", interface=DRIVER, member=member)
