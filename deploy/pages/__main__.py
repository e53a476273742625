"""``python -m deploy.pages``: write every generated page of docs/."""

from deploy.pages.all import DOCS, pages

for name, text in pages().items():
    (DOCS / name).write_text(text, encoding="utf-8")
    print(f"docs/{name}")
