/** The user's prompts: all of them, and what is put in for their variables. */
import { useQuery } from "@tanstack/react-query";
import type { ApiClient } from "@/api/client";
import type { Prompt } from "@/api/prompts";
import type { Page } from "@/api/types";
import { useApi } from "@/session/context";

export const PROMPTS = "/api/prompts";
export const PROMPTS_KEY = ["prompts"];
const PAGE = 100;
/** As the server finds variables: {{name}}, {{ the reader }}. */
const VARIABLE = /\{\{[ \t]{0,8}([\p{L}\p{N}_](?:[\p{L}\p{N}_ .-]{0,38}[\p{L}\p{N}_])?)[ \t]{0,8}\}\}/gu;

/** A user has 200 at most, so all of them are loaded. enabled: somebody wants them now. */
export function usePrompts(enabled = true) {
  const api = useApi();
  return useQuery({ queryKey: PROMPTS_KEY, queryFn: ({ signal }) => all(api, signal), enabled });
}

async function all(api: ApiClient, signal: AbortSignal): Promise<Prompt[]> {
  const found: Prompt[] = [];
  let cursor: string | null = null;
  do {
    const more: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page: Page<Prompt> = await api.get(`${PROMPTS}?limit=${PAGE}${more}`, signal);
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return found;
}

/** The text with values in place of its variables; one without a value stays as it is. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(VARIABLE, (whole, name: string) => values[name] || whole);
}

/** What somebody is looking for who has typed "/" and the beginning of a title; null where it is an ordinary text. */
export function wantedPrompt(text: string): string | null {
  return /^\/[^\n/]{0,60}$/.test(text) ? text.slice(1).trim().toLowerCase() : null;
}

/** Titles that begin so come first. */
export function matching(prompts: readonly Prompt[], wanted: string): Prompt[] {
  const at = (prompt: Prompt): number => prompt.title.toLowerCase().indexOf(wanted);
  const found = prompts.filter((prompt) => at(prompt) >= 0);
  return found.sort((one, other) => Math.sign(at(one)) - Math.sign(at(other)));
}
