"""What the tables of schema ``lab`` share."""

from sqlalchemy import DateTime

SCHEMA = {"schema": "lab"}
Moment = DateTime(timezone=True)
CONTENT_KIND = "result"  # what the reading workflow calls our contents
