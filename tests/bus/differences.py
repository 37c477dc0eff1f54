"""differences - every test that dbus-daemon is meant not to pass, what happens there, and why.

The outcome is FAILS, or the value that the test finds there instead of the one it wants here.
"""

FAILS = "fails"

# test: (outcome on dbus-daemon, reason)
DIFFERENCES = {}
