"""``gongzhen admin``: the region's administration from a terminal, over the same API as any other client.

client      a signed-in administrator
sheet       plain tables, Chinese characters counted as two columns
users, organizations, policies, contacts, dead_letters    one subject each
"""
