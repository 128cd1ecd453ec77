import unittest
from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from octi_plugin import schema


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    """A place."""

    x: Annotated[float, "To the right."]
    y: float = 0.0


class Options(TypedDict):
    deep: bool
    tags: NotRequired[list[str]]


@dataclass
class Shape:
    corners: list[Point]
    colour: Colour = Colour.RED
    names: dict[str, int] = field(default_factory=dict)
    size: tuple[int, int] | None = None


@dataclass
class Tree:
    below: "list[Tree]"


class Schemas(unittest.TestCase):
    def test_types_have_the_schemas_that_they_mean(self) -> None:
        for hint, expected in [
            (str, {"type": "string"}),
            (bool, {"type": "boolean"}),
            (list[int], {"type": "array", "items": {"type": "integer"}}),
            (dict[str, float], {"type": "object", "additionalProperties": {"type": "number"}}),
            (str | None, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
            (Literal["a", 1], {"enum": ["a", 1]}),
            (Colour, {"enum": ["red", "blue"]}),
            (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
            (Any, {}),
            (Annotated[int, "How many.", {"minimum": 1}], {"type": "integer", "description": "How many.", "minimum": 1}),
        ]:
            self.assertEqual(schema.of(hint), expected)

    def test_a_dataclass_is_a_closed_object_with_its_defaults(self) -> None:
        self.assertEqual(
            schema.of(Point),
            {
                "type": "object",
                "properties": {
                    "x": {"type": "number", "description": "To the right."},
                    "y": {"type": "number", "default": 0.0},
                },
                "required": ["x"],
                "additionalProperties": False,
                "description": "A place.",
            },
        )
        shape = schema.of(Shape)
        self.assertEqual(shape["required"], ["corners"])
        self.assertEqual(shape["properties"]["colour"]["default"], "red")
        self.assertNotIn("description", shape, "what the library writes is no description")

    def test_a_typed_dict_says_what_may_be_left_out(self) -> None:
        options = schema.of(Options)
        self.assertEqual((options["required"], list(options["properties"])), (["deep"], ["deep", "tags"]))
        self.assertEqual(schema.read(Options, {"deep": True}), {"deep": True})

    def test_what_json_cannot_say_is_refused_with_its_name(self) -> None:
        for hint, part in [(Tree, "`Tree` contains itself"), (complex, "`complex` has no JSON Schema"), (set[int], "has no JSON Schema")]:
            with self.assertRaisesRegex(TypeError, part):
                schema.of(hint)

    def test_values_come_as_their_types_and_go_as_json(self) -> None:
        given = {"corners": [{"x": 1}, {"x": 2, "y": 3.5}], "colour": "blue", "size": [1, 2]}
        shape = schema.read(Shape, given)
        self.assertEqual(shape, Shape([Point(1.0), Point(2.0, 3.5)], Colour.BLUE, {}, (1, 2)))
        self.assertEqual(
            schema.plain(shape),
            {"corners": [{"x": 1.0, "y": 0.0}, {"x": 2.0, "y": 3.5}], "colour": "blue", "names": {}, "size": [1, 2]},
        )

    def test_of_several_types_the_first_that_fits_is_taken(self) -> None:
        for value, expected in [(None, None), (3, 3), (True, True), ("blue", Colour.BLUE), ({"x": 1}, Point(1.0)), ([1], [1])]:
            self.assertEqual(schema.read(None | int | bool | Colour | Point | list[int], value), expected)
        with self.assertRaises(TypeError):
            schema.read(int | None, "a")
