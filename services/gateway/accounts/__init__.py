"""Who belongs to the region and how they prove it: accounts, tokens, signing credentials, first start.

passwords   argon2id in a few threads
throttle    failed logins slowed by address and account
links       links that work once
tokens      access tokens and the keys that sign them
sessions    logins, rotating refresh tokens
facts       every change of a record: owner's row, directory event, own copy in one transaction
people      accounts and organizations
authority   the region's certificate authority
credentials physicians' signing keys
bootstrap   what a first start makes; demo  the demo region
routes      /v1/auth, /v1/me, /v1/setup, /v1/trust, /.well-known/jwks.json
"""
