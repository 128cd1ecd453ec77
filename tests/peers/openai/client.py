"""Talks to octi with the official Python client. The model's answers are scripted by `host/gateway/src/tests/openai/peers.rs`."""

import json
import sys

import openai

_, base_url, api_key = sys.argv
client = openai.OpenAI(base_url=base_url, api_key=api_key, max_retries=0)
model = "scripted"
messages = [{"role": "user", "content": "hi"}]
parameters = {"type": "object", "properties": {"at": {"type": "string"}}}
tools = [{"type": "function", "function": {"name": "weather", "description": "Tells", "parameters": parameters}}]


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def fails(request, kind, code):
    try:
        request()
    except kind as error:
        same(error.code, code)
    else:
        raise AssertionError(f"no {kind.__name__}")


same([found.id for found in client.models.list()], [model])
same(client.models.retrieve(model).owned_by, "openai")

whole = client.chat.completions.create(model=model, messages=messages)
same((whole.choices[0].message.content, whole.usage.total_tokens), ("hello", 15))

text, usage = "", None
for chunk in client.chat.completions.create(model=model, messages=messages, stream=True, stream_options={"include_usage": True}):
    text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
    usage = chunk.usage or usage
same((text, usage.total_tokens), ("hello", 15))

with client.chat.completions.stream(model=model, messages=messages, tools=tools) as stream:
    called = stream.get_final_completion().choices[0].message
same((called.tool_calls[0].id, json.loads(called.tool_calls[0].function.arguments)), ("c1", {"at": "Rome"}))
answered = [*messages, called.model_dump(exclude_none=True), {"role": "tool", "tool_call_id": "c1", "content": "sunny"}]
same(client.chat.completions.create(model=model, messages=answered, tools=tools).choices[0].message.content, "hello")

called = client.chat.completions.create(model=model, messages=messages, tools=tools, tool_choice="required")
same((called.choices[0].finish_reason, called.choices[0].message.content), ("tool_calls", None))

same(client.responses.create(model=model, input="hi", instructions="Be brief.").output_text, "hello")
with client.responses.stream(model=model, input="hi") as stream:
    same(stream.get_final_response().output_text, "hello")
functions = [{"type": "function", "name": "weather", "parameters": parameters, "strict": False}]
with client.responses.stream(model=model, input="sunny?", tools=functions) as stream:
    wanted = stream.get_final_response().output[0]
same((wanted.type, wanted.call_id, wanted.name), ("function_call", "c1", "weather"))

# Without a format of its own, the client asks for Base64 and reads it.
embedded = client.embeddings.create(model=model, input=["the sun", "hi"], dimensions=2)
same(([found.embedding for found in embedded.data], embedded.usage.total_tokens), ([[7.0, 0.5], [2.0, 0.5]], 6))
floats = client.embeddings.create(model=model, input="hi", encoding_format="float")
same(floats.data[0].embedding, [2.0, 0.5])
fails(lambda: client.embeddings.create(model="talker", input="hi"), openai.BadRequestError, "unsupported_value")

fails(lambda: client.chat.completions.create(model="none", messages=messages), openai.NotFoundError, "model_not_found")
fails(lambda: client.chat.completions.create(model=model, messages=messages, n=2), openai.BadRequestError, "invalid_field")
stranger = openai.OpenAI(base_url=base_url, api_key="octi_wrong", max_retries=0)
fails(stranger.models.list, openai.AuthenticationError, "invalid_api_key")
broken = client.chat.completions.create(model=model, messages=messages, stream=True)
fails(lambda: list(broken), openai.APIError, "unavailable")
