// Sends the one form of the page at once, where scripts run; its button does the same without them.
// Whoever comes back to the page by the back button stays on it, and no form is sent twice.
(() => {
  "use strict";
  const form = document.querySelector("form[data-submit]");
  if (!form) {
    return;
  }
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
    }
    sent = true;
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      sent = false;
    }
  });
  const [navigation] = performance.getEntriesByType("navigation");
  if (!navigation || navigation.type !== "back_forward") {
    HTMLFormElement.prototype.requestSubmit.call(form);
  }
})();
