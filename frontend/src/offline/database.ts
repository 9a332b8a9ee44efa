/**
 * What this browser keeps for one account, in IndexedDB. A browser that refuses (some private windows do) keeps
 * nothing: reads find nothing and writes do nothing.
 */

import type { StreamBody } from "@/api/chat";
import type { User } from "@/api/types";
import type { LiveMode } from "@/chat/live-answer";

/** An answer of the API. group: of which only so many are kept. at: milliseconds since 1970. */
export interface Copy {
  path: string;
  group: string;
  at: number;
  body: unknown;
}

/** A question that the server has not taken yet. key: its Idempotency-Key. */
export interface Waiting {
  key: string;
  mode: LiveMode;
  body: StreamBody;
  askedAt: number;
}

/** Whose all of this is. */
export interface Owner {
  id: "owner";
  user: User;
  at: number;
}

interface Stores {
  copies: Copy;
  waiting: Waiting;
  owner: Owner;
}

type Store = keyof Stores;

const NAME = "aether";
const VERSION = 1;
const STORES: readonly Store[] = ["copies", "waiting", "owner"];
const BY_AGE = "by age";

export class OfflineDatabase {
  private opened: Promise<IDBDatabase> | null = null;

  get<S extends Store>(store: S, key: string): Promise<Stores[S] | undefined> {
    return this.run(store, "readonly", (rows) => rows.get(key), undefined);
  }

  all<S extends Store>(store: S): Promise<Stores[S][]> {
    return this.run(store, "readonly", (rows) => rows.getAll(), []);
  }

  put<S extends Store>(store: S, row: Stores[S]): Promise<unknown> {
    return this.run(store, "readwrite", (rows) => rows.put(row), undefined);
  }

  remove(store: Store, key: string): Promise<unknown> {
    return this.run(store, "readwrite", (rows) => rows.delete(key), undefined);
  }

  /** Removes all rows whose key begins so. */
  removeUnder(store: Store, start: string): Promise<unknown> {
    return this.run(store, "readwrite", (rows) => rows.delete(IDBKeyRange.bound(start, `${start}\uffff`)), undefined);
  }

  /** Paths of the copies of a group, oldest first. */
  async oldest(group: string): Promise<string[]> {
    const range = (): IDBKeyRange => IDBKeyRange.bound([group, 0], [group, Number.POSITIVE_INFINITY]);
    const keys = await this.run(
      "copies",
      "readonly",
      (rows) => rows.index(BY_AGE).getAllKeys(range()),
      [] as unknown[],
    );
    return keys.map(String);
  }

  async clear(): Promise<void> {
    for (const store of STORES) await this.run(store, "readwrite", (rows) => rows.clear(), undefined);
  }

  private async run<T>(
    store: Store,
    mode: IDBTransactionMode,
    ask: (rows: IDBObjectStore) => IDBRequest,
    otherwise: T,
  ): Promise<T> {
    try {
      this.opened ??= open();
      const database = await this.opened;
      return (await answered(ask(database.transaction(store, mode).objectStore(store)))) as T;
    } catch {
      return otherwise;
    }
  }
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(NAME, VERSION);
  request.onupgradeneeded = () => {
    const copies = request.result.createObjectStore("copies", { keyPath: "path" });
    copies.createIndex(BY_AGE, ["group", "at"]);
    request.result.createObjectStore("waiting", { keyPath: "key" });
    request.result.createObjectStore("owner", { keyPath: "id" });
  };
  return answered(request) as Promise<IDBDatabase>;
}

function answered(request: IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
