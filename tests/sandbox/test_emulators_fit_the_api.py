"""The emulated products know no operation, query parameter or scope that Atlassian does not."""

import re
import time
from typing import Any

import pytest
from facts.requests import operations

from telamon.loader import load
from telamon.plugin import Operation, World
from telamon.sandbox import PEOPLE, SITES

WORLD = World(people=PEOPLE, sites=SITES, now=time.time)


def emulated() -> list[Any]:
    found = []
    for product in load(("confluence", "jira"), {}).products:
        assert product.sandbox is not None
        found += [
            pytest.param(product.name, operation, id=f"{operation.method} {operation.path}")
            for operation in product.sandbox(WORLD).operations
        ]
    return found


def shape(path: str) -> str:
    """The names in braces are the emulator's own business."""
    return re.sub(r"\{[^}]+\}", "{}", path)


FACTS = {(fact["product"], fact["method"], shape(fact["path"])): fact for fact in operations()}


@pytest.mark.parametrize(("product", "operation"), emulated())
def test_an_emulated_operation_is_one_of_atlassians(product: str, operation: Operation) -> None:
    fact = FACTS[product, operation.method, shape(operation.path)]
    assert operation.query <= set(fact["query"])
    documented = [set(scopes) for kind in ("current", "beta") for scopes in fact["scopes"][kind]]
    assert all(set(alternative) in documented for alternative in operation.scopes)
    assert bool(operation.scopes) == bool(documented)
