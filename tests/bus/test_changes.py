"""Files that change under a running bus, in each way in which files change: they are read again unasked."""

import os
import time
import unittest

from harness import IS_REFERENCE, SESSION, BusTest
from wire import CallError

PATIENCE = 10
DENY = '<busconfig><policy context="mandatory"><deny own="com.ex.A"/></policy></busconfig>'
NOTHING = "<busconfig></busconfig>"


@unittest.skipIf(IS_REFERENCE, "looks at folders of <includedir> only")
class Changes(BusTest):
    def begin(self, tail, **files):
        bus = self.bus(SESSION, tail=tail, files=files)
        self.client = bus.client()
        self.client.request_name("com.ex.A")
        self.client.release_name("com.ex.A")
        return bus

    def noticed(self):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self.client.request_name("com.ex.A")
                self.client.release_name("com.ex.A")
            except CallError as error:
                self.assertTrue(error.name.endswith("AccessDenied"))
                return
            time.sleep(0.05)
        self.fail("the change was not noticed")

    def edit(self, bus, name, text):
        bus.write(name, text)

    def replace(self, bus, name, text):
        """As packages and editors do it: another file takes the name."""
        os.rename(bus.write("new.tmp", text), os.path.join(bus.folder, name))

    def test_main_file_in_place(self):
        bus = self.begin("")
        bus.configure(tail='<policy context="mandatory"><deny own="com.ex.A"/></policy>')
        self.noticed()

    def test_included_file(self):
        for change in (self.edit, self.replace):
            bus = self.begin("<include>@/part.conf</include>", **{"part.conf": NOTHING})
            change(bus, "part.conf", DENY)
            self.noticed()

    def test_included_file_of_any_name(self):
        bus = self.begin("<include>@/part</include>", part=NOTHING)
        bus.write("part", DENY)
        self.noticed()

    def test_link(self):
        bus = self.begin("<include>@/link.conf</include>", **{"far/real.conf": NOTHING, "link.conf": NOTHING})
        link = os.path.join(bus.folder, "link.conf")
        os.unlink(link)
        os.symlink("far/real.conf", link)
        self.client.driver("ReloadConfig")
        bus.write("far/real.conf", DENY)
        self.noticed()

    def test_folder(self):
        for change in ("comes", "changes", "is_replaced"):
            files = {"d/a.conf": NOTHING}
            bus = self.begin("<includedir>@/d</includedir>", **files)
            if change == "is_replaced":
                self.replace(bus, "d/a.conf", DENY)
            else:
                bus.write("d/b.conf" if change == "comes" else "d/a.conf", DENY)
            self.noticed()

    def test_what_is_no_part_of_it(self):
        bus = self.begin("<include>@/part.conf</include>", **{"part.conf": NOTHING})
        # written behind the bus's back, and of no interest: it is seen by the reload that must not come
        bus.write("other.conf", "<busconfig>")
        time.sleep(0.5)
        self.assertNotIn("eload", bus.text())


if __name__ == "__main__":
    unittest.main()
