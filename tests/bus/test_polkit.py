"""Rules that ask polkit: what it answers is what happens, whatever happens meanwhile."""

import os
import signal as signals
import time
import unittest

from harness import ALICE, BOB
from polkit import INTERACTIVE, I, NAME, POLICY, PolkitTest, checks
from wire import call, reply, signal


class Answers(PolkitTest):
    def test_yes_and_no(self):
        bus = self.started()
        self.passes("Yes")
        self.assertIn("com.ex.no", self.fails("AccessDenied", "No"))
        self.recorded(bus, "denied send", "com.ex.no", "not authorised, said polkit", "res=failed")
        self.passes("Unchecked")


if __name__ == "__main__":
    unittest.main()
