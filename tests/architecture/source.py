"""What the source of a plugin tells without being run: values, types, and a function's nodes."""

import ast
import inspect
import re
import sys
import textwrap
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from types import FunctionType, ModuleType, NoneType, UnionType
from typing import Any, Literal

from telamon.plugin import Tool

PLUGIN = re.compile(r"telamon_")


@dataclass(frozen=True, slots=True)
class Instance:
    """Some object of this class."""

    of: type


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these values; ``None`` in its place means: any value at all."""

    values: tuple[Any, ...]


Value = AnyOf | None


def any_of(values: Iterable[Any]) -> AnyOf:
    return AnyOf(tuple(dict.fromkeys(values)))


def union(*values: Value) -> Value:
    """Return what is one of *values*; unknown if one of them is."""
    told = [value for value in values if value is not None]
    return (
        AnyOf(tuple(v for each in told for v in each.values)) if len(told) == len(values) else None
    )


def attribute(of: Value, name: str) -> Value:
    """Return an attribute of every value; ``None`` among them has none and is passed over."""
    return union(*(_attribute(v, name) for v in of.values if v is not None)) if of else None


def _attribute(of: Any, name: str) -> Value:
    """Return a module's attribute, a class's method, or a field as far as its type tells."""
    if isinstance(of, Instance):
        method = inspect.getattr_static(of.of, name, None)
        return AnyOf((method,)) if inspect.isfunction(method) else of_type(_fields(of.of).get(name))
    return AnyOf((getattr(of, name),)) if isinstance(of, ModuleType) and hasattr(of, name) else None


@cache
def _fields(owner: type) -> dict[str, Any]:
    """Return the types of a class's fields: annotated ones, and parameters that are kept."""
    hints = typing.get_type_hints(owner)
    begin = vars(owner).get("__init__")
    if not inspect.isfunction(begin):
        return hints
    given = typing.get_type_hints(begin)
    for node in nodes(begin):
        match node:
            case ast.Assign(
                targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)],
                value=ast.Name(id=parameter),
            ):
                hints[name] = given.get(parameter)
            case _:
                pass
    return hints


def result(called: Value) -> Value:
    """Return what a call gives back: an object of a class, or what the function's type tells."""
    return union(*(of_type(_returned(each)) for each in called.values)) if called else None


def _returned(called: Any) -> Any:
    return typing.get_type_hints(called).get("return") if inspect.isfunction(called) else called


def functions(value: Value) -> Iterator[Callable[..., Any]]:
    """Yield the plugin's own functions among the values; a tool stands for its coroutine."""
    for each in value.values if value is not None else ():
        run = each.run if isinstance(each, Tool) else each
        if inspect.isfunction(run) and PLUGIN.match(run.__module__):
            yield run


def of_type(hint: Any) -> Value:
    """Return the values of a type: a choice's, or an object of a plugin's class."""
    if typing.get_origin(hint) in {typing.Union, UnionType}:
        return union(*(of_type(each) for each in typing.get_args(hint) if each is not NoneType))
    if typing.get_origin(hint) is Literal:
        return AnyOf(typing.get_args(hint))
    if isinstance(hint, type) and PLUGIN.match(hint.__module__):
        return AnyOf((Instance(hint),))
    return None


@cache
def nodes(function: FunctionType) -> tuple[ast.AST, ...]:
    """Return the nodes of a function's body, those of functions inside it included.

    Code that was generated, as most methods of a dataclass are, has none.
    """
    if function.__code__.co_filename != sys.modules[function.__module__].__file__:
        return ()
    lines, first = inspect.getsourcelines(function)
    (tree,) = ast.parse(textwrap.dedent("".join(lines))).body
    ast.increment_lineno(tree, first - 1)
    body = typing.cast("ast.AsyncFunctionDef", tree).body
    return tuple(node for statement in body for node in ast.walk(statement))
