"use strict";

// The page arrives with what the token says. This script asks the server to act on it and shows the outcome.
// Everything from the server is set as text, never as markup.
(() => {
  const element = (id) => document.getElementById(id);
  const card = element("card");
  const form = element("key-form");
  const picture = element("picture");
  if (picture) {
    const remove = () => picture.remove();
    picture.addEventListener("error", remove);
    if (picture.complete && picture.naturalWidth === 0) {
      remove();
    }
  }
  if (!form) {
    return;
  }
  const { state, post, token } = card.dataset;

  const MISSING_KEY = new Set(["UNAUTHORIZED", "ADMIN_REQUIRED", "ROLE_REQUIRED"]);
  const SPENT = ["Already used", "This code was used already", "Each code works once. Ask for a new one."];
  const EXPIRED = ["Expired", "This code is too old", "Codes last a short while. Ask for a new one."];
  const UNREADABLE = ["Not a code", "This code cannot be read", "Ask for a new one and scan it again."];
  const ENDINGS = {
    TOKEN_USED: SPENT,
    EXPIRED,
    BAD_TOKEN: UNREADABLE,
    BAD_SIGNATURE: UNREADABLE,
    unsupported_token: UNREADABLE,
    hold_mismatch: UNREADABLE,
    hold_not_pending: ["Closed", "This request is closed", "It was approved or cancelled before."],
    TEMPLATE_MISSING: ["Gone", "This task no longer exists", "Ask for a new code."],
    INSUFFICIENT_FUNDS: ["Not enough", "There are not enough points", "Nothing was taken."],
  };

  function number(value) {
    return Number(value).toLocaleString("en-GB");
  }

  function points(value) {
    return Number(value) === 1 ? "1 point" : `${number(value)} points`;
  }

  function show(tone, badge, title, message) {
    card.dataset.tone = tone;
    element("badge").textContent = badge;
    element("title").textContent = title;
    element("message").textContent = message;
    document.title = title;
  }

  function showFact(key, value) {
    const fact = element(`fact-${key}`);
    if (fact && Number.isSafeInteger(value)) {
      fact.querySelector("dd").textContent = number(value);
    }
  }

  async function ask(key) {
    const headers = { "Content-Type": "application/json" };
    if (key) {
      headers["X-Admin-Key"] = key;
    }
    const response = await fetch(post, { method: "POST", headers, body: JSON.stringify({ token }) });
    const answer = await response.json().catch(() => ({}));
    return response.ok ? { answer } : { answer, error: String(answer.error ?? `HTTP ${response.status}`) };
  }

  function succeed(answer) {
    form.hidden = true;
    card.dataset.state = "done";
    showFact("balance", answer.balance);
    element("fact-after")?.remove();
    if (state === "spend") {
      showFact("cost", answer.finalCost);
      show("good", "Approved", "Enjoy the reward!", `Points left: ${number(answer.balance)}.`);
      return;
    }
    show("good", "Done", `+${points(answer.amount)}`, `${answer.userId} now has ${points(answer.balance)}.`);
  }

  function fail(error, keyWasGiven) {
    const ending = ENDINGS[error];
    if (ending) {
      form.hidden = true;
      card.dataset.state = "failed";
      show("bad", ...ending);
    } else if (MISSING_KEY.has(error)) {
      form.hidden = false;
      element("message").textContent = keyWasGiven
        ? "That key is not right. Please try again."
        : "This device is not linked to a child. A parent's key is needed.";
      element("admin-key").select();
    } else {
      form.hidden = false;
      element("message").textContent = "That did not work. Please try again in a moment.";
    }
  }

  async function act(key) {
    element("submit").disabled = true;
    element("message").textContent = "One moment…";
    try {
      const { answer, error } = await ask(key);
      if (error) {
        fail(error, Boolean(key));
      } else {
        succeed(answer);
      }
    } catch {
      form.hidden = false;
      element("message").textContent = "No connection. Please try again.";
    } finally {
      element("submit").disabled = false;
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(element("admin-key").value.trim());
  });

  if (state === "give") {
    act("");
  }
})();
