/** Shapes of custom instructions, prompts and shares, as /openapi.json describes them. */

/** GET and PUT /api/preferences */
export interface Preferences {
  instructions: { about: string; style: string; enabled: boolean };
  /** large_share null: as the deployment has it. */
  routing: { large_share: number | null; compare: boolean; similar_answers: boolean };
}

export interface Prompt {
  id: string;
  title: string;
  /** With {{name}} where something is to be filled in. */
  text: string;
  /** The names, in the order of their first appearance. */
  variables: string[];
  created_at: string;
  updated_at: string;
}

export interface Share {
  id: string;
  conversation_id: string;
  title: string;
  created_at: string;
}

export interface NewShare extends Share {
  /** The link, on this server; told once. */
  url_path: string;
}

/** GET /api/shared/{token} */
export interface SharedConversation {
  title: string;
  created_at: string;
  messages: { role: "user" | "assistant"; content: string; agent: string | null; created_at: string }[];
}
