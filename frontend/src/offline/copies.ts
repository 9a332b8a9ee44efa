/**
 * Copies of what the server has answered, for reading without it: the list of conversations, the last ones with their
 * newest messages, and what the chat needs beside them. They belong to the account that is signed in, and are gone
 * when it is not: at sign-out, when the server ends the sign-in, after a week, and when another account comes.
 */
import type { Copies } from "@/api/client";
import type { User } from "@/api/types";
import type { Copy, OfflineDatabase } from "@/offline/database";

/** As long as a sign-in that is not used. */
const LIFETIME_MS = 7 * 86_400_000;
/** Conversations whose newest messages are kept. */
const CONVERSATIONS = 30;
const MESSAGES = "messages";
const OTHER = "other";
const CONVERSATION = /^\/api\/conversations\/[^/?]+$/;
const KEPT: readonly (readonly [RegExp, string])[] = [
  [/^\/api\/conversations\/[^/?]+\/messages\?order=desc&limit=50$/, MESSAGES],
  [CONVERSATION, MESSAGES],
  [/^\/api\/conversations\?(?!.*\b(cursor|archived|folder_id)=)/, OTHER],
  [/^\/api\/(ai\/v4\/(agents\/available|models)|folders|prompts|preferences)(\?(?!.*\bcursor=).*)?$/, OTHER],
];

export class OfflineCopies implements Copies {
  private owner: string | null = null;
  private last: Promise<void> = Promise.resolve();
  private readonly temporary = new Set<string>();

  constructor(
    private readonly database: OfflineDatabase,
    private readonly now: () => number = Date.now,
  ) {}

  /** Whose sign-in was here last, where that is not too long ago. */
  async lastUser(): Promise<User | null> {
    const owner = await this.database.get("owner", "owner");
    return owner && this.now() - owner.at < LIFETIME_MS ? owner.user : null;
  }

  /** This account is signed in: what another one has left is erased. */
  belongTo(user: User): Promise<void> {
    this.owner = user.id;
    return this.inTurn(async () => {
      const before = await this.database.get("owner", "owner");
      if (before && before.user.id !== user.id) await this.database.clear();
      await this.database.put("owner", { id: "owner", user, at: this.now() });
    });
  }

  erase(): Promise<void> {
    this.owner = null;
    this.temporary.clear();
    return this.inTurn(() => this.database.clear());
  }

  /** Keeps an answer to who asks now; whoever is signed in when it arrives. */
  keeper(path: string): (body: unknown) => void {
    const { owner } = this;
    const group = KEPT.find(([paths]) => paths.test(path))?.[1];
    if (owner === null || group === undefined) return () => undefined;
    return (body) => {
      const at = this.now();
      void this.inTurn(async () => {
        if (this.owner === owner) await this.keep({ path, group, at, body });
      });
    };
  }

  async find(path: string): Promise<unknown> {
    const copy = await this.database.get("copies", path);
    return copy && this.now() - copy.at < LIFETIME_MS ? copy.body : undefined;
  }

  /** It was deleted: what is kept under this path, and under it, is erased. */
  forget(path: string): void {
    void this.database.remove("copies", path);
    for (const sign of ["/", "?"]) void this.database.removeUnder("copies", path + sign);
  }

  /** One after the other: what is kept for one account is never mixed with erasing another's. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.last = this.last.then(work);
    return this.last;
  }

  private async keep(copy: Copy): Promise<void> {
    const { path, group, body } = copy;
    if (CONVERSATION.test(path) && (body as { temporary?: boolean }).temporary) {
      this.temporary.add(path);
      return this.forget(path);
    }
    if ([...this.temporary].some((one) => path.startsWith(`${one}/`))) return;
    await this.database.put("copies", copy);
    if (group !== MESSAGES) return;
    // Two for each: the conversation and its messages.
    const paths = await this.database.oldest(MESSAGES);
    for (const old of paths.slice(0, Math.max(0, paths.length - 2 * CONVERSATIONS)))
      await this.database.remove("copies", old);
  }
}
