"""Which REST operations a plugin's coroutine can ask for, read from its source.

Every call is followed from the coroutine on, with the strings and choices that are handed down; no
tool runs. What cannot be told exactly is an error, never a guess: :class:`Untold`.
"""

import ast
import inspect
import sys
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

from architecture.source import (
    AnyOf,
    Value,
    any_of,
    attribute,
    functions,
    nodes,
    of_type,
    result,
    union,
)

METHODS = {
    "get": "GET",
    "download": "GET",
    "post": "POST",
    "read": "POST",
    "put": "PUT",
    "delete": "DELETE",
    "upload": "POST",
}

Asked = tuple[str, str]
"""A method and a path template as the plugin writes it."""
Place = tuple[str, int]
"""Where a request stands in the source: module and line."""


class Untold(Exception):
    """The source does not say which operation a call asks for."""


@dataclass(kw_only=True)
class Reach:
    """What was found on the way from one or more coroutines."""

    operations: set[Asked] = field(default_factory=set[Asked])
    places: set[Place] = field(default_factory=set[Place])
    _seen: set[Any] = field(default_factory=set[Any])

    def follow(self, run: Callable[..., Any], given: Mapping[str, Value] | None = None) -> None:
        """Go through *run*, called with what is *given*, and through everything it calls."""
        function = typing.cast("types.FunctionType", run)
        bound = _parameters(function, given)
        key = function, tuple(sorted((name, repr(value)) for name, value in bound.items()))
        if key not in self._seen:
            self._seen.add(key)
            _Body(self, function, bound).walk()


def reach(*runs: Callable[..., Any]) -> Reach:
    """Return what *runs* can ask for."""
    found = Reach()
    for run in runs:
        found.follow(run)
    return found


def requests_in(module: types.ModuleType) -> set[Place]:
    """Return the place of every request in the source of *module*."""
    return {
        (module.__name__, node.lineno)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call) and _asks(node)
    }


class _Body:
    """One function, with its parameters bound."""

    def __init__(
        self, found: Reach, function: types.FunctionType, bound: Mapping[str, Value]
    ) -> None:
        self._found = found
        self._function = function
        self._names = dict(bound)
        self._nodes = nodes(function)

    def walk(self) -> None:
        """Learn the local names, then look at every call and every function that is handed on."""
        self._learn()
        called: set[int] = set()
        for node in self._nodes:
            if isinstance(node, ast.Call):
                called.add(id(node.func))
                self._call(node)
        for node in self._nodes:
            if isinstance(node, ast.Name | ast.Attribute) and id(node) not in called:
                for function in functions(self._value(node)):
                    self._found.follow(function)

    def _learn(self) -> None:
        """Collect what each local name may be; more than a plain assignment is not looked into."""
        plain: dict[int, ast.expr | None] = {}
        for node in self._nodes:
            match node:
                case ast.Assign(targets=[ast.Name() as target], value=value):
                    plain[id(target)] = value
                case ast.AnnAssign(target=ast.Name() as target, value=value):
                    plain[id(target)] = value
                case ast.Name(id=name, ctx=ast.Store()):
                    self._bind(name, plain.get(id(node)))
                case ast.arg(arg=name):
                    self._bind(name, None)
                case _:
                    pass

    def _bind(self, name: str, value: ast.expr | None) -> None:
        told = self._value(value) if value is not None else None
        before = self._names.get(name, AnyOf(()))
        self._names[name] = union(before, told)

    def _call(self, node: ast.Call) -> None:
        if _asks(node):
            self._ask(node)
            return
        called = self._value(node.func) or self._only_one(node.func)
        for function in functions(called):
            self._found.follow(function, self._arguments(function, node))

    def _only_one(self, called: ast.expr) -> Value:
        """Return the method of an unknown object, which asks for something and is the only one."""
        if not isinstance(called, ast.Attribute):
            return None
        found = _asking_methods(self._function.__module__.partition(".")[0], called.attr)
        if len(found) > 1:
            raise Untold(f"{self._place(called)}: {ast.unparse(called)}")
        return AnyOf(found) if found else None

    def _ask(self, node: ast.Call) -> None:
        verb = typing.cast("ast.Attribute", node.func).attr
        methods: Value = AnyOf((METHODS[verb],))
        for keyword in node.keywords:
            if verb == "upload" and keyword.arg == "method":
                methods = self._value(keyword.value)
        paths = self._value(node.args[0])
        place = self._place(node)
        if methods is None or paths is None:
            raise Untold(f"{place}: {ast.unparse(node)}")
        self._found.operations |= set(product(methods.values, paths.values))
        self._found.places.add(place)

    def _place(self, node: ast.expr) -> Place:
        return self._function.__module__, node.lineno

    def _arguments(self, function: Callable[..., Any], node: ast.Call) -> dict[str, Value]:
        """Return what a call hands to each parameter, as far as the source tells."""
        parameters = inspect.signature(function).parameters
        names = [name for name in parameters if name != "self"]
        spread = any(isinstance(argument, ast.Starred) for argument in node.args)
        open_ended = spread or any(keyword.arg is None for keyword in node.keywords)
        given: dict[str, Value] = {
            name: None
            if open_ended or not isinstance(each.default, str)
            else AnyOf((each.default,))
            for name, each in parameters.items()
            if name != "self"
        }
        if not spread:
            given |= {n: self._value(a) for n, a in zip(names, node.args, strict=False)}
        return given | {k.arg: self._value(k.value) for k in node.keywords if k.arg in given}

    def _value(self, node: ast.expr) -> Value:  # noqa: PLR0911 - one line for each kind of expression
        match node:
            case ast.Constant():
                return AnyOf((node.value,))
            case ast.Name():
                return self._named(node.id)
            case ast.Attribute():
                return attribute(self._value(node.value), node.attr)
            case ast.Subscript():
                return self._item(node)
            case ast.JoinedStr():
                return self._joined(node.values)
            case ast.FormattedValue(conversion=-1, format_spec=None):
                return self._value(node.value)
            case ast.BinOp(op=ast.Add()):
                return self._joined([node.left, node.right])
            case ast.Call():
                return result(self._value(node.func))
            case ast.Await():
                return self._value(node.value)
            case ast.IfExp():
                return union(self._value(node.body), self._value(node.orelse))
            case _:
                return None

    def _named(self, name: str) -> Value:
        if name in self._names:
            return self._names[name]
        around = self._function.__globals__
        return AnyOf((around[name],)) if name in around else None

    def _item(self, node: ast.Subscript) -> Value:
        """Return what stands under a key in a table; without knowing the key, all of the table."""
        table, key = self._value(node.value), self._value(node.slice)
        if table is None or len(table.values) != 1 or not isinstance(table.values[0], Mapping):
            return None
        known: Mapping[Any, Any] = table.values[0]
        return any_of(known.values() if key is None else (known[each] for each in key.values))

    def _joined(self, parts: list[ast.expr]) -> Value:
        values = [self._value(part) for part in parts]
        told = [value.values for value in values if value is not None]
        if len(told) < len(values) or not all(isinstance(v, str) for vs in told for v in vs):
            return None
        return any_of("".join(chosen) for chosen in product(*told))


def _parameters(
    function: types.FunctionType, given: Mapping[str, Value] | None
) -> dict[str, Value]:
    """Bind each parameter to what is given; where that does not tell, to what its type tells."""
    hints = typing.get_type_hints(function)
    owner = function.__globals__.get(function.__qualname__.partition(".")[0])
    return {
        name: (given or {}).get(name) or of_type(owner if name == "self" else hints.get(name))
        for name in inspect.signature(function).parameters
    }


def _asks(node: ast.Call) -> bool:
    """Tell whether a call is a request: ``<anything>.api.get(...)`` and its like."""
    match node.func:
        case ast.Attribute(value=ast.Attribute(attr="api"), attr=verb):
            return verb in METHODS
        case _:
            return False


@cache
def _asking_methods(plugin: str, name: str) -> tuple[types.FunctionType, ...]:
    """Return the methods of that name in a plugin, if one of them may ask for something."""
    methods = {method for method in _methods(plugin) if method.__name__ == name}
    return tuple(methods) if name in _asking_names(plugin) else ()


@cache
def _asking_names(plugin: str) -> frozenset[str]:
    """Return the names of all methods that ask for something or call one that does."""
    asking: set[str] = set()
    while more := {m.__name__ for m in _methods(plugin) if _calls(m, asking)} - asking:
        asking |= more
    return frozenset(asking)


@cache
def _methods(plugin: str) -> frozenset[types.FunctionType]:
    modules = [m for name, m in sys.modules.items() if name.partition(".")[0] == plugin]
    return frozenset(
        method
        for module in modules
        if ".sandbox" not in module.__name__
        for owner in vars(module).values()
        if isinstance(owner, type) and owner.__module__ == module.__name__
        for method in vars(owner).values()
        if inspect.isfunction(method) and method.__module__ == module.__name__
    )


def _calls(method: types.FunctionType, names: set[str]) -> bool:
    calls = [node for node in nodes(method) if isinstance(node, ast.Call)]
    return any(
        _asks(node) or (isinstance(node.func, ast.Attribute) and node.func.attr in names)
        for node in calls
    )
