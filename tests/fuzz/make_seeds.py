#!/usr/bin/python3
"""Writes the seeds of fuzz_message and fuzz_sasl into corpus/. Run it in this folder.

Each message comes in both byte orders; those whose name begins with "bad_" break one rule.
"""
import os
import struct

PATH, INTERFACE, MEMBER, ERROR, REPLY, DESTINATION, SENDER, SIGNATURE, FDS = range(1, 10)
CALL, RETURN, ERROR_TYPE, SIGNAL = range(1, 5)
FIXED = {'y': 'B', 'b': 'I', 'n': 'h', 'q': 'H', 'i': 'i', 'u': 'I', 'x': 'q', 't': 'Q',
         'd': 'd', 'h': 'I'}


class Out:
    def __init__(self, order):
        self.order = order
        self.data = b''

    def align(self, n):
        self.data += bytes(-len(self.data) % n)

    def pack(self, code, value):
        size = struct.calcsize(code)
        self.align(size)
        self.data += struct.pack(self.order + code, value)

    def value(self, sig, value):
        """Writes one value of the complete type that begins at sig[0]; what is left of sig."""
        c = sig[0]
        if c in FIXED:
            self.pack(FIXED[c], value)
        elif c in 'so':
            raw = value.encode() if isinstance(value, str) else value
            self.pack('I', len(raw))
            self.data += raw + b'\0'
        elif c == 'g':
            self.data += bytes([len(value)]) + value.encode() + b'\0'
        elif c == 'v':
            self.value('g', value[0])
            self.value(value[0], value[1])
        elif c == 'a':
            self.pack('I', 0)
            at = len(self.data)
            self.align(8 if sig[1] in '({xtd' else
                       struct.calcsize(FIXED[sig[1]]) if sig[1] in FIXED else
                       4 if sig[1] in 'soa' else 1)
            start = len(self.data)
            for item in value:
                self.value(sig[1:], item)
            size = struct.pack(self.order + 'I', len(self.data) - start)
            self.data = self.data[:at - 4] + size + self.data[at:]
            return skip(sig)
        elif c in '({':
            self.align(8)
            sig = sig[1:]
            for item in value:
                sig = self.value(sig, item)
            return sig[1:]
        return sig[1:]


def skip(sig):
    sig = sig.lstrip('a')
    depth = 0
    for i, c in enumerate(sig):
        depth += (c in '({') - (c in ')}')
        if depth == 0:
            return sig[i + 1:]
    raise ValueError(sig)


TYPES = {PATH: 'o', INTERFACE: 's', MEMBER: 's', ERROR: 's', REPLY: 'u', DESTINATION: 's',
         SENDER: 's', SIGNATURE: 'g', FDS: 'u'}


def message(order, kind, fields, sig='', args=(), flags=0, serial=7, version=1):
    """fields: list of (code, value) or (code, type, value)."""
    fields = [f if len(f) == 3 else (f[0], TYPES[f[0]], f[1]) for f in fields]
    if sig:
        fields.append((SIGNATURE, 'g', sig))
    body = Out(order)
    rest = sig
    for arg in args:
        rest = body.value(rest, arg)
    out = Out(order)
    out.data = bytes([ord('l' if order == '<' else 'B'), kind, flags, version])
    out.pack('I', len(body.data))
    out.pack('I', serial)
    out.value('a(yv)', [(code, (t, v)) for code, t, v in fields])
    out.align(8)
    return out.data + body.data


def nested(depth, value=('u', 1)):
    for _ in range(depth - 1):
        value = ('v', value)
    return value


def wrapped(depth):
    return (wrapped(depth - 1),) if depth else 1


C = [(PATH, '/org/example/Thing'), (DESTINATION, 'org.example.Thing'),
     (INTERFACE, 'org.example.Thing1'), (MEMBER, 'Frob')]
S = [(PATH, '/a'), (INTERFACE, 'a.b'), (MEMBER, 'C')]
MESSAGES = {
    'call_plain': (CALL, C),
    'call_short': (CALL, [(PATH, '/'), (MEMBER, 'M')]),
    'call_sender': (CALL, C + [(SENDER, ':1.42')], 's', ['x']),
    'call_sender_first': (CALL, [(SENDER, ':1.4')] + C, 'u', [1]),
    'call_unknown_field': (CALL, C[:2] + [(10, 'o', '/c'), (200, 'a{sv}', [('k', ('u', 1))])]
                           + C[2:], 's', ['after']),
    'call_unknown_only': (CALL, [(77, 'v', ('(ii)', (1, 2)))] + C),
    'call_flags': (CALL, C, 'b', [1], 0xff),
    'call_fds': (CALL, C + [(FDS, 2)], 'hh', [0, 1]),
    'call_fds_none': (CALL, C, 'h', [9]),
    'return_plain': (RETURN, [(REPLY, 9), (DESTINATION, ':1.7')]),
    'return_value': (RETURN, [(REPLY, 9)], 'as', [['a', 'bc', '']]),
    'error_plain': (ERROR_TYPE, [(ERROR, 'a.b.Failed'), (REPLY, 3)], 's', ['no']),
    'signal_plain': (SIGNAL, S, 'sa{sv}as', ['a.b', [('K', ('s', 'v')), ('L', ('b', 1))], ['x']]),
    'signal_reply': (SIGNAL, S + [(REPLY, 5)]),
    'type_5': (5, []),
    'type_255': (255, C),
    'basic_all': (CALL, C, 'ybnqiuxtdhsog', [1, 1, -2, 3, -4, 5, -6, 7, 8.5, 0, 'é€😀', '/x_1/y',
                                             'a{s(iv)}']),
    'mixed_padding': (CALL, C, 'yxyuyqyd', [1, 2, 3, 4, 5, 6, 7, 8.0]),
    'arrays_empty': (CALL, C, 'ayaxa(tt)a{sv}aasau', [[], [], [], [], [], []]),
    'arrays_fixed': (CALL, C, 'ayanatadabah', [b'abc', [1, -2], [3], [1.0], [0, 1, 1], [0]]),
    'arrays_nested': (CALL, C, 'aaiaasaa{uv}', [[[1], [], [2, 3]], [['a'], []],
                                                [[(1, ('y', 1))], []]]),
    'array_of_empty': (CALL, C, 'aax', [[[], [], []]]),
    'structs': (CALL, C, '(s(uy)a(yt))(y)', [('s', (1, 2), [(1, 2), (3, 4)]), (1,)]),
    'dicts': (CALL, C, 'a{s(ta{us})}a{ys}a{oo}', [[('k', (1, [(1, 'a'), (2, 'b')]))], [(1, 'q')],
                                                 [('/a', '/b')]]),
    'variants': (CALL, C, 'vvvv', [('as', ['a']), ('(sv)', ('x', ('a{sv}', [('y', ('t', 1))]))),
                                   ('v', ('v', ('u', 3))), ('g', 'a{sv}')]),
    'variant_bool': (CALL, C, 'av', [[('b', 0), ('b', 1), ('y', 9), ('d', 1.5)]]),
    'variants_64': (CALL, C, 'v', [nested(64)]),
    'bad_variants_65': (CALL, C, 'v', [nested(65)]),
    'variants_63_array': (CALL, C, 'v', [nested(63, ('as', ['s']))]),
    'bad_variants_64_array': (CALL, C, 'v', [nested(64, ('ay', b'x'))]),
    'bad_arrays_33': (CALL, C, 'aa(' * 16 + 'as' + ')' * 16, [[]]),
    'dicts_32': (CALL, C, 'a{s' * 32 + 'u' + '}' * 32, [[]]),
    'field_variants_61': (CALL, C + [(50, 'v', nested(60))]),
    'bad_field_variants_62': (CALL, C + [(50, 'v', nested(61))]),
    'signature_32': (CALL, C, 'a' * 32 + 'u', [[]]),
    'signature_structs_32': (CALL, C, '(' * 32 + 'u' + ')' * 32, [wrapped(32)]),
    'string_long': (CALL, C, 's', ['long ' * 60]),
    'string_empty': (CALL, C, 'ss', ['', '']),
    'props': (SIGNAL, [(PATH, '/org/bluez/hci0'), (INTERFACE, 'org.freedesktop.DBus.Properties'),
                       (MEMBER, 'PropertiesChanged'), (SENDER, ':1.2')],
              'sa{sv}as', ['org.bluez.Adapter1', [('Powered', ('b', 1)), ('UUIDs', ('as', ['a'])),
                                                  ('Data', ('a{qv}', [(1, ('ay', b'xyz'))]))],
                           ['Name']]),
    'bad_type_0': (0, C),
    'bad_version': (CALL, C, '', (), 0, 7, 2),
    'bad_serial_0': (CALL, C, '', (), 0, 0),
    'bad_reply_0': (RETURN, [(REPLY, 0)]),
    'bad_reply_missing': (RETURN, C),
    'bad_call_no_member': (CALL, C[:3]),
    'bad_signal_no_interface': (SIGNAL, [S[0], S[2]]),
    'bad_error_no_name': (ERROR_TYPE, [(REPLY, 1)]),
    'bad_field_twice': (CALL, C + [(MEMBER, 'Other')]),
    'bad_field_type': (CALL, C[:3] + [(MEMBER, 'o', '/Frob')]),
    'bad_field_0': (CALL, C + [(0, 's', 'zero')]),
    'bad_local_path': (CALL, [(PATH, '/org/freedesktop/DBus/Local')] + C[1:]),
    'bad_local_interface': (SIGNAL, [S[0], (INTERFACE, 'org.freedesktop.DBus.Local'), S[2]]),
    'bad_destination': (CALL, [C[0], (DESTINATION, 'nodot')] + C[2:]),
    'bad_path': (CALL, [(PATH, '/a/')] + C[1:]),
    'bad_bool': (CALL, C, 'ab', [[0, 1, 2]]),
    'bad_utf8': (CALL, C, 's', [b'\xed\xa0\x80']),
    'bad_string_nul': (CALL, C, 's', [b'a\0b']),
}

UID = b'30'
SASL = {
    'initial': b'\0AUTH EXTERNAL ' + UID + b'\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\nl\1\0\1',
    'challenge': b'\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n',
    'challenge_identity': b'\0AUTH EXTERNAL\r\nDATA ' + UID + b'\r\nBEGIN\r\n',
    'mechanisms': b'\0AUTH\r\nAUTH ANONYMOUS 74726163\r\nBEGIN\r\n',
    'anonymous': b'\0AUTH ANONYMOUS\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n',
    'wrong_identity': b'\0AUTH EXTERNAL 31323334\r\nAUTH EXTERNAL ' + UID + b'\r\nBEGIN\r\n',
    'cookie': b'\0AUTH DBUS_COOKIE_SHA1 ' + UID + b'\r\n',
    'cancel': b'\0AUTH EXTERNAL\r\nCANCEL\r\nAUTH EXTERNAL\r\nERROR no\r\n',
    'unknown': b'\0FOO\r\n\r\nAUTH EXTERNAL zz\r\nDATA\r\n',
    'begin_early': b'\0BEGIN\r\n',
    'rejected': b'\0' + b'AUTH\r\n' * 6,
    'not_ascii': b'\0AUTH \xff\r\n',
    'no_nul': b'AUTH\r\n',
}


def write(folder, name, data):
    os.makedirs(os.path.join('corpus', folder), exist_ok=True)
    with open(os.path.join('corpus', folder, name), 'wb') as file:
        file.write(data)


for name, spec in MESSAGES.items():
    write('message', name + '.le', message('<', *spec))
    write('message', name + '.be', message('>', *spec))
for name, data in SASL.items():
    write('sasl', name, b'\x07\0' + data)
