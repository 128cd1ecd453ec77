"""Write octi plugins in Python: a tool is an annotated function with a docstring.

The clients of the host are modules of their own (``octi_plugin.fs``, ``kv``, ``http``, ``shell``, ``artifacts``, ``ask``, ``llm``, ``log``): what they need must be in
plugin.toml, and a component has nothing else.
"""

from .errors import BadInput, Failed, HostError, Internal, NeedsUser, ToolError, Unavailable
from .tools import Output, Tool, tool

__all__ = [
    "BadInput",
    "Failed",
    "HostError",
    "Internal",
    "NeedsUser",
    "Output",
    "Tool",
    "ToolError",
    "Unavailable",
    "tool",
]
__version__ = "0.1.0"
