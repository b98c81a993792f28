"""The contract of redaction: rules, words, limits and tables.

Generated from contract/ by `python -m tools.contract`: don't edit it.
"""

from typing import Final


# kind, names, text, exact, glued, quoted, not_number, min_digits, opaque, value
KEYS: Final[tuple[tuple[str, tuple[str, ...], str, bool, bool, bool, bool, int, bool, str], ...]] = (
    ('password', ('password', 'passwd', 'pwd', 'pswd', 'psw', 'passwrd', 'pw', 'userpwd', 'dbpwd', 'login pass', 'user pass', 'db pass', 'userpass', 'dbpass'), 'token', False, True, False, False, 0, False, ''),
    ('password', ('passphrase', 'pass phrase', 'seed phrase', 'mnemonic', 'recovery phrase'), 'line', False, True, False, False, 0, False, ''),
    ('password', ('pass', 'passwords', 'passwds', 'passphrases'), 'token', False, True, False, True, 0, True, ''),
    ('secret', ('secret', 'client secret', 'secret key', 'secret access key', 'webhook secret', 'secretkey', 'secretaccesskey', 'shared access signature', 'security answer', 'secret answer', 'secret question answer'), 'token', False, True, False, False, 0, True, ''),
    ('token', ('token', 'access token', 'refresh token', 'id token', 'auth token', 'api token', 'session token', 'security token', 'csrf token', 'xsrf token', 'bearer token', 'accesstoken', 'refreshtoken', 'idtoken', 'authtoken', 'apitoken', 'sessiontoken', 'csrftoken', 'xsrftoken', 'usertoken', 'resettoken', 'devicetoken', 'bearertoken', 'csrf', 'xsrf', 'jwt', 'bearer', 'assertion', 'saml response'), 'token', False, True, False, False, 0, True, ''),
    ('api_key', ('api key', 'access key', 'subscription key', 'functions key', 'application key', 'app key', 'consumer key', 'account key', 'shared key', 'signing key', 'encryption key', 'decryption key', 'master key', 'service key', 'auth key', 'storage key', 'access key id', 'accesskeyid', 'hmac key', 'license key', 'admin key', 'deploy key', 'api secret', 'apikey', 'accesskey', 'authkey', 'masterkey'), 'token', False, True, False, False, 0, True, ''),
    ('private_key', ('private key', 'privatekey', 'privkey', 'priv key', 'ssh key', 'rsa key', 'pem key', 'tls key', 'private pem'), 'token', False, True, False, False, 0, True, ''),
    ('authorization', ('authorization', 'proxy authorization', 'auth header'), 'token', False, True, False, False, 0, True, ''),
    ('authorization', ('auth', 'http auth'), 'token', True, True, False, False, 0, True, ''),
    ('cookie', ('cookie', 'set cookie', 'cookie jar', 'setcookie'), 'line', False, True, False, False, 0, True, ''),
    ('session', ('session', 'session id', 'session key', 'sessionid', 'sessionkey', 'sess id', 'sessid', 'jsessionid', 'phpsessid', 'connect sid', 'session cookie', 'aspsessionid', 'net session id'), 'token', False, False, False, False, 0, True, ''),
    ('credentials', ('credential', 'credentials', 'creds', 'cred'), 'token', False, True, False, False, 0, True, ''),
    ('signature', ('amz signature', 'goog signature'), 'token', False, True, False, False, 0, True, ''),
    ('signature', ('sig',), 'token', True, True, False, False, 0, True, ''),
    ('otp', ('otp', 'totp', 'otp code', 'passcode', 'pass code', 'one time code', 'one time pin', 'mfa code', 'verification code', 'auth code', 'authorization code', 'security code', 'access code', 'sms code', 'recovery code', 'recovery codes', 'backup code', 'backup codes', 'login code', 'reset code', 'confirmation pin', 'otp secret', 'totp secret'), 'token', False, True, False, False, 0, True, ''),
    ('pin', ('pin', 'pin code', 'pincode', 'pin block'), 'token', False, True, False, False, 3, False, ''),
    ('secret', ('secrets', 'tokens', 'access tokens', 'refresh tokens', 'api keys', 'private keys', 'cookies', 'sessions', 'cards'), 'token', False, True, False, True, 0, True, ''),
    ('password', ('rootpw', 'root pw', 'userpw', 'dbpw', 'admin pw', 'bindpw', 'bind pw'), 'token', False, True, False, False, 0, False, ''),
    ('token', ('csrfmiddlewaretoken', 'id token hint', 'code verifier', 'device code', 'user code', 'state token', 'xauth', 'x auth', 'x amz security token', 'login ticket', 'sso ticket'), 'token', False, True, False, False, 0, True, ''),
    ('secret', ('secret id', 'approle secret id', 'role secret', 'secret key base'), 'token', False, True, False, False, 0, True, ''),
    ('api_key', ('service role key', 'client key', 'webhook key', 'db key', 'database key', 'decryption key', 'subscription key', 'anon key', 'registry auth', 'project key', 'publish key', 'write key', 'ingest key', 'integration key', 'routing key', 'functions key'), 'token', False, True, False, False, 0, True, ''),
    ('token', ('x hub signature', 'x signature', 'signature', 'hub signature', 'hmac signature', 'request signature'), 'token', False, True, False, False, 0, True, ''),
    ('session', ('sid',), 'token', True, True, False, False, 0, True, ''),
    ('ssn', ('ssn', 'social security', 'social security number', 'social security num', 'social security no', 'socialsecurity', 'socialsecuritynumber', 'soc sec', 'itin', 'tax id', 'taxpayer id', 'taxid', 'national id', 'nationalid', 'national insurance number', 'nino', 'social insurance number', 'nhs number', 'nhsnumber'), 'token', False, True, False, False, 0, False, ''),
    ('ssn', ('tin',), 'token', False, True, False, False, 9, False, ''),
    ('passport', ('passport', 'passport number', 'passport no', 'passport num', 'passport id', 'passportnumber'), 'token', False, True, False, False, 0, True, ''),
    ('license', ('driver license', 'drivers license', 'driver s license', 'driver licence', 'driving licence', 'driving license', 'license number', 'licence number', 'license no', 'licence no', 'driverslicense', 'driverlicense', 'driver license number', 'dl number', 'dl no', 'dln', 'medical license', 'nursing license', 'medical licence', 'nursing licence', 'certificate number', 'certificate no'), 'token', False, True, False, False, 0, True, ''),
    ('card', ('card', 'card number', 'card no', 'card num', 'cardnumber', 'cardno', 'creditcard', 'credit card', 'credit card number', 'debit card', 'cc number', 'cc num', 'cc no', 'ccnum', 'ccnumber', 'payment card'), 'token', False, True, False, False, 0, True, ''),
    ('card', ('pan', 'cc', 'primary account number'), 'token', False, True, False, False, 12, False, ''),
    ('cvv', ('cvv', 'cvc', 'card verification', 'card verification value', 'card cvv', 'card cvc', 'cvv code', 'card security code', 'csc'), 'token', False, True, False, False, 0, False, ''),
    ('account', ('account number', 'account no', 'account num', 'acct number', 'acct no', 'acct num', 'bank account', 'accountnumber', 'acctnum', 'iban', 'routing number', 'routing no', 'bank routing', 'sort code', 'aba number', 'checking account', 'savings account', 'hospital account', 'patient account', 'billing account'), 'token', False, True, False, False, 0, True, ''),
    ('account', ('aba',), 'token', False, True, False, False, 0, False, '^[0-9]{9}$'),
    ('mrn', ('mrn', 'medical record number', 'medical record no', 'medical record num', 'medical record id', 'medical record', 'med rec', 'med rec num', 'med rec number', 'medical rec', 'medicalrecordnumber', 'medicalrecord', 'chart number', 'hospital number', 'patient mrn'), 'token', False, True, False, False, 0, False, ''),
    ('mrn', ('patient id', 'patient identifier', 'patient number', 'patient no', 'patient num', 'encounter id', 'encounter number', 'encounter no', 'visit number', 'visit no', 'accession number', 'accession no', 'accession id', 'admission id', 'admission number'), 'token', False, True, False, False, 0, True, ''),
    ('health_plan', ('health plan number', 'health plan id', 'health plan beneficiary number', 'insurance id', 'insurance number', 'insurance policy number', 'insurance member id', 'policy number', 'medicare number', 'medicare id', 'medicare beneficiary id', 'medicare beneficiary identifier', 'medicaid number', 'medicaid id', 'beneficiary number', 'beneficiary id', 'subscriber number', 'member number', 'subscriber no', 'member no', 'group policy number', 'policy no', 'policy num', 'medicare no', 'medicaid no', 'hicn', 'mbi', 'claim number', 'claim no', 'claim id', 'enrollee id', 'enrollee number'), 'token', False, True, False, False, 0, True, ''),
    ('health_plan', ('member id', 'subscriber id', 'insured id', 'group number', 'group no', 'group num'), 'token', False, True, False, False, 0, False, '^[\\s#]*(?:[A-Za-z]{0,5}[ \\-]?[0-9][0-9A-Z\\-]{3,}|[A-Z\\-]{4,14}[0-9][0-9A-Z\\-]*|[0-9A-Z]{8,16})\\s*$'),
    ('address', ('street address', 'home address', 'mailing address', 'postal address', 'billing address', 'shipping address', 'residential address', 'address line', 'addressline', 'street', 'zip code', 'zipcode', 'postal code', 'postalcode', 'postcode', 'patient address', 'guarantor address', 'spouse address', 'mother address', 'father address', 'guardian address', 'caregiver address', 'next of kin address', 'emergency contact address', 'subscriber address', 'insured address', 'policyholder address', 'policy holder address', 'beneficiary address', 'member address', 'dependent address', 'enrollee address', 'person address', 'patient street', 'guarantor street', 'spouse street', 'mother street', 'father street', 'guardian street', 'caregiver street', 'next of kin street', 'emergency contact street', 'subscriber street', 'insured street', 'policyholder street', 'policy holder street', 'beneficiary street', 'member street', 'dependent street', 'enrollee street', 'person street', 'patient residence', 'guarantor residence', 'spouse residence', 'mother residence', 'father residence', 'guardian residence', 'caregiver residence', 'next of kin residence', 'emergency contact residence', 'subscriber residence', 'insured residence', 'policyholder residence', 'policy holder residence', 'beneficiary residence', 'member residence', 'dependent residence', 'enrollee residence', 'person residence'), 'words', False, True, False, False, 0, False, ''),
    ('address', ('patient city', 'guarantor city', 'spouse city', 'mother city', 'father city', 'guardian city', 'caregiver city', 'next of kin city', 'emergency contact city', 'subscriber city', 'insured city', 'policyholder city', 'policy holder city', 'beneficiary city', 'member city', 'dependent city', 'enrollee city', 'person city', 'patient town', 'guarantor town', 'spouse town', 'mother town', 'father town', 'guardian town', 'caregiver town', 'next of kin town', 'emergency contact town', 'subscriber town', 'insured town', 'policyholder town', 'policy holder town', 'beneficiary town', 'member town', 'dependent town', 'enrollee town', 'person town', 'patient county', 'guarantor county', 'spouse county', 'mother county', 'father county', 'guardian county', 'caregiver county', 'next of kin county', 'emergency contact county', 'subscriber county', 'insured county', 'policyholder county', 'policy holder county', 'beneficiary county', 'member county', 'dependent county', 'enrollee county', 'person county', 'patient village', 'guarantor village', 'spouse village', 'mother village', 'father village', 'guardian village', 'caregiver village', 'next of kin village', 'emergency contact village', 'subscriber village', 'insured village', 'policyholder village', 'policy holder village', 'beneficiary village', 'member village', 'dependent village', 'enrollee village', 'person village', 'patient zip', 'guarantor zip', 'spouse zip', 'mother zip', 'father zip', 'guardian zip', 'caregiver zip', 'next of kin zip', 'emergency contact zip', 'subscriber zip', 'insured zip', 'policyholder zip', 'policy holder zip', 'beneficiary zip', 'member zip', 'dependent zip', 'enrollee zip', 'person zip'), 'words', False, False, False, False, 0, False, ''),
    ('address', ('zip', 'zip plus'), 'token', False, True, False, False, 0, False, '^\\s*[0-9]{5}(?:[\\- ]?[0-9]{4})?\\s*$'),
    ('address', ('address',), 'words', True, True, False, False, 0, False, '^\\s*(?:[0-9]{1,6}[A-Za-z]?(?:[\\-/][0-9]{1,4})? [A-Z0-9]|(?i:p\\.? ?o\\.? box))'),
    ('dob', ('dob', 'd o b', 'date of birth', 'dateofbirth', 'birth date', 'birthdate', 'birthday', 'birth day', 'birthdt', 'birth year', 'year of birth', 'yob'), 'date', False, True, False, False, 0, False, ''),
    ('dob', ('born',), 'date', True, True, False, False, 4, False, ''),
    ('name', ('first name', 'last name', 'middle name', 'given name', 'family name', 'full name', 'maiden name', 'legal name', 'pt name', 'patient name', 'guarantor name', 'spouse name', 'mother name', 'father name', 'guardian name', 'caregiver name', 'next of kin name', 'emergency contact name', 'subscriber name', 'insured name', 'policyholder name', 'policy holder name', 'beneficiary name', 'member name', 'dependent name', 'enrollee name', 'person name', 'patientname', 'firstname', 'lastname', 'middlename', 'fullname', 'maidenname', 'surname', 'forename', 'fname', 'lname', 'next of kin', 'emergency contact', 'patient first', 'guarantor first', 'spouse first', 'mother first', 'father first', 'guardian first', 'caregiver first', 'next of kin first', 'emergency contact first', 'subscriber first', 'insured first', 'policyholder first', 'policy holder first', 'beneficiary first', 'member first', 'dependent first', 'enrollee first', 'person first', 'patient last', 'guarantor last', 'spouse last', 'mother last', 'father last', 'guardian last', 'caregiver last', 'next of kin last', 'emergency contact last', 'subscriber last', 'insured last', 'policyholder last', 'policy holder last', 'beneficiary last', 'member last', 'dependent last', 'enrollee last', 'person last', 'patient nickname', 'guarantor nickname', 'spouse nickname', 'mother nickname', 'father nickname', 'guardian nickname', 'caregiver nickname', 'next of kin nickname', 'emergency contact nickname', 'subscriber nickname', 'insured nickname', 'policyholder nickname', 'policy holder nickname', 'beneficiary nickname', 'member nickname', 'dependent nickname', 'enrollee nickname', 'person nickname'), 'words', False, True, False, False, 0, False, ''),
    ('name', ('given', 'family'), 'token', True, True, True, True, 0, False, ''),
    ('name', ('patient', 'guarantor', 'spouse', 'legal guardian'), 'words', False, False, False, False, 0, False, "^\\W{0,3}(?:[A-Z]|[^\\x00-\\x7f])[^\\x00-\\x1f]*$|^[a-z'\\-]+,? [a-z'\\-]+$|^[0-9]{5,}$"),
    ('name', ('subscriber', 'insured', 'policyholder', 'policy holder', 'beneficiary', 'dependent', 'caregiver', 'guardian', 'mother', 'father', 'attending physician', 'attending provider', 'referring physician', 'referring provider', 'ordering physician', 'ordering provider', 'rendering provider', 'treating physician', 'primary care physician', 'attending', 'surgeon', 'provider name', 'physician name', 'doctor name', 'nurse name', 'mother maiden'), 'words', False, False, False, False, 0, False, '^\\W{0,3}(?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?(?:,? (?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?)+'),
    ('name', ('provider', 'nurse', 'physician', 'doctor'), 'words', False, False, False, False, 0, False, '^\\W{0,3}(?:(?:Dr|Mr|Mrs|Ms|Prof)\\.? (?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?|(?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?(?:,? (?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?)+,? ?(?:M\\.?D|D\\.?O|R\\.?N|N\\.?P|P\\.?A|Ph\\.?D|LPN|LVN|CNA|APRN|DDS|DMD|PharmD|MBBS|FACP)\\b)'),
    ('phone', ('phone', 'mobile', 'cell', 'telephone', 'tel', 'fax', 'cellphone', 'mobile phone', 'phonenumber', 'msisdn', 'home phone', 'work phone', 'callback', 'pager', 'beeper'), 'date', False, True, False, False, 7, False, ''),
    ('vehicle', ('vin', 'vehicle identification number', 'vehicle identification', 'vehicle id number', 'chassis number'), 'token', False, True, False, False, 0, False, '^\\s*[A-HJ-NPR-Za-hj-npr-z0-9]{11,17}\\s*$'),
    ('vehicle', ('license plate', 'licence plate', 'number plate', 'registration plate', 'plate number', 'plate no', 'plate'), 'words', False, True, False, False, 2, False, '^\\s*[A-Z0-9]{1,4}[ \\-]?(?:[A-Z0-9]{1,4}[ \\-]?)?[A-Z0-9]{1,4}\\s*$'),
    ('device', ('serial number', 'serial no', 'serial num', 'serialnumber', 'device serial', 'implant serial', 'device identifier', 'android id', 'idfa', 'idfv', 'udi', 'implant lot', 'meid', 'pacemaker serial'), 'token', False, True, False, False, 0, True, ''),
    ('device', ('device id', 'deviceid'), 'token', False, True, False, False, 0, True, '^\\s*[A-Za-z0-9:\\-]{6,64}\\s*$'),
    ('device', ('imei', 'imeisv'), 'token', False, True, False, False, 14, False, ''),
    ('device', ('mac', 'mac address', 'mac addr', 'macaddress', 'hardware address', 'hwaddr'), 'token', False, True, False, False, 0, False, '^\\s*(?:(?:[0-9A-Fa-f]{2}[:\\-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4}|[0-9A-Fa-f]{12})\\s*$'),
    ('biometric', ('biometric', 'biometric template', 'biometric id', 'fingerprint template', 'fingerprint scan', 'fingerprint image', 'fingerprint id', 'faceprint', 'face print', 'faceprint id', 'voiceprint', 'voiceprint id', 'voice print', 'iris scan', 'iris template', 'iris code', 'retina scan', 'retina template', 'face encoding', 'face embedding', 'face template', 'face id', 'palm print', 'palmprint'), 'token', False, True, False, False, 0, True, ''),
    ('biometric', ('fingerprint',), 'token', True, True, False, False, 0, False, '^[0-9a-fA-F]{0,40}[G-Zg-z+/][A-Za-z0-9+/=]{39,}$'),
    ('photo', ('photo', 'photo file', 'photo name', 'photo file name', 'photograph', 'face image', 'face photo', 'patient image', 'patient picture'), 'token', False, True, False, False, 0, False, '(?i)\\.(?:jpe?g|png|heic|gif|bmp|tiff?|webp|dcm)\\b|^\\s*(?:data:image|https?:)'),
    ('url', ('patient url', 'guarantor url', 'spouse url', 'mother url', 'father url', 'guardian url', 'caregiver url', 'next of kin url', 'emergency contact url', 'subscriber url', 'insured url', 'policyholder url', 'policy holder url', 'beneficiary url', 'member url', 'dependent url', 'enrollee url', 'person url', 'patient website', 'guarantor website', 'spouse website', 'mother website', 'father website', 'guardian website', 'caregiver website', 'next of kin website', 'emergency contact website', 'subscriber website', 'insured website', 'policyholder website', 'policy holder website', 'beneficiary website', 'member website', 'dependent website', 'enrollee website', 'person website', 'patient page', 'guarantor page', 'spouse page', 'mother page', 'father page', 'guardian page', 'caregiver page', 'next of kin page', 'emergency contact page', 'subscriber page', 'insured page', 'policyholder page', 'policy holder page', 'beneficiary page', 'member page', 'dependent page', 'enrollee page', 'person page', 'patient link', 'guarantor link', 'spouse link', 'mother link', 'father link', 'guardian link', 'caregiver link', 'next of kin link', 'emergency contact link', 'subscriber link', 'insured link', 'policyholder link', 'policy holder link', 'beneficiary link', 'member link', 'dependent link', 'enrollee link', 'person link', 'profile url', 'profile link'), 'token', False, False, False, False, 0, False, ''),
    ('hipaa', ('admission date', 'admit date', 'admitted date', 'discharge date', 'discharged date', 'death date', 'deceased date', 'died date', 'service date', 'procedure date', 'visit date', 'appointment date', 'treatment date', 'surgery date', 'encounter date', 'exam date', 'examination date', 'collection date', 'specimen date', 'diagnosis date', 'onset date', 'referral date', 'immunization date', 'vaccination date', 'prescription date', 'delivery date', 'transfer date', 'admission time', 'admit time', 'admitted time', 'discharge time', 'discharged time', 'death time', 'deceased time', 'died time', 'service time', 'procedure time', 'visit time', 'appointment time', 'treatment time', 'surgery time', 'encounter time', 'exam time', 'examination time', 'collection time', 'specimen time', 'diagnosis time', 'onset time', 'referral time', 'immunization time', 'vaccination time', 'prescription time', 'delivery time', 'transfer time', 'date of admission', 'date of admit', 'date of admitted', 'date of discharge', 'date of discharged', 'date of death', 'date of deceased', 'date of died', 'date of service', 'date of procedure', 'date of visit', 'date of appointment', 'date of treatment', 'date of surgery', 'date of encounter', 'date of exam', 'date of examination', 'date of collection', 'date of specimen', 'date of diagnosis', 'date of onset', 'date of referral', 'date of immunization', 'date of vaccination', 'date of prescription', 'date of delivery', 'date of transfer', 'admitted at', 'admitted on', 'discharged at', 'discharged on', 'died on', 'died at', 'deceased on', 'admitted', 'discharged', 'died', 'deceased', 'dod', 'dos', 'appointment'), 'date', False, False, False, False, 4, False, ''),
    ('hipaa', ('age', 'patient age', 'age years'), 'token', True, True, False, False, 0, False, '^\\s*(?:9[0-9]|1[0-4][0-9])\\s*$'),
    ('hipaa', ('npi', 'national provider identifier'), 'token', False, True, False, False, 0, False, '^\\s*[12][0-9]{9}\\s*$'),
    ('hipaa', ('dea', 'dea number', 'dea no'), 'token', False, True, False, False, 0, False, '^\\s*[A-Za-z][A-Za-z9][0-9]{7}\\s*$'),
)

# kind, pattern, group, key, check, literals, digits
VALUES: Final[tuple[tuple[str, str, int, int, str, tuple[tuple[str, ...], ...], int], ...]] = (
    ('private_key', '-----BEGIN[ +][A-Z0-9 +]*PRIVATE[ +]KEY(?:[ +]BLOCK)?-----(?:[^-]|-[^-])*(?:-----END[ +][A-Z0-9 +]*-----)?', 0, 0, '', (('-----begin ', '-----begin+'), ('private key block-----', 'private key+block-----', 'private key-----', 'private+key block-----', 'private+key+block-----', 'private+key-----')), 0),
    ('private_key', 'AGE-SECRET-KEY-1[A-Z0-9]{20,}', 0, 0, '', (('age-secret-key-1',),), 1),
    ('jwt', '\\beyJ[A-Za-z0-9_\\-]{5,}\\.[A-Za-z0-9_\\-]{4,}(?:\\.[A-Za-z0-9_\\-]*){0,3}', 0, 0, '', (('eyj',), ('.',)), 0),
    ('authorization', '(?i)\\bbearer[\\s:=+]+["\']?([A-Za-z0-9._~+/\\-]{6,}=*)', 1, 0, 'opaque', (('bearer',),), 0),
    ('authorization', '(?i)\\bbasic[\\s:+]+([A-Za-z0-9+/_\\-]{4,}={0,2})', 1, 0, 'basic', (('basic',), ('basic\t', 'basic\n', 'basic\x0b', 'basic\x0c', 'basic\r', 'basic ', 'basic+', 'basic:')), 0),
    ('authorization', '(?i)\\b(?:negotiate|ntlm)\\s+([A-Za-z0-9+/]{16,}={0,2})', 1, 0, 'opaque', (('negotiate', 'ntlm\x08'), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('password_hash', '\\$(?:2[abxy]|1|5|6|7|8|9|14|y|gy|apr1|P|H|S|sm3|sha1|md5|scrypt|bcrypt|bcrypt-sha256|argon2(?:id|i|d)|pbkdf2(?:-sha(?:1|256|512))?|krb5tgs|krb5asrep|krb5pa)\\$[A-Za-z0-9./+,=$*@:_\\-]{16,}', 0, 0, '', (('$1$', '$14$', '$2a$', '$2b$', '$2x$', '$2y$', '$5$', '$6$', '$7$', '$8$', '$9$', '$apr1$', '$argon2d$', '$argon2i$', '$argon2id$', '$bcrypt$', '$bcrypt-sha256$', '$gy$', '$h$', '$krb5asrep$', '$krb5pa$', '$krb5tgs$', '$md5$', '$p$', '$pbkdf2$', '$pbkdf2-sha1$', '$pbkdf2-sha256$', '$pbkdf2-sha512$', '$s$', '$scrypt$', '$sha1$', '$sm3$', '$y$'),), 0),
    ('password_hash', '\\b(?:(?:pbkdf2|scrypt|bcrypt|argon2)(?:_sha(?:1|256|512))?(?::[a-z0-9]{1,8}){0,4}|md5|sha1)\\$[A-Za-z0-9./+=,$\\-]{22,}', 0, 0, '', (('argon2', 'bcrypt', 'md5', 'pbkdf2', 'scrypt', 'sha1'), ('$',)), 0),
    ('password_hash', '\\{(?:S?SHA(?:256|384|512)?|S?MD5|PBKDF2(?:-SHA(?:1|256|512))?|CRYPT|ARGON2|BCRYPT)\\}[A-Za-z0-9./+=$,\\-]{16,}|\\bSCRAM-SHA-(?:1|256)\\$[0-9]{1,9}:[A-Za-z0-9+/=$:]{20,}|\\b[0-9a-f]{32}:[0-9a-f]{32}:::', 0, 0, '', ((':::', 'scram-sha-1$', 'scram-sha-256$', '{argon2}', '{bcrypt}', '{crypt}', '{md5}', '{pbkdf2-sha1}', '{pbkdf2-sha256}', '{pbkdf2-sha512}', '{pbkdf2}', '{sha256}', '{sha384}', '{sha512}', '{sha}', '{smd5}', '{ssha256}', '{ssha384}', '{ssha512}', '{ssha}'),), 0),
    ('jwt', '\\beyJ[A-Za-z0-9_\\-]{5,}\\.\\.[A-Za-z0-9_\\-]{4,}(?:\\.[A-Za-z0-9_\\-]*){0,2}', 0, 0, '', (('eyj',), ('..',)), 0),
    ('authorization', '(?i)\\bauthorization["\']?[\\s:=]+["\']?(?:bot|discogs|apikey|key|digest|hawk|oauth|mac|hmac|ssws|geniekey|splunk|zoho-oauthtoken|klaviyo-api-key|personal|private-token|client-id|user|sso-key|mwb|bce|aws4?(?:-hmac-sha256)?)\\s+([^\\r\\n"\']{8,})', 1, 0, '', (('authorization',), ('authorization\t', 'authorization\n', 'authorization\x0b', 'authorization\x0c', 'authorization\r', 'authorization ', 'authorization"\t', 'authorization"\n', 'authorization"\x0b', 'authorization"\x0c', 'authorization"\r', 'authorization" ', 'authorization":', 'authorization"=', "authorization'\t", "authorization'\n", "authorization'\x0b", "authorization'\x0c", "authorization'\r", "authorization' ", "authorization':", "authorization'=", 'authorization:', 'authorization='), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('private_key', 'PuTTY-User-Key-File-[0-9][\\s\\S]{0,1000}?Private-Lines:(?:[^-]|-[^-])*', 0, 0, '', (('private-lines:',), ('putty-user-key-file-',)), 1),
    ('private_key', '"kty"\\s*:\\s*"(?:EC|OKP|RSA|oct)"[^{}]{0,1000}?"(?:d|k)"\\s*:\\s*"([A-Za-z0-9_\\-]{16,})"', 1, 0, '', (('"kty"',), ('"ec"', '"oct"', '"okp"', '"rsa"'), ('"d"', '"k"')), 0),
    ('password', '://([^\\s/?#"\'<>@:\\\\]{16,}):x-oauth-basic@', 1, 0, '', ((':x-oauth-basic@',), ('://',)), 0),
    ('api_key', '\\bcloudinary://([0-9]{10,}):', 1, 0, '', (('cloudinary://',),), 10),
    ('password', '(?i)\\b(?:password|passwd|pwd|passphrase|secret|token|pin|api[ _-]?key)\\s+(?:was\\s+)?(?:changed|rotated|updated|reset)\\s+from\\s+["\']?([^\\s"\',;]{4,})["\']?\\s+to\\s+["\']?[^\\s"\',;]{4,}', 1, 0, 'opaque_digit', (('changed', 'reset', 'rotated', 'updated'), ('from\x08',), ('api key', 'api-key', 'api_key', 'apikey', 'passphrase', 'passwd', 'password', 'pin\x08', 'pwd\x08', 'secret', 'token')), 0),
    ('password', '(?i)\\b(?:password|passwd|pwd|passphrase|secret|token|pin|api[ _-]?key)\\s+(?:was\\s+)?(?:changed|rotated|updated|reset)\\s+from\\s+["\']?[^\\s"\',;]+["\']?\\s+to\\s+["\']?([^\\s"\',;]{4,})', 1, 0, 'opaque_digit', (('changed', 'reset', 'rotated', 'updated'), ('from\x08',), ('api key', 'api-key', 'api_key', 'apikey', 'passphrase', 'passwd', 'password', 'pin\x08', 'pwd\x08', 'secret', 'token')), 0),
    ('otp', '(?i)\\b([0-9]{4,8})\\s+is your\\s+(?:[a-z\\-]+\\s+){0,3}?(?:code|otp|pin|passcode|password)\\b', 1, 0, 'edge', (('is your',), ('code', 'otp', 'password', 'pin')), 4),
    ('password', '(?i)\\b(?:networkcredential|usernamepasswordcredentials|passwordauthentication|httpbasicauth)\\s*\\(\\s*["\'][^"\'\\n]{0,200}["\']\\s*,\\s*["\']([^"\'\\n]{4,})["\']', 1, 0, '', (('httpbasicauth', 'networkcredential', 'passwordauthentication', 'usernamepasswordcredentials'), ('(',), (',',)), 0),
    ('password', '(?i)\\bhtpasswd\\s+(?:-[a-zA-Z]*b[a-zA-Z]*)\\s+(?:-[a-zA-Z0-9]+\\s+){0,4}\\S+\\s+\\S+\\s+(\\S+)', 1, 0, '', (('htpasswd',), ('b',), ('-',)), 0),
    ('password', '(?i)\\bpsexec\\b[^\\n]{0,200}?\\s-p\\s+(\\S+)', 1, 0, '', (('psexec',), ('\t-p\x08', '\n-p\x08', '\x0b-p\x08', '\x0c-p\x08', '\r-p\x08', ' -p\x08')), 0),
    ('secret', '(?i)\\bsnmp-server\\s+community\\s+(?:[07]\\s+)?(\\S+)', 1, 0, '', (('community',), ('snmp-server',), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('password', '(?i)\\bnet use\\s+(?:[a-z]:|\\*)?\\s*\\\\\\\\\\S+\\s+([^\\s/]\\S*)', 1, 0, '', (('net use',), ('\\\\',)), 0),
    ('private_key', '\\bLS0tLS1CRUdJTi(?:BQUklWQVRF|BSU0EgUFJJVkFURS|BFQyBQUklWQVRF|BEU0EgUFJJVkFURS|BPUEVOU1NIIFBSSVZBVEU|BFTkNSWVBURUQgUFJJVkFURS|BQR1AgUFJJVkFURS)[A-Za-z0-9+/=]{16,}', 0, 0, '', (('ls0tls1crudjtibeu0egufjjvkfurs', 'ls0tls1crudjtibfqybquklwqvrf', 'ls0tls1crudjtibftknswvburuqgufjjvkfurs', 'ls0tls1crudjtibpuevou1niifbssvzbveu', 'ls0tls1crudjtibqr1agufjjvkfurs', 'ls0tls1crudjtibquklwqvrf', 'ls0tls1crudjtibsu0egufjjvkfurs'),), 1),
    ('password', '(?i)\\bfollowing\\s+(?:[a-z\\-]+\\s+)?(?:password|passcode|passphrase|token|secret|key|code)\\b[^\\n:]{0,80}:\\s*([^\\s"\',;]{6,})', 1, 0, 'opaque_digit', (('following',), (':',), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('aws_key', '\\b(?:AKIA|ASIA)[A-Z0-9]{12,}\\b', 0, 0, 'opaque', (('akia', 'asia'),), 0),
    ('github_token', '\\b(?:ghs_[0-9]{1,9}_eyJ[A-Za-z0-9_\\-]{8,}(?:\\.[A-Za-z0-9_\\-]{8,}){0,2}|gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,})', 0, 0, '', (('gho_', 'ghp_', 'ghr_', 'ghs_', 'ghu_', 'github_pat_'),), 0),
    ('gitlab_token', '\\bgl(?:pat|dt|rt|rtr|cbt|ptt)-[A-Za-z0-9_\\-]{16,}(?:\\.[A-Za-z0-9_\\-]{2,})*', 0, 0, '', (('glcbt-', 'gldt-', 'glpat-', 'glptt-', 'glrt-', 'glrtr-'),), 0),
    ('slack_token', '\\bxox[abceoprs]-[A-Za-z0-9\\-]{8,}|\\bxoxe\\.xox[bp]-[A-Za-z0-9\\-]{8,}|\\bxapp-[A-Za-z0-9\\-]{10,}|hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9/]{8,}', 0, 0, '', (('hooks.slack.com/services/', 'hooks.slack.com/triggers/', 'hooks.slack.com/workflows/', 'xapp-', 'xoxa-', 'xoxb-', 'xoxc-', 'xoxe-', 'xoxo-', 'xoxp-', 'xoxr-', 'xoxs-'),), 0),
    ('stripe_key', '\\b[sr]k_(?:live|test|prod)_[A-Za-z0-9]{8,}|\\bwhsec_[A-Za-z0-9+/]{16,}=*', 0, 0, '', (('rk_live_', 'rk_prod_', 'rk_test_', 'sk_live_', 'sk_prod_', 'sk_test_', 'whsec_'),), 0),
    ('google_key', '\\bAIza[A-Za-z0-9_\\-]{30,}|\\bya29\\.[A-Za-z0-9_\\-]{16,}|\\bGOCSPX-[A-Za-z0-9_\\-]{16,}', 0, 0, '', (('aiza', 'gocspx-', 'ya29.'),), 0),
    ('api_key', '\\bsk-(?:ant|proj|svcacct|admin|or|lf)-[A-Za-z0-9_\\-]{20,}|\\bsk-(?:[a-z]{1,12}[0-9]{0,4}-){0,4}[A-Za-z0-9_]{20,}|\\bnpm_[A-Za-z0-9]{30,}|\\bpypi-[A-Za-z0-9_\\-]{16,}|\\bSG\\.[A-Za-z0-9_\\-]{12,}\\.[A-Za-z0-9_\\-]{16,}|\\bdckr_pat_[A-Za-z0-9_\\-]{16,}|\\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{16,}|\\b[0-9]{8,10}:AA[A-Za-z0-9_\\-]{30,}|\\bkey-[0-9a-f]{32}\\b|\\blin_api_[A-Za-z0-9]{20,}', 0, 0, '', ((':aa', 'dckr_pat_', 'key-', 'lin_api_', 'npm_', 'pypi-', 'sg.', 'shpat_', 'shpca_', 'shppa_', 'shpss_', 'sk-'),), 0),
    ('api_key', '\\bhf_[A-Za-z0-9]{20,}', 0, 0, 'mixed', (('hf_',),), 0),
    ('webhook', '\\b(?:[a-z0-9\\-]{1,60}\\.webhook\\.office\\.com/webhookb2|outlook\\.office(?:365)?\\.com/webhook|discord(?:app)?\\.com/api/(?:v[0-9]{1,2}/)?webhooks|[a-z0-9\\-]{1,60}\\.tines\\.(?:com|io)/webhook|hooks\\.zapier\\.com/hooks/catch|chat\\.googleapis\\.com/v1/spaces|[a-z0-9\\-]{1,60}\\.logic\\.azure\\.com(?::443)?/workflows|maker\\.ifttt\\.com/trigger|hook\\.[a-z0-9.]{0,8}make\\.com|open\\.(?:feishu\\.cn|larksuite\\.com)/open-apis/bot/v2/hook|oapi\\.dingtalk\\.com/robot/send|events\\.pagerduty\\.com/integration)[/?][A-Za-z0-9@/._\\-?&=%+]{16,}', 0, 0, '', (('.logic.azure.com/workflows', '.logic.azure.com:443/workflows', '.tines.com/webhook', '.tines.io/webhook', '.webhook.office.com/webhookb2', 'chat.googleapis.com/v1/spaces', 'events.pagerduty.com/integration', 'hooks.zapier.com/hooks/catch', 'make.com', 'maker.ifttt.com/trigger', 'oapi.dingtalk.com/robot/send', 'open.feishu.cn/open-apis/bot/v2/hook', 'open.larksuite.com/open-apis/bot/v2/hook', 'outlook.office.com/webhook', 'outlook.office365.com/webhook', 'webhooks'), ('/', '?')), 0),
    ('api_key', '\\bSSWS [A-Za-z0-9_\\-]{30,}|\\bGenieKey [0-9a-f\\-]{30,}|\\bSplunk [0-9A-Fa-f]{8}-[0-9A-Fa-f\\-]{20,}', 0, 0, '', (('geniekey ', 'splunk ', 'ssws '),), 0),
    ('api_key', '\\bt1\\.[0-9A-Za-z_\\-]{50,400}\\.[0-9A-Za-z_\\-]{80,}|\\bv1\\.0-[0-9a-f]{20,32}-[0-9a-f]{120,}|\\bCCDB1_[0-9A-Za-z]{20,24}_[0-9A-Za-z]{36,}|\\bpcsk_[0-9A-Za-z]{5,8}_[0-9A-Za-z]{55,}|\\bABSK[0-9A-Za-z+/]{90,200}=|\\b[0-9A-Za-z_\\-]{3}8Q~[0-9A-Za-z_\\-]{31,}|\\b[0-9A-Za-z]{76}AZDO[0-9A-Za-z]{4,}|\\bda2-[0-9a-z]{24,}|\\bamzn\\.mws\\.[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\bLTAI[0-9A-Za-z]{16,}|\\bAQVN[0-9A-Za-z_]{30,}|\\bAKID[0-9A-Za-z]{28,}|\\bdop_v1_[0-9a-f]{40,}|\\bdoo_v1_[0-9a-f]{40,}|\\bdor_v1_[0-9a-f]{40,}|\\bcfut_[0-9A-Za-z]{40,}|\\bcfat_[0-9A-Za-z]{40,}|\\bcfk_[0-9A-Za-z]{40,}|\\bfo1_[0-9A-Za-z_\\-]{40,}|\\bfm2_[0-9A-Za-z+/]{80,}|\\bfm1r_[0-9A-Za-z+/]{80,}|\\bHRKU-[0-9A-Za-z_\\-]{30,}|\\bvcp_[0-9A-Za-z]{20,}|\\bvck_[0-9A-Za-z]{20,}|\\bvca_[0-9A-Za-z]{20,}|\\bvci_[0-9A-Za-z]{20,}|\\bnfp_[0-9A-Za-z]{36,}|\\brnd_[0-9A-Za-z]{24,}|\\btk-us-[0-9A-Za-z_\\-]{40,}|\\bSCW[0-9A-Z]{17,}|\\bdapi[0-9A-Fa-f]{32,}|\\bdose[0-9A-Fa-f]{32,}|\\bpscale_tkn_[0-9A-Za-z_\\-]{30,}|\\bpscale_pw_[0-9A-Za-z_\\-]{30,}|\\bpscale_oauth_[0-9A-Za-z_\\-]{30,}|\\bsbp_[0-9a-f]{40,}|\\bsb_secret_[0-9A-Za-z_\\-]{28,}|\\bnapi_[0-9a-z]{40,}|\\bAVNS_[0-9A-Za-z_\\-]{18,}|\\bmdb_sa_sk_[0-9A-Za-z_\\-]{36,}|\\bessu_[0-9A-Za-z_\\-]{60,}|\\brpa_[0-9A-Z]{36,}|\\bxau_[0-9A-Za-z]{30,}', 0, 0, '', (('8q~', 'absk', 'akid', 'amzn.mws.', 'aqvn', 'avns_', 'azdo', 'ccdb1_', 'cfat_', 'cfk_', 'cfut_', 'da2-', 'dapi', 'doo_v1_', 'dop_v1_', 'dor_v1_', 'dose', 'essu_', 'fm1r_', 'fm2_', 'fo1_', 'hrku-', 'ltai', 'mdb_sa_sk_', 'napi_', 'nfp_', 'pcsk_', 'pscale_oauth_', 'pscale_pw_', 'pscale_tkn_', 'rnd_', 'rpa_', 'sb_secret_', 'sbp_', 'scw', 't1.', 'tk-us-', 'v1.0-', 'vca_', 'vci_', 'vck_', 'vcp_', 'xau_'),), 0),
    ('api_key', '\\bA3-[0-9A-Z]{6}-[0-9A-Z]{5,6}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5,}|\\bsc_[0-9a-z]{12,20}\\.[0-9a-z]{4,8}\\.acc_[0-9a-z]{12,20}\\.[0-9A-Za-z+/]{40,}|\\btskey-[0-9a-z]{3,12}-[0-9A-Za-z]{8,24}-[0-9A-Za-z]{20,}|\\bpat\\.[0-9A-Za-z_\\-]{22}\\.[0-9a-f]{24}\\.[0-9A-Za-z]{20,}|\\bsat\\.[0-9A-Za-z_\\-]{22}\\.[0-9a-f]{24}\\.[0-9A-Za-z]{20,}|\\bdp\\.st\\.[0-9A-Za-z_\\-]{2,40}\\.[0-9A-Za-z]{40,}|\\bdnkey-[0-9a-z]{20,30}-[0-9a-z]{50,}|\\b[0-9A-Za-z]{14}\\.atlasv1\\.[0-9A-Za-z_\\-]{60,}|\\bpul-[0-9a-f]{40,}|\\bico-[0-9A-Za-z]{32,}|\\bhvs\\.[0-9A-Za-z_\\-]{20,}|\\bhvb\\.[0-9A-Za-z_\\-]{40,}|\\bhvr\\.[0-9A-Za-z_\\-]{20,}|\\bdp\\.pt\\.[0-9A-Za-z]{40,}|\\bdp\\.ct\\.[0-9A-Za-z]{40,}|\\bdp\\.scim\\.[0-9A-Za-z]{40,}|\\bdp\\.audit\\.[0-9A-Za-z]{40,}|\\bdp\\.sa\\.[0-9A-Za-z]{40,}|\\bdp\\.st\\.[0-9A-Za-z]{40,}|\\bops_eyJ[0-9A-Za-z+/]{200,}|\\btskey-[0-9A-Za-z]{20,}|\\bsha256~[0-9A-Za-z_\\-]{43,}|\\bpnu_[0-9A-Za-z]{36,}|\\bpnb_[0-9A-Za-z]{36,}|\\bAKCp[0-9A-Za-z]{60,}|\\bcmVmd[0-9A-Za-z]{59,}|\\bsdk-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\bmob-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\bAPI-[0-9A-Z]{26,}|\\bsignkey-prod-[0-9a-f]{40,}', 0, 0, '', (('.acc_', '.atlasv1.', 'a3-', 'akcp', 'api-', 'cmvmd', 'dnkey-', 'dp.audit.', 'dp.ct.', 'dp.pt.', 'dp.sa.', 'dp.scim.', 'dp.st.', 'hvb.', 'hvr.', 'hvs.', 'ico-', 'mob-', 'ops_eyj', 'pat.', 'pnb_', 'pnu_', 'pul-', 'sat.', 'sdk-', 'sha256~', 'signkey-prod-', 'tskey-'),), 0),
    ('api_key', '\\bATATT3[0-9A-Za-z_\\-]{150,400}=[0-9A-Fa-f]{8,}|\\bATCTT3[0-9A-Za-z_\\-]{150,400}=[0-9A-Fa-f]{8,}|\\bsgp_[0-9a-f]{16}_[0-9a-f]{40,}|\\bCCIPAT_[0-9A-Za-z]{20,24}_[0-9a-f]{40,}|\\bCCIPRJ_[0-9A-Za-z]{20,24}_[0-9a-f]{40,}|\\bhawk\\.[0-9A-Za-z_\\-]{20}\\.[0-9A-Za-z_\\-]{20,}|\\bsnyk_uat\\.[0-9a-f]{8}\\.[0-9A-Za-z_\\-]{40,}|\\bPMAK-[0-9a-f]{24}-[0-9a-f]{34,}|\\bs-s4t2[0-9A-Za-z]{2}-[0-9a-f]{60,}|\\b[0-9A-Za-z]{6}_[0-9A-Za-z]{29}_mmk|\\bGR1348941[0-9A-Za-z_\\-]{20,}|\\bglft-[0-9A-Za-z_\\-]{20,}|\\bglffct-[0-9A-Za-z_\\-]{20,}|\\bglimt-[0-9A-Za-z_\\-]{20,}|\\bglagent-[0-9A-Za-z_\\-]{40,}|\\bgloas-[0-9A-Za-z_\\-]{40,}|\\bglsoat-[0-9A-Za-z_\\-]{20,}|\\bglwt-[0-9A-Za-z_\\-]{20,}|\\bATBB[0-9A-Za-z]{24,}|\\brubygems_[0-9a-f]{40,}|\\bcio[0-9A-Za-z]{32,}|\\boy2[0-9a-z]{43,}|\\bCLOJARS_[0-9a-f]{60,}|\\bdckr_oat_[0-9A-Za-z_\\-]{27,}|\\bsgp_[0-9A-Za-z]{40,}|\\bsgp_local_[0-9a-f]{40,}|\\bslk_[0-9a-f]{40,}|\\bsqu_[0-9a-f]{40,}|\\bsqp_[0-9a-f]{40,}|\\bsqa_[0-9a-f]{40,}|\\bbkua_[0-9a-f]{40,}|\\bodt_[0-9A-Za-z]{32,}|\\brdme_[0-9a-z]{60,}|\\bsm_aat_[0-9A-Za-z]{16,}|\\bsm_pat_[0-9A-Za-z]{16,}|\\bsm_sat_[0-9A-Za-z]{16,}|\\bflb_live_[0-9A-Za-z]{20,}|\\bdbtu_[0-9A-Za-z_\\-]{30,}|\\bdbtc_[0-9A-Za-z_\\-]{30,}|\\be2b_[0-9a-f]{40,}', 0, 0, '', (('_mmk', 'atatt3', 'atbb', 'atctt3', 'bkua_', 'ccipat_', 'cciprj_', 'cio', 'clojars_', 'dbtc_', 'dbtu_', 'dckr_oat_', 'e2b_', 'flb_live_', 'glagent-', 'glffct-', 'glft-', 'glimt-', 'gloas-', 'glsoat-', 'glwt-', 'gr1348941', 'hawk.', 'odt_', 'oy2', 'pmak-', 'rdme_', 'rubygems_', 's-s4t2', 'sgp_', 'slk_', 'sm_aat_', 'sm_pat_', 'sm_sat_', 'snyk_uat.', 'sqa_', 'sqp_', 'squ_'),), 0),
    ('api_key', '\\bdt0[0-9a-z]{1}[0-9]{2}\\.[0-9A-Z]{24}\\.[0-9A-Z]{64,}|\\bpylf_v[0-9]{1}_[0-9a-z]{2}_[0-9A-Za-z]{40,}|\\bglsa_[0-9A-Za-z]{32}_[0-9A-Fa-f]{8,}|\\bsntrys_[0-9A-Za-z+/]{60,600}_[0-9A-Za-z+/]{40,}|\\bglc_eyJ[0-9A-Za-z+/]{60,}|\\beyJrIjoi[0-9A-Za-z+/]{60,}|\\bNRAK-[0-9A-Z]{27,}|\\bNRII-[0-9A-Za-z_\\-]{32,}|\\bNRIQ-[0-9A-Za-z_\\-]{32,}|\\bNRAA-[0-9a-f]{27,}|\\bNRRA-[0-9a-f]{40,}|\\bNRJS-[0-9a-f]{19,}|\\b[0-9a-f]{36}NRAL|\\bpx-api-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\bpx-dep-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\bsntryu_[0-9a-f]{60,}|\\bphx_[0-9A-Za-z]{40,}|\\bhcaik_[0-9a-z]{50,}|\\bhcxik_[0-9a-z]{50,}|\\bxaat-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\bxapt-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\brootly_[0-9a-f]{60,}', 0, 0, '', (('dt0', 'eyjrijoi', 'glc_eyj', 'glsa_', 'hcaik_', 'hcxik_', 'nraa-', 'nrak-', 'nral', 'nrii-', 'nriq-', 'nrjs-', 'nrra-', 'phx_', 'px-api-', 'px-dep-', 'pylf_v', 'rootly_', 'sntrys_', 'sntryu_', 'xaat-', 'xapt-'),), 0),
    ('api_key', '\\bVF\\.[0-9A-Z]{2}\\.[0-9a-f]{24}\\.[0-9A-Za-z]{16}\\.[0-9A-Za-z]{10,}|\\bVF\\.[0-9A-Z]{2}\\.[0-9a-f]{24}\\.[0-9A-Za-z]{16,}|\\bsk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20,}|\\blsv2_pt_[0-9a-f]{32}_[0-9a-f]{10,}|\\blsv2_sk_[0-9a-f]{32}_[0-9a-f]{10,}|\\bgsk_[0-9A-Za-z]{40,}|\\bpplx-[0-9A-Za-z]{40,}|\\bxai-[0-9A-Za-z]{70,}|\\bnvapi-[0-9A-Za-z_\\-]{60,}|\\bapi_org_[A-Za-z]{34,}|\\br8_[0-9A-Za-z_\\-]{37,}|\\bsk_[0-9a-f]{48,}|\\bjina_[0-9A-Za-z]{50,}|\\btvly-[0-9A-Za-z_\\-]{30,}|\\bfc-[0-9a-f]{32,}|\\bcsk-[0-9a-z]{40,}|\\btgp_v1_[0-9A-Za-z_\\-]{40,}|\\bfw_[0-9A-Za-z]{22,}|\\bsk-lf-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}', 0, 0, '', (('api_org_', 'fc-', 'fw_', 'jina_', 'lsv2_pt_', 'nvapi-', 'pplx-', 'r8_', 'sk-', 'sk_', 'tgp_v1_', 'tvly-', 'vf.', 'xai-'), ('api_org_', 'csk-', 'fc-', 'fw_', 'jina_', 'lsv2_pt_', 'nvapi-', 'pplx-', 'r8_', 'sk-lf-', 'sk_', 't3blbkfj', 'tgp_v1_', 'tvly-', 'vf.', 'xai-')), 0),
    ('api_key', '\\bMT[0-9A-Za-z]{22,26}\\.[0-9A-Za-z_\\-]{6}\\.[0-9A-Za-z_\\-]{27,}|\\bxkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16,}|\\bxsmtpsib-[0-9a-f]{64}-[0-9A-Za-z]{16,}|\\bre_[0-9A-Za-z]{8}_[0-9A-Za-z]{24,}|\\blive_[0-9]{8,10}_[0-9A-Za-z]{30,}|\\b[0-9a-f]{32}-us[0-9]{1,}|\\bsq0csp-[0-9A-Za-z_\\-]{40,}|\\bsq0atp-[0-9A-Za-z_\\-]{22,}|\\bsq0idp-[0-9A-Za-z_\\-]{22,}|\\bEAAA[0-9A-Za-z_\\-]{60,}|\\bEAACEdEose0cBA[0-9A-Za-z]{60,}|\\bEAAM[0-9A-Za-z]{100,}|\\bEAAC[0-9A-Za-z]{100,}|\\bpk_prod_[0-9A-Z]{28,}', 0, 0, '', (('-us', 'eaaa', 'eaac', 'eaam', 'live_', 'mt', 'pk_prod_', 're_', 'sq0atp-', 'sq0csp-', 'sq0idp-', 'xkeysib-'),), 0),
    ('api_key', '\\bpdl_[A-Za-z]{4,7}_apikey_[0-9a-z]{26}_[0-9A-Za-z]{22}_[0-9A-Za-z]{3,}|\\bAPP_USR-[0-9]{14,18}-[0-9]{6}-[0-9a-f]{32}-[0-9]{6,}|\\b00D[0-9A-Za-z]{12,15}![0-9A-Za-z_]{1}Q[0-9A-Za-z]{90,}|\\baccess_token\\$[A-Za-z]{7,10}\\$[0-9a-z]{16}\\$[0-9a-f]{32,}|\\baccess-[A-Za-z]{7,11}-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\b00D[0-9A-Za-z]{12,15}![0-9A-Za-z_]{60,}|\\bpat-[0-9a-z]{3}-[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\b1000\\.[0-9a-f]{32}\\.[0-9a-f]{32,}|\\bxnd_[A-Za-z]{10,11}_[0-9A-Za-z]{50,}|\\bpersona_[A-Za-z]{7,10}_[0-9a-z]{36,}|\\bFLWSECK-[0-9A-Fa-f]{32}-X|\\bak_live_[0-9A-Za-z]{30,}|\\bak_test_[0-9A-Za-z]{30,}|\\bFLWSECK_TEST-[0-9A-Za-z]{12,}|\\bduffel_live_[0-9A-Za-z_\\-]{40,}|\\bduffel_test_[0-9A-Za-z_\\-]{40,}|\\bEZAK[0-9A-Za-z]{54,}|\\bEZTK[0-9A-Za-z]{54,}|\\bshippo_live_[0-9a-f]{40,}|\\bshippo_test_[0-9a-f]{40,}|\\bshltm_[0-9A-Za-z_\\-]{40,}|\\bBBFF-[0-9A-Za-z]{30,}|\\baio_[0-9A-Za-z]{28,}|\\bNF-[0-9A-Za-z]{32,}|\\bscp-live-[0-9a-f]{32,}|\\bcal_[0-9a-f]{32,}|\\bcal_live_[0-9a-f]{32,}|\\bwaka_[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\\bpolar_oat_[0-9A-Za-z]{40,}|\\brzp_live_[0-9A-Za-z]{14,}|\\brzp_test_[0-9A-Za-z]{14,}|\\blive_[0-9a-f]{35,}|\\btest_[0-9a-f]{35,}', 0, 0, '', (('00d', '1000.', '_apikey_', 'access-', 'access_token$', 'aio_', 'app_usr-', 'bbff-', 'cal_', 'ezak', 'eztk', 'flwseck-', 'flwseck_test-', 'live_', 'nf-', 'pat-', 'persona_', 'polar_oat_', 'scp-live-', 'shltm_', 'test_', 'waka_', 'xnd_'), ('00d', '1000.', 'access-', 'access_token$', 'aio_', 'app_usr-', 'bbff-', 'cal_', 'ezak', 'eztk', 'flwseck-', 'flwseck_test-', 'live_', 'nf-', 'pat-', 'pdl_', 'persona_', 'polar_oat_', 'scp-live-', 'shltm_', 'test_', 'waka_', 'xnd_')), 0),
    ('api_key', '\\bsk_[0-9]{4}_[0-9]{6}_[0-9a-f]{32,}|\\bpk_[0-9]{5,9}_[0-9A-Z]{32,}|\\bapi_[0-9A-Za-z]{22}\\.[0-9A-Za-z]{22,}|\\btfp_[0-9A-Za-z]{40,48}_[0-9A-Za-z]{14,}|\\boa2-client-id_[0-9A-Za-z_\\-]{32}:[0-9A-Za-z_\\-]{40,}|\\btkn\\.v1_[0-9A-Za-z+/]{60,90}=|\\bAccountKey=[0-9A-Za-z+/]{86}==|\\bntn_[0-9A-Za-z]{40,}|\\bsecret_[0-9A-Za-z]{43,}|\\blin_oauth_[0-9a-f]{60,}|\\blin_wh_[0-9A-Za-z]{32,}|\\bfigd_[0-9A-Za-z_\\-]{40,}|\\bfigo_[0-9A-Za-z_\\-]{40,}|\\bfio-u-[0-9A-Za-z_\\-]{60,}|\\bp8e-[0-9A-Za-z]{32,}|\\bCFPAT-[0-9A-Za-z_\\-]{43,}|\\btfp_[0-9A-Za-z_\\-]{50,}|\\bsl\\.[0-9A-Za-z_\\-]{130,}|\\bsec-c-[0-9A-Za-z+/]{46,}|\\bapify_api_[0-9A-Za-z]{34,}|\\bn8n_api_[0-9A-Za-z]{40,}', 0, 0, '', (('accountkey=', 'api_', 'cfpat-', 'figd_', 'figo_', 'fio-u-', 'lin_oauth_', 'lin_wh_', 'ntn_', 'oa2-client-id_', 'p8e-', 'pk_', 'sec-c-', 'secret_', 'sk_', 'sl.', 'tfp_', 'tkn.v1_'),), 0),
    ('email', "[A-Za-z0-9._%+'\\-]{1,64}@[A-Za-z0-9\\-]{1,63}(?:\\.[A-Za-z0-9\\-]{1,63}){0,6}\\.[A-Za-z]{2,24}", 0, 0, 'email', (('@',), ('.',)), 0),
    ('password', '://[^\\s/?#"\'<>@:\\\\]*:([^\\s/?#"\'<>\\\\]+)@', 1, 0, 'secret', (('@',), ('://',)), 0),
    ('password', '://[^\\s/?#"\'<>@:\\\\]*:([0-9]*[^0-9\\s"\'<>@\\\\/:][^\\s"\'<>@\\\\/]*/[^\\s"\'<>@]*)@', 1, 0, 'secret', (('@',), ('://',)), 0),
    ('password', ':thin:[^\\s/@:]{1,64}/([^\\s@]{1,128})@', 1, 0, 'secret', ((':thin:',), ('@',), ('/',)), 0),
    ('token', '[?&]code=([^\\s&"\'#<>]{16,})', 1, 0, 'opaque', (('&code=', '?code='),), 0),
    ('token', '(?i)[?&](?:key|signature|sign)=([A-Za-z0-9_\\-+/%]{16,}=*)(?:[&#\\s"\'<>,;)\\\\]|$)', 1, 0, 'opaque_digit', (('&key=', '&sign=', '&signature=', '?key=', '?sign=', '?signature='),), 0),
    ('password', '(?i)basic_?auth\\(\\s*["\'][^"\']*["\']\\s*,\\s*(?:password\\s*=\\s*)?["\']([^"\']+)["\']', 1, 0, 'secret', (('basic_auth(', 'basicauth('), (',',), ('"', "'")), 0),
    ('password', '(?i)\\b(?:credentials|creds|logins?)\\s+(?:(?:with|as|for)\\s+)?[A-Za-z0-9._@\\-]+[:/]([^\\s"\',;:/]{6,})', 1, 0, 'opaque_digit', (('/', ':'), ('credentials', 'creds', 'login'), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('token', '://([^\\s/?#"\'<>@:\\\\]{16,})@', 1, 0, 'opaque', (('@',), ('://',)), 0),
    ('password', '(?:^|[\\s"\'=(,])[A-Za-z][A-Za-z0-9._\\-]*:([^\\s@:/"\'<>]{3,})@(?:tcp\\(|unix\\(|[A-Za-z0-9][A-Za-z0-9.\\-]*(?::[0-9]{1,5})?(?:[/\\s"\',;)]|$))', 1, 0, 'secret', (('@',), (':',)), 0),
    ('password', '(?i)\\b(?:curl|wget|https?|xh)\\b[^\\n|]{0,200}?\\s(?:-u|--user|--proxy-user)[ =]?["\']?[^\\s:"\']+:([^\\s"\']+)', 1, 0, 'secret', (('\t--proxy-user', '\t--user', '\t-u', '\n--proxy-user', '\n--user', '\n-u', '\x0b--proxy-user', '\x0b--user', '\x0b-u', '\x0c--proxy-user', '\x0c--user', '\x0c-u', '\r--proxy-user', '\r--user', '\r-u', ' --proxy-user', ' --user', ' -u'), (':',), ('curl', 'http', 'wget', 'xh')), 0),
    ('password', '\\b(?:mysql[a-z]*|mariadb[a-z\\-]*|sshpass|mongo[a-z]*|docker login|htpasswd)\\b[^\\n|;]{0,200}?\\s-p\\s?["\']?([^\\s"\'\\-][^\\s"\']*)', 1, 0, 'secret', (('docker login', 'htpasswd', 'mariadb', 'mongo', 'mysql', 'sshpass'), ('\t-p', '\n-p', '\x0b-p', '\x0c-p', '\r-p', ' -p')), 0),
    ('password', '\\b(?:redis-cli\\b[^\\n|;]{0,200}?\\s-a|ldap[a-z]+\\b[^\\n|;]{0,200}?\\s-w)\\s+["\']?([^\\s"\']+)', 1, 0, 'secret', (('ldap', 'redis-cli'), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('', '<(?:[A-Za-z_][A-Za-z0-9_.\\-]*:)?([A-Za-z_][A-Za-z0-9_.\\-]*)(?:\\s[^<>]*)?>\\s*(<!\\[CDATA\\[[^\\]]*\\]\\]>|[^<\\s][^<]*)</', 2, 1, 'secret', (('</',), ('>',)), 0),
    ('', '<[A-Za-z][^<>]{0,300}?\\s(?:name|key|id)=["\']([^"\']+)["\'][^<>]*>\\s*([^<\\s][^<]*)</', 2, 1, 'secret', (('\tid="', "\tid='", '\tkey="', "\tkey='", '\tname="', "\tname='", '\nid="', "\nid='", '\nkey="', "\nkey='", '\nname="', "\nname='", '\x0bid="', "\x0bid='", '\x0bkey="', "\x0bkey='", '\x0bname="', "\x0bname='", '\x0cid="', "\x0cid='", '\x0ckey="', "\x0ckey='", '\x0cname="', "\x0cname='", '\rid="', "\rid='", '\rkey="', "\rkey='", '\rname="', "\rname='", ' id="', " id='", ' key="', " key='", ' name="', " name='"), ('</',), ('>',)), 0),
    ('', '<key>([^<]+)</key>\\s*<[A-Za-z]+>([^<]+)</', 2, 1, 'secret', (('</key>',), ('<key>',)), 0),
    ('', '\\b(?:name|key|id)=["\']([^"\']+)["\'][^<>]{0,300}?\\svalue=["\']([^"\']+)["\']', 2, 1, 'secret', (('\tvalue="', "\tvalue='", '\nvalue="', "\nvalue='", '\x0bvalue="', "\x0bvalue='", '\x0cvalue="', "\x0cvalue='", '\rvalue="', "\rvalue='", ' value="', " value='"), ('id="', "id='", 'key="', "key='", 'name="', "name='")), 0),
    ('', '[(\\[{]\\s*[bur]?["\']([A-Za-z][A-Za-z0-9_ .\\-]*)["\']\\s*,\\s*[bur]?"((?:[^"\\\\]|\\\\.)+)"\\s*[)\\]}]', 2, 1, 'field', (('"',), (',',), ('(', '[', '{')), 0),
    ('', '[(\\[{]\\s*[bur]?["\']([A-Za-z][A-Za-z0-9_ .\\-]*)["\']\\s*,\\s*[bur]?\'((?:[^\'\\\\]|\\\\.)+)\'\\s*[)\\]}]', 2, 1, 'field', (("'",), (',',), ('(', '[', '{')), 0),
    ('', '[(\\[{]\\s*\\\\+"([A-Za-z][A-Za-z0-9_ .\\-]*)\\\\+"\\s*,\\s*\\\\+"([^"\\\\]+)\\\\+"\\s*[)\\]}]', 2, 1, 'field', (('"',), (',',), ('\\',)), 0),
    ('', '\\\\{0,6}["\'](?:name|key|header|field|param|parameter|system|code|type|variable|attribute|text|display)\\\\{0,6}["\']\\s*:\\s*\\\\{0,6}["\'](?:[^"\'\\\\]*[/:#|])?([^"\'\\\\/:#|]+)\\\\{0,6}["\'][\\s,}\\]]*(?:\\\\{0,6}["\'][A-Za-z]+\\\\{0,6}["\']\\s*:\\s*\\\\{0,6}["\'][^"\'\\\\]{0,200}\\\\{0,6}["\'][\\s,}\\]]*){0,3}\\\\{0,6}["\'](?:value|val|content)\\\\{0,6}["\']\\s*:\\s*\\\\{0,6}["\']([^"\'\\\\]+)', 2, 1, 'secret', (('"content', '"val', "'content", "'val"), ('"content', '"val\x08', '"value', "'content", "'val\x08", "'value"), ('"attribute', '"code', '"display', '"field', '"header', '"key', '"name', '"param', '"system', '"text', '"type', '"variable', "'attribute", "'code", "'display", "'field", "'header", "'key", "'name", "'param", "'system", "'text", "'type", "'variable")), 0),
    ('', '\\b(?:name|key|field|param|header)\\s*[:=]\\s*["\']?([A-Za-z][A-Za-z0-9_.\\-]{0,60})["\']?[\\s,;]+(?:value|val)\\s*[:=]\\s*["\']?([^\\s"\',;}]+)', 2, 1, 'secret', ((':', '='), ('val\x08', 'value'), ('field', 'header', 'key\x08', 'name\x08', 'param')), 0),
    ('', '\\b([A-Za-z_][A-Za-z0-9_]{0,60})\\((?:value\\s*=\\s*)?[bur]?["\']([^"\']+)["\']\\)', 2, 1, 'opaque', (('")', "')"), ('(',)), 0),
    ('', '(?:^|[\\s"\'\\[,(])--?([A-Za-z][A-Za-z0-9_\\-]*)(?:["\'],\\s*|\\s+)["\']?([^\\s"\'\\-,][^\\s"\']*)', 2, 1, 'secret', (('-',), ('\t', '\n', '\x0b', '\x0c', '\r', ' ', '",', "',")), 0),
    ('', '(?i)\\bname=["\']?([a-z0-9_.\\-\\[\\]]{1,80})["\']?[^\\r\\n]{0,200}(?:\\r?\\n[^\\r\\n]{1,200}){0,4}\\r?\\n\\r?\\n([^\\r\\n]+)', 2, 1, 'secret', (('name=',), ('\n\n', '\n\r\n')), 0),
    ('', '([A-Za-z_][A-Za-z0-9_.\\-]{1,60})->([^\\s"\'<>,;()\\[\\]{}$]{8,})(?:[\\s"\',;]|$)', 2, 1, 'opaque_digit', (('->',),), 0),
    ('', '([A-Za-z_][A-Za-z0-9_.\\-]{1,60})["\']?\\s*:\\s*!{1,2}[a-z]{1,20}\\s+["\']?([^\\s"\',]+)', 2, 1, 'secret', (('!',), (':',), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('', '["\']([^"\'\\n]{4,200})["\']\\s*[=!]={1,2}\\s*([A-Za-z_][A-Za-z0-9_.\\-]{1,60})', 1, 2, 'opaque_digit', (('!=', '=='), ('"', "'")), 0),
    ('', '(?i)\\b(?:set|setenv|setx|export|config set)\\s+([a-z][a-z0-9.\\-]{0,40}_[a-z0-9_.\\-]{1,60})\\s+["\']?([^\\s"\'=]{6,})', 2, 1, 'opaque_digit', (('config set', 'export', 'set\x08', 'setenv', 'setx\x08'), ('_',), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('', '(?:^|[\\s|,;])([A-Za-z_][A-Za-z0-9_.\\-]{1,60})\\s?\\|\\s?([^|\\s]{6,})', 2, 1, 'opaque_digit', (('|',),), 0),
    ('', '(?i)\\bthe\\s+["\'`]?([a-z_][a-z0-9_.\\-]{1,60})["\'`]?\\s+(?:is|was|equals)\\s+["\'`]([^\\s"\'`,;]{6,})', 2, 1, 'opaque_digit', (('the\x08',), ('equals', 'is\x08', 'was\x08'), ('"', "'", '`')), 0),
    ('', '(?i)\\b([a-z_][a-z0-9_.\\-]{1,60})["\'`]?\\s+has the value\\s+["\'`]?([^\\s"\'`,;]{6,})', 2, 1, 'opaque_digit', (('has the value',),), 0),
    ('', "(?:-H|--header)[\\s=]+(?:'([A-Za-z0-9_\\-]{1,60}):\\s*([^'\\n]+)')", 2, 1, 'secret', (('--header', '-h\x08'), ('--header\t', '--header\n', '--header\x0b', '--header\x0c', '--header\r', '--header ', '--header=', '-h\t', '-h\n', '-h\x0b', '-h\x0c', '-h\r', '-h ', '-h='), ("'",)), 0),
    ('', '(?:-H|--header)[\\s=]+(?:"([A-Za-z0-9_\\-]{1,60}):\\s*([^"\\n]+)")', 2, 1, 'secret', (('--header', '-h\x08'), ('--header\t', '--header\n', '--header\x0b', '--header\x0c', '--header\r', '--header ', '--header=', '-h\t', '-h\n', '-h\x0b', '-h\x0c', '-h\r', '-h ', '-h='), ('"',)), 0),
    ('', '\\s-D([A-Za-z_][A-Za-z0-9_.\\-]{1,60})=["\']?([^\\s"\']{4,})', 2, 1, 'secret', (('\t-d', '\n-d', '\x0b-d', '\x0c-d', '\r-d', ' -d'), ('=',)), 0),
    ('', '(?i)\\b([a-z0-9_\\-]{0,40}?(?:passw(?:or)?d|pwd|passcode|passphrase|secret|token|api key|access key|secret key|ssn|social security number|mrn|medical record number|dob|date of birth|otp|pin))\\s+(?:(?:(?:is|was|has been) )?(?:set|changed|reset|updated) to|is|was|equals|(?:has|with)(?: the)? value):?\\s+["\']?([^\\s"\',;]+)', 2, 1, 'opaque', (('access key', 'api key', 'date of birth', 'dob', 'medical record number', 'mrn', 'otp', 'passcode', 'passphrase', 'passwd', 'password', 'pin', 'pwd', 'secret', 'social security number', 'ssn', 'token'), ('changed to', 'equals', 'has the value', 'has value', 'is\x08', 'is:', 'set to', 'updated to', 'was\x08', 'was:', 'with the value', 'with value'), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('', '(?i)\\b(passw(?:or)?d|passcode|pin|token|secret|api key|ssn|mrn|dob)\\s+(?:for|of)\\s+(?:[^\\s:=]+\\s+){0,3}?[^\\s:=]+\\s*(?:[:=]|\\sis\\s)\\s*["\']?([^\\s"\',;]+)', 2, 1, 'secret', (('api key', 'dob\x08', 'mrn\x08', 'passcode', 'passwd', 'password', 'pin\x08', 'secret', 'ssn\x08', 'token'), ('for\x08', 'of\x08'), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('password', '(?i)\\b(?:password|passwd|passphrase|identified by(?: password)?)\\s+["\']([^"\'\\n]+)["\']', 1, 0, 'secret', (('identified by', 'passphrase', 'passwd', 'password'), ('"', "'"), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('password', '(?i)\\b(?:password|passwd|pwd|passcode|passphrase)\\s+(?:of\\s+|\\()?([^\\s"\',;:=()]+)', 1, 0, 'opaque_digit', (('passcode', 'passphrase', 'passwd', 'password', 'pwd\x08'), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('token', '(?i)\\b(?:api[ _-]?key|(?:secret|access|session) key|token|secret|session[ _-]?id|cookie)\\s+([A-Za-z0-9_\\-.]{16,})', 1, 0, 'opaque_digit', (('access key', 'api key', 'api-key', 'api_key', 'apikey', 'cookie', 'secret', 'session id', 'session key', 'session-id', 'session_id', 'sessionid', 'token'), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('otp', '(?i)\\b(?:verification|security|login|access|mfa|2fa|otp|reset|recovery|one[- ]time|confirmation)[ \\-_](?:code|password|pin|passcode)[\\s:=#]*(?:(?:is|was)[\\s:=]*)?([0-9]{4,8})\\b', 1, 0, 'edge', (('2fa code', '2fa passcode', '2fa password', '2fa pin', '2fa-code', '2fa-passcode', '2fa-password', '2fa-pin', '2fa_code', '2fa_passcode', '2fa_password', '2fa_pin', 'access code', 'access passcode', 'access password', 'access pin', 'access-code', 'access-passcode', 'access-password', 'access-pin', 'access_code', 'access_passcode', 'access_password', 'access_pin', 'confirmation code', 'confirmation passcode', 'confirmation password', 'confirmation pin', 'confirmation-code', 'confirmation-passcode', 'confirmation-password', 'confirmation-pin', 'confirmation_code', 'confirmation_passcode', 'confirmation_password', 'confirmation_pin', 'login code', 'login passcode', 'login password', 'login pin', 'login-code', 'login-passcode', 'login-password', 'login-pin', 'login_code', 'login_passcode', 'login_password', 'login_pin', 'mfa code', 'mfa passcode', 'mfa password', 'mfa pin', 'mfa-code', 'mfa-passcode', 'mfa-password', 'mfa-pin', 'mfa_code', 'mfa_passcode', 'mfa_password', 'mfa_pin', 'one time code', 'one time passcode', 'one time password', 'one time pin', 'one time-code', 'one time-passcode', 'one time-password', 'one time-pin', 'one time_code', 'one time_passcode', 'one time_password', 'one time_pin', 'one-time code', 'one-time passcode', 'one-time password', 'one-time pin', 'one-time-code', 'one-time-passcode', 'one-time-password', 'one-time-pin', 'one-time_code', 'one-time_passcode', 'one-time_password', 'one-time_pin', 'otp code', 'otp passcode', 'otp password', 'otp pin', 'otp-code', 'otp-passcode', 'otp-password', 'otp-pin', 'otp_code', 'otp_passcode', 'otp_password', 'otp_pin', 'recovery code', 'recovery passcode', 'recovery password', 'recovery pin', 'recovery-code', 'recovery-passcode', 'recovery-password', 'recovery-pin', 'recovery_code', 'recovery_passcode', 'recovery_password', 'recovery_pin', 'reset code', 'reset passcode', 'reset password', 'reset pin', 'reset-code', 'reset-passcode', 'reset-password', 'reset-pin', 'reset_code', 'reset_passcode', 'reset_password', 'reset_pin', 'security code', 'security passcode', 'security password', 'security pin', 'security-code', 'security-passcode', 'security-password', 'security-pin', 'security_code', 'security_passcode', 'security_password', 'security_pin', 'verification code', 'verification passcode', 'verification password', 'verification pin', 'verification-code', 'verification-passcode', 'verification-password', 'verification-pin', 'verification_code', 'verification_passcode', 'verification_password', 'verification_pin'),), 4),
    ('otp', '(?i)\\b(?:otp|totp|pass ?code)["\']?[\\s:=#+]+["\']?([0-9]{4,8})\\b', 1, 0, 'edge', (('otp', 'pass code', 'passcode'), ('otp\x08', 'otp"', "otp'", 'pass code', 'passcode', 'totp\x08')), 4),
    ('pin', '(?i)\\bpin\\s+(?:code\\s+)?(?:(?:is|was)\\s+)?([0-9]{4,6})\\b', 1, 0, 'edge', (('pin\x08',), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 4),
    ('cvv', '(?i)\\b(?:cvv2?|cvc2?|security[ _]?code)[\\s:=#+]+(?:code\\s+|number\\s+)?(?:is\\s+)?([0-9]{3,4})\\b', 1, 0, 'edge', (('cvc', 'cvv', 'security code', 'security_code', 'securitycode'), ('cvc\x08', 'cvc2', 'cvv\x08', 'cvv2', 'security code', 'security_code', 'securitycode')), 3),
    ('ssn', '(?:[0-9]{3} ?- ?[0-9]{2} ?- ?[0-9]{4}|[0-9]{3}[ +][0-9]{2}[ +][0-9]{4}|[0-9]{3}\\.[0-9]{2}\\.[0-9]{4}|[0-9]{3}_[0-9]{2}_[0-9]{4}|[0-9]{3}/[0-9]{2}/[0-9]{4})', 0, 0, 'ssn', ((' ', '+', '-', '.', '/', '_'),), 9),
    ('ssn', '(?i)\\b(?:ssn|ss#|social(?:[ +]security)?(?:[ +]number| no\\.?| num| #)?|ss nr)[\\s:=#"\'(\\-+]*(?:(?:is|was|ending(?: in)?|last (?:4|four))[\\s:=+]*)*([0-9][0-9\\s.\\-+]{2,12}[0-9])', 1, 0, 'edge', (('social', 'ss nr', 'ss#', 'ssn'),), 2),
    ('license', "(?i)\\bdriv(?:er'?s?'?|ing) licen[sc]e(?: number| no\\.?| num)?[\\s:#=]*(?:is\\s+)?([A-Za-z]*-?[0-9][A-Za-z0-9\\-]{3,})", 1, 0, '', (('driver licence', 'driver license', "driver' licence", "driver' license", "driver'' licence", "driver'' license", "driver's licence", "driver's license", "driver's' licence", "driver's' license", 'drivers licence', 'drivers license', "drivers' licence", "drivers' license", 'driving licence', 'driving license'),), 1),
    ('license', '(?i)\\b(?:dl ?#|dl number|dl no|(?:medical|nursing|pilot|professional|state) licen[sc]e|licen[sc]e (?:number|no)\\b|certificate (?:number|no)\\b)[\\s:=#.]*(?:(?:number|no|is)\\b[\\s:=#.]*)?((?-i:[A-Za-z]{0,5}-?[0-9][A-Za-z0-9\\-]{2,80}|[A-Z][A-Z0-9\\-]{3,80}))', 1, 0, 'code', (('certificate no', 'certificate number', 'dl #', 'dl no', 'dl number', 'dl#', 'licence no', 'licence number', 'license no', 'license number', 'medical licence', 'medical license', 'nursing licence', 'nursing license', 'pilot licence', 'pilot license', 'professional licence', 'professional license', 'state licence', 'state license'),), 0),
    ('passport', '(?i)\\bpassport(?: (?:number|no|num)\\b|#)?[\\s:=#.]*(?:is )?((?-i:[A-Za-z]{0,5}-?[0-9][A-Za-z0-9\\-]{2,80}|[A-Z][A-Z0-9\\-]{3,80}))', 1, 0, 'code', (('passport',),), 0),
    ('ssn', '(?i)\\b(?:ein|fein|employer id|employer identification)\\b[\\s:=#]*(?:(?:number|no\\.?)[\\s:=#]*)?([0-9]{2}-[0-9]{7})', 1, 0, 'edge', (('ein', 'employer id'), ('-',)), 9),
    ('account', '\\b(?:(?:AT|BA|EE|LT|LU)[0-9]{2}(?: ?[0-9]{4}){4}|BE[0-9]{2}(?: ?[0-9]{4}){3}|(?:DK|FI|FO|GL)[0-9]{2}(?: ?[0-9]{4}){3} ?[0-9]{2}|NO[0-9]{2}(?: ?[0-9]{4}){2} ?[0-9]{3}|(?:CH|LI|HR|LV)[0-9]{2}(?: ?[0-9]{4}){4} ?[0-9]|(?:DE|ME|RS|GE|BH|BG|IE|GB|MK|SI|VA)[0-9]{2} ?[A-Z0-9]{4}(?: ?[0-9]{4}){3}(?: ?[0-9]{1,2})?|(?:AE|IL|TL|XK|GI)[0-9]{2}(?: ?[0-9]{4}){4}(?: ?[0-9]{1,3})?|(?:CZ|ES|SE|SK|SA|MD|PK|RO|AD|TN)[0-9]{2} ?[A-Z0-9]{4}(?: ?[0-9]{4}){4}|NL[0-9]{2} ?[A-Z]{4}(?: ?[0-9]{4}){2} ?[0-9]{2}|(?:IS|TR|PT|AO|CV|MZ)[0-9]{2}(?: ?[0-9]{4}){5}(?: ?[0-9]{1,2})?|(?:FR|MC|GR|IT|SM|MR)[0-9]{2} ?[A-Z0-9]{4}(?: ?[0-9]{4}){2} ?[0-9]{2}[0-9A-Z]{2} ?[0-9A-Z]{4} ?[0-9A-Z]{3}|(?:AL|AZ|CY|DO|GT|HU|LB|PL)[0-9]{2}(?: ?[0-9A-Z]{4}){1}(?: ?[0-9]{4}){5})\\b', 0, 0, 'iban', (('ad', 'ae', 'al', 'ao', 'at', 'az', 'ba', 'be', 'bg', 'bh', 'ch', 'cv', 'cy', 'cz', 'de', 'dk', 'do', 'ee', 'es', 'fi', 'fo', 'fr', 'gb', 'ge', 'gi', 'gl', 'gr', 'gt', 'hr', 'hu', 'ie', 'il', 'is', 'it', 'lb', 'li', 'lt', 'lu', 'lv', 'mc', 'md', 'me', 'mk', 'mr', 'mz', 'nl', 'no', 'pk', 'pl', 'pt', 'ro', 'rs', 'sa', 'se', 'si', 'sk', 'sm', 'tl', 'tn', 'tr', 'va', 'xk'), ('ad\x08', 'ae\x08', 'al\x08', 'ao\x08', 'at\x08', 'az\x08', 'ba\x08', 'be\x08', 'bg\x08', 'bh\x08', 'ch\x08', 'cv\x08', 'cy\x08', 'cz\x08', 'de\x08', 'dk\x08', 'do\x08', 'ee\x08', 'es\x08', 'fi\x08', 'fo\x08', 'fr\x08', 'gb\x08', 'ge\x08', 'gi\x08', 'gl\x08', 'gr\x08', 'gt\x08', 'hr\x08', 'hu\x08', 'ie\x08', 'il\x08', 'is\x08', 'it\x08', 'lb\x08', 'li\x08', 'lt\x08', 'lu\x08', 'lv\x08', 'mc\x08', 'md\x08', 'me\x08', 'mk\x08', 'mr\x08', 'mz\x08', 'nl\x08', 'no\x08', 'pk\x08', 'pl\x08', 'pt\x08', 'ro\x08', 'rs\x08', 'sa\x08', 'se\x08', 'si\x08', 'sk\x08', 'sm\x08', 'tl\x08', 'tn\x08', 'tr\x08', 'va\x08', 'xk\x08')), 10),
    ('account', '(?i)\\biban\\b[\\s:=#]*(?:(?:is|number|no\\.?)[\\s:=#]*)?([A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3}\\b)?)', 1, 0, 'code', (('iban',),), 2),
    ('account', '(?i)\\b(?:aba|routing|transit)\\b[^0-9\\n]{0,20}([0-9]{9})\\b', 1, 0, 'aba', (('aba', 'routing', 'transit'),), 9),
    ('account', '(?i)\\b(?:account|acct)\\b[ :=#.]*(?:(?:number|no|num|is)\\b[ :=#.]*)?([0-9]{9,17})\\b', 1, 0, 'edge', (('account', 'acct'),), 9),
    ('card', '[0-9]{13,19}', 0, 0, 'luhn', (), 13),
    ('card', '[0-9]{4}(?: ?- ?|[ ._+]{1,2})[0-9]{4}(?: ?- ?|[ ._+]{1,2})[0-9]{4}(?: ?- ?|[ ._+]{1,2})[0-9]{4}(?:(?: ?- ?|[ ._+]{1,2})[0-9]{3})?', 0, 0, 'luhn', ((' ', '+', '-', '.', '_'),), 16),
    ('card', '[0-9]{4}(?: ?- ?|[ ._+]{1,2})[0-9]{4}(?: ?- ?|[ ._+]{1,2})[0-9]{4}(?: ?- ?|[ ._+]{1,2})[0-9]{4}', 0, 0, 'luhn', ((' ', '+', '-', '.', '_'),), 16),
    ('card', '3[0-9]{3}(?: ?- ?|[ ._+]{1,2})[0-9]{6}(?: ?- ?|[ ._+]{1,2})[0-9]{4,5}', 0, 0, 'luhn', (('3',), (' ', '+', '-', '.', '_')), 14),
    ('card', '[0-9]{4}(?: ?- ?|[ ._+]{1,2})[0-9]{12}|[0-9]{8}(?: ?- ?|[ ._+]{1,2})[0-9]{8}', 0, 0, 'luhn', ((' ', '+', '-', '.', '_'),), 16),
    ('card', '(?:[0-9] ){12,18}[0-9]', 0, 0, 'luhn', ((' ',),), 13),
    ('account', '(?i)\\b(?:account|acct)\\.? (?:number|no\\.?|num|#)\\s*[:=#]?\\s*(?:is\\s+)?([0-9][0-9\\- ]{4,20}[0-9])', 1, 0, 'edge', (('account #', 'account no', 'account num', 'account. #', 'account. no', 'account. num', 'acct #', 'acct no', 'acct num', 'acct. #', 'acct. no', 'acct. num'),), 2),
    ('health_plan', '(?i)\\b(?:mbi|medicare|medicaid|patient|subscriber|beneficiary|enrollee|eligibility|enrolled|insured)\\b[^\\n]{0,48}?\\b([1-9][A-Z][A-Z0-9][0-9]-?[A-Z][A-Z0-9][0-9]-?[A-Z]{2}[0-9]{2})\\b', 1, 0, '', (('beneficiary', 'eligibility', 'enrolled', 'enrollee', 'insured', 'mbi', 'medicaid', 'medicare', 'patient', 'subscriber'),), 2),
    ('health_plan', '(?i)\\b(?:(?:member|subscriber|insured|beneficiary|enrollee|insurance|policy|claim|medicare|medicaid|health plan|plan beneficiary|plan member)(?: (?:id|number|no|num)\\b| ?#)[\\s:=#.]*(?:(?:is|was) )?|group(?: (?:number|no|num)\\b| ?#)[\\s:=#.]*|hicn[\\s:=#]+)((?-i:[A-Za-z]{0,5}-?[0-9][A-Za-z0-9\\-]{2,80}|[A-Z][A-Z0-9\\-]{3,80}))', 1, 0, 'code', (('beneficiary #', 'beneficiary id', 'beneficiary no', 'beneficiary num', 'beneficiary#', 'claim #', 'claim id', 'claim no', 'claim num', 'claim#', 'enrollee #', 'enrollee id', 'enrollee no', 'enrollee num', 'enrollee#', 'group #', 'group no', 'group num', 'group#', 'health plan #', 'health plan id', 'health plan no', 'health plan num', 'health plan#', 'hicn', 'insurance #', 'insurance id', 'insurance no', 'insurance num', 'insurance#', 'insured #', 'insured id', 'insured no', 'insured num', 'insured#', 'medicaid #', 'medicaid id', 'medicaid no', 'medicaid num', 'medicaid#', 'medicare #', 'medicare id', 'medicare no', 'medicare num', 'medicare#', 'member #', 'member id', 'member no', 'member num', 'member#', 'policy #', 'policy id', 'policy no', 'policy num', 'policy#', 'subscriber #', 'subscriber id', 'subscriber no', 'subscriber num', 'subscriber#'), ('beneficiary #', 'beneficiary id', 'beneficiary no', 'beneficiary num', 'beneficiary#', 'claim #', 'claim id', 'claim no', 'claim num', 'claim#', 'enrollee #', 'enrollee id', 'enrollee no', 'enrollee num', 'enrollee#', 'group #', 'group no', 'group num', 'group#', 'health plan #', 'health plan id', 'health plan no', 'health plan num', 'health plan#', 'hicn\x08', 'insurance #', 'insurance id', 'insurance no', 'insurance num', 'insurance#', 'insured #', 'insured id', 'insured no', 'insured num', 'insured#', 'medicaid #', 'medicaid id', 'medicaid no', 'medicaid num', 'medicaid#', 'medicare #', 'medicare id', 'medicare no', 'medicare num', 'medicare#', 'member #', 'member id', 'member no', 'member num', 'member#', 'policy #', 'policy id', 'policy no', 'policy num', 'policy#', 'subscriber #', 'subscriber id', 'subscriber no', 'subscriber num', 'subscriber#')), 0),
    ('mrn', '(?i)\\b(?:patient|encounter|accession|visit|admission|hospital)(?: (?:id|number|no|num)\\b| ?#)[\\s:=#.]*(?:(?:is|was) )?((?-i:[A-Za-z]{0,5}-?[0-9][A-Za-z0-9\\-]{2,80}|[A-Z][A-Z0-9\\-]{3,80}))', 1, 0, 'code', (('accession #', 'accession id', 'accession no', 'accession num', 'accession#', 'admission #', 'admission id', 'admission no', 'admission num', 'admission#', 'encounter #', 'encounter id', 'encounter no', 'encounter num', 'encounter#', 'hospital #', 'hospital id', 'hospital no', 'hospital num', 'hospital#', 'patient #', 'patient id', 'patient no', 'patient num', 'patient#', 'visit #', 'visit id', 'visit no', 'visit num', 'visit#'),), 0),
    ('mrn', '(?i)\\b(?:mrn|mr ?#|m\\.r\\.n\\.?|medical[ +]record(?:[ +]number| no\\.?| num| id)?|med rec(?: no\\.?| num)?|chart (?:number|no\\.?|#))[\\s:=#"\'(\\-+/_]*(?:(?:is|was|number|no\\.?)[\\s:=#+]+)?([a-z]{0,5}-?[0-9][0-9a-z\\-]{3,}|[a-z]{1,5}-?[0-9]{2,})', 1, 0, '', (('chart #', 'chart no', 'chart number', 'm.r.n', 'med rec', 'medical record', 'medical+record', 'mr #', 'mr#', 'mrn'),), 1),
    ('address', "(?i:\\b(?:lives at|lived at|living at|resides at|resided at|residing at|residence at|residence is|moved to|relocated to|moved from|home is|mailed to|discharged to) )([0-9]{1,6}[A-Za-z]?(?:[\\-/][0-9]{1,4})? (?:[A-Z0-9][A-Za-z0-9.'\\-]* ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Terrace|Ter|Highway|Hwy|Parkway|Pkwy|Place|Pl|Way|Circle|Cir|Square|Sq|Trail|Trl|Alley|Plaza|Loop|Row|Crescent|Close|Turnpike|Pike)\\b\\.?(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Room|Rm|Building|Bldg|Lot|#)\\.? ?#?[A-Za-z0-9\\-]+)?(?:, [A-Z][A-Za-z.'\\-]+(?: [A-Z][A-Za-z.'\\-]+){0,3})?(?:,? [A-Z]{2}\\b)?(?: [0-9]{5}(?:-[0-9]{4})?\\b)?)", 1, 0, '', (('discharged to ', 'home is ', 'lived at ', 'lives at ', 'living at ', 'mailed to ', 'moved from ', 'moved to ', 'relocated to ', 'resided at ', 'residence at ', 'residence is ', 'resides at ', 'residing at '), ('alley', 'ave', 'blvd', 'cir', 'close', 'court', 'crescent', 'ct', 'dr', 'hwy', 'lane', 'ln', 'loop', 'pike', 'pkwy', 'pl', 'rd', 'road', 'row', 'sq', 'st', 'ter', 'trail', 'trl', 'way')), 1),
    ('address', "(?i:\\bp\\.? ?o\\.? box)[ #:]{1,3}([0-9]{1,8}(?:, [A-Z][A-Za-z.'\\-]+(?: [A-Z][A-Za-z.'\\-]+){0,3})?(?:,? [A-Z]{2}\\b)?(?: [0-9]{5}(?:-[0-9]{4})?\\b)?)", 1, 0, '', (('p o box', 'p o. box', 'p. o box', 'p. o. box', 'p.o box', 'p.o. box', 'po box', 'po. box'),), 1),
    ('address', '(?i:\\b(?:zip code|postal code|(?:patient|home|mailing|member|subscriber) zip)) (?:is )?([0-9]{5}(?:-[0-9]{4})?)\\b', 1, 0, '', (('home zip ', 'mailing zip ', 'member zip ', 'patient zip ', 'postal code ', 'subscriber zip ', 'zip code '),), 5),
    ('address', '(?i:\\b(?:street|address)[a-z0-9_ ]{0,12}["\']?\\s?[:=]\\s?["\']?[0-9]{1,6} [^\\n]{3,120}?\\b(?:city|town|county)["\']? ?[:=]\\s?["\']?)([A-Z][A-Za-z.\'\\-]+(?: [A-Z][A-Za-z.\'\\-]+){0,3})', 1, 0, '', (('city :', 'city =', 'city" :', 'city" =', 'city":', 'city"=', "city' :", "city' =", "city':", "city'=", 'city:', 'city=', 'county :', 'county =', 'county" :', 'county" =', 'county":', 'county"=', "county' :", "county' =", "county':", "county'=", 'county:', 'county=', 'town :', 'town =', 'town" :', 'town" =', 'town":', 'town"=', "town' :", "town' =", "town':", "town'=", 'town:', 'town='), ('address', 'street')), 1),
    ('dob', '(?i)\\b(?:dob|d\\.o\\.b\\.?|date[ +]of[ +]birth|birth[ +]?date|born(?:[ +]on)?|birthday)[\\s:=#"\'(\\-+]*(?:(?:is|was|on|of)[\\s+]+)?([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}|[0-9]{8}|[0-9]{1,2}(?:st|nd|rd|th)?(?: of)?[ -][A-Za-z]{3,9}\\.?,?[ -][0-9]{2,4}|[A-Za-z]{3,9}\\.? [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4})', 1, 0, 'edge', (('birth date', 'birth+date', 'birthdate', 'birthday', 'born', 'd.o.b', 'date of birth', 'date of+birth', 'date+of birth', 'date+of+birth', 'dob'),), 2),
    ('name', '(?i:\\b(?:patient|first|last|full|given|family|maiden)(?:\'s)?[ _]name(?:\\s+(?:is|was))?)\\s+\\\\{0,6}["\']([^"\'\\\\\\n]+)\\\\{0,6}["\']', 1, 0, 'secret', (('family name', "family's name", "family's_name", 'family_name', 'first name', "first's name", "first's_name", 'first_name', 'full name', "full's name", "full's_name", 'full_name', 'given name', "given's name", "given's_name", 'given_name', 'last name', "last's name", "last's_name", 'last_name', 'maiden name', "maiden's name", "maiden's_name", 'maiden_name', 'patient name', "patient's name", "patient's_name", 'patient_name'), ('"', "'"), ('\t', '\n', '\x0b', '\x0c', '\r', ' ')), 0),
    ('name', '(?i:\\b(?:patient|first|last|full|given|family|maiden)(?:\'s)?[ _]name\\s+(?:is|was)\\s+)((?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?(?:,? (?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?){0,3})', 1, 0, 'secret', (('family name', "family's name", "family's_name", 'family_name', 'first name', "first's name", "first's_name", 'first_name', 'full name', "full's name", "full's_name", 'full_name', 'given name', "given's name", "given's_name", 'given_name', 'last name', "last's name", "last's_name", 'last_name', 'maiden name', "maiden's name", "maiden's_name", 'maiden_name', 'patient name', "patient's name", "patient's_name", 'patient_name'),), 0),
    ('name', '\\b(?:[Dd]r|M(?:r|rs|s)|DR|MRS?|MS)\\. ((?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?(?: (?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?){0,2})', 1, 0, 'secret', (('dr. ', 'mr. ', 'mrs. ', 'ms. '),), 0),
    ('name', '(?i:\\b(?:patient|guarantor|spouse|subscriber|insured|guardian|caregiver|beneficiary)["\']?(?:\\s?[:=]\\s?)?[\\[{(][^{}\\n]{0,120}?\\bname["\']? ?[:=]\\s?["\']?)((?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?(?: (?:[A-Z]|[^\\x00-\\x7f])(?:[^\\s",;:=()<>\\[\\]{}0-9\\\\]*[^\\s"\',;:=()<>\\[\\]{}0-9\\\\])?){0,3})[\\s,;}\\])"\']', 1, 0, 'secret', (('beneficiary', 'caregiver', 'guarantor', 'guardian', 'insured', 'patient', 'spouse', 'subscriber'),), 0),
    ('phone', '(?:\\+?1[ .\\-+]?)?(?:\\( ?[0-9]{3} ?\\)[ .\\-+]?|[0-9]{3}[.\\-])[0-9]{3}[ .\\-+]?[0-9]{4}(?: ?(?:x|ext\\.?) ?[0-9]{1,6})?', 0, 0, 'nanp', (('(', '-', '.'),), 10),
    ('phone', '[2-9][0-9]{2} [2-9][0-9]{2}-[0-9]{4}(?: ?(?:x|ext\\.?) ?[0-9]{1,6})?', 0, 0, 'phone', (('-',), (' 2', ' 3', ' 4', ' 5', ' 6', ' 7', ' 8', ' 9')), 10),
    ('phone', '\\+[1-9][0-9]{0,2}[ .\\-/+]?(?:\\(0?[0-9]{1,4}\\)[ .\\-+]?)?[0-9]{1,14}(?:[ .\\-/+][0-9]{2,8}){0,5}', 0, 0, 'phone', (('+',),), 9),
    ('phone', '\\b1[ \\-.][0-9]{2,4}(?:[ \\-.][0-9]{2,5}){2,5}', 0, 0, 'phone', (('1 ', '1-', '1.'),), 9),
    ('phone', '\\b00[1-9][0-9]{0,2} [0-9]{1,5}(?:[ \\-.][0-9]{2,8}){1,5}', 0, 0, 'phone', (('00',), (' ',)), 9),
    ('phone', '\\b001[\\-.][0-9]{3}[\\-.][0-9]{3}[\\-.][0-9]{4}(?: ?(?:x|ext\\.?) ?[0-9]{1,6})?\\b', 0, 0, 'edge', (('001-', '001.'),), 13),
    ('phone', '\\b0[0-9]{2,4}[ \\-][0-9]{3,4}[ \\-][0-9]{3,4}', 0, 0, 'phone', (('0',), (' ', '-')), 9),
    ('phone', '^\\s*([0-9]{3} [0-9]{3} [0-9]{4})\\s*$', 1, 0, 'nanp', ((' ',),), 10),
    ('phone', '(?i)\\b(?:phone|tel|telephone|mobile|cell|fax|call|callback|contact|sms|dial|whatsapp|reach)(?:\\s+(?:me|us|him|her|them|back|at|on|is|no\\.?|num|number|patient|the)){0,4}[\\s:=#.\\-]{0,3}([+(]?[0-9][0-9 ().\\-]{5,18}[0-9])', 1, 0, 'phone_hint', (('call', 'cell', 'contact', 'dial', 'fax', 'mobile', 'phone', 'reach', 'sms', 'tel', 'whatsapp'), ('call\x08', 'callback', 'cell\x08', 'contact', 'dial\x08', 'fax\x08', 'mobile', 'phone', 'reach', 'sms\x08', 'tel\x08', 'whatsapp')), 2),
    ('vehicle', '(?i:\\b(?:vin|vehicle|chassis)\\b)[^\\n]{0,48}?\\b([A-HJ-NPR-Za-hj-npr-z0-9]{13}[0-9]{4})\\b', 1, 0, 'vin', (('chassis', 'vehicle', 'vin'),), 4),
    ('vehicle', '(?i:\\b(?:(?:license|licence|number|registration) plate|plate (?:number|no))\\b)[\\s:=#.]*(?:(?:is|number|no)[\\s:=#.]+)?([A-Z0-9]{1,4}[ \\-]?[A-Z0-9]{2,5})\\b', 1, 0, 'code', (('licence plate', 'license plate', 'number plate', 'plate no', 'plate number', 'registration plate'),), 0),
    ('device', '(?i)\\b(?:(?:serial|device serial|device|implant|pacemaker)(?: (?:id|number|no|num)\\b| ?#)[\\s:=#.]*(?:(?:is|was) )?|(?:device|implant|pacemaker) (?:serial|lot)[\\s:=#]+|s/n[\\s:=#.]*|udi[\\s:=#]+)((?:\\([0-9]{2}\\))?(?-i:[A-Za-z]{0,5}-?[0-9][A-Za-z0-9\\-]{2,80}|[A-Z][A-Z0-9\\-]{3,80}))', 1, 0, 'code', (('device #', 'device id', 'device lot', 'device no', 'device num', 'device serial', 'device#', 'implant #', 'implant id', 'implant lot', 'implant no', 'implant num', 'implant serial', 'implant#', 'pacemaker #', 'pacemaker id', 'pacemaker lot', 'pacemaker no', 'pacemaker num', 'pacemaker serial', 'pacemaker#', 's/n', 'serial #', 'serial id', 'serial no', 'serial num', 'serial#', 'udi'), ('device #', 'device id', 'device lot', 'device no', 'device num', 'device serial', 'device#', 'implant #', 'implant id', 'implant lot', 'implant no', 'implant num', 'implant serial', 'implant#', 'pacemaker #', 'pacemaker id', 'pacemaker lot', 'pacemaker no', 'pacemaker num', 'pacemaker serial', 'pacemaker#', 's/n', 'serial #', 'serial id', 'serial no', 'serial num', 'serial#', 'udi\x08')), 0),
    ('device', '(?i)\\bimei(?:sv)?\\b[\\s:=#]*(?:(?:is|number|no\\.?)[\\s:=#]*)?([0-9]{14,16})\\b', 1, 0, 'edge', (('imei',),), 14),
    ('device', '(?i)\\b(?:phone|handset|mobile|device|tablet)\\b[^0-9\\n]{0,24}([0-9]{15})\\b', 1, 0, 'imei', (('device', 'handset', 'mobile', 'phone', 'tablet'),), 15),
    ('device', '\\b(?:MAC|(?i:mac ?addr(?:ess)?))(?:[ :=#]{1,3}| is )((?:[0-9A-Fa-f]{2}[:\\-]){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{4}\\.){2}[0-9A-Fa-f]{4})\\b', 1, 0, '', (('mac',), ('mac ', 'mac#', 'mac:', 'mac=', 'macaddr ', 'macaddr#', 'macaddr:', 'macaddr=', 'macaddress ', 'macaddress#', 'macaddress:', 'macaddress='), ('-', '.', ':')), 0),
    ('biometric', '(?i)\\b(?:(?:retina|iris|fingerprint|palm|face) scan|(?:voiceprint|faceprint|palmprint|biometric) (?:id|number|no|template)\\b)(?: (?:id|number|no|template)\\b)?[\\s:=#.]*((?-i:[A-Za-z]{0,5}-?[0-9][A-Za-z0-9\\-]{2,80}|[A-Z][A-Z0-9\\-]{3,80}))', 1, 0, 'code', (('biometric id', 'biometric no', 'biometric number', 'biometric template', 'face scan', 'faceprint id', 'faceprint no', 'faceprint number', 'faceprint template', 'fingerprint scan', 'iris scan', 'palm scan', 'palmprint id', 'palmprint no', 'palmprint number', 'palmprint template', 'retina scan', 'voiceprint id', 'voiceprint no', 'voiceprint number', 'voiceprint template'),), 0),
    ('photo', '(?i)\\b(?:patient|face|profile|member|id) (?:photo|picture|image|portrait)(?: file)?[\\s:=]+(?:is )?([^\\s"\'<>]+\\.(?:jpe?g|png|heic|gif|bmp|tiff?|webp|dcm))\\b', 1, 0, '', (('face image', 'face photo', 'face picture', 'face portrait', 'id image', 'id photo', 'id picture', 'id portrait', 'member image', 'member photo', 'member picture', 'member portrait', 'patient image', 'patient photo', 'patient picture', 'patient portrait', 'profile image', 'profile photo', 'profile picture', 'profile portrait'), ('.bmp', '.dcm', '.gif', '.heic', '.jpeg', '.jpg', '.png', '.tif', '.webp')), 0),
    ('url', '(?i:[?&](?:name|patient|full_?name|patient_?name)=)([A-Z][A-Za-z\'\\-]+(?:(?:\\+|%20)[A-Z][A-Za-z\'\\-]+)+)(?:[&#\\s"\']|$)', 1, 0, '', (('&full_name=', '&fullname=', '&name=', '&patient=', '&patient_name=', '&patientname=', '?full_name=', '?fullname=', '?name=', '?patient=', '?patient_name=', '?patientname='), ('%20', '+')), 0),
    ('hl7', '(?:^|[^A-Za-z0-9\\\\]|\\\\[rnv])(?:PID|NK1|GT1|IN1|IN2|MRG)\\|((?:[^\\r\\n\\x1c\\\\"]|\\\\[^rn"])+)', 1, 0, '', (('gt1|', 'in1|', 'in2|', 'mrg|', 'nk1|', 'pid|'),), 0),
    ('mrn', '\\\\{0,6}"code\\\\{0,6}"\\s*:\\s*\\\\{0,6}"MR\\\\{0,6}"[^{]{0,300}?"value\\\\{0,6}"\\s*:\\s*\\\\{0,6}"([^"\\\\]+)', 1, 0, '', (('"value',), ('"code',), ('"mr',)), 0),
    ('ssn', '\\\\{0,6}"code\\\\{0,6}"\\s*:\\s*\\\\{0,6}"SS\\\\{0,6}"[^{]{0,300}?"value\\\\{0,6}"\\s*:\\s*\\\\{0,6}"([^"\\\\]+)', 1, 0, '', (('"value',), ('"code',), ('"ss',)), 0),
    ('name', '\\\\{0,6}"text\\\\{0,6}"\\s*:\\s*\\\\{0,6}"([^"\\\\]+)\\\\{0,6}"\\s*,\\s*\\\\{0,6}"(?:family|given)\\\\{0,6}"\\s*:', 1, 0, '', (('"family', '"given'), ('"text',), (',',)), 0),
    ('hipaa', '(?i)\\b(?:admission|admit|admitted|discharge|discharged|death|deceased|died|service|procedure|visit|appointment|treatment|surgery|encounter|exam|examination|collection|specimen|diagnosis|onset|referral|immunization|vaccination|prescription|delivery|transfer|dod|dos)\\b(?: date)?(?: (?:is|was|on|at|of|for|since))*[\\s:=#]*([0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/. ][0-9]{1,2}[-/. ][0-9]{2,4}|[0-9]{8}|[0-9]{1,2}(?:st|nd|rd|th)?(?: of)?[ -][A-Za-z]{3,9}\\.?,?[ -][0-9]{2,4}|[A-Za-z]{3,9}\\.? [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4})', 1, 0, 'edge', (('admission', 'admit', 'appointment', 'collection', 'death', 'deceased', 'delivery', 'diagnosis', 'died', 'discharge', 'dod', 'dos', 'encounter', 'exam', 'immunization', 'onset', 'prescription', 'procedure', 'referral', 'service', 'specimen', 'surgery', 'transfer', 'treatment', 'vaccination', 'visit'),), 2),
    ('hipaa', '(?i)(?:^|[\\s,;("\'])(?:age|aged)\\b[\\s:=]*(?:is |of )?((?:9[0-9]|1[0-4][0-9]))\\b(?: ?(?:years?|yrs?|y|yo)\\b)?', 1, 0, 'edge', (('age',), ('10', '11', '12', '13', '14', '9')), 2),
    ('hipaa', '(?i)\\b((?:9[0-9]|1[0-4][0-9]))[ \\-]?(?:years?|yrs?|yo|y/o)\\b(?:[ \\-]?old)?', 1, 0, 'edge', (('y/o', 'year', 'yo', 'yr'), ('10', '11', '12', '13', '14', '9')), 2),
    ('hipaa', '(?i)\\bnpi\\b[\\s:=#]*(?:(?:is|number|no\\.?)[\\s:=#]*)?([12][0-9]{9})\\b', 1, 0, 'npi', (('npi',), ('1', '2')), 10),
    ('hipaa', '(?i)\\bdea\\b[\\s:=#]*(?:(?:is|number|no\\.?)[\\s:=#]*)?([A-Z][A-Z9][0-9]{7})\\b', 1, 0, 'dea', (('dea',),), 7),
    ('hipaa', '\\b(?:[0-9]{1,3}\\.){3}[0-9]{1,3}\\b', 0, 0, 'ipv4', (('.',),), 4),
    ('hipaa', '(?i)(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:[0-9]{1,3}\\.){3}[0-9]{1,3})?', 0, 0, 'ipv6', ((':',),), 0),
    ('ipv4', '\\b(?:[0-9]{1,3}\\.){3}[0-9]{1,3}\\b', 0, 0, 'ipv4', (('.',),), 4),
    ('ipv6', '(?i)(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:[0-9]{1,3}\\.){3}[0-9]{1,3})?', 0, 0, 'ipv6', ((':',),), 0),
)
ALLOW_KEYS: Final[tuple[str, ...]] = (
    'tokenCount', 'passwordless', 'sessionCount', 'tokenizer', 'cardinality', 'discard', 'compass', 'nextPageToken',
    'previousPageToken', 'pageToken', 'nextToken', 'continuationToken', 'cancellationToken', 'bosToken', 'eosToken',
    'padToken', 'unkToken', 'scoreCard', 'wildCard', 'simCard', 'networkCard', 'reportCard', 'boardingPass',
    'firstPass', 'secondPass', 'secondaryPass', 'nonSecret', 'auditSignature', 'auditOldSignature',
    'auditNewSignature', 'auditKey', 'auditKeyId', 'auditNodeKey', 'auditOldKey', 'auditMac', 'auditHash',
)
NEUTRAL: Final[tuple[str, ...]] = (
    'value', 'val', 'string', 'str', 'text', 'raw', 'plain', 'plaintext', 'hash', 'hashed', 'digest', 'encrypted',
    'enc', 'confirm', 'confirmation', 'again', 'repeat', 'header', 'number', 'num', 'no', 'nbr', 'new', 'old',
    'current', 'last', 'four', 'full', 'digits', 'b', 'base', 'hex', 'bytes', 'data', 'info', 'details', 'payload',
    'json', 'list', 'map', 'dict', 'array', 'object', 'obj', 'input', 'field', 'provided', 'supplied', 'entered',
)
PROSE_VALUES: Final[tuple[str, ...]] = (
    'true', 'false', 'yes', 'no', 'null', 'none', 'nil', 'undefined', 'nan', 'n/a', 'na', 'empty', 'blank', 'missing',
    'required', 'invalid', 'valid', 'expired', 'revoked', 'refreshed', 'rotated', 'renewed', 'reset', 'changed',
    'updated', 'created', 'deleted', 'removed', 'issued', 'generated', 'received', 'sent', 'accepted', 'rejected',
    'denied', 'granted', 'allowed', 'forbidden', 'unauthorized', 'authorized', 'authenticated', 'unauthenticated',
    'ok', 'okay', 'failed', 'fail', 'failure', 'success', 'successful', 'succeeded', 'error', 'unknown', 'unset',
    'set', 'not', 'must', 'should', 'cannot', 'can', 'is', 'was', 'are', 'has', 'have', 'been', 'be', 'the', 'a',
    'an', 'and', 'or', 'for', 'of', 'to', 'in', 'on', 'at', 'from', 'with', 'by', 'too', 'does', 'do', 'did', 'will',
    'would', 'may', 'already', 'present', 'absent', 'found', 'active', 'inactive', 'enabled', 'disabled', 'closed',
    'opened', 'started', 'stopped', 'ended', 'timeout', 'pending', 'processing', 'complete', 'completed', 'verified',
    'unverified', 'mismatch', 'match', 'matched', 'wrong', 'incorrect', 'correct', 'bad', 'weak', 'strong', 'short',
    'long', 'hidden', 'masked', 'redacted', 'filtered', 'omitted', 'provided', 'supplied', 'expected', 'got',
    'optional', 'unsupported', 'supported', 'declined', 'approved', 'blocked', 'locked', 'unlocked', 'login',
    'logout', 'attempt', 'attempts', 'count', 'type', 'length', 'size', 'policy', 'rule', 'rules', 'service',
    'manager', 'email', 'username', 'number', 'protected', 'skipped', 'ignored', 'cached', 'reused', 'unchanged',
    'called', 'returned', 'oauth', 'oauth2', 'oidc', 'saml', 'ldap', 'basic', 'bearer', 'digest', 'sso', 'mtls',
    'jwt', 'kerberos',
)
AUDIT_KEYS: Final[tuple[str, ...]] = (
    'userId', 'user', 'actor', 'auditAction', 'operation', 'resource', 'resourceId', 'patientId', 'auditTimestamp',
    'outcome',
)
AUDIT_WHO: Final[tuple[str, ...]] = (
    'userId', 'user', 'actor',
)
AUDIT_WHO_KINDS: Final[tuple[str, ...]] = (
    'email', 'phone',
)
DISABLE: Final[tuple[str, ...]] = (
    'hipaa', 'ipv4', 'ipv6',
)
COMMON: Final[tuple[str, ...]] = (
    'number', 'code', 'name', 'id', 'key', 'no', 'num', 'value', 'address', 'line', 'access', 'service', 'app',
    'home', 'work', 'of', 'order', 'user', 'http', 'https', 'text', 'call', 'contact', 'login', 'type', 'date',
)
STRONG: Final[tuple[str, ...]] = (
    'password', 'passwd', 'pwd', 'passphrase', 'passcode', 'secret', 'client secret', 'secret key', 'token',
    'access token', 'refresh token', 'auth token', 'api token', 'session token', 'bearer token', 'jwt', 'api key',
    'apikey', 'access key', 'accesskey', 'private key', 'privatekey', 'signing key', 'encryption key', 'master key',
    'service key', 'auth key', 'api secret', 'webhook secret', 'credential', 'credentials', 'creds',
)
HARMLESS_REST: Final[tuple[str, ...]] = (
    'policy', 'policies', 'rule', 'rules', 'count', 'counter', 'total', 'length', 'len', 'size', 'min', 'max',
    'minimum', 'maximum', 'limit', 'quota', 'budget', 'usage', 'used', 'cost', 'price', 'rate', 'ratio', 'score',
    'strength', 'entropy', 'complexity', 'weight', 'index', 'position', 'offset', 'order', 'number', 'num', 'expired',
    'expires', 'expire', 'expiry', 'expiration', 'exp', 'expiring', 'ttl', 'lifetime', 'age', 'days', 'hours',
    'minutes', 'seconds', 'sec', 'secs', 'ms', 'timeout', 'time', 'date', 'day', 'at', 'on', 'since', 'until',
    'before', 'after', 'ago', 'timestamp', 'created', 'updated', 'changed', 'modified', 'issued', 'iat', 'rotated',
    'rotation', 'rotate', 'revoked', 'revocation', 'revoke', 'refreshed', 'renewed', 'renewal', 'reset', 'resets',
    'change', 'changes', 'update', 'create', 'generate', 'generated', 'generator', 'generation', 'verify', 'verified',
    'verification', 'validate', 'validated', 'validation', 'validator', 'valid', 'validity', 'invalid', 'check',
    'checked', 'checks', 'required', 'requires', 'require', 'needed', 'missing', 'present', 'exists', 'found', 'set',
    'unset', 'empty', 'provided', 'supplied', 'given', 'sent', 'received', 'enabled', 'disabled', 'enable', 'disable',
    'active', 'inactive', 'allowed', 'denied', 'accepted', 'rejected', 'failed', 'failure', 'failures', 'fail',
    'success', 'succeeded', 'error', 'errors', 'status', 'state', 'result', 'reason', 'message', 'warning', 'attempt',
    'attempts', 'tries', 'retry', 'retries', 'locked', 'lock', 'type', 'types', 'kind', 'class', 'category', 'format',
    'algorithm', 'alg', 'algo', 'method', 'mode', 'strategy', 'scheme', 'protocol', 'encoding', 'version', 'id',
    'ids', 'identifier', 'uid', 'uuid', 'ref', 'reference', 'arn', 'name', 'names', 'alias', 'label', 'title',
    'description', 'desc', 'comment', 'note', 'hint', 'help', 'placeholder', 'prompt', 'question', 'field', 'fields',
    'column', 'attribute', 'property', 'param', 'parameter', 'variable', 'url', 'uri', 'link', 'href', 'endpoint',
    'host', 'server', 'path', 'file', 'filename', 'folder', 'dir', 'directory', 'location', 'source', 'store',
    'storage', 'manager', 'management', 'vault', 'provider', 'service', 'issuer', 'audience', 'owner', 'user',
    'username', 'email', 'account', 'tenant', 'scope', 'scopes', 'role', 'roles', 'permission', 'permissions',
    'claims', 'feature', 'option', 'options', 'config', 'configuration', 'setting', 'settings', 'page', 'screen',
    'form', 'view', 'button', 'dialog', 'template', 'flow', 'step', 'stage', 'request', 'response', 'requests',
    'responses', 'exchange', 'event', 'events', 'log', 'audit', 'history', 'last', 'previous', 'next', 'first',
    'cache', 'cached', 'hit', 'hits', 'miss', 'pool', 'bucket', 'ring', 'family', 'group', 'groups', 'list', 'less',
    'free', 'based', 'only', 'protected', 'handler', 'function', 'module', 'package', 'library', 'script', 'schema',
    'table', 'model', 'models', 'tokenizer', 'limiter', 'mask', 'masked', 'redacted', 'hidden', 'visible',
    'visibility', 'match', 'matches', 'mismatch', 'same', 'equal', 'equals', 'is', 'has', 'was', 'not', 'no', 'per',
    'and', 'or', 'for', 'of', 'to', 'in', 'by', 'from', 'santa', 'bytes', 'chars', 'characters', 'digits', 'words',
    'sharing',
)
SCHEMES: Final[tuple[str, ...]] = (
    'bearer', 'basic', 'digest', 'token', 'negotiate', 'ntlm', 'apikey', 'hawk', 'oauth', 'aws4-hmac-sha256',
)
LINE_SCHEMES: Final[tuple[str, ...]] = (
    'digest', 'hawk', 'oauth', 'aws4-hmac-sha256',
)
MONTHS: Final[tuple[str, ...]] = (
    'jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec',
)
NAME_FIELDS: Final[tuple[str, ...]] = (
    'name', 'key', 'header', 'field', 'param', 'system', 'code', 'type', 'variable', 'attribute',
)
VALUE_FIELDS: Final[tuple[str, ...]] = (
    'value', 'val', 'values', 'content', 'data',
)
NOT_SECRET: Final = '/(?:home|root|srv|usr|var|opt|tmp|etc|app|mnt|run|proc|workspace)(?:/[A-Za-z0-9_.\\-]+)*/?|[*•#]+|[xX]{4,}|\\.{3,}|…|-+|_+|\\?|%s|%\\([A-Za-z_]+\\)s|\\$[0-9]+|\\$[A-Z_][A-Z0-9_]*|:[a-z_]+|\\$\\{[A-Za-z_][A-Za-z0-9_.:\\-]*\\}|\\{[A-Za-z_.]*\\}|\\{\\{[^{}]*\\}\\}|\\{\\}|[A-Za-z_][A-Za-z0-9_.]*\\(\\)|(?:os|process|self|settings|config|request|env|args|this|cfg)\\.[A-Za-z_.]+(?:[\\[(][\\"\']?[A-Za-z_]*[\\"\']?[\\])])?'
FHIR_CODES: Final[dict[str, str]] = {'MR': 'mrn', 'SS': 'ssn', 'DL': 'license', 'PPN': 'passport'}
HUMAN_NAME: Final = ('text', ('family', 'given'), 'name')  # text, members, kind

MAX_DEPTH: Final = 32
MAX_TEXT: Final = 4194304
MAX_NODES: Final = 200000
MAX_TEXTS: Final = 10000
NEIGHBOUR_DEPTH: Final = 4
NEIGHBOUR_VALUES: Final = 16
MAX_ROUNDS: Final = 8
BUDGET_FLOOR: Final = 1000000
BUDGET_FACTOR: Final = 20
PAIR_KEY: Final = 64
PAIR_WORDS: Final = 3
PARENTHESIS: Final = 32
INDEX: Final = 8
VALUE_WORDS: Final = 8
CALL: Final = 200
URL_USER: Final = 256
MAX_KEY: Final = 128
GLUED_NAME: Final = 6
NEUTRAL_WORDS: Final = 2
SMALLEST_NUMBER: Final = 100000000
CHECKED_DIGITS: Final = 9
LARGEST_NUMBER: Final = 10000000000000000303786028427003666890752
HASH_BYTES: Final = 8
REPEATED: Final = 64
REPEATED_LENGTH: Final = 512
COMMAND: Final = 65536
REST_WORDS: Final = 4

SCREEN_ACTIVE: Final = '=:@<>"\'%\\|&_`\x1b'
SCREEN_BETWEEN_DIGITS: Final = ' ().-/_+'
SCREEN_NEAR: Final = 3
SCREEN_DIGITS: Final = 9
SCREEN_HINTED: Final = 8
SCREEN_SHORT: Final = 4

CHECK_DIGITS: Final[dict[str, int]] = {'luhn': 12, 'ssn': 9, 'phone': 9, 'nanp': 10, 'phone_hint': 7}
NUMBER_CHECKS: Final[tuple[str, ...]] = (
    'edge', 'luhn', 'ssn', 'phone', 'nanp', 'phone_hint', 'ipv4',
)

# digits of the beginning, least, most; lengths of the number
ISSUERS: Final[tuple[tuple[int, int, int, frozenset[int]], ...]] = (
    (1, 4, 4, frozenset({16, 19, 13})),
    (2, 51, 55, frozenset({16})),
    (4, 2221, 2720, frozenset({16})),
    (4, 2200, 2204, frozenset({16})),
    (2, 34, 34, frozenset({15})),
    (2, 37, 37, frozenset({15})),
    (4, 6011, 6011, frozenset({16, 17, 18, 19})),
    (2, 60, 60, frozenset({16, 17, 18, 19})),
    (2, 62, 62, frozenset({16, 17, 18, 19})),
    (2, 64, 64, frozenset({16, 17, 18, 19})),
    (2, 65, 65, frozenset({16, 17, 18, 19})),
    (2, 81, 81, frozenset({16, 17, 18, 19})),
    (4, 3528, 3589, frozenset({16, 17, 18, 19})),
    (3, 300, 305, frozenset({14, 15, 16, 17, 18, 19})),
    (2, 36, 36, frozenset({14, 15, 16, 17, 18, 19})),
    (2, 38, 38, frozenset({14, 15, 16, 17, 18, 19})),
    (2, 39, 39, frozenset({14, 15, 16, 17, 18, 19})),
    (2, 50, 50, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (2, 56, 56, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (2, 57, 57, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (2, 58, 58, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (2, 63, 63, frozenset({13, 14, 15, 16, 17, 18, 19})),
    (2, 67, 67, frozenset({13, 14, 15, 16, 17, 18, 19})),
)
NO_AREA: Final = (('000', '199'), ('200', '200'), ('300', '300'), ('400', '400'), ('211', '211'), ('311', '311'), ('411', '411'), ('511', '511'), ('611', '611'), ('711', '711'), ('811', '811'), ('911', '911'))
ID_LENGTHS: Final = (16, 32, 40, 48, 56, 64, 96, 128)
NOT_MAIL_LOCALS: Final[tuple[str, ...]] = (
    'git', 'hg', 'svn',
)
NOT_MAIL_DOMAINS: Final[tuple[str, ...]] = (
    'png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'ico', 'css', 'js', 'mjs', 'ts', 'tsx', 'jsx', 'json', 'html', 'xml',
    'yaml', 'yml', 'py', 'rb', 'go', 'rs', 'java', 'gz', 'tgz', 'zip', 'tar', 'whl', 'jar', 'service', 'socket',
    'target', 'timer', 'slice', 'scope', 'mount', 'device', 'path', 'swap',
)
WEIGHTS: Final = {'aba': ((3, 7, 1, 3, 7, 1, 3, 7, 1), 10), 'dea': ((1, 2, 1, 2, 1, 2, 9), 10), 'vin': ((8, 7, 6, 5, 4, 3, 2, 10, 10, 9, 8, 7, 6, 5, 4, 3, 2), 11)}
LUHN_HEADS: Final = {'npi': ('80840', 10), 'imei': ('', 15)}
VIN_LETTERS: Final[dict[str, int]] = {'A': 1, 'B': 2, 'C': 3, 'D': 4, 'E': 5, 'F': 6, 'G': 7, 'H': 8, 'J': 1, 'K': 2, 'L': 3, 'M': 4, 'N': 5, 'P': 7, 'R': 9, 'S': 2, 'T': 3, 'U': 4, 'V': 5, 'W': 6, 'X': 7, 'Y': 8, 'Z': 9}
VIN_CHECK, VIN_LEAST_LETTERS = (8, 2)
AREA_STARTS: Final = '23456789'
OPAQUE_CHARACTERS: Final = '0123456789!@#$%^&*+=~\\'
OPAQUE_LEAST: Final = 6
OPAQUE_LONG: Final = 20

ENTITIES: Final[dict[str, str]] = {'quot': '"', 'apos': "'", 'lt': '<', 'gt': '>', 'amp': '&', 'nbsp': ' '}

# first and last code point
DELETED: Final[tuple[tuple[int, int], ...]] = (
    (173, 173),
    (847, 847),
    (1564, 1564),
    (6158, 6158),
    (8203, 8207),
    (8234, 8238),
    (8288, 8303),
    (65024, 65039),
    (65279, 65279),
)

# first and last code point, what each counts as
REPLACED: Final[tuple[tuple[int, int, str], ...]] = (
    (160, 160, ' '),
    (5760, 5760, ' '),
    (8192, 8202, ' '),
    (8239, 8239, ' '),
    (8287, 8287, ' '),
    (12288, 12288, ' '),
    (8208, 8213, '-'),
    (8722, 8722, '-'),
    (65112, 65112, '-'),
    (65123, 65123, '-'),
    (8216, 8216, "'"),
    (8217, 8217, "'"),
    (8218, 8218, "'"),
    (8219, 8219, "'"),
    (8242, 8242, "'"),
    (8220, 8220, '"'),
    (8221, 8221, '"'),
    (8222, 8222, '"'),
    (8223, 8223, '"'),
    (8243, 8243, '"'),
    (171, 171, '"'),
    (187, 187, '"'),
    (65109, 65109, ':'),
    (42889, 42889, ':'),
    (8758, 8758, ':'),
    (8228, 8228, '.'),
    (65106, 65106, '.'),
    (12290, 12290, '.'),
    (65131, 65131, '@'),
    (185, 185, '1'),
    (178, 178, '2'),
    (179, 179, '3'),
)

# first and last code point, what the first counts as
ROWS: Final[tuple[tuple[int, int, str], ...]] = (
    (65281, 65374, '!'),
    (8304, 8304, '0'),
    (8308, 8313, '4'),
    (8320, 8329, '0'),
)
ALPHABETS: Final = (119808, 120483)
LETTER: Final = 'x'
