"""fuse - a file system with one file, whose server lets buses wait for the answer to their close() until
it is told otherwise; or whoever closes it last, for what he wrote. The kernel's protocol is spoken here,
as libfuse would."""

import ctypes
import os
import struct
import tempfile
import threading
import unittest

from harness import IS_ROOT

LOOKUP, FORGET, GETATTR, SETATTR, OPEN, WRITE, RELEASE, FLUSH, INIT = 1, 2, 3, 4, 14, 16, 18, 25, 26
INTERRUPT, BATCH_FORGET = 36, 42
WRITEBACK_CACHE = 1 << 16
PAGE = 4096
NO_ANSWER = (FORGET, BATCH_FORGET, INTERRUPT)
ENOSYS = 38
MNT_DETACH = 2
LIBC = ctypes.CDLL(None, use_errno=True)


def attributes(node):
    mode = 0o040755 if node == 1 else 0o100666
    return struct.pack("<6Q10I", node, 0, 0, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def is_bus(pid):
    """Whether it is a thread of one."""
    with open("/proc/%d/comm" % pid, encoding="utf-8") as file:
        return file.read().startswith(("dbus-", "undertaker"))


class Fuse:
    """open() gives a descriptor of the file; held are those who wait in close(). `late`: the file is
    written when it is closed."""

    def __init__(self, test, late=False):
        if not IS_ROOT or not os.path.exists("/dev/fuse"):
            raise unittest.SkipTest("needs root and /dev/fuse, to be the server of a file system")
        self.lock = threading.Lock()
        self.holding = True
        self.late = late
        self.held = []
        self.device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
        self.folder = tempfile.mkdtemp(prefix="fuse-")
        options = "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % self.device
        if LIBC.mount(b"test", self.folder.encode(), b"fuse", 0, options.encode()) < 0:
            os.close(self.device)
            os.rmdir(self.folder)
            raise unittest.SkipTest("no FUSE here: " + os.strerror(ctypes.get_errno()))
        self.server = threading.Thread(target=self.serve, daemon=True)
        self.server.start()
        test.addCleanup(self.end)

    def open(self):
        return os.open(self.folder + "/file", os.O_RDWR | os.O_CLOEXEC)

    def dirty(self):
        """What was not written yet, for which whoever closes the file waits."""
        fd = self.open()
        os.write(fd, b"x" * PAGE)
        threading.Thread(target=os.close, args=(fd,), daemon=True).start()

    def is_held(self, code, pid):
        return self.holding and (code == WRITE if self.late else code == FLUSH and is_bus(pid))

    def answer(self, unique, data=b"", error=0):
        try:
            os.write(self.device, struct.pack("<IiQ", 16 + len(data), -error, unique) + data)
        except OSError:
            pass  # who asked is gone, or all is

    def serve(self):
        while True:
            try:
                request = os.read(self.device, 1 << 20)
            except OSError:
                return
            _, code, unique, node, _, _, pid, _ = struct.unpack_from("<IIQQIIII", request)
            with self.lock:
                if self.is_held(code, pid):
                    self.held.append(unique)
                    continue
            if code == INIT:
                flags = WRITEBACK_CACHE if self.late else 0
                self.answer(unique, struct.pack("<4I2H2I", 7, 31, 0, flags, 16, 12, PAGE, 1).ljust(64, b"\0"))
            elif code == LOOKUP:
                self.answer(unique, struct.pack("<4Q2I", 2, 0, 3600, 3600, 0, 0) + attributes(2))
            elif code == WRITE:
                self.answer(unique, struct.pack("<2I", PAGE, 0))
            elif code in (GETATTR, SETATTR):
                self.answer(unique, struct.pack("<Q2I", 3600, 0, 0) + attributes(node))
            elif code == OPEN:
                self.answer(unique, struct.pack("<Q2I", 0, 0, 0))
            elif code in (FLUSH, RELEASE):
                self.answer(unique)
            elif code not in NO_ANSWER:
                self.answer(unique, error=ENOSYS)

    def let_go(self):
        """Nobody waits any more."""
        with self.lock:
            self.holding = False
            held, self.held = self.held, []
        for unique in held:
            self.answer(unique, struct.pack("<2I", PAGE, 0) if self.late else b"")

    def end(self):
        self.let_go()
        LIBC.umount2(self.folder.encode(), MNT_DETACH)
        self.server.join(10)
        os.close(self.device)
        os.rmdir(self.folder)
