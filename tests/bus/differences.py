"""differences - every test that dbus-daemon is meant not to pass, what happens there, and why.

The outcome is FAILS, or the value that the test finds there instead of the one it wants here.
"""

FAILS = "fails"

DRIVER_CREDENTIALS = "dbus-daemon tells only pid and uid of itself; ours the superset that dbus-broker tells"
STATISTICS = "figures about others are for root and the owner of the bus, whatever the policy says"

# test: (outcome on dbus-daemon, reason)
DIFFERENCES = {
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
}
