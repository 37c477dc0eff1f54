"""differences - every test that dbus-daemon is meant not to pass, what happens there, and why.

The outcome is FAILS, or the value that the test finds there instead of the one it wants here.
"""

FAILS = "fails"

DRIVER_CREDENTIALS = "dbus-daemon tells only pid and uid of itself; ours the superset that dbus-broker tells"
STATISTICS = "figures about others are for root and the owner of the bus, whatever the policy says"
WIPING = (
    "dbus-daemon takes a rule without type, path, interface, member, error and peer for one that fits"
    " everything, and forgets the rules before it"
)
EXEC = "dbus-daemon makes an argument of blanks at the end, and takes a # within a word for a comment"
EXEC_LATE = "dbus-daemon notices a bad Exec when it starts the service; ours when it reads the file"
NAME_OF_NOBODY = "dbus-daemon offers names that no connection can own"
SINCE_1_15 = "that folder came with dbus-daemon 1.15"
NUMBERS = "dbus-daemon reads numbers as C does, and takes what is left of them; ours are decimal"

# test: (outcome on dbus-daemon, reason)
DIFFERENCES = {
    "test_activation.Failure.test_pending_starts_are_no_messages": (
        FAILS,
        "dbus-daemon counts every message that waits, and refuses StartServiceByName of what runs",
    ),
    "test_activation.Files.test_arguments__blanks_behind": ("<a><>", EXEC),
    "test_activation.Files.test_arguments__comment": ("<a><>", EXEC),
    "test_activation.Files.test_arguments__hash_inside": ("<a>", EXEC),
    "test_activation.Files.test_bad_command__single": ("InvalidArgs", EXEC_LATE),
    "test_activation.Files.test_bad_command__double": ("InvalidArgs", EXEC_LATE),
    "test_activation.Files.test_bad_command__backslash_last": ("InvalidArgs", EXEC_LATE),
    "test_activation.Files.test_bad_command__nothing": ("Spawn.ExecFailed", EXEC_LATE),
    "test_activation.Files.test_file__only_systemd": (False, "dbus-daemon wants an Exec even where systemd starts it"),
    "test_activation.Files.test_file__tab_before_equal": (False, "dbus-daemon takes only blanks there"),
    "test_activation.Files.test_name__one_element": (True, NAME_OF_NOBODY),
    "test_activation.Files.test_name__digit": (True, NAME_OF_NOBODY),
    "test_activation.Files.test_name__unique": (True, NAME_OF_NOBODY),
    "test_activation.Files.test_name__empty": (True, NAME_OF_NOBODY),
    "test_activation.Policy.test_start_by_name": (
        FAILS,
        "dbus-daemon starts services for who may not talk to them",
    ),
    "test_activation.Reload.test_same_services": (FAILS, "dbus-daemon announces every reload"),
    "test_protected.Protected.test_monitor": (False, "dbus-daemon keeps a monitor that does not read, with all its queue"),
    "test_services.System.test_each_folder__etc": ([], SINCE_1_15),
    "test_services.System.test_each_folder__run": ([], SINCE_1_15),
    "test_services.System.test_first_wins": (12, SINCE_1_15),
    "test_services.System.test_other_file_name": (
        ["com.ex.S", "com.ex.T"],
        "dbus-daemon offers what it finds no program for when it is wanted",
    ),
    "test_systemd_start.Failed.test_is_no_failure__other_arguments": (
        FAILS,
        "dbus-daemon disconnects a systemd that sends such a failure",
    ),
    "test_systemd_start.Judged.test_sender_becomes_a_monitor": (
        FAILS,
        "dbus-daemon delivers what a monitor had sent before it was one, in the name that it had",
    ),
    "test_driver.Credentials.test_groups_of_the_bus": (FAILS, DRIVER_CREDENTIALS),
    "test_driver.Credentials.test_groups_twice": (
        FAILS,
        "dbus-daemon tells the kernel's list as it is; ours has each group once",
    ),
    "test_driver.Credentials.test_process_fd": (FAILS, "ProcessFD came with dbus-daemon 1.15.8"),
    "test_driver.Dispatch.test_no_answer_to_who_wants_none": (
        FAILS,
        "the specification says that no reply is sent; dbus-daemon sends it for its own methods",
    ),
    "test_driver.Identity.test_id_is_the_guid_of_the_address": (
        FAILS,
        "dbus-daemon has an identity for each address and another one for GetId; ours has one",
    ),
    "test_driver.Privileged.test_who_may__GetStats": (None, STATISTICS),
    "test_driver.Privileged.test_who_may__GetConnectionStats": (None, STATISTICS),
    "test_driver.Privileged.test_who_may__GetAllMatchRules": (None, STATISTICS),
    "test_policy_order.Narrow.test_rule_leaves_earlier_ones_alone__send_broadcast": ("denied", WIPING),
    "test_policy_order.Narrow.test_rule_leaves_earlier_ones_alone__send_broadcast_destination": ("denied", WIPING),
    "test_policy_order.Narrow.test_rule_leaves_earlier_ones_alone__send_fds": ("denied", WIPING),
    "test_policy_order.Narrow.test_rule_leaves_earlier_ones_alone__send_max_fds": ("denied", WIPING),
    "test_policy_order.Narrow.test_rule_leaves_earlier_ones_alone__receive_eavesdrop": ("denied", WIPING),
    "test_policy_order.Narrow.test_rule_leaves_earlier_ones_alone__eavesdrop_alone": ("denied", WIPING),
    "test_policy_order.Narrow.test_rule_leaves_earlier_ones_alone__receive_fds": ("denied", WIPING),
    "test_policy_order.Order.test_group_without_an_entry": (
        "denied",
        "dbus-daemon ignores the rules of a group that has no entry, by number too",
    ),
    "test_policy_driver.Connect.test_groups_of_the_kernel": (
        False,
        "dbus-daemon looks up the groups of the user, not those of the process",
    ),
    "test_policy_driver.Connect.test_user_without_an_entry": (
        False,
        "dbus-daemon refuses who has no entry in the user database, whatever the rules say",
    ),
    "test_monitor.Monitor.test_may_send_nothing__ping": (
        FAILS,
        "dbus-daemon answers a Ping without destination from everybody; ours knows no exception for monitors",
    ),
    "test_fds.Fds.test_fds_in_two_parts": (FAILS, "dbus-daemon disconnects who does that"),
    "test_fds.Fds.test_of_the_message_before": (
        FAILS,
        "dbus-daemon has one stream of descriptors, and takes those of earlier messages for later ones",
    ),
    "test_policy_config.Files.test_broken_file_keeps_its_denies": (
        "owner",
        "dbus-daemon forgets all of a broken file in an includedir; ours keeps the denies before the fault",
    ),
    "test_policy_config.Texts.test_in_a_folder__auth_unknown": (
        FAILS,
        "dbus-daemon does not start then, ours takes it for a fault of that file as any other",
    ),
    "test_policy_config.Users.test_who__blank": (True, NUMBERS),
    "test_policy_config.Users.test_who__group_too_large": (True, NUMBERS),
    "test_policy_config.Users.test_who__hexadecimal": (True, NUMBERS),
    "test_policy_config.Users.test_who__plus": (True, NUMBERS),
    "test_policy_config.Users.test_who__user_too_large": (True, NUMBERS),
}
