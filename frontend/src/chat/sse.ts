/** Server-sent events of a response's body, as they arrive. */

export interface ServerEvent {
  id: number;
  name: string;
  data: unknown;
}

/** Ends with the body. Raises what reading raises. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const parts = rest.split("\n\n");
      rest = parts.pop() ?? "";
      for (const part of parts) {
        const event = parsed(part);
        if (event) yield event;
      }
    }
  } finally {
    // Whoever stops listening closes the connection.
    await reader.cancel().catch(() => undefined);
  }
}

/** null for a comment, which only keeps the connection open. */
function parsed(part: string): ServerEvent | null {
  const event: ServerEvent = { id: 0, name: "message", data: null };
  let data = "";
  for (const line of part.split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    if (line.startsWith("id:")) event.id = Number(value);
    else if (line.startsWith("event:")) event.name = value;
    else if (line.startsWith("data:")) data += value;
  }
  if (!data) return null;
  event.data = JSON.parse(data);
  return event;
}
