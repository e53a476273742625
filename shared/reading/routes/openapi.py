"""Bodies that are read as streams, described for the OpenAPI page as if FastAPI had read them."""

from typing import Any

from shared.reading.schemas.sent_order import SentOrder


def order_body(model: type[SentOrder]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _schema_of(model)}}}}


def upload_body(model: type[SentOrder], files_are: str) -> dict[str, Any]:
    """``files_are``: what the centre takes as ``files``, one line."""
    files = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
    schema = {
        "type": "object",
        "required": ["order", "files"],
        "properties": {"order": _schema_of(model), "files": {**files, "description": files_are}},
    }
    form = {"schema": schema, "encoding": {"order": {"contentType": "application/json"}}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": form}}}


def _schema_of(model: type[SentOrder]) -> Any:
    schema = model.model_json_schema()
    return _inlined(schema, schema.pop("$defs", {}))


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    """``$defs`` of a schema inside the page could not be found from where they stand."""
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        rest = {key: value for key, value in node.items() if key != "$ref"}
        return _inlined(definitions[node["$ref"].removeprefix("#/$defs/")] | rest, definitions)
    return {key: _inlined(value, definitions) for key, value in node.items()}
