"""Where the settings come from: the environment, then files it names, then one TOML file.

Whatever is wrong is collected into one :class:`SettingsError`; no value is ever in it.
"""

import json
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    TomlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError as SourceError

from telamon.settings import PREFIX, Settings

DELIMITER = "__"
FROM_FILE = "_FILE"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
"""Names the TOML file; without it ``telamon.toml`` in the working directory is read if there."""
DEFAULT_FILE = Path("telamon.toml")
_SAID = {
    "extra_forbidden": "there is no such setting",
    "missing": "must be set",
    "tuple_type": 'must be a list; in the environment written as JSON, such as ["a", "b"]',
}


class SettingsError(Exception):
    """The configuration cannot be used; ``faults`` has one sentence for each thing to mend."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def read_settings(path: Path | None = None) -> Settings:
    """Read the settings of this process.

    Args:
        path: The TOML file; without it the one that ``TELAMON_CONFIG`` names, or ``telamon.toml``.

    Raises:
        SettingsError: With every fault: unreadable file, unknown key, wrong value, missing secret.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    file = path or (Path(named) if named else DEFAULT_FILE)
    if not file.is_file() and file != DEFAULT_FILE:
        raise SettingsError([f"{file}: there is no such file"])
    faults = [*_unknown_variables(), *_unreadable_secrets()]

    # Both bases name a model_config; the one of pydantic-settings is the wider.
    class Sourced(  # type: ignore[misc]  # pyright: ignore[reportIncompatibleVariableOverride]
        BaseSettings,
        Settings,
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        hide_input_in_errors=True,
    ):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del init_settings, env_settings, dotenv_settings, file_secret_settings
            toml = TomlConfigSettingsSource(settings_cls, toml_file=file)
            # So that a table that is not there at all is told by the settings it lacks.
            tables = InitSettingsSource(settings_cls, {"atlassian": {}, "storage": {}})
            return (Environment(settings_cls), SecretFiles(settings_cls), toml, tables)

    try:
        settings = cast("Callable[[], Settings]", Sourced)()
    except ValidationError as error:
        faults += [
            _sentence(fault["loc"], _SAID.get(fault["type"], fault["msg"]))
            for fault in error.errors()
        ]
        raise SettingsError(faults) from None
    except (SourceError, tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise SettingsError([*faults, f"{file}: {error}"]) from None
    if faults:
        raise SettingsError(faults)
    return settings


class Environment(EnvSettingsSource):
    """The ``TELAMON_`` variables, less those that name a file."""

    def __call__(self) -> dict[str, Any]:
        """Return the nested values."""
        tree = _without_files(super().__call__())
        # pydantic-settings does not look into tables whose keys are the operator's.
        for table in (tree.get("plugins"), _as_table(tree.get("policy")).get("products")):
            _read_lists(_as_table(table))
        return tree

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Return what the JSON says; what is none is left to the check, which says where it is."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def _as_table(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _read_lists(table: dict[str, Any]) -> None:
    for key, value in table.items():
        if isinstance(value, str) and value.startswith("["):
            with suppress(ValueError):
                table[key] = json.loads(value)
        _read_lists(_as_table(value))


def _without_files(tree: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _without_files(cast("dict[str, Any]", value)) if isinstance(value, dict) else value
        for key, value in tree.items()
        if not key.endswith(FROM_FILE.lower())
    }


class SecretFiles(PydanticBaseSettingsSource):
    """``TELAMON_ATLASSIAN__CLIENT_SECRET_FILE=/run/secrets/x``: the file's text, stripped."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused: the whole tree is returned at once."""
        del field
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return the nested values of every readable file."""
        tree: dict[str, Any] = {}
        for variable, path in _secret_files():
            text = _text(path)
            if text is None:
                continue
            *tables, key = variable.removesuffix(FROM_FILE).lower().split(DELIMITER)
            table = tree
            for name in tables:
                table = table.setdefault(name, {})
            table[key] = text.strip()
        return tree


def _secret_files() -> Iterator[tuple[str, Path]]:
    for name, value in os.environ.items():
        if name.upper().startswith(PREFIX) and name.upper().endswith(FROM_FILE):
            yield name[len(PREFIX) :], Path(value)


def _unreadable_secrets() -> list[str]:
    return [
        f"{PREFIX}{variable}: there is no file {path} that can be read as text"
        for variable, path in _secret_files()
        if _text(path) is None
    ]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _unknown_variables() -> list[str]:
    return [
        f"{name}: there is no such setting"
        for name in sorted(os.environ)
        if name.startswith(PREFIX)
        and name != CONFIG_VARIABLE
        and not _known(
            name[len(PREFIX) :].removesuffix(FROM_FILE).lower().split(DELIMITER), Settings
        )
    ]


def _known(path: Sequence[str], model: type[BaseModel]) -> bool:
    if path[0] not in model.model_fields:
        return model.model_config.get("extra") == "allow"
    annotation = model.model_fields[path[0]].annotation
    if len(path) == 1:
        return True
    if get_origin(annotation) is Mapping:
        annotation, path = get_args(annotation)[1], path[1:]
        if len(path) == 1:
            return True
    nested = annotation if get_origin(annotation) is None else None
    return isinstance(nested, type) and issubclass(nested, BaseModel) and _known(path[1:], nested)


def _sentence(location: Sequence[str | int], message: str) -> str:
    """Say where a fault is in both spellings: as the file and as the environment have it."""
    said = message.removeprefix("Value error, ")
    if not location:  # about several settings, which it names itself
        return said
    key = ".".join(str(part) for part in location)
    names = [part for part in location if isinstance(part, str)]
    variable = PREFIX + DELIMITER.join(names).upper()
    return f"{key} ({variable}): {said}"
