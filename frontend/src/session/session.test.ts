import { afterEach, expect, test, vi } from "vitest";
import { ApiClient } from "@/api/client";
import { Session } from "@/session/session";
import { FakeServer, problem, signedIn, USER } from "@/testing/render";

const ANSWER = signedIn().body as Parameters<Session["begin"]>[0];

afterEach(() => {
  vi.useRealTimers();
  localStorage.clear();
});

function started(server: FakeServer): { session: Session; api: ApiClient } {
  const session = new Session(server.fetch);
  session.begin(ANSWER);
  return { session, api: new ApiClient(session, server.fetch) };
}

test("a visitor who never signed in is asked nothing", async () => {
  const server = new FakeServer();
  const session = new Session(server.fetch);
  await session.start();
  expect(session.state).toEqual({ status: "signed-out" });
  expect(server.calls).toEqual([]);
});

test("the sign-in of the last visit is taken up", async () => {
  const server = new FakeServer({ "POST /api/auth/refresh": () => signedIn() });
  new Session(server.fetch).begin(ANSWER);
  const session = new Session(server.fetch);
  await session.start();
  expect(session.state).toEqual({ status: "signed-in", user: USER });
});

test("a server that is away does not end the sign-in", async () => {
  const server = new FakeServer({ "POST /api/auth/refresh": () => Promise.reject(new TypeError("network")) });
  new Session(server.fetch).begin(ANSWER);
  const session = new Session(server.fetch);
  await session.start();
  expect(session.state).toEqual({ status: "unreachable" });
  server.on("POST /api/auth/refresh", () => signedIn());
  await session.start();
  expect(session.state.status).toBe("signed-in");
});

test("without the server the page opens for who was signed in last, and the sign-in goes on when it is back", async () => {
  const server = new FakeServer({ "POST /api/auth/refresh": () => Promise.reject(new TypeError("network")) });
  new Session(server.fetch).begin(ANSWER);
  const session = new Session(server.fetch, Date.now, async () => USER);
  await session.start();
  expect(session.state).toEqual({ status: "signed-in", user: USER });
  await expect(session.token()).rejects.toMatchObject({ code: "unreachable" });
  server.on("POST /api/auth/refresh", () => signedIn());
  expect(await session.token()).toBe("a token");
});

test("a server that refuses for a while is not taken for one that is away", async () => {
  const server = new FakeServer({ "POST /api/auth/refresh": () => problem(503, "draining") });
  new Session(server.fetch).begin(ANSWER);
  const session = new Session(server.fetch, Date.now, async () => USER);
  await session.start();
  expect(session.state).toEqual({ status: "unreachable" });
});

test("the token is renewed before it runs out", async () => {
  vi.useFakeTimers();
  const server = new FakeServer({ "POST /api/auth/refresh": () => signedIn(USER, "the next token") });
  const { session } = started(server);
  await vi.advanceTimersByTimeAsync(545_000);
  expect(await session.token()).toBe("the next token");
  expect(server.calls).toHaveLength(1);
});

test("calls that find their token expired share one renewal and are repeated once", async () => {
  const server = new FakeServer({
    "POST /api/auth/refresh": () => signedIn(USER, "the next token"),
    "GET /api/thing": ({ headers }) =>
      headers.get("authorization") === "Bearer the next token" ? { body: "it" } : problem(401, "token_expired"),
  });
  const { api } = started(server);
  expect(await Promise.all([api.get("/api/thing"), api.get("/api/thing")])).toEqual(["it", "it"]);
  expect(server.calls.filter((call) => call.path === "/api/auth/refresh")).toHaveLength(1);
});

test("a token that is refused again ends the sign-in", async () => {
  const server = new FakeServer({
    "POST /api/auth/refresh": () => signedIn(USER, "the next token"),
    "GET /api/thing": () => problem(401, "token_invalid"),
  });
  const { api, session } = started(server);
  await expect(api.get("/api/thing")).rejects.toMatchObject({ code: "token_invalid" });
  expect(session.state).toEqual({ status: "signed-out" });
  expect(server.calls).toHaveLength(3);
});

test("a revoked session is over at once, without a renewal", async () => {
  const server = new FakeServer({ "GET /api/thing": () => problem(401, "session_revoked") });
  const { api, session } = started(server);
  await expect(api.get("/api/thing")).rejects.toMatchObject({ code: "session_revoked" });
  expect(session.state.status).toBe("signed-out");
  expect(server.calls).toHaveLength(1);
});

test("signing out forgets the token and tells the server", async () => {
  const server = new FakeServer({ "POST /api/auth/logout": () => ({ status: 204 }) });
  const { session } = started(server);
  await session.signOut();
  expect(await session.token()).toBeNull();
  expect(server.calls[0]?.headers.get("authorization")).toBe("Bearer a token");
  expect(localStorage.length).toBe(0);
});

test("a wrong password is no reason to renew anything", async () => {
  const server = new FakeServer({ "POST /api/auth/login": () => problem(401, "invalid_credentials") });
  const session = new Session(server.fetch);
  const api = new ApiClient(session, server.fetch);
  await expect(api.post("/api/auth/login", {})).rejects.toMatchObject({ code: "invalid_credentials" });
  expect(server.calls).toHaveLength(1);
});
