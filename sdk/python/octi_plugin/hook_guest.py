"""The export of a hook, made of the author's module. The build puts this around it; nobody else needs it."""

from __future__ import annotations

import json
from types import ModuleType

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import hook as raw

from . import hook
from ._serve import BUG, bug, serving
from .errors import ToolError


def hook_of(module: ModuleType) -> type:
    """A class for the interface ``octi:plugin/hook``, of the one hook that is in the module."""
    found = [value for value in vars(module).values() if isinstance(value, hook.Hook)]
    if len(found) != 1:
        raise TypeError(f"plugin.toml has `[hook]`, but `{module.__name__}` has {len(found)} hooks; put `@hook` before one function")

    class Hook(exports.Hook):
        def on_event(self, event: raw.Event) -> raw.Verdict:
            with serving():
                return _verdict(found[0], event)

    return Hook


def _verdict(watch: hook.Hook, event: raw.Event) -> raw.Verdict:
    try:
        said = watch(hook.read(event.name, json.loads(event.details)))
        if said is None:
            return raw.Verdict_GoOn()
        if isinstance(said, hook.Block):
            return raw.Verdict_Block(said.reason)
        if isinstance(said, hook.Rewrite):
            return raw.Verdict_Rewrite(json.dumps(said.arguments, ensure_ascii=False, allow_nan=False))
        raise TypeError(f"a hook gives None, `Block` or `Rewrite`, and not `{type(said).__name__}`")
    except ToolError as error:
        raise Err(str(error)) from None
    except Exception as error:
        bug(event.name, error)
        raise Err(BUG) from None
