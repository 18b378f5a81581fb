"""Match a request's path to a product's operation; a literal segment beats a parameter."""

from collections.abc import Sequence
from dataclasses import dataclass

from telamon.plugin import Emulator, Operation, SandboxResponse
from telamon.plugin.paths import HOLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """The operation, and its path parameters."""

    operation: Operation
    parameters: dict[str, str]


class NoEmulator:
    """Stands for a product that brings no part of the sandbox: signing in works, calls are 404."""

    @property
    def operations(self) -> Sequence[Operation]:
        """None."""
        return ()

    def reset(self) -> None:
        """Nothing is kept."""

    def unreadable(self, problem: str) -> SandboxResponse:
        """Never asked: no operation matches."""
        return SandboxResponse(status=400, body={"message": problem})


class Routes:
    """All operations of one product."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self._operations = sorted(
            ((_segments(operation.path), operation) for operation in emulator.operations),
            key=lambda entry: [HOLE.search(segment) is not None for segment in entry[0]],
        )

    def find(self, method: str, path: Sequence[str]) -> Match | None:
        """Return what *method* on the decoded segments of *path* is."""
        for template, operation in self._operations:
            if operation.method == method and len(template) == len(path):
                parameters = _fit(template, path)
                if parameters is not None:
                    return Match(operation=operation, parameters=parameters)
        return None

    def methods(self, path: Sequence[str]) -> list[str]:
        """Return the methods that *path* has."""
        verbs = ("GET", "POST", "PUT", "DELETE", "PATCH")
        return [method for method in verbs if self.find(method, path)]


def _segments(path: str) -> list[str]:
    return path.removeprefix("/").split("/")


def _fit(template: Sequence[str], path: Sequence[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for expected, segment in zip(template, path, strict=True):
        hole = HOLE.fullmatch(expected)
        if hole is not None and segment:
            parameters[hole[1].replace("-", "_")] = segment
        elif expected != segment:
            return None
    return parameters
