#!/usr/bin/python3
"""Which match rules a bus accepts, and how it prints them back.

The bus is the program named by DBUS_WARDEN_BUS, or the reference, /usr/bin/dbus-daemon. The table
is the same for both; where they are meant to differ, a row says what the reference does and why.
"""

import os
import shutil
import subprocess
import tempfile
import unittest

import dbus
import dbus.bus

PROGRAM = os.environ.get("DBUS_WARDEN_BUS", "/usr/bin/dbus-daemon")
IS_REFERENCE = os.path.basename(PROGRAM) == "dbus-daemon"

BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus")
ERROR = "org.freedesktop.DBus.Error."
INVALID = ERROR + "MatchRuleInvalid"
LIMITS = ERROR + "LimitsExceeded"

CONFIG = """<busconfig>
  <type>session</type>
  <listen>unix:path=%s/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

SIXTEEN = ",".join("arg%d=x" % i for i in range(16))
SIXTEEN_PRINTED = ",".join("arg%d='x'" % i for i in range(16))

# (rule, the rule as printed by GetAllMatchRules or the name of an error)
RULES = [
    # blanks: around a key, never around a value
    ("", ""),
    (" \t\n\r", ""),
    (" type='signal'", "type='signal'"),
    ("\ttype\t='signal'", "type='signal'"),
    ("type\n='signal',\r\nmember='A'", "type='signal',member='A'"),
    ("type='signal', member='A'", "type='signal',member='A'"),
    ("type='signal',   ", "type='signal'"),
    ("type= 'signal'", INVALID),
    ("type='signal' ", INVALID),
    ("type='signal' ,member='A'", INVALID),
    ("\vtype='signal'", INVALID),
    ("\ftype='signal'", INVALID),
    ("\u00a0type='signal'", INVALID),
    ("arg0 ='a'", "arg0='a'"),
    ("arg 0='a'", INVALID),
    ("arg0 path='/a'", INVALID),
    ("path_namespace ='/a'", "path_namespace='/a'"),
    # eavesdrop in all spellings: a filter that misses one lets messages of others through
    ("eavesdrop='true'", "eavesdrop='true'"),
    ("eavesdrop=true", "eavesdrop='true'"),
    ("eavesdrop =true", "eavesdrop='true'"),
    (" eavesdrop\t='true'", "eavesdrop='true'"),
    ("eavesdrop=t'ru'e", "eavesdrop='true'"),
    ("type='signal',\neavesdrop\r=''true", "type='signal',eavesdrop='true'"),
    ("eavesdrop='false'", ""),
    ("eavesdrop= true", INVALID),
    ("eavesdrop = true", INVALID),
    ("eavesdrop=true ", INVALID),
    ("eavesdrop='TRUE'", INVALID),
    ("eavesdrop='yes'", INVALID),
    ("eavesdrop='1'", INVALID),
    ("eavesdrop=''", INVALID),
    ("eavesdrop=", INVALID),
    ("Eavesdrop='true'", INVALID),
    ("'eavesdrop'=true", INVALID),
    # commas and keys
    ("type='signal',", "type='signal'"),
    ("type='signal',,", INVALID),
    ("type='signal',,member='A'", INVALID),
    (",type='signal'", INVALID),
    (",", INVALID),
    (", ", INVALID),
    ("type", INVALID),
    ("type ", INVALID),
    ("type member='A'", INVALID),
    ("type='signal',foo", INVALID),
    ("type='signal',foo=", INVALID),
    ("type='signal';member='A'", INVALID),
    ("'type'='signal'", INVALID),
    ("Type='signal'", INVALID),
    ("MEMBER='A'", INVALID),
    ("foo", INVALID),
    ("foo='a'", INVALID),
    ("pathnamespace='/'", INVALID),
    # quoting
    ("type=signal", "type='signal'"),
    ("type=sig'nal'", "type='signal'"),
    ("type='sig'nal", "type='signal'"),
    ("type='signal", INVALID),
    ("type='signal''", INVALID),
    ("type==signal", INVALID),
    ("arg0='a'b'c'", "arg0='abc'"),
    ("arg0='a''b'", "arg0='ab'"),
    ("arg0=''''", "arg0=''"),
    ("arg0='''", INVALID),
    ("arg0='a,b'", "arg0='a,b'"),
    ("arg0=a,b", INVALID),
    ("arg0=a,arg1=b", "arg0='a',arg1='b'"),
    ("arg0= a b ", "arg0=' a b '"),
    ("arg0='a' ", "arg0='a '"),
    ("arg0=a=b", "arg0='a=b'"),
    ("arg0==", "arg0='='"),
    ('arg0="a"', "arg0='\"a\"'"),
    ("arg0='\\'", "arg0='\\'"),
    ("arg0='\\','", INVALID),
    ("arg0='\\'','", "arg0='\\,'"),
    ("arg0='it\\'s'", INVALID),
    ("arg0='it'\\''s'", "arg0='it'\\''s'"),
    ("arg0='it'\\\\'s'", "arg0='it\\\\s'"),
    ("arg0=\\'", "arg0=''\\'''"),
    ("arg0=\\''", INVALID),
    ("arg0=a\\b", "arg0='a\\b'"),
    ("arg0=a\\,b", "arg0='a\\,b'"),
    ("arg0=a\\", "arg0='a\\'"),
    ("arg0=\\\\", "arg0='\\\\'"),
    ("arg0=\\\\'", INVALID),
    ("arg0=\\\\\\'", "arg0='\\\\'\\'''"),
    ("arg0='\u00e4\n\x01'", "arg0='\u00e4\n\x01'"),
    # type
    ("type='method_call'", "type='method_call'"),
    ("type='method_return'", "type='method_return'"),
    ("type='error'", "type='error'"),
    ("type='invalid'", INVALID),
    ("type='Signal'", INVALID),
    ("type='1'", INVALID),
    ("type=''", INVALID),
    # names and paths
    ("interface='a.b'", "interface='a.b'"),
    ("interface='a'", INVALID),
    ("interface='a-b.c'", INVALID),
    ("interface='1.b'", INVALID),
    ("interface=''", INVALID),
    ("interface='org.freedesktop.DBus.Local'", "interface='org.freedesktop.DBus.Local'"),
    ("member='A'", "member='A'"),
    ("member='A.b'", INVALID),
    ("member='1A'", INVALID),
    ("member='A-b'", INVALID),
    ("member=", INVALID),
    ("member='%s'" % ("a" * 255), "member='%s'" % ("a" * 255)),
    ("member='%s'" % ("a" * 256), INVALID),
    ("sender=':1.1'", "sender=':1.1'"),
    ("sender=':1.2.3.4'", "sender=':1.2.3.4'"),
    ("sender=':1.'", INVALID),
    ("sender='a.b'", "sender='a.b'"),
    ("sender='a-b.c'", "sender='a-b.c'"),
    ("sender='org.freedesktop.DBus'", "sender='org.freedesktop.DBus'"),
    ("sender='a'", INVALID),
    ("sender='a..b'", INVALID),
    ("sender='.a.b'", INVALID),
    ("sender='a.b.'", INVALID),
    ("sender='1a.b'", INVALID),
    ("sender='a.b '", INVALID),
    ("sender=''", INVALID),
    ("sender='a.%s'" % ("a" * 253), "sender='a.%s'" % ("a" * 253)),
    ("sender='a.%s'" % ("a" * 254), INVALID),
    ("destination=':1.5'", "destination=':1.5'"),
    ("destination='a.b'", "destination='a.b'"),
    ("destination='a'", INVALID),
    ("destination='*'", INVALID),
    ("destination=''", INVALID),
    ("path='/'", "path='/'"),
    ("path='/a'", "path='/a'"),
    ("path='/a/'", INVALID),
    ("path='a'", INVALID),
    ("path='//a'", INVALID),
    ("path='/a-b'", INVALID),
    ("path=''", INVALID),
    ("path='/org/freedesktop/DBus/Local'", "path='/org/freedesktop/DBus/Local'"),
    ("path_namespace='/'", "path_namespace='/'"),
    ("path_namespace='/a'", "path_namespace='/a'"),
    ("path_namespace='/a/'", INVALID),
    ("path_namespace='a'", INVALID),
    ("path_namespace=''", INVALID),
    # arguments
    ("arg0='a'", "arg0='a'"),
    ("arg0=", "arg0=''"),
    ("arg63='a'", "arg63='a'"),
    ("arg64='a'", INVALID),
    ("arg4294967296='a'", INVALID),
    ("arg18446744073709551616='a'", INVALID),
    ("arg-1='a'", INVALID),
    ("arg='a'", INVALID),
    ("arg1a='a'", INVALID),
    ("arg08='a'", INVALID),
    ("argpath='/a'", INVALID),
    ("arg0paths='/a'", INVALID),
    ("arg0Path='/a'", INVALID),
    ("arg0path='/a/'", "arg0path='/a/'"),
    ("arg0path='a b'", "arg0path='a b'"),
    ("arg0path=''", "arg0path=''"),
    ("arg63path='/a'", "arg63path='/a'"),
    ("arg0namespace='a'", "arg0namespace='a'"),
    ("arg0namespace='a-b.c'", "arg0namespace='a-b.c'"),
    ("arg0namespace=':1.5'", "arg0namespace=':1.5'"),
    ("arg0namespace='1a'", INVALID),
    ("arg0namespace='a.'", INVALID),
    ("arg0namespace='.a'", INVALID),
    ("arg0namespace='a..b'", INVALID),
    ("arg0namespace='*'", INVALID),
    ("arg0namespace=''", INVALID),
    ("arg1namespace='a'", INVALID),
    ("arg00namespace='a'", INVALID),
    # once each
    ("type='signal',type='signal'", INVALID),
    ("sender='a.b',sender='a.b'", INVALID),
    ("interface='a.b',interface='a.b'", INVALID),
    ("member='A',member='A'", INVALID),
    ("destination='a.b',destination='a.b'", INVALID),
    ("path='/',path='/'", INVALID),
    ("path='/',path_namespace='/'", INVALID),
    ("path_namespace='/',path='/'", INVALID),
    ("path_namespace='/',path_namespace='/'", INVALID),
    ("arg0='a',arg0='a'", INVALID),
    ("arg0='a',arg0path='/a'", INVALID),
    ("arg0='a',arg0namespace='a'", INVALID),
    ("arg0path='/a',arg0namespace='a'", INVALID),
    # order of printing
    (
        "destination='a.b',path='/p',member='M',sender='s.s',interface='i.i',type='error',"
        "eavesdrop='true',arg3='c',arg1path='/b/'",
        "type='error',interface='i.i',member='M',path='/p',sender='s.s',destination='a.b',"
        "eavesdrop='true',arg1path='/b/',arg3='c'",
    ),
    (
        "arg10='c',arg9='b',arg0namespace='a',path_namespace='/p',sender=':1.3'",
        "path_namespace='/p',sender=':1.3',arg0namespace='a',arg9='b',arg10='c'",
    ),
    # length and number
    ("arg0='%s'" % ("a" * 1017), "arg0='%s'" % ("a" * 1017)),
    ("arg0='%s'" % ("a" * 1018), LIMITS),
    (" " * 1024, ""),
    (" " * 1025, LIMITS),
    (SIXTEEN, SIXTEEN_PRINTED),
]

# (rule, what the reference does, what we do, why)
DIFFERENCES = [
    ("=", "", INVALID, "conditions after one without a key are ignored"),
    ("=,type='signal'", "", INVALID, "conditions after one without a key are ignored"),
    ("type='signal', =foo='", "type='signal'", INVALID, "what follows is not even read"),
    (SIXTEEN + ",arg16=x", SIXTEEN_PRINTED, SIXTEEN_PRINTED + ",arg16='x'", "17th ignored"),
    (SIXTEEN + ",eavesdrop=true", SIXTEEN_PRINTED, "eavesdrop='true'," + SIXTEEN_PRINTED,
     "17th ignored"),
    (SIXTEEN + ",junk", SIXTEEN_PRINTED, INVALID, "17th ignored"),
    ("eavesdrop=true,eavesdrop=true", "eavesdrop='true'", INVALID, "the last one counts"),
    ("eavesdrop='true',eavesdrop='false'", "", INVALID, "the last one counts"),
    ("eavesdrop='false',eavesdrop='true'", "eavesdrop='true'", INVALID, "the last one counts"),
    ("arg01='a'", "arg1='a'", INVALID, "numbers as strtoul(3) reads them: octal"),
    ("arg010='a'", "arg8='a'", INVALID, "numbers as strtoul(3) reads them: octal"),
    ("arg0x1='a'", "arg1='a'", INVALID, "numbers as strtoul(3) reads them: hexadecimal"),
    ("arg+1='a'", "arg1='a'", INVALID, "numbers as strtoul(3) reads them: signs"),
    ("arg-0='a'", "arg0='a'", INVALID, "numbers as strtoul(3) reads them: signs"),
    ("sender=':'", "sender=':'", INVALID, "unique names need not have two elements"),
    ("sender=':1'", "sender=':1'", INVALID, "unique names need not have two elements"),
    ("arg0namespace=':1'", "arg0namespace=':1'", INVALID, "unique names, as above"),
]


class MatchSyntax(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="match-syntax-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        config = os.path.join(cls.folder, "bus.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG % cls.folder)
        command = [PROGRAM, "--config-file=" + config, "--nofork", "--nopidfile",
                   "--print-address=1"]
        cls.program = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        cls.addClassCleanup(cls.stop)
        address = cls.program.stdout.readline().strip()
        if not address:
            raise RuntimeError("%s did not start" % PROGRAM)
        cls.bus = dbus.bus.BusConnection(address)

    @classmethod
    def stop(cls):
        cls.program.terminate()
        cls.program.wait()
        cls.program.stdout.close()

    def rules(self):
        answer = self.bus.call_blocking(
            *BUS, "org.freedesktop.DBus.Debug.Stats", "GetAllMatchRules", "", ())
        return [str(rule) for rule in answer.get(self.bus.get_unique_name(), [])]

    def call(self, method, text):
        self.bus.call_blocking(*BUS, BUS[0], method, "s", (text,))

    def answer(self, text):
        """The rule as it is printed back, or the name of the error; nothing stays behind."""
        try:
            self.call("AddMatch", text)
        except dbus.DBusException as error:
            name = error.get_dbus_name()
            # a rule that cannot be added cannot be named for removal either
            with self.assertRaises(dbus.DBusException) as caught:
                self.call("RemoveMatch", text)
            self.assertEqual(caught.exception.get_dbus_name(), name)
            self.assertEqual(self.rules(), [])
            return name
        printed = self.rules()
        self.assertEqual(len(printed), 1)
        # what is printed means the same rule
        if len(printed[0]) <= 1024:
            self.call("RemoveMatch", printed[0])
        else:
            self.call("RemoveMatch", text)
        self.assertEqual(self.rules(), [])
        return printed[0]

    def test_rules(self):
        for text, want in RULES:
            with self.subTest(text=text):
                self.assertEqual(self.answer(text), want)

    def test_differences(self):
        for text, reference, ours, why in DIFFERENCES:
            with self.subTest(text=text, why=why):
                self.assertEqual(self.answer(text), reference if IS_REFERENCE else ours)


if __name__ == "__main__":
    unittest.main()
