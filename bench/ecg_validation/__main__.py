"""``python -m bench.ecg_validation``: measure LUDB and the carts' files of the corpus, write the page of figures.

The corpus is named by ``GONGZHEN_CORPUS``, else sought beside the project.
"""

import os
import sys
from pathlib import Path

from bench.ecg_validation import carts, ludb
from bench.ecg_validation.compare import analysed, beside_cart
from bench.ecg_validation.page import page

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "conformance" / "ecg-validation.md"


def main() -> None:
    named = os.environ.get("GONGZHEN_CORPUS")
    corpus = Path(named) if named else ROOT.parent / "shared" / "corpus"
    if not (corpus / "ecg").is_dir():
        sys.exit("no corpus of real files: set GONGZHEN_CORPUS")
    records = [analysed(marked) for marked in ludb.read_all(corpus / "ecg" / "wfdb" / "ludb")]
    text = page(records, [beside_cart(found) for found in carts.read_all(corpus / "ecg")])
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
