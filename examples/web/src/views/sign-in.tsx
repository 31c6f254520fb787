import { useSignal } from "@preact/signals";
import { plainSentence } from "lacre-client";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { App } from "../model/app.js";
import { Card } from "./page.js";
import { ErrorText } from "./parts.js";

const WORDS = {
  login: {
    title: "Sign in to Lacre",
    action: "Sign in",
    other: "New here? Create an account",
    autocomplete: "current-password",
  },
  register: {
    title: "Create an account",
    action: "Create account",
    other: "Have an account? Sign in",
    autocomplete: "new-password",
  },
} as const;

export function SignIn({ app, reason }: { app: App; reason: string | undefined }) {
  const how = useSignal<"login" | "register">("login");
  const errorText = useSignal(reason);
  const isBusy = useSignal(false);
  const username = useRef<HTMLInputElement>(null);
  const words = WORDS[how.value];

  useLayoutEffect(() => username.current?.focus(), []);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    isBusy.value = true;
    errorText.value = undefined;
    try {
      await app.signIn(how.value, String(fields.get("username")), String(fields.get("password")));
    } catch (error) {
      errorText.value = plainSentence(error);
      isBusy.value = false;
      username.current?.focus();
    }
  };

  return (
    <Card title={words.title}>
      <p class="lead">A chat whose server cannot read it.</p>
      <form class="fields" onSubmit={submit}>
        <label>
          Username
          <input
            ref={username}
            name="username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            minLength={3}
            maxLength={50}
            required
            aria-describedby="sign-in-error username-hint"
          />
        </label>
        {how.value === "register" && (
          <p id="username-hint" class="hint">
            3 to 50 letters and digits, _ and -. Others find you by it.
          </p>
        )}
        <label>
          Password
          <input
            name="password"
            type="password"
            autocomplete={words.autocomplete}
            minLength={6}
            maxLength={1024}
            required
            aria-describedby="password-hint"
          />
        </label>
        {how.value === "register" && (
          <p id="password-hint" class="hint">
            At least 6 characters. The server checks it: do not use it as a chat's passphrase.
          </p>
        )}
        <ErrorText id="sign-in-error" text={errorText.value} />
        <button type="submit" class="primary" disabled={isBusy.value}>
          {words.action}
        </button>
      </form>
      <button
        type="button"
        class="link"
        onClick={() => {
          how.value = how.value === "login" ? "register" : "login";
          errorText.value = undefined;
          // Not after the next render, when the user may be typing the password.
          username.current?.focus();
        }}
      >
        {words.other}
      </button>
    </Card>
  );
}
