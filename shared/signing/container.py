"""The CMS container of a PDF signature (RFC 5652), rebuilt from its signed parts.

A signature protects the document, its own attributes and the signer's certificate, but not the container's frame:
version numbers, the repeated names of algorithms and issuer. Readers overlook a changed bit there; we do not.
"""

from asn1crypto import cms, core  # type: ignore[import-untyped]


def has_our_frame(contents: bytes) -> bool:
    """Whether the container is byte for byte what ``pades`` writes around these certificates, attributes and this
    signature, with nothing but zeros after it. Raises ValueError where it cannot be parsed."""
    found = cms.ContentInfo.load(contents)["content"]
    (signer,) = found["signer_infos"]
    certificates = found["certificates"]
    leaf = certificates[0].chosen
    sha256 = {"algorithm": "sha256", "parameters": core.Null()}
    rebuilt = cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": {
                "version": "v1",
                "digest_algorithms": [sha256],
                "encap_content_info": {"content_type": "data"},
                "certificates": [each.chosen for each in certificates],
                "signer_infos": [
                    {
                        "version": "v1",
                        "sid": {
                            "issuer_and_serial_number": {
                                "issuer": leaf.issuer,
                                "serial_number": leaf.serial_number,
                            }
                        },
                        "digest_algorithm": sha256,
                        "signed_attrs": signer["signed_attrs"],
                        "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                        "signature": signer["signature"],
                    }
                ],
            },
        }
    ).dump()
    return bytes(rebuilt.ljust(len(contents), b"\0")) == contents
