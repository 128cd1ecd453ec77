"""Answers calls with the official host of Extism: a JSON object a line in, one out."""

import base64
import json
import sys

import extism

for line in sys.stdin:
    asked = json.loads(line)
    manifest = {
        "wasm": [{"path": asked["module"]}],
        "config": asked["config"],
        "memory": {"max_pages": 2048},
        "timeout_ms": asked["timeoutMs"],
    }
    # A new one for every call, as octi does.
    with extism.Plugin(manifest, wasi=True) as plugin:
        try:
            output = plugin.call(asked["function"], base64.b64decode(asked["input"]))
            answer = {"output": base64.b64encode(bytes(output)).decode()}
        except extism.Error as error:
            answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
