export const sent = [];
export const next = { status: 200, text: "{}" };

function answer(head, body) {
  sent.push({ ...head, body });
  const bytes = new TextEncoder().encode(next.text);
  let at = 0;
  const read = (max) => {
    const part = bytes.slice(at, at + max);
    at += part.length;
    return part;
  };
  return { status: next.status, url: head.url, headers: [["content-type", "application/json"]], body: { read } };
}

export class Request {
  constructor(head) {
    this.head = head;
    this.parts = [];
  }

  static start(head) {
    return new Request(head);
  }

  write(chunk) {
    this.parts.push(...chunk);
  }

  static send(request) {
    return answer(request.head, new TextDecoder().decode(Uint8Array.from(request.parts)));
  }
}

export function send(head) {
  return answer(head, undefined);
}
