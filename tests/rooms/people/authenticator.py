"""A passkey in software, as a phone would hold it: makes one and signs with it (WebAuthn level 2, ES256, no attestation)."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40


def text_of(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class SoftPasskey:
    """One passkey for `http://localhost`; `verified` of False answers without finger, face or PIN."""

    def __init__(self, verified: bool = True) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = secrets.token_bytes(32)
        self.flags = PRESENT | (VERIFIED if verified else 0)
        self.used_count = 0
        self.user_handle = ""

    def _told(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": "http://localhost", "crossOrigin": False}
        return json.dumps(told).encode()

    def _facts(self, flags: int, more: bytes = b"") -> bytes:
        self.used_count += 1
        return hashlib.sha256(b"localhost").digest() + bytes([flags]) + self.used_count.to_bytes(4, "big") + more

    def _answer(self, response: dict[str, Any]) -> str:
        name = text_of(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response, "extensions": "{}"})

    def create(self, options: dict[str, Any]) -> str:
        """What the browser sends on after it made the passkey."""
        self.user_handle = options["user"]["id"]
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        made = bytes(16) + len(self.id).to_bytes(2, "big") + self.id + cbor2.dumps(cose)
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._facts(self.flags | WITH_KEY, made)})
        told = self._told("webauthn.create", options["challenge"])
        return self._answer({"clientDataJSON": text_of(told), "attestationObject": text_of(attested), "transports": ["internal"]})

    def get(self, options: dict[str, Any]) -> str:
        """What the browser sends on after the passkey signed."""
        told, facts = self._told("webauthn.get", options["challenge"]), self._facts(self.flags)
        signature = self.key.sign(facts + hashlib.sha256(told).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({
            "clientDataJSON": text_of(told), "authenticatorData": text_of(facts), "signature": text_of(signature),
            "userHandle": self.user_handle,
        })
