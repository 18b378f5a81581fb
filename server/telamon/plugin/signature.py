"""Read a coroutine's signature: positional parameters are the server's, keyword-only the model's.

Faults are collected, not raised, so that a start with many mistakes names all of them at once.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from telamon.plugin.call import Call
from telamon.plugin.names import camel

CONFIG = ConfigDict(extra="forbid", allow_inf_nan=False, alias_generator=camel)
"""Unknown arguments are refused; an explicit ``Field(alias=...)`` wins over camelCase."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """What a declared coroutine wants, and what is wrong with the way it says so."""

    takes_call: bool
    arguments: type[BaseModel]
    faults: tuple[str, ...]


def read_signature(run: Callable[..., Any]) -> Signature:
    """Build the argument model of *run*; every fault is one sentence naming the parameter."""
    faults: list[str] = []
    if not inspect.iscoroutinefunction(run):
        faults.append("must be an async function")
    parameters: list[inspect.Parameter] = []
    try:
        parameters = list(inspect.signature(run, eval_str=True).parameters.values())
    except NameError as error:
        faults.append(f"has an annotation that cannot be resolved: {error}")
    given = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    positional = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]
    if parameters and not positional:
        faults.append("must take the product's client as its first parameter")
    takes_call = len(positional) > 1 and positional[1].annotation is Call
    faults += [
        f"takes {p.name!r} by position; only the client and a Call may be, "
        "put the model's parameters behind '*'"
        for p in positional[2 if takes_call else 1 :]
    ]
    model, wrong = _model(getattr(run, "__name__", "tool"), given)
    return Signature(takes_call=takes_call, arguments=model, faults=(*faults, *wrong))


def _model(name: str, parameters: list[inspect.Parameter]) -> tuple[type[BaseModel], list[str]]:
    fields: dict[str, Any] = {}
    faults: list[str] = []
    for parameter in parameters:
        if parameter.annotation is parameter.empty:
            faults.append(f"gives {parameter.name!r} no type")
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (parameter.annotation, default)
    make: Callable[..., type[BaseModel]] = create_model
    try:
        arguments = make(name, __config__=CONFIG, **fields)
        arguments.model_json_schema(by_alias=True)
    except Exception as error:  # noqa: BLE001 - pydantic raises several kinds, all mean a bad schema
        faults.append(f"has parameters from which no input schema can be made: {error}")
        arguments = make(name, __config__=CONFIG)
    return arguments, faults
