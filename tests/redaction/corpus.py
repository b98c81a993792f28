"""Secrets and benign lines to measure redaction with, made up at run time from a seed: none is anybody's.

`records()` yields every secret in every place, `benign_lines()` what must stay as it is. Both engines' tests use it.
"""

from __future__ import annotations

import base64
import json
import random
import re
import string
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

SEED = 20250626
PLACES = ("message", "attribute", "nested", "list", "exception", "stack", "url", "json", "resource")


@dataclass(frozen=True)
class Secret:
    """One made-up secret."""

    kind: str
    value: str
    """What must not be readable anywhere afterwards."""
    shown: str
    """How it stands in a text: alone, or with the words or the key that make it a secret."""
    key: str = ""
    """The key it stands under; empty if it is secret by its form."""


@dataclass
class Case:
    """A secret in a place of a record."""

    secret: Secret
    place: str
    message: str = "Request handled"
    attributes: dict[str, Any] = field(default_factory=dict)
    resource: dict[str, Any] = field(default_factory=lambda: {"service.name": "orders"})

    def leaks(self, output: str) -> bool:
        """Whether the secret, or half of a long one, is still readable in the serialised record."""
        needles = {self.secret.value, quote(self.secret.value, safe=""), json.dumps(self.secret.value)[1:-1]}
        if len(self.secret.value) >= 14 and not self.secret.value.startswith("-----"):
            middle = len(self.secret.value) // 2
            needles |= {self.secret.value[:middle], self.secret.value[middle:]}
        if self.secret.value.isdigit() and len(self.secret.value) < 6:
            # So few digits are in many a time stamp and id: only as a number of their own do they tell anything.
            return re.search(rf"(?<![0-9.]){self.secret.value}(?![0-9])", output) is not None
        return any(needle in output for needle in needles)


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def _letters(rng: random.Random, count: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    body = [rng.choice(alphabet) for _ in range(count)]
    body[count // 2] = rng.choice("3456789")
    return "".join(body)


def _password(rng: random.Random) -> str:
    return _letters(rng, rng.randint(8, 20), string.ascii_letters + string.digits + "!@#$%^*-_+.?~")


def _luhn(rng: random.Random, prefix: str, length: int) -> str:
    body = prefix + _digits(rng, length - len(prefix) - 1)
    total = 0
    for position, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if position % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def _ssn(rng: random.Random) -> str:
    return f"{rng.randint(100, 665)}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}"


def _date(rng: random.Random) -> tuple[int, int, int]:
    return rng.randint(1931, 2009), rng.randint(1, 12), rng.randint(1, 28)


def _name(rng: random.Random) -> str:
    def word() -> str:
        return "".join(rng.choice("bdfglmnrstvz") + rng.choice("aeiou") for _ in range(rng.randint(2, 4))).capitalize()

    return f"{word()} {word()}"


def _b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _secrets_by_form(rng: random.Random) -> Iterator[Secret]:
    for _ in range(24):
        value = _ssn(rng)
        yield Secret("ssn", value, value)
    for _ in range(8):
        value = _ssn(rng).replace("-", " ")
        yield Secret("ssn", value, f"SSN {value}")
        value = _ssn(rng).replace("-", "")
        yield Secret("ssn", value, f"ssn: {value}")
    for number in range(24):
        prefix, length = (("4", 16), ("51", 16), ("37", 15), ("6011", 16), ("4", 13), ("36", 14))[number % 6]
        value = _luhn(rng, prefix, length)
        if length == 16 and number % 4 == 1:
            value = " ".join(value[start : start + 4] for start in range(0, 16, 4))
        elif length == 16 and number % 4 == 3:
            value = "-".join(value[start : start + 4] for start in range(0, 16, 4))
        yield Secret("card", value, value)
    for number in range(24):
        local = f"{_letters(rng, 6, string.ascii_lowercase)}{rng.choice(['.', '_', '+', '-'])}{_letters(rng, 5)}"
        value = f"{local}@{_letters(rng, 7, string.ascii_lowercase)}.{('com', 'org', 'co.uk', 'health')[number % 4]}"
        yield Secret("email", value, value)
    for number in range(32):
        area, exchange, line = rng.randint(200, 989), rng.randint(200, 989), rng.randint(1000, 9999)
        forms = (
            f"+1 ({area}) {exchange}-{line}",
            f"({area}) {exchange}-{line}",
            f"{area}-{exchange}-{line}",
            f"{area}.{exchange}.{line}",
            f"+1{area}{exchange}{line}",
            f"+44 20 {rng.randint(7000, 7999)} {line}",
            f"+49 30 {rng.randint(100000, 999999)}",
            f"1-{area}-{exchange}-{line}",
        )
        value = forms[number % len(forms)]
        yield Secret("phone", value, value)
        value = f"001-{area}-{exchange}-{line}"
        yield Secret("phone", value, value)
    for _ in range(16):
        claims = json.dumps({"sub": _letters(rng, 12), "iat": rng.randint(10**9, 2 * 10**9)})
        value = f"{_b64(json.dumps({'alg': 'HS256', 'typ': 'JWT'}))}.{_b64(claims)}.{_letters(rng, 43)}"
        yield Secret("jwt", value, value)
    for number in range(16):
        value = _letters(rng, rng.randint(16, 40))
        yield Secret("authorization", value, f"{('Bearer', 'bearer', 'BEARER')[number % 3]} {value}")
        value = base64.b64encode(f"{_letters(rng, 6)}:{_letters(rng, 10)}".encode()).decode()
        yield Secret("authorization", value, f"Basic {value}")
    for prefix, length in (
        ("AK" + "IA", 16),
        ("AS" + "IA", 16),
        ("gh" + "p_", 36),
        ("gh" + "o_", 36),
        ("github" + "_pat_", 59),
        ("gl" + "pat-", 20),
        ("xo" + "xb-", 40),
        ("xo" + "xp-", 40),
        ("sk" + "_live_", 24),
        ("rk" + "_live_", 24),
        ("AI" + "za", 35),
        ("sk" + "-", 48),
        ("npm" + "_", 36),
        ("hv" + "s.", 24),
    ):
        for _ in range(4):
            alphabet = string.ascii_uppercase + string.digits if prefix.endswith("IA") else None
            value = prefix + (_letters(rng, length, alphabet) if alphabet else _letters(rng, length))
            yield Secret("key", value, value)
    for number in range(8):
        lines = [_letters(rng, 64) for _ in range(4)]
        kind = ("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY")[number % 4]
        value = lines[2]
        joiner = "\n" if number % 2 else "\\n"
        yield Secret("private_key", value, joiner.join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"]))
    for number in range(16):
        value = _letters(rng, rng.randint(8, 16), string.ascii_letters + string.digits + "!*_-")
        scheme = ("postgres", "mysql", "amqp", "redis", "mongodb+srv", "https")[number % 6]
        user = "" if scheme == "redis" else _letters(rng, 6, string.ascii_lowercase)
        yield Secret("password", value, f"{scheme}://{user}:{value}@db-{number}.example.net:5432/app")
    for number in range(16):
        value = f"{('', 'H', 'AB')[number % 3]}{_digits(rng, 8)}"
        shown = (f"MRN: {value}", f"MRN {value}", f"mrn#{value}", f"Medical Record Number {value}", f"/mrn/{value}")[
            number % 5
        ]
        yield Secret("mrn", value, shown)
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    for number in range(16):
        year, month, day = _date(rng)
        value = (
            f"{year}-{month:02}-{day:02}",
            f"{month:02}/{day:02}/{year}",
            f"{day} {months[month - 1]} {year}",
            f"{months[month - 1]} {day}, {year}",
        )[number % 4]
        yield Secret("dob", value, (f"DOB: {value}", f"born {value}", f"date of birth {value}")[number % 3])
    for number in range(8):
        value = _digits(rng, 6)
        yield Secret("otp", value, (f"otp {value}", f"passcode: {value}", f"totp={value}", f"OTP: {value}")[number % 4])
        value = f"{_name(rng)} {_name(rng)}"
        yield Secret("name", value, (f"patient name is {value}", f'patient name "{value}"')[number % 2])


KEYS = {
    "password": [
        "password",
        "passwd",
        "pwd",
        "userPassword",
        "DB_PASSWORD",
        "new-password",
        "PGPASSWORD",
        "passphrase",
    ],
    "secret": ["secret", "clientSecret", "client_secret", "AWS_SECRET_ACCESS_KEY", "webhook-secret", "secretKey"],
    "token": ["token", "accessToken", "refresh_token", "X-Auth-Token", "csrfToken", "id_token", "GITHUB_TOKEN"],
    "api_key": ["apiKey", "api_key", "X-Api-Key", "apikey", "APIKEY", "stripe.api.key", "subscription-key"],
    "authorization": ["authorization", "Authorization", "proxy-authorization", "http.request.header.authorization"],
    "cookie": ["cookie", "Set-Cookie", "set_cookie"],
    "session": ["session", "sessionId", "session_id", "JSESSIONID", "sessionid"],
    "private_key": ["privateKey", "private_key", "SSH_PRIVATE_KEY"],
    "credentials": ["credentials", "dbCredentials", "aws_credentials"],
    "ssn": ["ssn", "patientSsn", "social_security_number", "SSN", "socialSecurityNumber"],
    "mrn": ["mrn", "patientMrn", "medical_record_number", "medicalRecordNumber"],
    "dob": ["dob", "dateOfBirth", "date_of_birth", "birthDate", "patient.dob"],
    "name": ["patientName", "patient_name", "firstName", "last_name"],
    "card": ["card", "cardNumber", "card_number", "creditCard"],
    "cvv": ["cvv", "cvc", "cardCvv"],
    "otp": ["otp", "verificationCode", "mfa_code", "passcode"],
    "account": ["accountNumber", "account_number", "iban"],
}


def _value_for(rng: random.Random, kind: str) -> str:
    if kind == "ssn":
        return _digits(rng, 9)
    if kind == "mrn":
        return _digits(rng, rng.randint(7, 10))
    if kind == "dob":
        year, month, day = _date(rng)
        return f"{year}-{month:02}-{day:02}"
    if kind == "name":
        return _name(rng)
    if kind == "card":
        return _luhn(rng, "4", 16)
    if kind == "cvv":
        return "7" + _digits(rng, 2) + "9"
    if kind == "otp":
        return _digits(rng, 6)
    if kind == "account":
        return _digits(rng, 12)
    if kind == "password":
        return _password(rng)
    return _letters(rng, rng.randint(16, 32))


def _secrets_by_key(rng: random.Random) -> Iterator[Secret]:
    for kind, keys in KEYS.items():
        for key in keys:
            for number in range(3):
                value = _value_for(rng, kind)
                forms = (f"{key}={value}", f"{key}: {value}", f"'{key}': '{value}'", f'"{key}": "{value}"')
                yield Secret(kind, value, forms[(number + len(key)) % len(forms)], key)


def secrets(seed: int = SEED) -> list[Secret]:
    """All secrets, distinct, the same for the same seed."""
    rng = random.Random(seed)
    unique: dict[str, Secret] = {}
    for secret in (*_secrets_by_form(rng), *_secrets_by_key(rng)):
        unique.setdefault(secret.value, secret)
    return list(unique.values())


def cases(secret: Secret) -> Iterator[Case]:
    """The secret in each of the places."""
    shown, key = secret.shown, secret.key
    leaf: dict[str, Any] = {key: secret.value} if key else {"note": shown}
    yield Case(secret, "message", message=f"Request failed with {shown} for the caller")
    yield Case(secret, "attribute", attributes=dict(leaf))
    yield Case(secret, "nested", attributes={"request": {"body": {"form": dict(leaf)}}})
    yield Case(secret, "list", attributes={"items": [{"entries": [1, dict(leaf), shown]}]})
    error = {"name": "ValueError", "message": f"cannot process {shown}", "stack": "ValueError: cannot process it"}
    yield Case(
        secret, "exception", attributes={"errorName": "ValueError", "errorMessage": error["message"], "error": error}
    )
    stack = (
        "Traceback (most recent call last):\n"
        '  File "/srv/app/orders/api.py", line 42, in create\n'
        f"    client.send({shown})\n"
        f"ValueError: refused: {shown}\n"
    )
    yield Case(secret, "stack", attributes={"error": {"name": "ValueError", "message": "refused", "stack": stack}})
    query = f"{key}={quote(secret.value, safe='')}" if key else f"q={quote(shown, safe='')}"
    yield Case(secret, "url", attributes={"url": f"https://api.example.org/v1/items?page=2&{query}&limit=5"})
    yield Case(secret, "json", message=json.dumps({"event": "created", "detail": {"n": 1, **leaf}}))
    yield Case(secret, "resource", resource={"service.name": "orders", **leaf})


def records(seed: int = SEED) -> Iterator[Case]:
    """Every secret in every place."""
    for secret in secrets(seed):
        yield from cases(secret)


def benign_lines(seed: int = SEED) -> list[str]:
    """Lines with nothing to hide, though many look as if: ids, times, numbers, money, paths, words about secrets."""
    rng = random.Random(seed)

    def hexadecimal(count: int) -> str:
        return "".join(rng.choice("0123456789abcdef") for _ in range(count))

    def guid() -> str:
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))

    def ip() -> str:
        return ".".join(str(rng.randint(1, 254)) for _ in range(4))

    def stamp() -> str:
        return (
            f"20{rng.randint(10, 29)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:"
            f"{rng.randint(0, 59):02}:{rng.randint(0, 59):02}.{rng.randint(0, 999):03}Z"
        )

    n = rng.randint
    makers = [
        lambda: (
            f"HTTP Request Completed method=GET url=/api/v1/orders/{n(1, 99999)} status=200 responseTime={n(1, 999)}"
        ),
        lambda: f"correlationId={guid()} accepted",
        lambda: f"trace {hexadecimal(32)} span {hexadecimal(16)} sampled=1",
        lambda: f"{stamp()} INFO worker-{n(1, 9)} started in {n(1, 9999)} ms",
        lambda: f"order ORD-{n(10000, 999999)} shipped, tracking number 1Z{n(100, 999)}AA1{n(10**9, 10**10 - 1)}",
        lambda: f"parcel {n(9400, 9405)}{n(10**17, 10**18 - 1)} handed over",
        lambda: f"connected to {ip()}:{n(1024, 65535)} from {ip()}",
        lambda: f"listening on 0.0.0.0:{n(1024, 65535)} and [::1]:{n(1024, 65535)}",
        lambda: f"upgraded from {n(0, 9)}.{n(0, 99)}.{n(0, 99)} to {n(0, 9)}.{n(0, 99)}.{n(0, 9)}-rc.{n(1, 9)}",
        lambda: f"invoice total ${n(1, 999)},{n(100, 999)}.{n(10, 99)}, tax {n(1, 99)}.{n(10, 99)} EUR",
        lambda: f"sha256:{hexadecimal(64)} pulled",
        lambda: f"commit {hexadecimal(40)} deployed by pipeline {n(1000, 99999)}",
        lambda: f'File "/srv/app/module_{n(1, 99)}/views.py", line {n(1, 999)}, in handler',
        lambda: f"/var/log/app/2025-0{n(1, 9)}-1{n(0, 9)}/app.log.{n(1, 99)} rotated",
        lambda: (
            f"epoch {n(1600000000, 1899999999)} ms {n(1600000000000, 1899999999999)} ns {n(16 * 10**17, 18 * 10**17)}"
        ),
        lambda: f"duration PT{n(1, 59)}M{n(1, 59)}S, p50 {n(1, 99)} p95 {n(100, 400)} p99 {n(400, 2000)} ms",
        lambda: f"GET /health 200 {n(100, 999)} {n(1000, 9999)} - {n(1, 99)}us",
        lambda: f"tokenCount={n(1, 9999)} max_tokens: {n(1, 9999)} tokens={n(1, 9999)}",
        lambda: f"session count: {n(1, 999)} active, sessionCount={n(1, 999)}",
        lambda: f"passwordless login enabled, passwordPolicy=strict, attempts={n(1, 9)}",
        lambda: "password reset requested, link sent",
        lambda: f"password must be at least {n(8, 16)} characters",
        lambda: f"token expired {n(1, 59)} minutes ago, refreshing",
        lambda: f"Unexpected token }} in JSON at position {n(1, 9999)}",
        lambda: f"secretary of department {n(1, 99)} notified",
        lambda: f"cardinality={n(1, 9999)} discard=true compass: north tokenizer=bpe{n(1, 99)}",
        lambda: f"authorization: granted for role editor in {n(1, 99)} ms",
        lambda: f"cookie consent: accepted, banner v{n(1, 9)}",
        lambda: f"session: active, user {n(1, 9999)}",
        lambda: f"cache key user:{n(1, 99999)}:profile hit, primaryKey={n(1, 9999)}",
        lambda: f"patient {n(1000, 99999)} admitted to ward {n(1, 30)}, bed {n(1, 400)}",
        lambda: f"SKU {n(100, 999)}-{n(10000, 99999)} stock {n(0, 999)}",
        lambda: f"latitude {n(-89, 89)}.{n(100000, 999999)} longitude {n(-179, 179)}.{n(100000, 999999)}",
        lambda: (
            f"heap {n(100, 999)} MiB of {n(1000, 9999)} MiB, gc {n(1, 99)}.{n(0, 9)} ms, ratio 0.{n(10**15, 10**16 - 1)}"
        ),
        lambda: f"job {guid()} finished: {n(1, 999)} rows, {n(1000, 999999)} bytes",
        lambda: f"kubelet: pod api-{hexadecimal(10)}-{hexadecimal(5)} on node-{n(1, 40)} is ready",
        lambda: f"SELECT id, total FROM orders WHERE id = {n(1, 99999)} LIMIT {n(1, 100)} -- {n(1, 99)} ms",
        lambda: f'{{"event": "scan", "count": {n(1, 999)}, "ok": true, "took": {n(1, 99)}.{n(0, 9)}}}',
        lambda: f"DEA schedule {n(2, 5)} drug 00{n(100, 999)}-{n(1000, 9999)}-{n(10, 99)} dispensed",
        lambda: f"icd10 E{n(10, 14)}.{n(1, 9)} loinc {n(1000, 99999)}-{n(1, 9)} result {n(1, 300)} mg/dL",
        lambda: f'range {n(100, 199)}-{n(200, 299)} of {n(300, 9999)} served, etag W/"{hexadecimal(16)}"',
        lambda: f"PWD=/srv/app/{n(1, 99)} USER=root, sizes {n(100, 999)} {n(100, 999)} {n(1000, 9999)} {n(10, 9999)}",
        lambda: f'"GET / HTTP/1.1" {n(200, 599)} {n(100, 999)} {n(1000, 9999)}',
        lambda: f"def f(api_key: str, session_id: int) -> None:  # line {n(1, 999)}",
        lambda: f"redis slot {n(0, 16383)} moved, offset {n(10**8, 10**9)}",
        lambda: f"mac {':'.join(hexadecimal(2) for _ in range(6))} joined vlan {n(1, 4094)}",
        lambda: (
            f"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.{n(10, 99)} Chrome/{n(90, 140)}.0.{n(1000, 9999)}.{n(10, 99)}"
        ),
        lambda: f"ISBN 978-{n(0, 9)}-{n(10, 99)}-{n(100000, 999999)}-{n(0, 9)} added to shelf {n(1, 40)}",
        lambda: f"id={n(10**8, 10**9 - 1)} parent={n(10**8, 10**9 - 1)} depth={n(1, 9)}",
    ]
    lines: dict[str, None] = {}
    while len(lines) < 460:
        for maker in makers:
            lines.setdefault(maker())
    return list(lines)
