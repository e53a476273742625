"""multipart/related (RFC 2387) on its way in, as DICOMweb sends it: parsed while it arrives, into a spool."""

from shared.web.related.parser import ReceivedPart, RelatedParser
from shared.web.related.receive import receive_parts

__all__ = ["ReceivedPart", "RelatedParser", "receive_parts"]
