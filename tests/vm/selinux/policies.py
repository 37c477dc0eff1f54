"""policies - what the kernel enforces, changed while tests run."""

import os
import re
import subprocess

HERE = os.path.dirname(os.path.realpath(__file__))
SELINUX = "/sys/fs/selinux"
BASE = "/etc/selinux/vmtest/policy/policy.31"


def put(name, data):
    """To a file of selinuxfs, in one write as it wants it."""
    fd = os.open(os.path.join(SELINUX, name), os.O_WRONLY)
    try:
        os.write(fd, data)
    finally:
        os.close(fd)


def linked(*texts):
    paths = []
    for text in texts:
        paths.append("/run/part%d.cil" % len(paths))
        with open(paths[-1], "w", encoding="utf-8") as file:
            file.write(text)
    subprocess.run(["secilc", "-c", "31", "-o", "/run/policy", "-f", "/dev/null", *paths], check=True)
    with open("/run/policy", "rb") as file:
        return file.read()


def parts():
    texts = []
    for name in ("small.cil", "trusted.cil"):
        with open(os.path.join(HERE, name), encoding="utf-8") as file:
            texts.append(file.read())
    return texts


def compiled(more):
    """The machine's policy with more rules."""
    return linked(*parts(), more)


def without_class():
    """One that does not know class dbus."""
    texts = [re.sub(r"\(allow [^\n]*\(dbus [^\n]*\n", "", text) for text in parts()]
    texts[0] = re.sub(r"\(class dbus [^\n]*\n", "", texts[0]).replace(" security dbus))", " security))")
    return linked(*texts)


def base():
    with open(BASE, "rb") as file:
        return file.read()


def load(data):
    put("load", data)


def enforce(on):
    put("enforce", b"1" if on else b"0")
