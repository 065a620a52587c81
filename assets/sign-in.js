/* The sandbox's people: one click fills the form in. */
document.querySelectorAll("[data-email]").forEach((button) => {
  button.addEventListener("click", () => {
    document.getElementById("email").value = button.dataset.email;
    document.getElementById("password").value = button.dataset.password;
    document.querySelector("form button[type=submit]").focus();
  });
});
