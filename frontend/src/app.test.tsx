import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { App } from "@/app";
import { currentPath, navigate } from "@/router";
import { FakeServer, problem, renderPage, signedIn, USER } from "@/testing/render";

test("who is not signed in comes to the sign-in and from there to where they wanted to go", async () => {
  const server = new FakeServer({ "POST /api/auth/login": () => signedIn() });
  navigate("/c/conv_1");
  renderPage(<App />, server, null);
  await userEvent.type(await screen.findByLabelText("Email"), "ada@example.com");
  await userEvent.type(screen.getByLabelText("Password"), "correct horse battery");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  await waitFor(() => expect(currentPath()).toBe("/c/conv_1"));
  const login = server.calls.find((call) => call.path === "/api/auth/login");
  expect(login?.body).toEqual({ email: "ada@example.com", password: "correct horse battery" });
});

test("a wrong password is said in the page's words and can be tried again", async () => {
  const server = new FakeServer({ "POST /api/auth/login": () => problem(401, "invalid_credentials") });
  renderPage(<App />, server, null);
  await userEvent.type(await screen.findByLabelText("Email"), "ada@example.com");
  await userEvent.type(screen.getByLabelText("Password"), "wrong");
  await userEvent.click(screen.getByRole("button", { name: "Sign in" }));
  expect((await screen.findByRole("alert")).textContent).toBe("The address or the password is wrong.");
  expect(screen.getByRole("button", { name: "Sign in" })).toHaveProperty("disabled", false);
});

test("an account with a second factor is asked for its code", async () => {
  const server = new FakeServer({
    "POST /api/auth/login": () => problem(401, "mfa_required", { mfa_token: "the ticket" }),
    "POST /api/auth/login/mfa": () => signedIn(),
  });
  const { session } = renderPage(<App />, server, null);
  await userEvent.type(await screen.findByLabelText("Email"), "ada@example.com");
  await userEvent.type(screen.getByLabelText("Password"), "correct horse battery{Enter}");
  await userEvent.type(await screen.findByLabelText("Code from your authenticator app"), "123456{Enter}");
  await waitFor(() => expect(session.state.status).toBe("signed-in"));
  const second = server.calls.find((call) => call.path === "/api/auth/login/mfa");
  expect(second?.body).toEqual({ mfa_token: "the ticket", code: "123456" });
});

test("a path that leaves the page is not gone to after signing in", async () => {
  history.replaceState(null, "", "/#/sign-in?next=https%3A%2F%2Fexample.org");
  renderPage(<App />, new FakeServer(), USER);
  await waitFor(() => expect(currentPath()).toBe("/"));
});

test("registering signs in, unless a mail has to be followed first", async () => {
  const server = new FakeServer({ "POST /api/auth/register": () => ({ status: 202, body: { message: "sent" } }) });
  navigate("/sign-up");
  renderPage(<App />, server, null);
  await userEvent.type(await screen.findByLabelText("Email"), "ada@example.com");
  await userEvent.type(screen.getByLabelText("Password"), "correct horse battery{Enter}");
  expect(await screen.findByText(/follow the link in it/)).toBeDefined();
  expect(server.calls.map((call) => call.path)).toEqual(["/api/auth/register"]);
});

test("a link that was used says so", async () => {
  const server = new FakeServer({ "POST /api/auth/verify-email": () => problem(422, "link_invalid") });
  navigate("/verify-email/abc");
  renderPage(<App />, server, null);
  expect(await screen.findByText(/used already/)).toBeDefined();
  expect(server.calls).toHaveLength(1);
});

test("users do not see administrators' or unknown pages", async () => {
  navigate("/nowhere/at/all");
  renderPage(<App />, new FakeServer(), USER);
  expect(await screen.findByText("There is no such page")).toBeDefined();
});

test("an identity provider is offered where there is one, and brings back to where one wanted to go", async () => {
  const server = new FakeServer({ "GET /api/auth/oidc": () => ({ body: { enabled: true, name: "Example" } }) });
  navigate("/sign-in?next=%2Fc%2Fconv_1");
  renderPage(<App />, server, null);
  const link = await screen.findByRole("link", { name: "Sign in with Example" });
  expect(link.getAttribute("href")).toBe("/api/auth/oidc/start?return_to=%2F%23%2Fc%2Fconv_1");
});
