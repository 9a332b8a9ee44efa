/** Shapes of the account and of what belongs to it, as /openapi.json describes them. */

/** GET /api/auth/mfa */
export interface FactorStatus {
  enabled: boolean;
  enabled_at: string | null;
  recovery_codes_left: number;
}

/** POST /api/auth/mfa/enroll */
export interface FactorSecret {
  secret: string;
  otpauth_uri: string;
  /** Seconds in which it is to be confirmed. */
  expires_in: number;
}

export interface RecoveryCodes {
  recovery_codes: string[];
}

/** GET /api/auth/sessions */
export interface SignIn {
  id: string;
  /** A User-Agent; may be empty. */
  device: string;
  current: boolean;
  created_at: string;
  last_used: string;
  expires_at: string;
}

/** GET /api/auth/oidc */
export interface Provider {
  enabled: boolean;
  name: string | null;
}

/** GET /api/auth/oidc/identity */
export interface LinkedIdentity {
  identity: { email: string; linked_at: string; last_used: string } | null;
  has_password: boolean;
}

export const SCOPES = ["chat", "conversations:read", "conversations:write", "usage:read", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes: Scope[];
  /** Chat requests in a window, "100/hour"; null: none of its own. */
  limit: string | null;
  created_at: string;
  expires_at: string | null;
  last_used: string | null;
}

export interface CreatedKey extends ApiKey {
  key: string;
}
