/** Shapes of chat and conversations, as /openapi.json describes them. */

export interface AgentRef {
  id: string;
  name: string;
  role: string;
}

export interface Agent extends AgentRef {
  description: string;
  tier: string;
}

export interface Routing {
  complexity: number;
  tier: string;
  reasons: string[];
}

export interface TokenCounts {
  prompt: number;
  cached_prompt: number;
  completion: number;
  reasoning: number;
  total: number;
}

export interface CacheUse {
  layer: string;
  age_s: number;
  saved: string | null;
  /** The earlier question whose answer this is; missing or null: the very same one. */
  question?: string | null;
  similarity?: number | null;
}

/** One call to a model that the request pays for. */
export interface CallReceipt {
  model: string;
  purpose: string;
  tokens_used: number;
  cost: string | null;
  response_time: number;
}

interface ReceiptBase {
  baseline_cost: string | null;
  saved?: string | null;
  response_time: number;
  cached: boolean;
  conversation_id: string;
  message_id: string;
  request_id: string;
  timestamp: string;
  finish_reason: string;
  usage_estimated?: boolean;
  context_omitted?: number;
}

export interface ChatReceipt extends ReceiptBase {
  agent: AgentRef;
  model_used: string;
  routing: Routing;
  tokens: TokenCounts;
  tokens_used: number;
  cost: string | null;
  cache: CacheUse | null;
  attempts?: number;
  fallback_from?: string[];
  calls?: CallReceipt[];
  /** Where the small model's answer was checked. */
  cascade?: { escalated: boolean } | null;
}

export interface AgentReceipt {
  agent_type: string;
  status: "ok" | "failed" | "timed_out" | "skipped";
  error: string | null;
  model_used: string;
  tokens_used: number;
  cost: string | null;
  response_time: number;
  cached?: boolean;
  reused?: boolean;
}

export interface AgentResponse extends AgentReceipt {
  response: string | null;
}

export interface TeamReceipt extends ReceiptBase {
  individual_responses: AgentReceipt[];
  agents_used: string[];
  total_cost: string | null;
  total_tokens: number;
  synthesis_model?: string | null;
}

export interface FailureReceipt {
  error: { code: string; status: number; detail: string };
  cost: string | null;
  tokens_used: number;
}

export type Receipt = ChatReceipt | TeamReceipt | FailureReceipt;

export interface QuickReply {
  content: string;
  conversation_id: string;
  message_id: string;
}

export interface TeamReply extends TeamReceipt {
  synthesized_response: string;
}

export type Rating = "up" | "down";

/** What the user thinks of an answer. */
export interface Feedback {
  rating: Rating;
  comment: string | null;
  rated_at: string;
}

export interface Message {
  id: string;
  role: "user" | "assistant";
  content: string;
  status: "pending" | "complete" | "interrupted" | "failed";
  agent: string | null;
  receipt: Receipt | null;
  responses: AgentResponse[];
  reasoning: string | null;
  parent_id: string | null;
  feedback?: Feedback | null;
  created_at: string;
}

export interface Conversation {
  id: string;
  title: string;
  agent_type: string;
  last_message_id: string | null;
  message_count: number;
  preview: string;
  pinned: boolean;
  archived: boolean;
  folder_id: string | null;
  temporary: boolean;
  created_at: string;
  updated_at: string;
}

export interface CostRange {
  low: string | null;
  high: string | null;
}

export interface TeamWorth {
  verdict: "one agent" | "team";
  why: string;
  agents: string[];
  parts: { agent: string; text: string }[];
  /** Share of the parts that one agent would answer outside its field. */
  gain: number;
  one: CostRange;
  team: CostRange;
  times: number | null;
}

export interface Quote {
  agent: AgentRef | null;
  model: string;
  reasons: string[];
  cost: CostRange;
  cache_likelihood: number;
  expected_seconds: number;
  team_worth: TeamWorth;
}

/** The body of POST /api/ai/v4/chat/stream. */
export interface StreamBody {
  message: string;
  mode?: "single" | "multi-agent";
  agent_type?: string;
  agents?: string[];
  conversation_id?: string;
  parent_id?: string;
  regenerate_of?: string;
  use_cache?: boolean;
  /** A small model's answer is checked, and the large model asked where it is doubted. */
  cascade?: boolean;
  /** A new conversation that is in no list and is erased after a day. */
  temporary?: boolean;
}

export interface StreamMetadata {
  stream_id: string;
  conversation_id: string;
  message_id: string;
  agent?: AgentRef | null;
  agents?: string[];
  model?: string;
  models?: Record<string, string>;
  routing?: Routing | null;
}

export interface StreamToken {
  content: string;
  reasoning?: string;
  agent?: string;
}

export function isTeamReceipt(receipt: Receipt | null): receipt is TeamReceipt {
  return receipt !== null && "individual_responses" in receipt;
}

export function isChatReceipt(receipt: Receipt | null): receipt is ChatReceipt {
  return receipt !== null && "routing" in receipt;
}

export function isFailureReceipt(receipt: Receipt | null): receipt is FailureReceipt {
  return receipt !== null && "error" in receipt && typeof receipt.error === "object";
}
