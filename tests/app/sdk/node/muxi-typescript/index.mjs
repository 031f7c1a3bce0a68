// Stands in for MUXI's TypeScript SDK: the envelope taken off, an idempotency key for each call, a stream's frames as JSON.

export class MuxiError extends Error {
  constructor(status, code, message) {
    super(`${code}: ${message}`);
    Object.assign(this, { status, code });
  }
}

export class FormationClient {
  constructor({ baseUrl, clientKey, timeoutMs = 30_000 }) {
    Object.assign(this, { baseUrl, clientKey, timeoutMs });
  }

  async chat(payload, userId) {
    return this.#data("POST", "/chat", payload, userId);
  }

  async cancelRequest(requestId, userId) {
    return this.#data("DELETE", `/requests/${requestId}`, undefined, userId);
  }

  async *chatStream(payload, userId) {
    const answer = await this.#fetch("POST", "/chat", { ...payload, stream: true }, userId);
    let text = "";
    for await (const some of answer.body.pipeThrough(new TextDecoderStream())) {
      const lines = (text + some).split("\n");
      text = lines.pop();
      for (const line of lines) if (line.startsWith("data: ")) yield JSON.parse(line.slice(6));
    }
  }

  async #data(method, path, payload, userId) {
    const answer = await this.#fetch(method, path, payload, userId);
    const body = await answer.json();
    if (!answer.ok) throw new MuxiError(answer.status, body.code ?? body.error.code, body.message ?? body.error.message);
    return body.data;
  }

  #fetch(method, path, payload, userId) {
    const headers = {
      "Content-Type": "application/json",
      "X-Muxi-Client-Key": this.clientKey,
      "X-Muxi-User-ID": userId,
      "X-Muxi-SDK": "typescript/0",
      "X-Muxi-Idempotency-Key": crypto.randomUUID(),
    };
    return fetch(this.baseUrl + path, { method, headers, body: payload && JSON.stringify(payload), signal: AbortSignal.timeout(this.timeoutMs) });
  }
}
