/* Proving who sits there: the step-up dialog. Sent by fetch, because the websocket's handlers never see a password. */
(function () {
  "use strict";
  const dialog = () => document.getElementById("step-up");
  const refused = () => dialog().querySelector("[data-step-up=refused]");

  /* The server gives a new value when a service wants a fresh proof; a reload of the page is not a new wish. */
  const follow = () => {
    const asked = dialog() && dialog().dataset.asked;
    if (!asked || asked === sessionStorage.getItem("step-up")) return;
    sessionStorage.setItem("step-up", asked);
    refused().textContent = "";
    if (!dialog().open) dialog().showModal();
    dialog().querySelector("input").focus();
  };
  new MutationObserver(follow).observe(document.documentElement, {
    attributes: true, subtree: true, childList: true, attributeFilter: ["data-asked"],
  });

  const send = async (form) => {
    const answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), headers: { accept: "application/json" },
    });
    form.reset();
    if (answer.ok) {
      dialog().close();
      return;
    }
    refused().textContent = (await answer.json()).title;
    form.querySelector("input").focus();
  };

  document.addEventListener("submit", (event) => {
    if (!dialog() || !dialog().contains(event.target)) return;
    event.preventDefault();
    send(event.target);
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-step-up=close]")) dialog().close();
  });
})();
