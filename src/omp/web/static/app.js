"use strict";
// Buttons that ask the API for something, and pages that follow the record as it grows.
(() => {
  const $ = (id) => document.getElementById(id);

  // --- notices -----------------------------------------------------------------------------
  let timer = 0;
  function say(text, bad) {
    const [shown, other] = bad ? [$("alarm"), $("notice")] : [$("notice"), $("alarm")];
    other.hidden = true;
    shown.textContent = text;
    shown.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => { shown.hidden = true; }, bad ? 20000 : 5000);
  }

  // --- asking the API ----------------------------------------------------------------------
  async function send(method, url, body) {
    const options = { method, headers: { accept: "application/json" } };
    if (body !== undefined && method !== "DELETE") {
      options.headers["content-type"] = "application/json";
      options.body = JSON.stringify(body);
    }
    let answer;
    try {
      answer = await fetch(url, options);
    } catch (_error) {
      say("The daemon does not answer. It may have been stopped; start it with: omp up", true);
      return null;
    }
    const text = await answer.text();
    let found = {};
    try { found = text ? JSON.parse(text) : {}; } catch (_error) { found = {}; }
    if (!answer.ok) {
      const faults = (found.faults || []).map((one) => one.path + ": " + one.problem);
      const parts = [found.detail || "refused (" + answer.status + ")", ...faults];
      if (found.allowed) parts.push("allowed: " + found.allowed);
      if (found.remedy) parts.push(found.remedy);
      say(parts.join(". "), true);
      return null;
    }
    return found;
  }

  function field(spec) {
    const box = document.createElement("p");
    const label = document.createElement("label");
    const long = ["text", undefined].includes(spec.kind) && spec.long;
    const input = document.createElement(long ? "textarea" : "input");
    input.id = "ask-" + spec.name;
    input.name = spec.name;
    label.htmlFor = input.id;
    label.textContent = spec.label + (spec.required ? " (required)" : "");
    if (spec.kind === "check") {
      input.type = "checkbox";
      box.className = "check";
      box.append(input, label);
      return box;
    }
    if (!long) input.type = spec.kind || "text";
    if (spec.min !== undefined) input.min = spec.min;
    if (spec.max !== undefined) input.max = spec.max;
    if (spec.value !== undefined && spec.value !== null) input.value = spec.value;
    input.required = Boolean(spec.required);
    input.autocomplete = "off";
    box.append(label, input);
    return box;
  }

  function ask(button, specs) {
    const dialog = $("ask");
    $("ask-title").textContent = button.dataset.title;
    $("ask-text").textContent = button.dataset.text || "";
    $("ask-text").hidden = !button.dataset.text;
    $("ask-go").textContent = button.textContent.length > 2 ? button.textContent : "move";
    $("ask-fields").replaceChildren(...specs.map(field));
    dialog.returnValue = "";
    return new Promise((resolve) => {
      const form = $("ask-form");
      form.onsubmit = () => { dialog.returnValue = "go"; };
      dialog.onclose = () => {
        if (dialog.returnValue !== "go") { resolve(null); return; }
        const given = {};
        for (const spec of specs) {
          const input = form.elements[spec.name];
          if (spec.kind === "check") given[spec.name] = input.checked;
          else if (input.value.trim() !== "") {
            given[spec.name] = spec.kind === "number" ? Number(input.value) : input.value.trim();
          }
        }
        resolve(given);
      };
      dialog.showModal();
    });
  }

  async function act(button) {
    const { method } = button.dataset;
    let { url } = button.dataset;
    let body = button.dataset.body ? JSON.parse(button.dataset.body) : undefined;
    if (button.dataset.ask) {
      const specs = JSON.parse(button.dataset.ask);
      const given = await ask(button, specs);
      if (given === null) return;
      if (method === "DELETE") {
        const query = new URLSearchParams(given).toString();
        if (query) url += "?" + query;
      } else {
        body = { ...(body || {}), ...given };
      }
    }
    button.disabled = true;
    const found = await send(method, url, body);
    button.disabled = false;
    if (found === null) return;
    say("Done: " + (button.dataset.title || button.textContent.trim()) + ".", false);
    if (button.dataset.then === "reload") { location.reload(); return; }
    refresh(true);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-url]");
    if (button) act(button);
  });
  $("ask-cancel").addEventListener("click", () => $("ask").close());

  // --- following the record ----------------------------------------------------------------
  let due = 0;
  let last = 0;
  function refresh(now) {
    const wait = now ? 0 : Math.max(0, 1000 - (Date.now() - last));
    clearTimeout(due);
    due = setTimeout(() => {
      last = Date.now();
      if (!document.hidden) document.body.dispatchEvent(new CustomEvent("omp:changed"));
    }, wait);
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(true); });

  function follow() {
    const source = new EventSource("/api/omp/events");
    const link = $("link-state");
    source.addEventListener("open", () => { link.textContent = "live"; refresh(true); });
    source.addEventListener("error", () => { link.textContent = "reconnecting"; });
    source.addEventListener("journal", () => refresh(false));
    source.addEventListener("status", (event) => {
      const now = JSON.parse(event.data);
      const pill = $("miner-pill");
      pill.textContent = now.status;
      pill.className = "pill is-" + now.status;
      refresh(false);
      const ids = new Set(now.currentRuns.map((one) => one.id));
      document.querySelectorAll("[data-follows]").forEach((box) => {
        if (ids.has(box.dataset.follows)) window.omp.draw(box);
      });
    });
    addEventListener("pagehide", () => source.close());
  }

  document.addEventListener("htmx:after:swap", () => window.omp.drawAll(document));
  window.omp.drawAll(document);
  if (document.body.hasAttribute("data-live")) follow();
})();
