"""Examples for the OpenAPI document: what a restaurant would really say, in the form that each schema asks for."""

from __future__ import annotations

import re
from typing import Any

from orders.api.documents import Schema

# By the property's name, wherever it occurs; one that a schema does not allow is left aside.
_VALUES: dict[str, Any] = {
    "access": "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjo0fQ.c2lnbmF0dXJl",
    "allergies": ["Nuts"],
    "amount": "24.50",
    "area": "Terrace",
    "business_date": "2026-11-21",
    "change": "5.50",
    "code": "max_value",
    "contains": ["Milk"],
    "counter_id": None,
    "currency": "EUR",
    "customer_name": "Ada",
    "description": "With smoked cheddar.",
    "detail": "Ensure this value is less than or equal to 99.",
    "discount_amount": "0.00",
    "email": "ada@example.com",
    "epoch": "9b1e6c1e-6f0a-4f0e-9a53-0f4f3a0b7c11",
    "expires_in": 900,
    "external_id": "SHOP-1042",
    "final_amount": "24.50",
    "item_id": 31,
    "items_count": 1,
    "key": "dev_Q2hhbmdlIG1lLCBJIGFtIGFuIGV4YW1wbGUgb25seQ",
    "key_hint": "dev_Q2hhbmdl",
    "kind": "integration",
    "limit": 50,
    "line_total": "19.00",
    "max": 2,
    "menu_item_id": 31,
    "message": "The dishwasher is back.",
    "min": 0,
    "name": "Burger",
    "next": None,
    "notes": "By the window",
    "on_hand": "12.500",
    "order_id": 17,
    "order_number": "T1-042",
    "paid_amount": "0.00",
    "password": "a-long-and-unusual-one",
    "phone": "+49 30 1234567",
    "pointer": "/items/0/quantity",
    "previous": None,
    "price": "9.50",
    "quantity": 2,
    "reason": "The guest has left",
    "refresh": "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjo0fQ.cmVmcmVzaA",
    "restaurant": "demo",
    "role": "waiter",
    "scopes": ["orders:read", "orders:write"],
    "seats": 4,
    "service_amount": "0.00",
    "severity": "info",
    "slug": "demo",
    "special_instructions": "No onions",
    "stock": 12,
    "subtotal": "24.50",
    "table_name": "7",
    "tax_amount": "0.00",
    "tendered": "30.00",
    "token": "tbl_WzcsIm5vbmNlIl0",
    "total_amount": "24.50",
    "transaction_reference": "PAY-000017",
    "unit": "g",
    "unit_price": "9.50",
    "url": "https://brigade.example/t/",
    "username": "maria",
    "version": 3,
    "waiter_name": "Maria",
}
_FORMATS = {
    "date-time": "2026-11-21T18:03:12.402Z",
    "date": "2026-11-21",
    "uuid": "9b1e6c1e-6f0a-4f0e-9a53-0f4f3a0b7c11",
    "email": "ada@example.com",
    "uri": "https://brigade.example/",
    "decimal": "24.50",
    "binary": "",
}
# What a body shows beside the fields that it needs.
_SHOWN = frozenset({"items", "table_id", "notes", "modifier_ids", "special_instructions", "reason", "name", "scopes"})


class Examples:
    """Makes an example for any schema of one document."""

    def __init__(self, components: dict[str, Schema]) -> None:
        self.components = components

    def of_answer(self, schema: Schema) -> Any:
        """Return a whole answer."""
        return self._of(schema, "", whole=True)

    def of_body(self, schema: Schema) -> Any:
        """Return a body with what it needs, and the most usual of what it may say beside that."""
        return self._of(schema, "", whole=False)

    def needs(self, schema: Schema) -> list[str]:
        """Return the fields that a body can't be without."""
        whole = self._resolved(schema)
        parts: list[Schema] = [whole, *whole.get("anyOf", [])]
        return [name for part in parts for name in part.get("required", [])]

    def _of(self, schema: Schema, name: str, *, whole: bool) -> Any:
        schema = self._resolved(schema)
        if "properties" in schema or schema.get("type") == "object":
            return self._object(schema, whole=whole)
        kinds = _kinds(schema)
        if name in _VALUES and _fits(_VALUES[name], schema, kinds):
            return _VALUES[name]
        if "array" in kinds:
            return [self._of(schema.get("items", {}), name.removesuffix("s"), whole=whole)]
        return _plain(schema, kinds)

    def _resolved(self, schema: Schema) -> Schema:
        """Return a schema that says itself what it is: referred to, put together, or the first of several."""
        if "$ref" in schema:
            return self._resolved(self.components[schema["$ref"].rpartition("/")[2]])
        if "allOf" in schema:
            parts = [self._resolved(part) for part in schema["allOf"]]
            properties = {name: value for part in parts for name, value in part.get("properties", {}).items()}
            required = [name for part in parts for name in part.get("required", ())]
            whole = {key: value for part in parts for key, value in part.items()}
            return whole | ({"properties": properties, "required": required} if properties else {})
        for options in (schema.get("oneOf"), schema.get("anyOf")):
            if options and "properties" not in schema:
                return self._resolved(next(option for option in options if option.get("type") != "null"))
        return schema

    def _object(self, schema: Schema, *, whole: bool) -> dict[str, Any]:
        properties: dict[str, Schema] = schema.get("properties", {})
        wanted = (
            list(properties)
            if whole
            else [key for key in properties if key in schema.get("required", ()) or key in _SHOWN]
        )
        wanted = wanted or list(properties)[:1]
        return {
            key: self._of(properties[key], key, whole=whole)
            for key in wanted
            if whole or not properties[key].get("readOnly")
        }


def _kinds(schema: Schema) -> set[str]:
    kind = schema.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)


def _fits(value: Any, schema: Schema, kinds: set[str]) -> bool:
    """Whether a value is of the schema's type, and one of its choices."""
    if value is None:
        return "null" in kinds
    if isinstance(value, list):
        return "array" in kinds and all(_fits(each, schema.get("items", {}), {"string"}) for each in value)
    if "enum" in schema and value not in schema["enum"]:
        return False
    return ("integer" if isinstance(value, int) else "string") in kinds and "format" not in schema


def _plain(schema: Schema, kinds: set[str]) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return next(value for value in schema["enum"] if value is not None)
    if "boolean" in kinds:
        return True
    if "integer" in kinds or "number" in kinds:
        return max(int(schema.get("minimum", 0)), min(4, int(schema.get("maximum", 4))))
    if "string" in kinds:
        likely = [_FORMATS[schema["format"]]] if schema.get("format") in _FORMATS else ["Example", *_FORMATS.values()]
        return next((text for text in likely if re.search(schema.get("pattern", ""), text)), likely[0])
    return None if kinds else {}
