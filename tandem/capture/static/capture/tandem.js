/* Tandem's tracker. Before consent nothing is kept in the browser and no event carries an id;
   a browser that asks not to be tracked sends nothing at all.
   tandem.consent(true | false), tandem.track(name, props), tandem.visitor() */
(function () {
  "use strict";
  var script = document.currentScript;
  var endpoint = new URL("/t/events", script ? script.src : location.href).href;
  var KEY = "tandem";
  var REFUSED = "tandem:no";
  var memory = "";
  var queue = [];
  var lastUrl = "";
  var FILES = /\.(pdf|docx?|xlsx?|pptx?|od[tsp]|csv|txt|rtf|epub|zip|gz|7z|rar|dmg|exe|msi|apk|ics|mp[34]|wav|mov|webm)$/i;
  var seen = { since: 0, ms: 0, deep: 0 };
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

  function kept(value) { // reads, writes or (null) removes; a closed store keeps nothing
    try {
      if (value === undefined) return localStorage.getItem(KEY) || "";
      if (value === null) localStorage.removeItem(KEY); else localStorage.setItem(KEY, value);
    } catch (closed) { /* private windows */ }
    return "";
  }

  function visitor() { return memory || (memory = kept()); }

  function track(name, props, url) {
    if (asksNot && !visitor()) return;
    queue.push({
      id: newId(), name: name, at: new Date().toISOString(), visitor: visitor(),
      url: url || location.href, referrer: lastUrl || document.referrer, title: document.title,
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
    left();
    track("page");
    lastUrl = location.href;
    seen = { since: document.hidden ? 0 : Date.now(), ms: 0, deep: 0 };
    scrolled();
  }

  function scrolled() { // how much of the page has been in view, in per cent
    var all = document.documentElement.scrollHeight || 1;
    seen.deep = Math.max(seen.deep, Math.min(100, Math.round(100 * (scrollY + innerHeight) / all)));
  }

  function left() { // what was looked at since it was last told
    var ms = seen.ms + (seen.since ? Date.now() - seen.since : 0);
    if (lastUrl && ms >= 1000) {
      track("leave", { seconds: Math.round(ms / 1000), scrolled: seen.deep }, lastUrl);
      ms = 0;
    }
    seen.ms = ms;
    seen.since = 0;
  }

  function followed(link) { // where to and which file, without what stands behind a "?"
    if (!/^https?:$/.test(link.protocol)) return;
    var to = link.origin + link.pathname;
    if (FILES.test(link.pathname)) track("download", { file: to });
    else if (link.host !== location.host) track("outbound", { to: to });
  }

  function consent(agreed) {
    bar(false);
    if (agreed) {
      if (visitor()) return;
      memory = newId();
      kept(memory);
      lastUrl = "";
      track("consent");
      lastUrl = location.href;
    } else {
      memory = "";
      kept(null);
      // Nothing is stored for it: the tab bears the answer, so that its next page does not ask.
      if (!window.name) window.name = REFUSED;
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
    var form = event.target; // which form, never what stands in it
    track("form", { form: form.getAttribute("id") || form.getAttribute("name") || "" });
  }, true);
  document.addEventListener("click", function (event) {
    var choice = event.target.closest && event.target.closest("[data-tandem-consent]");
    if (choice) consent(choice.getAttribute("data-tandem-consent") === "yes");
    var link = event.target.closest && event.target.closest("a[href]");
    if (link) followed(link);
  });
  addEventListener("auxclick", function (event) {
    var link = event.button === 1 && event.target.closest && event.target.closest("a[href]");
    if (link) followed(link);
  });
  addEventListener("scroll", scrolled, { passive: true });
  document.addEventListener("visibilitychange", function () {
    if (document.hidden) left(); else if (!seen.since) seen.since = Date.now();
  });
  addEventListener("pagehide", left);

  var push = history.pushState;
  history.pushState = function () {
    push.apply(history, arguments);
    if (location.href !== lastUrl) page();
  };
  addEventListener("popstate", function () { if (location.href !== lastUrl) page(); });

  function begin() {
    page();
    bar(!asksNot && !visitor() && window.name !== REFUSED);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
