/** For tests: an answer that is sent event by event, and whose connections break where the test says so. */

export class FakeStream {
  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  private readonly sent: string[] = [];

  /** A new connection, which first gets what was sent after this event. */
  connect(after = 0): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.controller = controller;
        for (const event of this.sent.slice(after)) controller.enqueue(encoded(event));
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  send(name: string, data: unknown): void {
    const event = `id: ${this.sent.length + 1}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
    this.sent.push(event);
    this.controller?.enqueue(encoded(event));
  }

  metadata(more: Record<string, unknown> = {}): void {
    this.send("metadata", {
      stream_id: "str_1",
      conversation_id: "conv_1",
      message_id: "msg_2",
      agent: { id: "dev", name: "Dev", role: "Developer" },
      model: "small",
      ...more,
    });
  }

  break(): void {
    this.controller?.error(new TypeError("network"));
    this.controller = null;
  }
}

function encoded(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export const RECEIPT = {
  finish_reason: "stop",
  agent: { id: "dev", name: "Dev", role: "Developer" },
  model_used: "openai/gpt-oss-20b",
  routing: { complexity: 0.1, tier: "small", reasons: ["the message speaks of python"] },
  tokens: { prompt: 10, cached_prompt: 0, completion: 5, reasoning: 0, total: 15 },
  tokens_used: 15,
  cost: "0.000066375",
  baseline_cost: "0.00013275",
  response_time: 1.2,
  cached: false,
  cache: null,
  conversation_id: "conv_1",
  message_id: "msg_2",
  request_id: "req_1",
  timestamp: "2026-11-22T12:00:00Z",
};
