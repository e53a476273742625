"""Bodies that are read as streams, described for the OpenAPI page as if FastAPI had read them."""

from typing import Any

from services.imaging.intake.order import ImagingOrder


def order_body() -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": _order_schema()}}}}


def upload_body() -> dict[str, Any]:
    files = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
    schema = {
        "type": "object",
        "required": ["order", "files"],
        "properties": {"order": _order_schema(), "files": {**files, "description": "DICOM files, or ZIPs of folders"}},
    }
    form = {"schema": schema, "encoding": {"order": {"contentType": "application/json"}}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": form}}}


def _order_schema() -> Any:
    schema = ImagingOrder.model_json_schema()
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
