"""An issuer of tokens with its keys: ordinary tokens by PyJWT, odd ones by hand."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISSUER, AUDIENCE = "https://issuer.example", "coupon-rush"


def base64url(data: bytes) -> str:
    """Without padding, as a JWS has it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(user: int, **more: Any) -> dict[str, Any]:
    """What a good token of the user says; a claim of None is left out."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": str(user), "iat": now, "nbf": now, "exp": now + 600}
    return {name: value for name, value in {**usual, **more}.items() if value is not None}


class Issuer:
    """Keys under folder: rs (RS256), es (ES256) and hs (HS256), told apart by these kids."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.secret = b"a secret of the tests, 32 bytes and more"
        self.secret_file = folder / "hs"
        self.secret_file.write_bytes(self.secret + b"\n")
        for name, key in (("rs", self.rsa), ("es", self.ec)):
            (folder / name).write_bytes(self.pem(key))
        self.jwks = folder / "jwks.json"
        self.write_jwks({})

    @staticmethod
    def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
        """The public key's PEM."""
        encoding, form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        return key.public_key().public_bytes(encoding, form)

    def write_jwks(self, secrets: Mapping[str, bytes]) -> None:
        """Put these secrets, by kid, into the key set, at once; always with one key in it."""
        keys = [{"kty": "oct", "kid": kid, "alg": "HS256", "k": base64url(secret)} for kid, secret in secrets.items()]
        keys.append({"kty": "oct", "kid": "spare", "k": base64url(b"s" * 32)})
        self.write_jwks_text(json.dumps({"keys": keys}))

    def write_jwks_text(self, text: str) -> None:
        """Put anything in the place of the key set, at once."""
        fresh = self.jwks.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.jwks)

    def flags(self) -> list[str]:
        """A gateway's flags that make it take this issuer's tokens."""
        keys = [f"RS256:rs={self.folder / 'rs'}", f"ES256:es={self.folder / 'es'}", f"HS256:hs={self.secret_file}"]
        named = [part for key in keys for part in ("--jwt-key", key)]
        return ["--auth", "jwt", *named, "--jwt-jwks-file", str(self.jwks), "--jwt-issuer", ISSUER,
                "--jwt-audience", AUDIENCE, "--jwt-leeway", "0"]  # fmt: skip

    def token(self, user: int, algorithm: str = "RS256", kid: str | None = None, **more: Any) -> str:
        """A token of the user; more: claims that differ from the usual ones."""
        key: Any = {"RS256": self.rsa, "ES256": self.ec, "HS256": self.secret}[algorithm]
        headers = {"kid": algorithm[:2].lower() if kid is None else kid}
        return str(jwt.encode(claims(user, **more), key, algorithm, headers=headers))

    def by_hand(self, header: str, payload: str, secret: bytes | None) -> str:
        """A token of these two texts, with an HMAC, or without a signature."""
        signed = f"{base64url(header.encode())}.{base64url(payload.encode())}"
        signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest() if secret else b""
        return f"{signed}.{base64url(signature)}"


def bearer(token: str) -> dict[str, str]:
    """The header that shows it."""
    return {"Authorization": f"Bearer {token}"}
