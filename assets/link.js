/* A link of a mail: its secret stands behind the "#" and goes on in a form, so that no address of a request holds it. */
if (location.hash.length > 1) {
  const form = document.getElementById("link");
  form.elements.secret.value = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  form.submit();
}
