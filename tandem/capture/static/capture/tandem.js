/* Tandem's tracker. Before consent nothing is kept in the browser and no event carries an id;
   a browser that asks not to be tracked sends nothing at all.
   tandem.consent(true | false), tandem.track(name, props), tandem.visitor() */
(function () {
  "use strict";
  var script = document.currentScript;
  var endpoint = new URL("/t/events", script ? script.src : location.href).href;
  var KEY = "tandem";
  var memory = "";
  var queue = [];
  var lastUrl = "";
  var asksNot = navigator.globalPrivacyControl === true || navigator.doNotTrack === "1";

  function newId() { // UUID version 7: its order is the order of time
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    var time = Date.now();
    for (var i = 5; i >= 0; i--) { bytes[i] = time % 256; time = Math.floor(time / 256); }
    bytes[6] = (bytes[6] & 15) | 112;
    bytes[8] = (bytes[8] & 63) | 128;
    var hex = "";
    bytes.forEach(function (byte) { hex += (byte + 256).toString(16).slice(1); });
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  function kept(store, value) { // reads, writes or (null) removes; a closed store keeps nothing
    try {
      if (value === undefined) return window[store].getItem(KEY) || "";
      if (value === null) window[store].removeItem(KEY); else window[store].setItem(KEY, value);
    } catch (closed) { /* private windows */ }
    return "";
  }

  function visitor() { return memory || (memory = kept("localStorage")); }

  function track(name, props) {
    if (asksNot && !visitor()) return;
    queue.push({
      id: newId(), name: name, at: new Date().toISOString(), visitor: visitor(),
      url: location.href, referrer: lastUrl || document.referrer, title: document.title,
      props: props || {}
    });
    if (queue.length > 50) queue.shift();
    send();
  }

  function send() {
    var events = queue.splice(0);
    if (!events.length) return;
    fetch(endpoint, {
      method: "POST", keepalive: true, credentials: "omit", body: JSON.stringify({ events: events })
    }).then(function (answer) {
      if (answer.status === 503) later(events);
      return answer.text(); // read to its end, so that the request is over
    }, function () { later(events); });
  }

  function later(events) { // sent again under the same ids: they are known if they did arrive
    queue = events.concat(queue).slice(-50);
    setTimeout(send, 3000 + Math.random() * 4000);
  }

  function page() {
    track("page");
    lastUrl = location.href;
  }

  function consent(agreed) {
    bar(false);
    if (agreed) {
      kept("sessionStorage", null);
      if (visitor()) return;
      memory = newId();
      kept("localStorage", memory);
      lastUrl = "";
      track("consent");
      lastUrl = location.href;
    } else {
      memory = "";
      kept("localStorage", null);
      kept("sessionStorage", "no"); // so that nobody is asked again on the next page
    }
  }

  function bar(shown) {
    var found = document.querySelector("[data-tandem-bar]");
    if (found) found.hidden = !shown;
  }

  window.tandem = { consent: consent, track: track, visitor: visitor };

  document.addEventListener("submit", function (event) {
    var field = event.target.querySelector && event.target.querySelector("input[name=_visitor]");
    if (field) field.value = visitor();
  }, true);
  document.addEventListener("click", function (event) {
    var choice = event.target.closest && event.target.closest("[data-tandem-consent]");
    if (choice) consent(choice.getAttribute("data-tandem-consent") === "yes");
  });

  var push = history.pushState;
  history.pushState = function () {
    push.apply(history, arguments);
    if (location.href !== lastUrl) page();
  };
  addEventListener("popstate", function () { if (location.href !== lastUrl) page(); });

  function begin() {
    page();
    bar(!asksNot && !visitor() && kept("sessionStorage") !== "no");
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
