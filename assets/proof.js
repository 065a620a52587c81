/* Proving who sits there: passkeys, and the step-up dialog. Sent by HTTP, because the websocket's handlers never
   see a password. Loaded as a file from our own origin, so the content security policy needs no exception. */
(function () {
  "use strict";

  /* Passkeys: the server's options go in as JSON, the authenticator's answer goes back as JSON. */
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((item) => ({ ...item, id: bytes(item.id) }));
  const asJson = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
      clientExtensionResults: {},
    });
  };
  const ceremony = async (kind, address) => {
    const answer = await fetch(address, { method: "POST" });
    if (!answer.ok) throw new Error("refused");
    const options = await answer.json();
    options.challenge = bytes(options.challenge);
    if (kind === "register") {
      options.user.id = bytes(options.user.id);
      options.excludeCredentials = named(options.excludeCredentials);
      return asJson(await navigator.credentials.create({ publicKey: options }));
    }
    options.allowCredentials = named(options.allowCredentials);
    return asJson(await navigator.credentials.get({ publicKey: options }));
  };
  const withPasskey = async (form, send) => {
    const error = form.querySelector("[data-passkey-error]");
    error.textContent = "";
    try {
      form.elements.passkey.value = await ceremony(form.dataset.passkey, form.dataset.options);
    } catch {
      error.textContent = error.dataset.passkeyError;
      return;
    }
    send(form);
  };

  /* The step-up dialog. The server gives a new value when a service wants a fresh proof; a reload is not a new wish. */
  const dialog = () => document.getElementById("step-up");
  const refused = () => dialog().querySelector("[data-step-up=refused]");
  const focusFirst = () => dialog().querySelector("input:not([type=hidden]), a.button")?.focus();
  const follow = () => {
    const asked = dialog() && dialog().dataset.asked;
    if (!asked || asked === sessionStorage.getItem("step-up")) return;
    sessionStorage.setItem("step-up", asked);
    refused().textContent = "";
    if (!dialog().open) open();
    focusFirst();
  };

  /* It may be asked for from within another modal (Radix), which hides the rest of the page from screen readers and
     closes itself at a key or a click outside of it. While this dialog is open it is neither outside nor hidden. */
  const keepInside = (event) => event.stopPropagation();
  const open = () => {
    const hidden = [];
    for (let above = dialog(); above; above = above.parentElement) {
      if (above.getAttribute("aria-hidden") === "true") hidden.push(above);
    }
    hidden.forEach((above) => above.removeAttribute("aria-hidden"));
    dialog().addEventListener("close", () => {
      // The modal's own mark is gone with the modal, and then there is nothing to hide any more.
      hidden.filter((above) => above.dataset.ariaHidden).forEach((above) => above.setAttribute("aria-hidden", "true"));
    }, { once: true });
    for (const kind of ["pointerdown", "focusin"]) dialog().addEventListener(kind, keepInside);
    dialog().showModal();
  };
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && dialog()?.open) keepInside(event);
  }, true);
  new MutationObserver(follow).observe(document.documentElement, {
    attributes: true, subtree: true, childList: true, attributeFilter: ["data-asked"],
  });
  const sendProof = async (form) => {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), headers: { accept: "application/json" },
    });
    form.reset();
    if (answer.ok) {
      dialog().close();
      return;
    }
    refused().textContent = (await answer.json()).title;
    focusFirst();
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    const inDialog = dialog() && dialog().contains(form);
    if (!inDialog && !form.dataset.passkey) return;
    event.preventDefault();
    const send = inDialog ? sendProof : (ready) => ready.submit();
    if (form.dataset.passkey) withPasskey(form, send); else send(form);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-step-up=close]")) dialog().close();
  });

  /* A session that ended elsewhere takes its socket along; then this page leaves for the sign-in. */
  let asking = false;
  setInterval(async () => {
    if (asking || document.hidden || document.documentElement.dataset.sent || !document.querySelector(".toast.connection")) return;
    asking = true;
    try {
      const answer = await fetch("/auth/alive");
      if (answer.status === 401) {
        location.assign("/auth/sign-in?next=" + encodeURIComponent(location.pathname + location.search));
      }
    } catch { /* The console itself is away; the message says so. */ }
    asking = false;
  }, 1500);
})();
