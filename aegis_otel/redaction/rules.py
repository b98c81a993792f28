"""The redaction rule set, as data: the one source for the process and for the Collector.

Patterns are valid for both Python's `re` (ASCII) and RE2: no lookaround, no back reference. A check from
`checks.py` covers conditions that a pattern can't express. The package's docstring explains the engine and the fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class KeyRule:
    """Values under certain keys are secret, whatever they are."""

    kind: str
    """Named in the mask: `[REDACTED:kind]`."""
    names: tuple[str, ...]
    """Words in lower case; a key matches if these are its last words."""
    text: str = "token"
    """How far an unquoted value goes in plain text: `token`, `words` (a name), `date` (or number) or `line`."""
    exact: bool = False
    """The whole key must be the name."""
    glued: bool = True
    """Names of six letters or more also match the end of a word: `PGPASSWORD`."""
    quoted: bool = False
    """In plain text the key must be quoted, as in JSON."""
    not_number: bool = False
    """A number is not a secret: `tokens=512`."""
    min_digits: int = 0
    """The value must have at least this many digits."""
    opaque: bool = False
    """In prose (`session: active`) the value must look like a secret."""


@dataclass(frozen=True)
class ValueRule:
    """Values that are secret by their form, at any place."""

    kind: str
    """Named in the mask. Empty if `key` names the group that decides."""
    pattern: str
    group: int = 0
    """The group that is masked."""
    key: int = 0
    """The group that must be a secret key; its rule gives the kind."""
    check: str = ""
    """A function of `checks.py` that must agree, applied to `group`."""
    literals: tuple[str, ...] = ()
    """One of them occurs in every match (lower case). Testing for them is cheaper than trying the pattern."""
    digits: bool = False
    """Every match has a digit."""


@dataclass(frozen=True)
class RuleSet:
    """All rules, in order of priority: keys before values, earlier before later."""

    keys: tuple[KeyRule, ...]
    values: tuple[ValueRule, ...]
    allow_keys: tuple[str, ...] = ()
    """Keys that are never secret, compared word for word."""
    neutral: tuple[str, ...] = ()
    """Words at the end of a key that change nothing: `passwordHash`, `ssnValue`."""
    prose_values: tuple[str, ...] = ()
    """Values that are never secret: `password: required`."""
    not_secret: str = ""
    """Values that match this pattern as a whole are placeholders: `?`, `$1`, `${NAME}`, `****`."""
    audit_keys: tuple[str, ...] = ()
    """Top-level fields of audit records that key rules leave alone: who, what, when."""
    audit_who: tuple[str, ...] = ()
    """Those of them in which e-mail addresses and telephone numbers stay readable too."""
    disable: tuple[str, ...] = ()
    """Kinds that are switched off."""
    enable: tuple[str, ...] = ()
    """Kinds that are on even if `disable` names them."""
    mask: str = "[REDACTED:{kind}]"
    """The text that replaces a secret; `{kind}` is filled in."""


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


KEYS: Final = (
    KeyRule(
        "password",
        _names(
            "password, passwd, pwd, pswd, psw, passwrd, pw, userpwd, dbpwd, login pass, user pass, db pass, userpass,"
            "dbpass"
        ),
    ),
    KeyRule("password", _names("passphrase, pass phrase, seed phrase, mnemonic, recovery phrase"), text="line"),
    KeyRule("password", _names("pass, passwords, passwds, passphrases"), not_number=True, opaque=True),
    KeyRule(
        "secret",
        _names(
            "secret, client secret, secret key, secret access key, webhook secret, secretkey, secretaccesskey,"
            "shared access signature, security answer, secret answer, secret question answer"
        ),
        opaque=True,
    ),
    KeyRule(
        "token",
        _names(
            "token, access token, refresh token, id token, auth token, api token, session token, security token,"
            "csrf token, xsrf token, bearer token, accesstoken, refreshtoken, idtoken, authtoken, apitoken,"
            "sessiontoken, csrftoken, xsrftoken, usertoken, resettoken, devicetoken, bearertoken,"
            "csrf, xsrf, jwt, bearer, assertion, saml response"
        ),
        opaque=True,
    ),
    KeyRule(
        "api_key",
        _names(
            "api key, access key, subscription key, functions key, application key, app key, consumer key, account key,"
            "shared key, signing key, encryption key, decryption key, master key, service key, auth key, storage key,"
            "access key id, accesskeyid, hmac key, license key, admin key, deploy key, api secret,"
            "apikey, accesskey, authkey, masterkey"
        ),
        opaque=True,
    ),
    KeyRule(
        "private_key",
        _names("private key, privatekey, privkey, priv key, ssh key, rsa key, pem key, tls key, private pem"),
        opaque=True,
    ),
    KeyRule("authorization", _names("authorization, proxy authorization, auth header"), opaque=True),
    KeyRule("authorization", _names("auth, http auth"), exact=True, opaque=True),
    KeyRule("cookie", _names("cookie, set cookie, cookie jar, setcookie"), text="line", opaque=True),
    KeyRule(
        "session",
        _names(
            "session, session id, session key, sessionid, sessionkey, sess id, sessid, jsessionid, phpsessid,"
            "connect sid, session cookie, aspsessionid, net session id"
        ),
        glued=False,
        opaque=True,
    ),
    KeyRule("credentials", _names("credential, credentials, creds, cred"), opaque=True),
    KeyRule("signature", _names("amz signature, goog signature"), opaque=True),
    KeyRule("signature", _names("sig"), exact=True, opaque=True),
    KeyRule(
        "otp",
        _names(
            "otp, totp, otp code, passcode, pass code, one time code, one time pin, mfa code, verification code,"
            "auth code, authorization code, security code, access code, sms code, recovery code, recovery codes,"
            "backup code, backup codes, login code, reset code, confirmation pin, otp secret, totp secret"
        ),
        opaque=True,
    ),
    KeyRule("pin", _names("pin, pin code, pincode, pin block"), min_digits=3),
    KeyRule(
        "secret",
        _names("secrets, tokens, access tokens, refresh tokens, api keys, private keys, cookies, sessions, cards"),
        not_number=True,
        opaque=True,
    ),
    KeyRule(
        "ssn",
        _names(
            "ssn, social security, social security number, social security num, social security no, socialsecurity,"
            "socialsecuritynumber, soc sec, itin, tax id, taxpayer id, taxid, national id, nationalid,"
            "national insurance number, nino, social insurance number, nhs number, nhsnumber"
        ),
    ),
    KeyRule("ssn", _names("tin"), min_digits=9),
    KeyRule(
        "mrn",
        _names(
            "mrn, medical record number, medical record no, medical record num, medical record id, medical record,"
            "med rec, med rec num, med rec number, medical rec, medicalrecordnumber, medicalrecord, chart number,"
            "hospital number, patient mrn"
        ),
    ),
    KeyRule(
        "dob",
        _names("dob, d o b, date of birth, dateofbirth, birth date, birthdate, birthday, birth day, birthdt"),
        text="date",
    ),
    KeyRule("dob", _names("born"), text="date", exact=True, min_digits=4),
    KeyRule(
        "name",
        _names(
            "patient name, first name, last name, middle name, given name, family name, full name, maiden name,"
            "legal name, guarantor name, subscriber name, insured name, beneficiary name, pt name, member name,"
            "patientname, firstname, lastname, middlename, fullname, maidenname, surname, forename, fname, lname,"
            "next of kin, emergency contact"
        ),
        text="words",
    ),
    KeyRule("name", _names("given, family"), exact=True, quoted=True, not_number=True),
    KeyRule(
        "address",
        _names(
            "street address, home address, mailing address, postal address, patient address, billing address,"
            "shipping address, residential address, address line, addressline, street, zip code, zipcode, postal code,"
            "postalcode, postcode"
        ),
        text="words",
    ),
    KeyRule(
        "phone",
        _names(
            "phone, mobile, cell, telephone, tel, fax, cellphone, mobile phone, phonenumber, msisdn, home phone,"
            "work phone, callback"
        ),
        text="date",
        min_digits=7,
    ),
    KeyRule(
        "card",
        _names(
            "card, card number, card no, card num, cardnumber, cardno, creditcard, credit card, credit card number,"
            "debit card, cc number, cc num, cc no, ccnum, ccnumber, payment card"
        ),
        glued=True,
        opaque=True,
    ),
    KeyRule("card", _names("pan, cc, primary account number"), min_digits=12),
    KeyRule(
        "cvv",
        _names(
            "cvv, cvc, card verification, card verification value, card cvv, card cvc, cvv code, card security code,csc"
        ),
    ),
    KeyRule(
        "account",
        _names(
            "account number, account no, account num, acct number, acct no, acct num, bank account, accountnumber,"
            "acctnum, iban, routing number, sort code, aba number"
        ),
        opaque=True,
    ),
    KeyRule(
        "health_plan",
        _names(
            "health plan number, health plan id, health plan beneficiary number, insurance id, insurance number,"
            "insurance policy number, insurance member id, policy number, medicare number, medicare id,"
            "medicare beneficiary id, medicare beneficiary identifier, medicaid number, medicaid id,"
            "beneficiary number, beneficiary id, subscriber number, member number"
        ),
        opaque=True,
    ),
    KeyRule("passport", _names("passport, passport number, passport no, passportnumber"), opaque=True),
    KeyRule(
        "license",
        _names(
            "driver license, drivers license, driver s license, driver licence, driving licence, driving license,"
            "license number, licence number, driverslicense, driverlicense, driver license number"
        ),
        opaque=True,
    ),
)

ALLOW_KEYS: Final = (
    "tokenCount",
    "passwordless",
    "sessionCount",
    "tokenizer",
    "cardinality",
    "discard",
    "compass",
    "nextPageToken",
    "previousPageToken",
    "pageToken",
    "nextToken",
    "continuationToken",
    "cancellationToken",
    "bosToken",
    "eosToken",
    "padToken",
    "unkToken",
    "scoreCard",
    "wildCard",
    "simCard",
    "networkCard",
    "reportCard",
    "boardingPass",
    "firstPass",
    "secondPass",
    "secondaryPass",
    "nonSecret",
)

NEUTRAL: Final = _words(
    "value val string str text raw plain plaintext hash hashed digest encrypted enc confirm confirmation again "
    "repeat header number num no nbr new old current last four full digits b base hex bytes data info details "
    "payload json list map dict array object obj input field provided supplied entered"
)

PROSE_VALUES: Final = _words(
    "true false yes no null none nil undefined nan n/a na empty blank missing required invalid valid expired "
    "revoked refreshed rotated renewed reset changed updated created deleted removed issued generated received "
    "sent accepted rejected denied granted allowed forbidden unauthorized authorized authenticated "
    "unauthenticated ok okay failed fail failure success successful succeeded error unknown unset set not must "
    "should cannot can is was are has have been be the a an and or for of to in on at from with by too does do "
    "did will would may already present absent found active inactive enabled disabled closed opened started "
    "stopped created ended timeout pending processing complete completed verified unverified mismatch match "
    "matched wrong incorrect correct bad weak strong short long hidden masked redacted filtered omitted "
    "provided supplied expected got optional unsupported supported declined approved blocked locked unlocked "
    "login logout attempt attempts count type length size policy rule rules service manager email username "
    "number protected skipped ignored cached reused unchanged "
    "called returned oauth oauth2 oidc saml ldap basic bearer digest sso mtls jwt kerberos"
)

PLACEHOLDER: Final = (
    r"/(?:home|root|srv|usr|var|opt|tmp|etc|app|mnt|run|proc|workspace)(?:/[A-Za-z0-9_.\-]+)*/?|"
    r"[*•#]+|[xX]{4,}|\.{3,}|…|-+|_+|\?|%s|%\([A-Za-z_]+\)s|\$[0-9]+|\$[A-Z_][A-Z0-9_]*|:[a-z_]+"
    r"|\$\{[A-Za-z_][A-Za-z0-9_.:\-]*\}|\{[A-Za-z_.]*\}|\{\{[^{}]*\}\}|\{\}"
    r"|[A-Za-z_][A-Za-z0-9_.]*\(\)"
    r"|(?:os|process|self|settings|config|request|env|args|this|cfg)\.[A-Za-z_.]+(?:[\[(][\"']?[A-Za-z_]*[\"']?[\])])?"
)

_DATE: Final = (
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}|[0-9]{8}"
    r"|[0-9]{1,2}(?:st|nd|rd|th)?(?: of)?[ -][A-Za-z]{3,9}\.?,?[ -][0-9]{2,4}"
    r"|[A-Za-z]{3,9}\.? [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4}"
)
_GAP: Final = r"(?: ?- ?|[ ._+]{1,2})"
_NAME: Final = r"""(?:[A-Z]|[^\x00-\x7f])[^\s",;:=()<>\[\]{}0-9\\]*"""
_WHOSE_NAME: Final = ("patient", "first", "last", "full", "given", "family", "maiden")
_NAME_SAID: Final = r"\b(?:" + "|".join(_WHOSE_NAME) + r")(?:'s)?[ _]name"
_NAME_LITERALS: Final = tuple(f"{whose}{gap}name" for whose in (*_WHOSE_NAME, "'s") for gap in (" ", "_"))
_SAID: Final = (
    "passw",
    "pwd",
    "passcode",
    "passphrase",
    "secret",
    "token",
    "key",
    "ssn",
    "social security number",
    "mrn",
    "medical record",
    "dob",
    "date of birth",
    "otp",
    "pin ",
)
"""Keys that also occur in ordinary sentences."""

VALUES: Final = (
    # Keys and credentials of machines
    ValueRule(
        "private_key",
        r"-----BEGIN[ +][A-Z0-9 +]*PRIVATE[ +]KEY(?:[ +]BLOCK)?-----(?:[^-]|-[^-])*(?:-----END[ +][A-Z0-9 +]*-----)?",
        literals=("private key", "private+key"),
    ),
    ValueRule("private_key", r"AGE-SECRET-KEY-1[A-Z0-9]{20,}", literals=("age-secret",)),
    ValueRule("jwt", r"\beyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*){0,3}", literals=("eyj",)),
    ValueRule(
        "authorization",
        r"""(?i)\bbearer[\s:=+]+["']?([A-Za-z0-9._~+/\-]{6,}=*)""",
        group=1,
        check="opaque",
        literals=("bearer",),
    ),
    ValueRule(
        "authorization", r"(?i)\bbasic[\s:+]+([A-Za-z0-9+/_\-]{4,}={0,2})", group=1, check="basic", literals=("basic",)
    ),
    ValueRule(
        "authorization",
        r"(?i)\b(?:negotiate|ntlm)\s+([A-Za-z0-9+/]{16,}={0,2})",
        group=1,
        check="opaque",
        literals=("negotiate", "ntlm"),
    ),
    ValueRule(
        "aws_key",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b",
        literals=("akia", "asia"),
        check="opaque",
    ),
    ValueRule(
        "github_token",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,})",
        literals=("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
    ),
    ValueRule("gitlab_token", r"\bgl(?:pat|dt|rt|cbt|ptt)-[A-Za-z0-9_\-]{16,}", literals=("glpat-", "gldt-", "glrt-")),
    ValueRule(
        "slack_token",
        r"\bxox[abeoprs]-[A-Za-z0-9\-]{8,}|\bxapp-[A-Za-z0-9\-]{10,}|hooks\.slack\.com/services/[A-Za-z0-9/]{8,}",
        literals=("xox", "xapp-", "hooks.slack.com"),
    ),
    ValueRule(
        "stripe_key",
        r"\b[srp]k_(?:live|test)_[A-Za-z0-9]{8,}|\bwhsec_[A-Za-z0-9+/]{16,}=*",
        literals=("_live_", "_test_", "whsec_"),
    ),
    ValueRule(
        "google_key",
        r"\bAIza[A-Za-z0-9_\-]{30,}|\bya29\.[A-Za-z0-9_\-]{16,}|\bGOCSPX-[A-Za-z0-9_\-]{16,}",
        literals=("aiza", "ya29.", "gocspx-"),
    ),
    ValueRule(
        "api_key",
        r"\bsk-(?:ant|proj|svcacct|admin|or|lf)-[A-Za-z0-9_\-]{20,}|\bsk-(?:[a-z]{1,12}[0-9]{0,4}-){0,4}[A-Za-z0-9_]{20,}"
        r"|\bnpm_[A-Za-z0-9]{30,}|\bpypi-[A-Za-z0-9_\-]{16,}"
        r"|\bSG\.[A-Za-z0-9_\-]{12,}\.[A-Za-z0-9_\-]{16,}|\bdckr_pat_[A-Za-z0-9_\-]{16,}|\bdop_v1_[a-f0-9]{32,}"
        r"|\bhv[sb]\.[A-Za-z0-9_\-]{16,}|\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,}|\bhf_[A-Za-z0-9]{20,}"
        r"|\b[0-9]{8,10}:AA[A-Za-z0-9_\-]{30,}|\bkey-[0-9a-f]{32}\b|\blin_api_[A-Za-z0-9]{20,}",
        literals=(
            "sk-",
            "npm_",
            "pypi-",
            "sg.",
            "dckr_pat_",
            "dop_v1_",
            "hvs.",
            "hvb.",
            "shpat_",
            "shpca_",
            "shppa_",
            "shpss_",
            "hf_",
            ":aa",
            "key-",
            "lin_api_",
        ),
    ),
    # Credentials in URLs and command lines
    ValueRule(
        "email",
        r"[A-Za-z0-9._%+'\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){0,6}\.[A-Za-z]{2,24}",
        check="email",
        literals=("@",),
    ),
    ValueRule("password", r"""://[^\s/?#"'<>@:\\]*:([^\s/?#"'<>\\]+)@""", group=1, check="secret", literals=("@",)),
    ValueRule(
        "password",
        r"""://[^\s/?#"'<>@:\\]*:([0-9]*[^0-9\s"'<>@\\/:][^\s"'<>@\\/]*/[^\s"'<>@]*)@""",
        group=1,
        check="secret",
        literals=("@",),
    ),
    ValueRule("password", r":thin:[^\s/@:]{1,64}/([^\s@]{1,128})@", group=1, check="secret", literals=(":thin:",)),
    ValueRule("token", r"""[?&]code=([^\s&"'#<>]{16,})""", group=1, check="opaque", literals=("code=",)),
    ValueRule(
        "token",
        r"""(?i)[?&](?:key|signature|sign)=([A-Za-z0-9_\-+/%]{16,}=*)(?:[&#\s"'<>,;)\\]|$)""",
        group=1,
        check="opaque_digit",
        literals=("?key=", "&key=", "signature=", "?sign=", "&sign="),
    ),
    ValueRule(
        "password",
        r"""(?i)basic_?auth\(\s*["'][^"']*["']\s*,\s*(?:password\s*=\s*)?["']([^"']+)["']""",
        group=1,
        check="secret",
        literals=("basicauth(", "basic_auth("),
    ),
    ValueRule(
        "password",
        r"""(?i)\b(?:credentials|creds|logins?)\s+(?:(?:with|as|for)\s+)?[A-Za-z0-9._@\-]+[:/]([^\s"',;:/]{6,})""",
        group=1,
        check="opaque_digit",
        literals=("credentials ", "creds ", "login "),
    ),
    ValueRule("token", r"""://([^\s/?#"'<>@:\\]{16,})@""", group=1, check="opaque", literals=("@",)),
    ValueRule(
        "password",
        r"""(?:^|[\s"'=(,])[A-Za-z][A-Za-z0-9._\-]*:([^\s@:/"'<>]{3,})@"""
        r"""(?:tcp\(|unix\(|[A-Za-z0-9][A-Za-z0-9.\-]*(?::[0-9]{1,5})?(?:[/\s"',;)]|$))""",
        group=1,
        check="secret",
        literals=("@",),
    ),
    ValueRule(
        "password",
        r"""(?i)\b(?:curl|wget|https?|xh)\b[^\n|]{0,200}?\s(?:-u|--user|--proxy-user)[ =]?["']?[^\s:"']+:([^\s"']+)""",
        group=1,
        check="secret",
        literals=(" -u", "--user", "--proxy-user"),
    ),
    ValueRule(
        "password",
        r"""\b(?:mysql[a-z]*|mariadb[a-z\-]*|sshpass|mongo[a-z]*|docker login|htpasswd)\b[^\n|;]{0,200}?\s-p\s?["']?"""
        r"""([^\s"'\-][^\s"']*)""",
        group=1,
        check="secret",
        literals=(" -p",),
    ),
    ValueRule(
        "password",
        r"""\b(?:redis-cli\b[^\n|;]{0,200}?\s-a|ldap[a-z]+\b[^\n|;]{0,200}?\s-w)\s+["']?([^\s"']+)""",
        group=1,
        check="secret",
        literals=("redis-cli", "ldap"),
    ),
    # A secret key and its value in forms other than `key=value` and `key: value`
    ValueRule(
        "",
        r"<(?:[A-Za-z_][A-Za-z0-9_.\-]*:)?([A-Za-z_][A-Za-z0-9_.\-]*)(?:\s[^<>]*)?>"
        r"\s*(<!\[CDATA\[[^\]]*\]\]>|[^<\s][^<]*)</",
        group=2,
        key=1,
        check="secret",
        literals=("<",),
    ),
    ValueRule(
        "",
        r"""<[A-Za-z][^<>]{0,300}?\s(?:name|key|id)=["']([^"']+)["'][^<>]*>\s*([^<\s][^<]*)</""",
        group=2,
        key=1,
        check="secret",
        literals=("<",),
    ),
    ValueRule("", r"<key>([^<]+)</key>\s*<[A-Za-z]+>([^<]+)</", group=2, key=1, check="secret", literals=("<key>",)),
    ValueRule(
        "",
        r"""\b(?:name|key|id)=["']([^"']+)["'][^<>]{0,300}?\svalue=["']([^"']+)["']""",
        group=2,
        key=1,
        check="secret",
        literals=("value=",),
    ),
    ValueRule(
        "",
        r"""[(\[{]\s*[bur]?["']([A-Za-z][A-Za-z0-9_ .\-]*)["']\s*,\s*[bur]?"((?:[^"\\]|\\.)+)"\s*[)\]}]""",
        group=2,
        key=1,
        check="field",
        literals=('"',),
    ),
    ValueRule(
        "",
        r"""[(\[{]\s*[bur]?["']([A-Za-z][A-Za-z0-9_ .\-]*)["']\s*,\s*[bur]?'((?:[^'\\]|\\.)+)'\s*[)\]}]""",
        group=2,
        key=1,
        check="field",
        literals=("'",),
    ),
    ValueRule(
        "",
        r"""[(\[{]\s*\\+"([A-Za-z][A-Za-z0-9_ .\-]*)\\+"\s*,\s*\\+"([^"\\]+)\\+"\s*[)\]}]""",
        group=2,
        key=1,
        check="field",
        literals=('\\"',),
    ),
    ValueRule(
        "",
        r"""\\{0,6}["'](?:name|key|header|field|param|parameter|system|code|type|variable|attribute|text|display)\\{0,6}["']"""
        r"""\s*:\s*\\{0,6}["'](?:[^"'\\]*[/:#|])?([^"'\\/:#|]+)\\{0,6}["'][\s,}\]]*"""
        r"""(?:\\{0,6}["'][A-Za-z]+\\{0,6}["']\s*:\s*\\{0,6}["'][^"'\\]{0,200}\\{0,6}["'][\s,}\]]*){0,3}"""
        r"""\\{0,6}["'](?:value|val|content)\\{0,6}["']\s*:\s*\\{0,6}["']([^"'\\]+)""",
        group=2,
        key=1,
        check="secret",
        literals=('value"', "value'", "value\\", 'val"', "val'", "val\\", 'content"', "content'", "content\\"),
    ),
    ValueRule(
        "",
        r"""\b(?:name|key|field|param|header)\s*[:=]\s*["']?([A-Za-z][A-Za-z0-9_.\-]{0,60})["']?[\s,;]+"""
        r"""(?:value|val)\s*[:=]\s*["']?([^\s"',;}]+)""",
        group=2,
        key=1,
        check="secret",
        literals=("value", "val:", "val="),
    ),
    ValueRule(
        "",
        r"""\b([A-Za-z_][A-Za-z0-9_]{0,60})\((?:value\s*=\s*)?[bur]?["']([^"']+)["']\)""",
        group=2,
        key=1,
        check="opaque",
        literals=("('", '("', "(b'", '(b"', "(value"),
    ),
    ValueRule(
        "",
        r"""(?:^|[\s"'\[,(])--?([A-Za-z][A-Za-z0-9_\-]*)(?:["'],\s*|\s+)["']?([^\s"'\-,][^\s"']*)""",
        group=2,
        key=1,
        check="secret",
        literals=("-", "-pass", "--pin", "--session", "--cred", "--auth", "--cvv", "--jwt"),
    ),
    ValueRule(
        "",
        r"(?i)\b([a-z0-9_\-]{0,40}?(?:passw(?:or)?d|pwd|passcode|passphrase|secret|token|api key|access key|secret key"
        r"|ssn|social security number|mrn|medical record number|dob|date of birth|otp|pin))\s+"
        r"(?:is|was|equals|(?:has|with)(?: the)? value|(?:(?:is|was|has been) )?(?:set|changed|reset|updated) to):?\s+"
        r"""["']?([^\s"',;]+)""",
        group=2,
        key=1,
        check="opaque",
        literals=_SAID,
    ),
    ValueRule(
        "",
        r"(?i)\b(passw(?:or)?d|passcode|pin|token|secret|api key|ssn|mrn|dob)\s+(?:for|of)\s+(?:[^\s:=]+\s+){0,3}?"
        r"""[^\s:=]+\s*(?:[:=]|\sis\s)\s*["']?([^\s"',;]+)""",
        group=2,
        key=1,
        check="secret",
        literals=_SAID,
    ),
    ValueRule(
        "password",
        r"""(?i)\b(?:password|passwd|passphrase|identified by(?: password)?)\s+["']([^"'\n]+)["']""",
        group=1,
        check="secret",
        literals=("passw", "passphrase", "identified by"),
    ),
    ValueRule(
        "password",
        r"""(?i)\b(?:password|passwd|pwd|passcode|passphrase)\s+(?:of\s+|\()?([^\s"',;:=()]+)""",
        group=1,
        check="opaque_digit",
        literals=("passw", "pwd", "passcode", "passphrase"),
    ),
    ValueRule(
        "token",
        r"(?i)\b(?:api[ _-]?key|(?:secret|access|session) key|token|secret|session[ _-]?id|cookie)"
        r"\s+([A-Za-z0-9_\-.]{16,})",
        group=1,
        check="opaque_digit",
        literals=("key", "token", "secret", "session id", "session_id", "session-id", "sessionid", "cookie "),
    ),
    ValueRule(
        "otp",
        r"(?i)\b(?:verification|security|login|access|mfa|2fa|otp|reset|recovery|one[- ]time|confirmation)[ \-_]"
        r"(?:code|password|pin|passcode)[\s:=#]*(?:(?:is|was)[\s:=]*)?([0-9]{4,8})\b",
        group=1,
        check="edge",
        literals=(" code", " passw", " pin ", " passcode", "-code", "_code", "_pin", "_passc"),
        digits=True,
    ),
    ValueRule(
        "otp",
        r"""(?i)\b(?:otp|totp|pass ?code)["']?[\s:=#+]+["']?([0-9]{4,8})\b""",
        group=1,
        check="edge",
        literals=("otp", "passcode", "pass code"),
        digits=True,
    ),
    ValueRule(
        "pin",
        r"(?i)\bpin\s+(?:code\s+)?(?:(?:is|was)\s+)?([0-9]{4,6})\b",
        group=1,
        check="edge",
        literals=("pin ",),
        digits=True,
    ),
    ValueRule(
        "cvv",
        r"(?i)\b(?:cvv2?|cvc2?|security[ _]?code)[\s:=#+]+(?:code\s+|number\s+)?(?:is\s+)?([0-9]{3,4})\b",
        group=1,
        check="edge",
        literals=("cvv", "cvc", "security code", "security_code", "securitycode"),
        digits=True,
    ),
    # Identifiers of people
    ValueRule(
        "ssn",
        r"(?:[0-9]{3} ?- ?[0-9]{2} ?- ?[0-9]{4}|[0-9]{3}[ +][0-9]{2}[ +][0-9]{4}|[0-9]{3}\.[0-9]{2}\.[0-9]{4}"
        r"|[0-9]{3}_[0-9]{2}_[0-9]{4}|[0-9]{3}/[0-9]{2}/[0-9]{4})",
        check="ssn",
        digits=True,
    ),
    ValueRule(
        "ssn",
        r"(?i)\b(?:ssn|ss#|social(?:[ +]security)?(?:[ +]number| no\.?| num| #)?|ss nr)"
        r"""[\s:=#"'(\-+]*(?:(?:is|was|ending(?: in)?|last (?:4|four))[\s:=+]*)*([0-9][0-9\s.\-+]{2,12}[0-9])""",
        group=1,
        check="edge",
        literals=("ssn", "ss#", "social"),
        digits=True,
    ),
    ValueRule("card", r"[0-9]{13,19}", check="luhn", digits=True),
    ValueRule(
        "card",
        r"[0-9]{4}" + _GAP + r"[0-9]{4}" + _GAP + r"[0-9]{4}" + _GAP + r"[0-9]{4}(?:" + _GAP + r"[0-9]{3})?",
        check="luhn",
        digits=True,
    ),
    ValueRule(
        "card",
        r"[0-9]{4}" + _GAP + r"[0-9]{4}" + _GAP + r"[0-9]{4}" + _GAP + r"[0-9]{4}",
        check="luhn",
        digits=True,
    ),
    ValueRule("card", r"3[0-9]{3}" + _GAP + r"[0-9]{6}" + _GAP + r"[0-9]{4,5}", check="luhn", digits=True),
    ValueRule("card", r"[0-9]{4}" + _GAP + r"[0-9]{12}|[0-9]{8}" + _GAP + r"[0-9]{8}", check="luhn", digits=True),
    ValueRule("card", r"(?:[0-9] ){12,18}[0-9]", check="luhn", digits=True),
    ValueRule(
        "mrn",
        r"""(?i)\b(?:mrn|mr ?#|m\.r\.n\.?|medical[ +]record(?:[ +]number| no\.?| num| id)?|med rec(?: no\.?| num)?"""
        r"""|chart (?:number|no\.?|#))[\s:=#"'(\-+/_]*"""
        r"""(?:(?:is|was|number|no\.?)[\s:=#+]+)?([a-z]{0,5}-?[0-9][0-9a-z\-]{3,}|[a-z]{1,5}-?[0-9]{2,})""",
        group=1,
        literals=("mrn", "mr#", "mr #", "m.r.n", "medical record", "medical+record", "med rec", "chart n", "chart #"),
        digits=True,
    ),
    ValueRule(
        "dob",
        r"(?i)\b(?:dob|d\.o\.b\.?|date[ +]of[ +]birth|birth[ +]?date|born(?:[ +]on)?|birthday)"
        r"""[\s:=#"'(\-+]*(?:(?:is|was|on|of)[\s+]+)?(""" + _DATE + r")",
        group=1,
        check="edge",
        literals=("dob", "d.o.b", "birth", "born"),
        digits=True,
    ),
    ValueRule(
        "name",
        r"(?i:" + _NAME_SAID + r"(?:\s+(?:is|was))?)"
        r"""\s+\\{0,6}["']([^"'\\\n]+)\\{0,6}["']""",
        group=1,
        check="secret",
        literals=_NAME_LITERALS,
    ),
    ValueRule(
        "name",
        r"(?i:" + _NAME_SAID + r"\s+(?:is|was)\s+)"
        r"(" + _NAME + r"(?:,? " + _NAME + r"){0,3})",
        group=1,
        check="secret",
        literals=_NAME_LITERALS,
    ),
    ValueRule(
        "phone",
        r"(?:\+?1[ .\-+]?)?(?:\([0-9]{3}\)[ .\-+]?|[0-9]{3}[.\-])[0-9]{3}[ .\-+]?[0-9]{4}"
        r"(?: ?(?:x|ext\.?) ?[0-9]{1,6})?",
        check="phone",
        digits=True,
    ),
    ValueRule(
        "phone",
        r"\+[1-9][0-9]{0,2}[ .\-/+]?(?:\(0?[0-9]{1,4}\)[ .\-+]?)?[0-9]{1,14}(?:[ .\-/+][0-9]{2,8}){0,5}",
        check="phone",
        digits=True,
        literals=("+",),
    ),
    ValueRule("phone", r"\b1[ \-.][0-9]{2,4}(?:[ \-.][0-9]{2,5}){2,5}", check="phone", digits=True),
    ValueRule("phone", r"\b00[1-9][0-9]{0,2} [0-9]{1,5}(?:[ \-.][0-9]{2,8}){1,5}", check="phone", digits=True),
    ValueRule(
        "phone",
        r"\b001[\-.][0-9]{3}[\-.][0-9]{3}[\-.][0-9]{4}(?: ?(?:x|ext\.?) ?[0-9]{1,6})?\b",
        check="edge",
        digits=True,
    ),
    ValueRule("phone", r"\b0[0-9]{2,4}[ \-][0-9]{3,4}[ \-][0-9]{3,4}", check="phone", digits=True),
    ValueRule("phone", r"^\s*([0-9]{3} [0-9]{3} [0-9]{4})\s*$", group=1, check="phone", digits=True),
    ValueRule(
        "phone",
        r"(?i)\b(?:phone|tel|telephone|mobile|cell|fax|call|callback|contact|sms|dial|whatsapp|reach)"
        r"(?:\s+(?:me|us|him|her|them|back|at|on|is|no\.?|num|number|patient|the)){0,4}[\s:=#.\-]{0,3}"
        r"([+(]?[0-9][0-9 ().\-]{5,18}[0-9])",
        group=1,
        check="phone_hint",
        literals=("phone", "tel", "mobile", "cell", "fax", "call", "contact", "sms", "dial", "whatsapp", "reach"),
        digits=True,
    ),
    ValueRule(
        "account",
        r"(?i)\b(?:account|acct)\.? (?:number|no\.?|num|#)\s*[:=#]?\s*(?:is\s+)?([0-9][0-9\- ]{4,20}[0-9])",
        group=1,
        check="edge",
        literals=("account n", "account #", "acct n", "acct. n", "acct #"),
        digits=True,
    ),
    ValueRule(
        "license",
        r"(?i)\bdriv(?:er'?s?'?|ing) licen[sc]e(?: number| no\.?| num)?[\s:#=]*(?:is\s+)?"
        r"([A-Za-z]*-?[0-9][A-Za-z0-9\-]{3,})",
        group=1,
        literals=("driver", "driving"),
        digits=True,
    ),
    # Healthcare messages
    ValueRule(
        "hl7",
        r"""(?:^|[^A-Za-z0-9\\]|\\[rnv])(?:PID|NK1|GT1|IN1|IN2|MRG)\|((?:[^\r\n\x1c\\"]|\\[^rn"])+)""",
        group=1,
        literals=("pid|", "nk1|", "gt1|", "in1|", "in2|", "mrg|"),
    ),
    ValueRule(
        "mrn",
        r"""\\{0,6}"code\\{0,6}"\s*:\s*\\{0,6}"MR\\{0,6}"[^{]{0,300}?"value\\{0,6}"\s*:\s*\\{0,6}"([^"\\]+)""",
        group=1,
        literals=('mr"', "mr\\"),
    ),
    ValueRule(
        "ssn",
        r"""\\{0,6}"code\\{0,6}"\s*:\s*\\{0,6}"SS\\{0,6}"[^{]{0,300}?"value\\{0,6}"\s*:\s*\\{0,6}"([^"\\]+)""",
        group=1,
        literals=('ss"', "ss\\"),
    ),
    ValueRule(
        "name",
        r"""\\{0,6}"text\\{0,6}"\s*:\s*\\{0,6}"([^"\\]+)\\{0,6}"\s*,\s*\\{0,6}"(?:family|given)\\{0,6}"\s*:""",
        group=1,
        literals=('family"', "family\\", 'given"', "given\\"),
    ),
    # Off unless enabled
    ValueRule("ipv4", r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b", check="ipv4", digits=True),
    ValueRule(
        "ipv6",
        r"(?i)(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:[0-9]{1,3}\.){3}[0-9]{1,3})?",
        check="ipv6",
        literals=(":",),
    ),
)

AUDIT_KEYS: Final = (
    "userId",
    "user",
    "actor",
    "auditAction",
    "operation",
    "resource",
    "resourceId",
    "patientId",
    "auditTimestamp",
    "outcome",
)

DEFAULT: Final = RuleSet(
    keys=KEYS,
    values=VALUES,
    allow_keys=ALLOW_KEYS,
    neutral=NEUTRAL,
    prose_values=tuple(dict.fromkeys(PROSE_VALUES)),
    not_secret=PLACEHOLDER,
    audit_keys=AUDIT_KEYS,
    audit_who=("userId", "user", "actor"),
    disable=("ipv4", "ipv6"),
)
"""The default rule set."""
