"""Signed sheets for tests, made by the functions under test."""

from datetime import datetime

from services.imaging.report_form.sheet import render_sheet
from shared.paper.stamp import signature_stamp
from shared.signing.document import ReportDocument, SignerRole
from shared.signing.pades import certify_as_author, countersign_as_reviewer
from shared.signing.signatory import Signatory


def certified(document: ReportDocument, author: Signatory, at: datetime) -> bytes:
    sheet = render_sheet(document)
    return certify_as_author(
        sheet.pdf, author, at, own=sheet.boxes[SignerRole.AUTHOR], reviewer=sheet.boxes[SignerRole.REVIEWER]
    )


def countersigned(pdf: bytes, reviewer: Signatory, at: datetime) -> bytes:
    return countersign_as_reviewer(pdf, reviewer, at, appearance=signature_stamp(reviewer.name, at))
