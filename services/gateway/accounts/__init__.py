"""Who belongs to the region and how they prove it: accounts, tokens, signing credentials, first start.

config      what an operator may say about keys; vault  private keys at rest; context  what the process keeps
passwords   argon2id in a few threads; throttle  failed attempts slowed by address and account
logins      who somebody is, by password or client secret
tokens      access tokens and the keys that sign them; sessions  logins and rotating refresh tokens; cookies
facts       every change of a record: owner's row, directory event, own copy in one transaction
people      accounts; links  links that work once; setup  the first administrator; pages  the two pages of links
authority   the region's certificate authority; credentials  physicians' signing keys
bootstrap   what a first start makes; demo  the demo region
routes      /v1/auth, /v1/me, /v1/setup, /v1/trust, /.well-known/jwks.json, from the four *_routes modules
"""
