// The providers that the server knows, in the words of a person.

export interface Provider {
  id: string;
  name: string;
  needsKey: boolean;
  needsEndpoint: boolean;
  help: string;
  /** A model to begin with; nothing when the server has a usual one or only the person knows. */
  example: string;
}

export const PROVIDERS: readonly Provider[] = [
  {
    id: "anthropic",
    name: "Anthropic",
    needsKey: true,
    needsEndpoint: false,
    help: "A key from console.anthropic.com.",
    example: "",
  },
  {
    id: "openai",
    name: "OpenAI",
    needsKey: true,
    needsEndpoint: false,
    help: "A key from platform.openai.com.",
    example: "",
  },
  {
    id: "gemini",
    name: "Google Gemini",
    needsKey: true,
    needsEndpoint: false,
    help: "A key from aistudio.google.com.",
    example: "",
  },
  {
    id: "openrouter",
    name: "OpenRouter",
    needsKey: true,
    needsEndpoint: false,
    help: "A key from openrouter.ai.",
    example: "",
  },
  {
    id: "deepseek",
    name: "DeepSeek",
    needsKey: true,
    needsEndpoint: false,
    help: "A key from platform.deepseek.com.",
    example: "",
  },
  {
    id: "ollama",
    name: "Ollama",
    needsKey: false,
    needsEndpoint: false,
    help: "Models on this machine; name one that `ollama list` shows.",
    example: "qwen3:8b",
  },
  {
    id: "openai-compatible",
    name: "Another server that speaks the OpenAI API",
    needsKey: false,
    needsEndpoint: true,
    help: "Such as vLLM, llama.cpp or LM Studio; a key only if it wants one.",
    example: "",
  },
];

export const providerOf = (id: string): Provider | undefined =>
  PROVIDERS.find((provider) => provider.id === id);
