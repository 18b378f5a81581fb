"""Find the installed plugins, admit the enabled ones, and check all that they declare.

Every fault is collected: a start that fails names everything that has to be mended, at once.
"""

import importlib.metadata
import traceback
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pluggy import PluginManager
from pydantic import BaseModel, ValidationError

from telamon.plugin import AnyProduct, hookspecs
from telamon.plugin.checks import faults_of


class PluginError(Exception):
    """Plugins are missing, or declare what the server cannot accept: one fault a line."""

    def __init__(self, faults: Collection[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """The enabled plugins: their hooks, their products, and each product's checked settings."""

    manager: PluginManager
    products: tuple[AnyProduct, ...]
    settings: Mapping[str, BaseModel]


def load(enabled: Collection[str], sections: Mapping[str, Any]) -> Loaded:
    """Load the *enabled* plugins; the code of any other is never imported.

    Args:
        enabled: Entry-point names in the group ``telamon``.
        sections: The raw tables ``[plugins.<name>]``.

    Raises:
        PluginError: With every fault of every plugin.
    """
    manager = PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    faults = [f"plugin {name}: enabled twice" for name, n in Counter(enabled).items() if n > 1]
    products: list[AnyProduct] = []
    for name in sorted(set(enabled)):
        found, wrong = _load_one(manager, name)
        products += found
        faults += wrong
    faults += _duplicates(products)
    settings: dict[str, BaseModel] = {}
    for product in products:
        try:
            settings[product.name] = product.settings.model_validate(sections.get(product.name, {}))
        except ValidationError as error:
            faults += _settings_faults(product.name, error)
    faults += [
        f"[plugins.{name}]: there are settings for a plugin that is not enabled"
        for name in sorted(set(sections) - set(enabled))
        if sections[name]
    ]
    if faults:
        raise PluginError(faults)
    return Loaded(manager=manager, products=tuple(products), settings=settings)


def installed() -> Mapping[str, importlib.metadata.EntryPoint]:
    """Return every installed plugin by name, without importing any."""
    return {ep.name: ep for ep in importlib.metadata.entry_points(group=hookspecs.PROJECT)}


def only(manager: PluginManager, plugin: object, hook: str) -> Any:
    """Return a caller of *hook* that reaches *plugin* alone, so that faults have a name."""
    return manager.subset_hook_caller(hook, [p for p in manager.get_plugins() if p is not plugin])


def _load_one(manager: PluginManager, name: str) -> tuple[list[AnyProduct], list[str]]:
    entry_point = installed().get(name)
    if entry_point is None:
        known = ", ".join(sorted(installed())) or "none"
        return [], [f"plugin {name}: not installed (installed: {known})"]
    try:
        plugin = entry_point.load()
        manager.register(plugin, name=name)
        manager.check_pending()
        products: list[AnyProduct] = only(manager, plugin, "register_product")()
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises is its fault, named here
        said = f"{type(error).__name__}: {error}{_where(error, entry_point.module)}"
        return [], [f"plugin {name}: cannot be loaded: {said}"]
    if not products:
        return [], [f"plugin {name}: it implements no register_product hook"]
    wrong = [f"plugin {name}: {fault}" for product in products for fault in faults_of(product)]
    wrong += [
        f"plugin {name}: its product is named {product.name!r}; the names must agree"
        for product in products
        if product.name != name
    ]
    return products, wrong


def _where(error: Exception, module: str) -> str:
    """Name the last line of the plugin's own package that was on the way to *error*."""
    package = module.partition(".")[0]
    lines = [
        f" ({frame.f_code.co_filename}:{number})"
        for frame, number in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] == package
    ]
    return lines[-1] if lines else ""


def _duplicates(products: Collection[AnyProduct]) -> list[str]:
    owners: dict[str, list[str]] = {}
    for product in products:
        for tool in product.tools:
            owners.setdefault(tool.name, []).append(product.name)
    return [
        f"tool {tool}: declared by {' and '.join(names)}; a name can be offered once"
        for tool, names in sorted(owners.items())
        if len(set(names)) > 1
    ]


def _settings_faults(name: str, error: ValidationError) -> list[str]:
    return [
        f"[plugins.{name}] {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False)
    ]
