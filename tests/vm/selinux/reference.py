"""reference - the stock dbus-daemon as the bus, and what either bus writes of denials."""

import os
import re
import subprocess

import harness
from harness import eventually

DAEMON = "/run/reference-bus"
AVC = re.compile(r"avc:  (?:denied|granted)  \{ .*? tclass=\S+(?: permissive=[01])?")


class Kept:
    """Starts its buses with another program."""

    def __init__(self, program):
        self.program = program

    def __enter__(self):
        self.was, harness.PROGRAM = harness.PROGRAM, self.program

    def __exit__(self, *_):
        harness.PROGRAM = self.was


def daemon():
    """dbus-daemon in the bus's domain."""
    with open(DAEMON, "w", encoding="ascii") as file:
        file.write("#!/bin/bash\nexec runcon system_u:system_r:bus_t:s0 /usr/bin/dbus-daemon \"$@\"\n")
    os.chmod(DAEMON, 0o755)
    return Kept(DAEMON)


def kernel_avcs(least):
    """What dbus-daemon gave to the kernel's audit since the log was emptied; there is no auditd, so
    the kernel prints it, when it comes to that."""
    return eventually(lambda: avc_lines(kernel_log()), lambda lines: len(lines) >= least)


def bus_avcs(bus, least):
    """What our recorder wrote, which is a process of its own."""
    return eventually(lambda: avc_lines(bus.text()), lambda lines: len(lines) >= least)


def text_with(bus, part):
    return eventually(bus.text, lambda text: part in text)


def kernel_log_empty():
    """Nothing of what is printed from here on is suppressed."""
    with open("/proc/sys/kernel/printk_ratelimit", "w", encoding="ascii") as file:
        file.write("0")
    subprocess.run(["dmesg", "--clear"], check=True)


def kernel_log():
    return subprocess.run(["dmesg"], stdout=subprocess.PIPE, check=True).stdout.decode(errors="replace")


def avc_lines(text):
    """Denials without what is new each time."""
    return [re.sub(r" [st]pid=[0-9]+", "", line) for line in AVC.findall(text)]
