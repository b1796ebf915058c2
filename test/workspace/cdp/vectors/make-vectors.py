#!/usr/bin/env python3
"""Signatures for test/workspace/cdp/client/signing.test.ts, made by an implementation that shares nothing with Node's.

Node signs with OpenSSL. This signs with `ecdsa` (Ed25519 and ECDSA) and `rsa`, both written in Python alone; the text that
is signed is put together here from the vendor's description as well. Debian: apt-get install python3-ecdsa python3-rsa

  python3 make-vectors.py           writes vectors.json beside it; the same every time while that file keeps the keys
  python3 make-vectors.py verify    reads {"kind", "text", "signature"} as JSON, prints `good` or `bad`

The keys in vectors.json open nothing: they were made for this.
"""

import base64
import hashlib
import importlib.metadata
import json
import os
import platform
import sys

import ecdsa
import ecdsa.der as der
import rsa

HERE = os.path.dirname(os.path.abspath(__file__))
VECTORS = os.path.join(HERE, 'vectors.json')
ACCESS_KEY_ID = '6f1c0d5e-7a42-4c8b-9e57-2b1f8e1a9d30'
REQUESTS = [
    # date as RFC 1123 in GMT, path
    ('Mon, 23 Nov 2026 14:19:01 GMT', '/api/v1/ml/backupWorkspace'),
    ('Thu, 29 Feb 2024 23:59:59 GMT', '/api/v1/ml/listWorkspaces'),
    ('Sun, 01 Jan 2023 00:00:00 GMT', '/behind/a/proxy/api/v1/ml/describeWorkspaceBackup'),
]
ED25519_SEED = hashlib.sha256(b'a seed for test vectors').digest()
EC_SECRETS = {
    'P-256': (ecdsa.NIST256p, int.from_bytes(hashlib.sha256(b'P-256 for test vectors').digest(), 'big')),
    'P-384': (ecdsa.NIST384p, int.from_bytes(hashlib.sha384(b'P-384 for test vectors').digest(), 'big')),
}


def url_safe(data):
    return base64.urlsafe_b64encode(data).decode()


def text_of(date, path, method):
    return '\n'.join(['POST', 'application/json', date, path, method])


def pem(der_bytes, label):
    body = base64.encodebytes(der_bytes).decode().replace('\n', '')
    lines = [body[at:at + 64] for at in range(0, len(body), 64)]
    return '\n'.join([f'-----BEGIN {label}-----', *lines, f'-----END {label}-----', ''])


RSA_ALGORITHM = der.encode_sequence(der.encode_oid(1, 2, 840, 113549, 1, 1, 1), b'\x05\x00')


def rsa_private_pem(key):
    """PKCS8 around PKCS1, as the vendor hands keys out."""
    pkcs1 = key.save_pkcs1('DER')
    return pem(der.encode_sequence(der.encode_integer(0), RSA_ALGORITHM, der.encode_octet_string(pkcs1)), 'PRIVATE KEY')


def rsa_public_pem(key):
    pkcs1 = rsa.PublicKey(key.n, key.e).save_pkcs1('DER')
    return pem(der.encode_sequence(RSA_ALGORITHM, der.encode_bitstring(pkcs1, 0)), 'PUBLIC KEY')


def rsa_key():
    """Made once: primes cannot be found again from a seed."""
    try:
        with open(VECTORS) as file:
            numbers = json.load(file)['rsaNumbers']
        return rsa.PrivateKey(*(int(numbers[name], 16) for name in ['n', 'e', 'd', 'p', 'q']))
    except FileNotFoundError:
        return rsa.newkeys(2048)[1]


def signers():
    ed = ecdsa.SigningKey.from_string(ED25519_SEED, curve=ecdsa.Ed25519)
    yield {
        'kind': 'ed25519', 'method': 'ed25519v1', 'isSame': True,
        'privateKey': base64.b64encode(ED25519_SEED).decode(),
        'publicKey': ed.get_verifying_key().to_pem().decode(),
    }, ed.sign
    for curve_name, (curve, secret) in EC_SECRETS.items():
        ec = ecdsa.SigningKey.from_secret_exponent(secret % curve.order, curve=curve)
        # by RFC 6979, so that this file is the same every time; Node draws a number instead, so only verifying compares
        yield {
            'kind': f'ecdsa {curve_name}', 'method': 'ecdsav1', 'isSame': False,
            'privateKey': ec.to_pem(format='pkcs8').decode(),
            'publicKey': ec.get_verifying_key().to_pem().decode(),
        }, lambda text, ec=ec: ec.sign_deterministic(text, hashfunc=hashlib.sha512, sigencode=ecdsa.util.sigencode_der)
    key = rsa_key()
    yield {
        'kind': 'rsa', 'method': 'rsav1', 'isSame': True,
        'privateKey': rsa_private_pem(key),
        'publicKey': rsa_public_pem(key),
        'numbers': {name: f'{getattr(key, name):x}' for name in ['n', 'e', 'd', 'p', 'q']},
    }, lambda text: rsa.sign(text, key, 'SHA-256')


def make():
    keys, numbers = [], None
    for key, sign in signers():
        numbers = key.pop('numbers', numbers)
        key['signatures'] = []
        for date, path in REQUESTS:
            text = text_of(date, path, key['method'])
            key['signatures'].append({'date': date, 'path': path, 'text': text, 'signature': url_safe(sign(text.encode()))})
        keys.append(key)
    versions = {name: importlib.metadata.version(name) for name in ['ecdsa', 'rsa']}
    vectors = {
        'madeBy': {'python': platform.python_version(), **versions},
        'accessKeyId': ACCESS_KEY_ID,
        'keys': keys,
        'rsaNumbers': numbers,
    }
    with open(VECTORS, 'w') as file:
        json.dump(vectors, file, indent=2)
        file.write('\n')


def verify():
    asked = json.load(sys.stdin)
    with open(VECTORS) as file:
        key = next(key for key in json.load(file)['keys'] if key['kind'] == asked['kind'])
    text, signature = asked['text'].encode(), base64.urlsafe_b64decode(asked['signature'])
    try:
        if key['method'] == 'rsav1':
            rsa.verify(text, signature, rsa.PublicKey.load_pkcs1_openssl_pem(key['publicKey']))
        else:
            public = ecdsa.VerifyingKey.from_pem(key['publicKey'])
            how = {} if key['method'] == 'ed25519v1' else {'hashfunc': hashlib.sha512, 'sigdecode': ecdsa.util.sigdecode_der}
            public.verify(signature, text, **how)
        print('good')
    except (ecdsa.BadSignatureError, rsa.VerificationError):
        print('bad')


if __name__ == '__main__':
    verify() if sys.argv[1:] == ['verify'] else make()
