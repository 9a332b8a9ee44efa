import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, test, vi } from "vitest";
import { App } from "@/app";
import { navigate } from "@/router";
import { type Call, FakeServer, problem, renderPage, USER } from "@/testing/render";

const PASSWORD = "a password of the test";
const SESSION = {
  device: "curl/8",
  created_at: USER.created_at,
  last_used: USER.created_at,
  expires_at: "2027-01-01T00:00:00Z",
};

beforeEach(() => {
  URL.createObjectURL ??= () => "blob:test";
  URL.revokeObjectURL ??= () => undefined;
});

function bodyOf(server: FakeServer, method: string, path: string): unknown {
  return server.calls.findLast((call) => call.method === method && call.path === path)?.body;
}

function security(): FakeServer {
  return new FakeServer({
    "GET /api/auth/mfa": () => ({ body: { enabled: false, enabled_at: null, recovery_codes_left: 0 } }),
    "GET /api/auth/sessions": () => ({
      body: {
        items: [
          { ...SESSION, id: "ses_1", current: true },
          { ...SESSION, id: "ses_2", current: false },
        ],
        next_cursor: null,
      },
    }),
    "GET /api/auth/oidc": () => ({ body: { enabled: false, name: null } }),
  });
}

test("the profile is saved with name, language and retention", async () => {
  const changed = { ...USER, name: "Ada L.", locale: "pl", retention_days: 90 };
  const server = new FakeServer({ "PATCH /api/auth/me": () => ({ body: changed }) });
  navigate("/account");
  const { session } = renderPage(<App />, server);
  await userEvent.clear(await screen.findByLabelText("Name"));
  await userEvent.type(screen.getByLabelText("Name"), " Ada L. ");
  await userEvent.selectOptions(screen.getByLabelText("Language"), "pl");
  await userEvent.selectOptions(screen.getByLabelText("Delete old conversations"), "90");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(session.state).toMatchObject({ user: { name: "Ada L." } }));
  expect(bodyOf(server, "PATCH", "/api/auth/me")).toEqual({ name: "Ada L.", locale: "pl", retention_days: 90 });
  expect(await screen.findByRole("heading", { name: "Profil" })).toBeDefined();
});

test("two-step sign-in: password, QR code, first code, recovery codes that are shown once", async () => {
  const server = security()
    .on("POST /api/auth/mfa/enroll", () => ({
      body: { secret: "THE SECRET", otpauth_uri: "otpauth://totp/x", expires_in: 600 },
    }))
    .on("POST /api/auth/mfa/confirm", () => ({ body: { recovery_codes: ["one-one", "two-two"] } }));
  navigate("/account/security");
  renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "Set up two-step sign-in" }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.type(dialog.getByLabelText("Password"), `${PASSWORD}{Enter}`);
  expect(await dialog.findByRole("img", { name: /QR code/ })).toBeDefined();
  expect(dialog.getByText("THE SECRET")).toBeDefined();
  await userEvent.type(dialog.getByLabelText(/Code from/), "123456{Enter}");
  expect(await dialog.findByText("two-two")).toBeDefined();
  expect(bodyOf(server, "POST", "/api/auth/mfa/confirm")).toEqual({ code: "123456" });
  await userEvent.click(dialog.getByRole("button", { name: "I have kept them" }));
  expect(screen.queryByText("two-two")).toBeNull();
});

test("switching the second factor off asks for password and code, and says what was wrong", async () => {
  const server = security()
    .on("GET /api/auth/mfa", () => ({ body: { enabled: true, enabled_at: USER.created_at, recovery_codes_left: 2 } }))
    .on("POST /api/auth/mfa/disable", () => problem(422, "wrong_code"));
  navigate("/account/security");
  renderPage(<App />, server);
  expect((await screen.findByText(/2 recovery codes are left/)).className).toContain("warn");
  await userEvent.click(screen.getByRole("button", { name: "Switch off" }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.type(dialog.getByLabelText("Password"), PASSWORD);
  await userEvent.type(dialog.getByLabelText(/Code from/), "123456{Enter}");
  expect((await dialog.findByRole("alert")).textContent).toContain("wrong_code");
});

test("a sign-in elsewhere can be ended, and all of them at once", async () => {
  const server = security()
    .on("DELETE /api/auth/sessions/ses_2", () => ({ status: 204 }))
    .on("POST /api/auth/logout-all", () => ({ status: 204 }));
  navigate("/account/security");
  const { session } = renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "End the sign-in of curl" }));
  await waitFor(() => expect(server.calls.some((call) => call.method === "DELETE")).toBe(true));
  await userEvent.click(screen.getByRole("button", { name: "Sign out everywhere" }));
  await userEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Sign out everywhere" }));
  await waitFor(() => expect(session.state.status).toBe("signed-out"));
});

test("a password is changed, and what is typed is not kept", async () => {
  const server = security().on("POST /api/auth/change-password", () => ({ status: 204 }));
  navigate("/account/security");
  renderPage(<App />, server);
  await userEvent.type(await screen.findByLabelText("Current password"), PASSWORD);
  await userEvent.type(screen.getByLabelText("New password"), `${PASSWORD}2{Enter}`);
  expect(await screen.findByText(/Your password is changed/)).toBeDefined();
  expect(screen.getByLabelText<HTMLInputElement>("New password").value).toBe("");
  expect(bodyOf(server, "POST", "/api/auth/change-password")).toEqual({
    current_password: PASSWORD,
    new_password: `${PASSWORD}2`,
  });
});

test("an account without a password gets a link for one, and is unlinked only after it", async () => {
  const server = security()
    .on("GET /api/auth/oidc", () => ({ body: { enabled: true, name: "Example" } }))
    .on("GET /api/auth/oidc/identity", () => ({
      body: {
        identity: { email: "ada@example.com", linked_at: USER.created_at, last_used: USER.created_at },
        has_password: false,
      },
    }))
    .on("POST /api/auth/forgot-password", () => ({ status: 202, body: {} }));
  navigate("/account/security");
  renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "Send the link" }));
  await waitFor(() => expect(bodyOf(server, "POST", "/api/auth/forgot-password")).toEqual({ email: USER.email }));
  expect(screen.queryByRole("button", { name: /Unlink/ })).toBeNull();
  expect(screen.getByText(/only way to sign in/)).toBeDefined();
});

const KEY = {
  id: "key_1",
  name: "Nightly",
  prefix: "aek_1234",
  scopes: ["chat"],
  limit: null,
  created_at: USER.created_at,
  expires_at: null,
  last_used: null,
};

test("a key is shown once when it is made", async () => {
  const made: Call[] = [];
  const server = new FakeServer({
    "GET /api/auth/api-keys": () => ({ body: { items: made.length ? [KEY] : [] } }),
    "POST /api/auth/api-keys": (call) => {
      made.push(call);
      return { status: 201, body: { ...KEY, key: "the whole key" } };
    },
  });
  navigate("/account/keys");
  renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "New key" }));
  const dialog = within(screen.getByRole("dialog"));
  expect(dialog.queryByLabelText("admin")).toBeNull();
  await userEvent.type(dialog.getByLabelText("Name"), "Nightly");
  await userEvent.click(dialog.getByLabelText("chat"));
  await userEvent.click(dialog.getByRole("button", { name: "Make the key" }));
  expect((await dialog.findByRole("alert")).textContent).toMatch(/at least one/);
  await userEvent.click(dialog.getByLabelText("usage:read"));
  await userEvent.click(dialog.getByRole("button", { name: "Make the key" }));
  expect(await dialog.findByText("the whole key")).toBeDefined();
  expect(made.map((call) => call.body)).toEqual([
    { name: "Nightly", scopes: ["usage:read"], limit: null, expires_in_days: 90 },
  ]);
  await userEvent.click(dialog.getByRole("button", { name: "I have copied it" }));
  expect(screen.queryByText("the whole key")).toBeNull();
  expect(await screen.findByText("aek_1234…")).toBeDefined();
});

test("a key is changed and revoked", async () => {
  const server = new FakeServer({
    "GET /api/auth/api-keys": () => ({ body: { items: [{ ...KEY, limit: "5/hour" }] } }),
    "PATCH /api/auth/api-keys/key_1": () => ({ body: KEY }),
    "DELETE /api/auth/api-keys/key_1": () => ({ status: 204 }),
  });
  navigate("/account/keys");
  renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "Change “Nightly”" }));
  await userEvent.clear(screen.getByLabelText("Limit (optional)"));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  expect(bodyOf(server, "PATCH", "/api/auth/api-keys/key_1")).toEqual({
    name: "Nightly",
    scopes: ["chat"],
    limit: "off",
  });
  await userEvent.click(screen.getByRole("button", { name: "Revoke “Nightly”" }));
  await userEvent.click(screen.getByRole("button", { name: "Revoke" }));
  await waitFor(() => expect(server.calls.some((call) => call.method === "DELETE")).toBe(true));
});

test("an account is deleted with its password only, and then nobody is signed in", async () => {
  const server = new FakeServer({
    "GET /api/auth/oidc": () => ({ body: { enabled: false, name: null } }),
    "POST /api/auth/delete-account": () => ({ status: 204 }),
  });
  navigate("/account/data");
  const { session } = renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "Delete my account" }));
  const dialog = within(screen.getByRole("dialog"));
  await userEvent.type(dialog.getByLabelText("Password"), `${PASSWORD}{Enter}`);
  expect(server.calls.some((call) => call.method === "POST")).toBe(false);
  await userEvent.click(dialog.getByLabelText("I know that this cannot be undone"));
  await userEvent.click(dialog.getByRole("button", { name: "Delete my account" }));
  await waitFor(() => expect(session.state.status).toBe("signed-out"));
  expect(bodyOf(server, "POST", "/api/auth/delete-account")).toEqual({ password: PASSWORD });
});

test("all that is kept is downloaded as a file", async () => {
  const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockReturnValue();
  const server = new FakeServer({ "GET /api/auth/me/export": () => ({ body: { user: USER } }) });
  navigate("/account/data");
  renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "Download my data" }));
  await waitFor(() => expect(click).toHaveBeenCalledOnce());
  expect((click.mock.contexts[0] as HTMLAnchorElement).download).toBe("aether-account.json");
});

test("a confirmation of the identity provider deletes the account at the last step", async () => {
  const server = new FakeServer({ "POST /api/auth/delete-account": () => ({ status: 204 }) });
  navigate("/confirmed/abc");
  const { session } = renderPage(<App />, server);
  await userEvent.click(await screen.findByRole("button", { name: "Delete my account" }));
  await waitFor(() => expect(session.state.status).toBe("signed-out"));
  expect(bodyOf(server, "POST", "/api/auth/delete-account")).toEqual({ confirmation: "abc" });
});

test("a share of one's own, and no comparisons, are saved without touching the instructions", async () => {
  const routing = { large_share: null, compare: true, similar_answers: false };
  const changed = { large_share: 0.2, compare: false, similar_answers: false };
  const instructions = { about: "", style: "", enabled: true };
  const server = new FakeServer({
    "GET /api/preferences": () => ({ body: { instructions, routing } }),
    "PUT /api/preferences": () => ({ body: { instructions, routing: changed } }),
  });
  navigate("/account/routing");
  renderPage(<App />, server);
  await userEvent.selectOptions(await screen.findByLabelText("Questions for the large model"), "About 20%");
  await userEvent.click(screen.getByLabelText("Compare my answers"));
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(bodyOf(server, "PUT", "/api/preferences")).toEqual({ routing: changed }));
});
