/** Shapes of the HTTP API, as /openapi.json describes them. Money is a decimal string in USD, times are ISO 8601. */
export type Locale = "en" | "pl";

export interface User {
  id: string;
  email: string;
  name: string;
  role: "user" | "admin";
  plan: string;
  locale: Locale;
  retention_days: number | null;
  verified_at: string | null;
  created_at: string;
}

export interface SignedIn {
  access_token: string;
  expires_in: number;
  user: User;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Strength {
  score: number;
  warning: string;
  suggestions: string[];
}
