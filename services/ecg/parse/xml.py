"""XML from outside, read without trust: no entities, no outside files, bounded depth, elements, attributes and text.

Nothing is ever fetched: a DOCTYPE that only names a DTD (GE writes one) is passed over, a DOCTYPE with declarations in
it is refused. Namespaces are dropped: an element is known by its local name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.parsers import expat

from services.ecg.parse.limits import MAX_FILE_BYTES
from services.ecg.parse.refusal import RefusalCode, Refused, Remark
from services.ecg.parse.xml_encoding import Encoding, decoded, encoding_of, head_text

MAX_ELEMENTS = 200_000
MAX_DEPTH = 100
MAX_TEXT_CHARS = 24_000_000  # 4 million samples of five digits and a space
MAX_QUOTES = 800_000  # two for every attribute: a tag of a million attributes is built before any handler sees it


class Node:
    """One element: local name, attributes by local name, its own text without its children's."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Node] = []
        self.text = ""

    def all(self, *path: str) -> "list[Node]":
        """Every element that the path leads to, in the order of the document."""
        found = [self]
        for name in path:
            found = [child for node in found for child in node.children if child.name == name]
        return found

    def child(self, *path: str) -> "Node | None":
        found = self.all(*path)
        return found[0] if found else None

    def walk(self, name: str) -> "Iterator[Node]":
        """Every descendant of that name, in the order of the document."""
        waiting = self.children[::-1]
        while waiting:
            node = waiting.pop()
            if node.name == name:
                yield node
            waiting.extend(node.children[::-1])

    def said(self, *path: str) -> str:
        """The text at the path, its white space made single; empty where there is none."""
        node = self.child(*path)
        return " ".join(node.text.split()) if node else ""

    def attribute(self, *path_and_name: str) -> str:
        """The attribute named last of the element at the path before it; empty where there is none."""
        *path, name = path_and_name
        node = self.child(*path)
        return node.attributes.get(name, "").strip() if node else ""


@dataclass(frozen=True, slots=True)
class Document:
    root: Node
    remarks: tuple[str, ...] = ()


def parse_xml(data: bytes) -> Document:
    """Raises Refused: unsafe_xml, too_large, format_broken, format_unsupported (an encoding nobody knows)."""
    if len(data) > MAX_FILE_BYTES:
        raise Refused(RefusalCode.too_large, "文件过大。")
    if data.count(b'"') + data.count(b"'") > MAX_QUOTES:
        raise Refused(RefusalCode.unsafe_xml, "XML 中属性过多，拒绝读取。")
    encoding = encoding_of(data)
    builder = _Builder()
    builder.read(data, encoding)
    if builder.root is None:
        raise Refused(RefusalCode.format_broken, "XML 中没有内容，请从心电图机重新导出。")
    return Document(builder.root, (Remark.charset_assumed,) if encoding.assumed else ())


def root_name(data: bytes) -> str:
    """The local name of the outermost element, from the first kilobytes alone; empty where this is not XML."""
    text = head_text(data)
    if not text.startswith("<"):
        return ""
    position = 0
    while (position := text.find("<", position)) >= 0:
        if text.startswith("<?", position):
            position = text.find("?>", position)
        elif text.startswith("<!--", position):
            position = text.find("-->", position)
        elif text.startswith("<!DOCTYPE", position):
            opened, closed = text.find("[", position), text.find(">", position)
            position = text.find("]", opened) if 0 <= opened < closed else closed
        else:
            break
        if position < 0:
            return ""
    words = text[position + 1 : position + 200].replace(">", " ").replace("/", " ").split(maxsplit=1)
    return words[0].rpartition(":")[2] if words else ""


class _Builder:
    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._pieces: list[list[str]] = []
        self._elements = 0
        self._chars = 0
        self._events = 0
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.buffer_size = 1 << 18
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._entity
        parser.ExternalEntityRefHandler = self._external
        parser.SkippedEntityHandler = self._skipped
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        self._parser = parser

    def read(self, data: bytes, encoding: Encoding) -> None:
        """A token longer than two pieces has no use in an ECG, and expat reads it anew with every piece."""
        idle = 0
        try:
            for piece in decoded(data, encoding):
                before = self._events
                self._parser.Parse(piece, False)
                idle = 0 if self._events > before else idle + 1
                if idle > 1:
                    raise Refused(RefusalCode.unsafe_xml, "XML 中有过长的标记，拒绝读取。")
            self._parser.Parse(b"", True)
        except expat.ExpatError as error:
            raise Refused(
                RefusalCode.format_broken,
                f"XML 在第 {error.lineno} 行处不完整或已损坏，请从心电图机重新导出。",
            ) from error

    def _doctype(self, _name: str, _system: str | None, _public: str | None, has_internal_subset: bool) -> None:
        if has_internal_subset:
            raise Refused(RefusalCode.unsafe_xml, "XML 的 DOCTYPE 中带有声明（实体等），拒绝读取。")

    def _entity(self, *_declared: object) -> None:
        raise Refused(RefusalCode.unsafe_xml, "XML 声明了实体，拒绝读取。")

    def _external(self, *_reference: object) -> int:
        raise Refused(RefusalCode.unsafe_xml, "XML 引用了外部实体，拒绝读取。")

    def _skipped(self, *_reference: object) -> None:
        self._text("\ufffd")  # an entity of a DTD that nobody fetched: a gap that is seen

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._events += 1
        self._elements += 1
        if self._elements > MAX_ELEMENTS or len(self._open) >= MAX_DEPTH:
            raise Refused(RefusalCode.unsafe_xml, "XML 的元素过多或嵌套过深，拒绝读取。")
        node = Node(_local(name), {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)
        self._pieces.append([])

    def _end(self, _name: str) -> None:
        self._events += 1
        node, pieces = self._open.pop(), self._pieces.pop()
        text = pieces[0] if len(pieces) == 1 else "".join(pieces)
        if text and not text.isspace():
            node.text = text

    def _text(self, text: str) -> None:
        self._events += 1
        self._chars += len(text)
        if self._chars > MAX_TEXT_CHARS:
            raise Refused(RefusalCode.too_large, "XML 的正文过长，不是一份静息心电图。")
        if self._pieces:
            self._pieces[-1].append(text)


def _local(name: str) -> str:
    return name.rpartition(":")[2] if ":" in name else name
