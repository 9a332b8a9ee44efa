/** A conversation is a tree: a question asked differently and an answer given anew are branches beside the first. */
import type { Message } from "@/api/chat";

export interface Step {
  message: Message;
  /** This message and its alternatives, oldest first. */
  siblings: readonly Message[];
}

export class Tree {
  private readonly byId = new Map<string, Message>();
  private readonly children = new Map<string | null, Message[]>();

  /** messages: oldest first. Their first ones may continue messages that are not loaded. */
  constructor(readonly messages: readonly Message[]) {
    for (const message of messages) {
      this.byId.set(message.id, message);
      const siblings = this.children.get(message.parent_id);
      if (siblings) siblings.push(message);
      else this.children.set(message.parent_id, [message]);
    }
  }

  get(id: string): Message | undefined {
    return this.byId.get(id);
  }

  /** The messages from the oldest loaded one down to the leaf; without a leaf, to the newest message. */
  path(leaf: string | null): Step[] {
    const steps: Step[] = [];
    let message = this.byId.get(leaf ?? "") ?? this.messages.at(-1);
    while (message) {
      steps.push({ message, siblings: this.children.get(message.parent_id) ?? [message] });
      message = message.parent_id === null ? undefined : this.byId.get(message.parent_id);
    }
    return steps.reverse();
  }

  /** The newest message below a message: where its branch was left. */
  leafOf(id: string): string {
    let leaf = id;
    for (let below = this.children.get(leaf); below?.length; below = this.children.get(leaf)) {
      leaf = below[below.length - 1]?.id ?? leaf;
    }
    return leaf;
  }
}
